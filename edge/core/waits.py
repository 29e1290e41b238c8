"""The queues that a track waits in, and the events that tell of its waits. Pure: no clock, randomness or I/O."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from contracts.events import EventDraft, Source, draft_event
from contracts.payloads import QueueWait
from contracts.privacy import UplinkPayload
from edge.core import queues, segments
from edge.core.geometry import Point
from edge.core.queues import Queue, Wait
from edge.core.segments import Track
from edge.core.zones import Zone

QUEUE_RULE = "queue-1"
"""Names the rule that decides what a wait is. A rule that decides otherwise gets another name."""

Draft = EventDraft[UplinkPayload]


def see(
    source: Source, lines: Sequence[Queue], layout: Sequence[Zone], track: Track, floor_m: Point | None
) -> tuple[Track, list[Draft]]:
    """Return a track after a sighting, its stays known, as far as queues go; and the waits that have ended."""
    if not lines:
        return track, []
    states, ended = queues.see(lines, layout, track.queues, _sighting(track, floor_m))
    return replace(track, queues=states), _told(source, layout, track, ended)


def lose(source: Source, lines: Sequence[Queue], layout: Sequence[Zone], track: Track) -> list[Draft]:
    """Return the waits of a track that is lost from sight."""
    return _told(source, layout, track, queues.lose(lines, track.queues, _sighting(track, None)))


def _sighting(track: Track, floor_m: Point | None) -> queues.Sighting:
    return queues.Sighting(track.seen_ms, floor_m, track.zones, track.opened_ms if track.is_open else None)


def _told(source: Source, layout: Sequence[Zone], track: Track, ended: Iterable[Wait]) -> list[Draft]:
    return [
        draft_event(
            source,
            QueueWait(
                zone_id=layout[wait.queue.zone].id,
                track_id=track.id,
                segment_id=segments.segment_id(source, track.id, wait.segment_ms),
                joined_ms=wait.joined_ms,
                left_ms=wait.left_ms,
                outcome=wait.outcome,
                rule_version=QUEUE_RULE,
            ),
            wait.left_ms,
            track.id,
            layout[wait.queue.zone].id,
            wait.joined_ms,
        )
        for wait in ended
    ]
