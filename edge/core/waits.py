"""The queues that a track waits in, and the events that tell of its waits. Pure: no clock, randomness or I/O."""

from collections.abc import Container, Iterable, Mapping, Sequence
from math import inf

from msgspec.structs import replace

from contracts.events import EventDraft, Source, draft_event
from contracts.payloads import QueueWait
from contracts.privacy import UplinkPayload
from edge.core import queues, segments
from edge.core.geometry import Point, distance
from edge.core.queues import Queue, Standing, Wait, Waiting
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
    return replace(track, queues=states), _told(source, layout, ended)


def lose(source: Source, lines: Sequence[Queue], layout: Sequence[Zone], track: Track) -> list[Draft]:
    """Return the waits of a track that is lost from sight."""
    return _told(source, layout, queues.lose(lines, track.queues, _sighting(track, None)))


def hold(lines: Sequence[Queue], tracks: Iterable[Track]) -> tuple[list[Track], list[Track]]:
    """Keep back the waits of tracks that are lost from sight in line: somebody may go on with them.

    Returns:
        The tracks, and of those whose waits are kept back the tracks as they were; the former have no such waits.
    """
    without, held = [], []
    for track in tracks:
        lost = queues.lose(lines, track.queues, _sighting(track, None))
        if any(wait.outcome == "unknown" and wait.began.at_m is not None for wait in lost):
            held.append(track)
            without.append(_leave_all(track))
        else:
            without.append(track)
    return without, held


def expire(
    source: Source, lines: Sequence[Queue], layout: Sequence[Zone], held: Iterable[Track], now_ms: int
) -> tuple[dict[str, Track], list[Draft]]:
    """Return those lost in line who may still come back, by their names, and the waits of the others."""
    longest_ms = max((queue.resume_within_s for queue in lines), default=0.0) * 1000
    back: dict[str, Track] = {}
    told: list[Draft] = []
    for track in held:
        if track.id in back:  # lost twice under one name
            told += lose(source, lines, layout, back.pop(track.id))
        if now_ms - track.seen_ms <= longest_ms:
            back[track.id] = track
        else:
            told += lose(source, lines, layout, track)
    return back, told


def go_on(
    lines: Sequence[Queue],
    tracks: Mapping[str, Track],
    live: Container[str],
    in_sight: Mapping[str, Point | None],
    lost: Mapping[str, Track],
) -> tuple[dict[str, Track], dict[str, Track]]:
    """Let the tracks that begin go on with the waits of those who were lost in line where they begin.

    Args:
        lines: The camera's queues.
        tracks: All tracks, those that begin too.
        live: The names of those that began before.
        in_sight: Who is seen in this frame, and where on the floor.
        lost: Tracks that have ended in line and may come back.

    Returns:
        The tracks, and those that may still come back.
    """
    tracks, lost = dict(tracks), dict(lost)
    hidden = {name: track for name, track in tracks.items() if name not in in_sight} if lines else {}
    for name, floor_m in in_sight.items():
        if name in live or not (lost or hidden):
            continue
        tracks[name], left = _take_over(lines, tracks[name], floor_m, lost | hidden)
        if left in hidden:
            tracks[left] = hidden[left] = _leave_all(hidden[left])
        elif left is not None:
            del lost[left]
    return tracks, lost


def _take_over(
    lines: Sequence[Queue], track: Track, floor_m: Point | None, lost: Mapping[str, Track]
) -> tuple[Track, str | None]:
    """Return a track at its first sighting with the waits of the nearest that was lost there, and that one's name."""
    found = [
        (away_m, name)
        for name, other in lost.items()
        for queue, state in zip(lines, other.queues, strict=True)
        if state is not None and (away_m := _away_m(state, floor_m)) <= queue.join_within_m
        if track.opened_ms - other.seen_ms <= queue.resume_within_s * 1000
    ]
    if not found:
        return track, None
    _, name = min(found)
    return replace(track, queues=lost[name].queues), name


def _away_m(state: Standing | Waiting, floor_m: Point | None) -> float:
    return inf if floor_m is None or state.at_m is None else distance(floor_m, state.at_m)


def _leave_all(track: Track) -> Track:
    return replace(track, queues=(None,) * len(track.queues))


def _sighting(track: Track, floor_m: Point | None) -> queues.Sighting:
    return queues.Sighting(track.id, track.seen_ms, floor_m, track.zones, track.opened_ms if track.is_open else None)


def _told(source: Source, layout: Sequence[Zone], ended: Iterable[Wait]) -> list[Draft]:
    return [
        draft_event(
            source,
            QueueWait(
                zone_id=layout[wait.queue.zone].id,
                track_id=wait.began.track_id,
                segment_id=segments.segment_id(source, wait.began.track_id, wait.began.segment_ms),
                joined_ms=wait.began.joined_ms,
                left_ms=wait.left_ms,
                outcome=wait.outcome,
                rule_version=QUEUE_RULE,
            ),
            wait.left_ms,
            wait.began.track_id,
            layout[wait.queue.zone].id,
            wait.began.joined_ms,
        )
        for wait in ended
    ]
