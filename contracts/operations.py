"""Payloads of events about the system itself: its devices, their clocks, the gateway's store.

What holds for `contracts.payloads` holds here too.
"""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from contracts.fields import Count, Name, PictureState, Seconds, Share, StorageState, Text, TimeMs
from contracts.privacy import PrivacyClass, UplinkPayload


class DeviceClock(Struct, frozen=True, kw_only=True):
    """How far a device's clock is ahead of the gateway's: measured, with its greatest error and its drift.

    `steps` counts how often it was found set since the gateway knows it; `drift_ppm` is None while it is not known.
    """

    device: Name
    offset_ms: float
    error_ms: Annotated[float, Meta(ge=0)]
    drift_ppm: float | None = None
    steps: Count = 0
    measured_ms: TimeMs


class StorageUse(Struct, frozen=True, kw_only=True):
    """How full a gateway's event store is.

    `thinning`: events were deleted unsent because it fills, and it has not emptied since. `full`: nothing more is taken
    in, and devices keep their events. `disk_free_bytes` is what the disk has left, and `events_thinned` how many events
    were deleted unsent since the file was made.
    """

    state: StorageState
    used_bytes: Count
    max_bytes: Count
    disk_free_bytes: Count | None = None
    events_thinned: Count = 0


class DeviceHealth(UplinkPayload, frozen=True, kw_only=True):
    """How a device is doing.

    A camera that knows people again tells how alike two tracks must be (`match_threshold`, -1 to 1, found by itself),
    and the share of pairs of strangers that it expects to reach it (`false_match_rate`).

    `clock_offset_ms` is how far a device's events are ahead of its own wall clock; the gateway tells in `clocks` how
    far each device's wall clock is ahead of its own, in `clock_offset_s` how far its own is ahead of the cloud's,
    or else of most devices' (None: nobody has told the time), in `storage` how full its event store is, and in
    `joins_cameras` whether it makes one visit of what several cameras see of a person.
    """

    TYPE: ClassVar[str] = "org.shopthread.device.health.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.OPERATIONAL
    SUMMARY: ClassVar[str] = "Uptime, frame rate, temperature, model, clock offset, queue depth."

    uptime_s: Seconds
    software_version: Text
    queue_depth: Count
    fps: Annotated[float, Meta(ge=0)] | None = None
    temperature_c: float | None = None
    model_name: Name | None = None
    model_version: Name | None = None
    clock_offset_ms: float | None = None
    clock_offset_s: float | None = None
    picture: PictureState | None = None
    match_threshold: Annotated[float, Meta(ge=-1, le=1)] | None = None
    false_match_rate: Share | None = None
    input_errors: Count = 0
    dead_letters: Count = 0
    clocks: tuple[DeviceClock, ...] = ()
    storage: StorageUse | None = None
    joins_cameras: bool | None = None


class ThinnedEvents(Struct, frozen=True, kw_only=True):
    """How many events of one type a gateway deleted unsent, and of what time they were."""

    type: Name
    events: Count
    earliest_ms: TimeMs
    latest_ms: TimeMs


class EventsThinned(UplinkPayload, frozen=True, kw_only=True):
    """Events of one device that its gateway deleted unsent because its disk filled. They are gone, not late.

    Counts are totals since the gateway's file was made: a later event supersedes an earlier one.
    """

    TYPE: ClassVar[str] = "org.shopthread.events.thinned.v1"
    PRIVACY: ClassVar[PrivacyClass] = PrivacyClass.OPERATIONAL
    SUMMARY: ClassVar[str] = "Events that a gateway deleted unsent because its disk filled, by type."

    device: Name
    thinned: tuple[ThinnedEvents, ...]
