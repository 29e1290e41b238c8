"""People whom another system sees, as segments of visits. Pure.

One observation after the other is told as one segment with its phases, and its ids follow from the other system's own
ids: an observation that comes again changes nothing.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from contracts import path
from contracts.events import EventDraft, Source, draft_event
from contracts.ids import deterministic_id
from contracts.payloads import PathPoint, Stay, VisitSegment
from contracts.privacy import UplinkPayload
from gateway.core.interop.rules import PeerZone

if TYPE_CHECKING:
    from contracts.fields import Phase

MOST_STAYS = 200
"""A zone that flickers makes no endless segment."""
_PATH_STEP_M = 0.25


class Observation(Struct, frozen=True, kw_only=True):
    """One person as another system sees him or her at one time.

    Attributes:
        device: As which device of the store the other system reports.
        track: Opaque, made by `opaque_track`.
        opened_ms: When the person was first seen, the other system's clock as all of these, Unix milliseconds.
        seen_ms: The time of this observation.
        zones: Where the person is.
        is_last: Whether the person has left.
        floor_m: Where the person stands on the store's floor, (x, y) in metres; None: not known.
        entered_ms: By zone, since when the person is there, where the other system tells.
        key: What the other system's id became, where it may come again with another track.
    """

    device: str
    track: str
    opened_ms: int
    seen_ms: int
    zones: tuple[PeerZone, ...]
    is_last: bool
    floor_m: tuple[float, float] | None = None
    entered_ms: Mapping[str, int] = field(default_factory=dict)
    key: str = ""


class PeerTrack(Struct, frozen=True, kw_only=True):
    """What was told of one person so far."""

    device: str
    track: str
    opened_ms: int
    seen_ms: int
    ordinal: int = 0
    stays: tuple[Stay, ...] = ()
    is_closed: bool = False
    path: tuple[PathPoint, ...] = ()
    told_ms: int = 0
    key: str = ""


class Change(Struct, frozen=True):
    """A track as it is now, and the events that tell of it."""

    track: PeerTrack
    drafts: tuple[EventDraft[UplinkPayload], ...]


def opaque_track(system: str, identifier: str) -> str:
    """Return a track's name that follows from another system's, which stays in the store with what else it knows."""
    return f"{system}-{blake2b(identifier.encode(), digest_size=10).hexdigest()}"


def observe(before: PeerTrack | None, seen: Observation, update_ms: int | None = None) -> PeerTrack | None:
    """Return what is known of a person after an observation; None: it tells nothing new, or is late.

    Args:
        before: What was known; None: nothing.
        seen: The observation.
        update_ms: After how long somebody who merely goes on is told of again; None: never.
    """
    if before is None:
        start = PeerTrack(
            device=seen.device, track=seen.track, opened_ms=seen.opened_ms, seen_ms=seen.opened_ms, key=seen.key
        )
        return replace(_step(start, seen), ordinal=0)
    if before.is_closed or (seen.seen_ms < before.seen_ms and not seen.is_last):
        return None
    after = _step(before, seen)
    is_due = update_ms is not None and after.seen_ms - before.told_ms >= update_ms
    if after.stays != before.stays or after.is_closed or is_due:
        return after
    return replace(after, ordinal=before.ordinal, told_ms=before.told_ms)


def give_up(track: PeerTrack) -> PeerTrack:
    """Return a track that ended when it was last seen."""
    return _closed(replace(track, ordinal=track.ordinal + 1))


def is_told(before: PeerTrack | None, after: PeerTrack) -> bool:
    """Return whether a change is worth an event: where somebody is, not merely that somebody still is there."""
    return before is None or after.ordinal != before.ordinal


def segment(
    gateway: Source, track: PeerTrack, rule_version: str, path_error_m: float | None = None
) -> EventDraft[VisitSegment]:
    """Return the event that tells of a track; `path_error_m` is the standard error of its positions, if known."""
    source = Source(gateway.tenant, gateway.store, track.device)
    phase: Phase = "closed" if track.is_closed else "update" if track.ordinal else "open"
    data = VisitSegment(
        segment_id=deterministic_id(track.opened_ms, str(source), "segment", track.track),
        track_id=track.track,
        phase=phase,
        ordinal=track.ordinal,
        opened_ms=track.opened_ms,
        updated_ms=track.seen_ms,
        closed_ms=track.seen_ms if track.is_closed else None,
        stays=track.stays,
        path=track.path,
        path_error_m=path_error_m if track.path else None,
        rule_version=rule_version,
    )
    return draft_event(source, data, track.seen_ms, track.track, track.ordinal)


def _step(track: PeerTrack, seen: Observation) -> PeerTrack:
    t_ms = max(track.seen_ms, seen.seen_ms)
    longer = track.path
    if seen.floor_m is not None:
        longer = path.extend(longer, PathPoint(t_ms, *seen.floor_m), _PATH_STEP_M)
    stays = tuple(_stays(track, seen.zones, t_ms, seen.entered_ms))
    after = replace(track, seen_ms=t_ms, stays=stays, path=longer, ordinal=track.ordinal + 1, told_ms=t_ms)
    return _closed(after) if seen.is_last else after


def _closed(track: PeerTrack) -> PeerTrack:
    return replace(track, stays=tuple(_stays(track, (), track.seen_ms, {})), is_closed=True)


def _stays(track: PeerTrack, zones: tuple[PeerZone, ...], t_ms: int, entered_ms: Mapping[str, int]) -> Iterable[Stay]:
    """Yield stays, those that ended with their end, and those that began, none before the last observation."""
    now = {zone.id: zone for zone in zones}
    for stay in track.stays:
        goes_on = stay.left_ms is not None or stay.zone_id in now
        yield stay if goes_on else replace(stay, left_ms=t_ms)
    inside = {stay.zone_id for stay in track.stays if stay.left_ms is None}
    new = [zone for name, zone in sorted(now.items()) if name not in inside]
    for zone in new[: max(0, MOST_STAYS - len(track.stays))]:
        began_ms = min(t_ms, max(track.seen_ms, entered_ms.get(zone.id, t_ms)))
        yield Stay(zone_id=zone.id, zone_kind=zone.kind, entered_ms=began_ms)
