"""What a gateway without a line deletes unsent when its disk fills, and in which order. Pure.

Detail goes before facts: first samples of how things were (heat, occupancy, coverage, health), then what was seen of
persons (segments, visits, waits). What cannot be had again from anywhere (sales, scans, crossings, corrections) is
never deleted unsent: where these alone fill the disk, nothing more is taken in, and devices keep what they have.
"""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from contracts.errors import EventRejectedError
from contracts.events import type_of
from contracts.operations import DeviceHealth
from contracts.payloads import Coverage, FloorHeat, QueueWait, StoreOccupancy, VisitRevised, VisitSegment, ZoneOccupancy
from contracts.privacy import Payload

NEVER, PERSONS, SAMPLES = 0, 1, 2
RANKS: tuple[int, ...] = (SAMPLES, PERSONS)
"""In the order in which they go."""

_RANK_OF: dict[type[Payload], int] = {
    **dict.fromkeys((FloorHeat, ZoneOccupancy, Coverage, DeviceHealth), SAMPLES),
    **dict.fromkeys((VisitSegment, VisitRevised, QueueWait, StoreOccupancy), PERSONS),
}
_MIB = 1024 * 1024


class StorageRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much disk the gateway's events may take.

    Attributes:
        max_bytes: The most, in bytes. Above `thin_above` of it, events are deleted; above all of it, none is taken in.
        thin_above: The share of `max_bytes` above which events are deleted.
        thin_to: The share down to which they are.
    """

    max_bytes: Annotated[int, Meta(ge=16 * _MIB)] = 8 * 1024 * _MIB
    thin_above: Annotated[float, Meta(gt=0, le=1)] = 0.95
    thin_to: Annotated[float, Meta(gt=0, le=1)] = 0.9

    def excess_bytes(self, used_bytes: int) -> int:
        """Return how many bytes are to be freed now; 0 while there is room."""
        if used_bytes <= self.thin_above * self.max_bytes:
            return 0
        return max(0, used_bytes - round(min(self.thin_to, self.thin_above) * self.max_bytes))

    def is_relieved(self, used_bytes: int) -> bool:
        """Return whether there is room again, so that nothing need be deleted soon."""
        return used_bytes < (2 * min(self.thin_to, self.thin_above) - self.thin_above) * self.max_bytes

    def is_full(self, used_bytes: int) -> bool:
        """Return whether nothing more may be taken in."""
        return used_bytes > self.max_bytes


_RANK_OF_TYPE = {payload.TYPE: rank for payload, rank in _RANK_OF.items()}


class Thinned(Struct, frozen=True, kw_only=True):
    """Events of one device and type that were deleted unsent: how many, and of what time."""

    source: str
    type: str
    events: int
    earliest_ms: int
    latest_ms: int


def rank_of(payload: type[Payload]) -> int:
    """Return when events of a type are deleted unsent: `SAMPLES` first, then `PERSONS`, `NEVER` not at all."""
    return _RANK_OF.get(payload, NEVER)


def rank_of_body(body: bytes) -> int:
    """Return the rank of an encoded event; what nobody can read is never deleted unsent."""
    try:
        return _RANK_OF_TYPE.get(type_of(body), NEVER)
    except EventRejectedError:
        return NEVER


def sum_up(events: Iterable[tuple[str, str, int]]) -> list[Thinned]:
    """Return what was deleted, by device and type.

    Args:
        events: Source, type and time (Unix milliseconds) of each event.
    """
    times: dict[tuple[str, str], list[int]] = {}
    for source, kind, time_ms in events:
        times.setdefault((source, kind), []).append(time_ms)
    return [
        Thinned(source=source, type=kind, events=len(of), earliest_ms=min(of), latest_ms=max(of))
        for (source, kind), of in sorted(times.items())
    ]
