"""Waits in line, from joining to being served or giving up. Pure: no clock, randomness or I/O.

Who stands still in a queue zone for a while has joined when the standing began; who walks through has not. Who then
comes to a till that the line leads to was served; who is seen elsewhere has given up; of who is lost from sight while
waiting nothing is known. State of a wait lives on the person's track and dies with it.
"""

from collections.abc import Sequence
from math import exp
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from edge.core import zones
from edge.core.geometry import Point, distance
from edge.core.zones import StayState, Zone

STEADY_MS = 1000
"""Where somebody stands is the mean of sightings, each weighing less by a factor of e after this time."""
ELSEWHERE_MS = 2000
"""Who was seen outside of the line for so long before being lost from sight has left it."""

Outcome = Literal["served", "abandoned", "unknown"]


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A line in which people wait, and where it leads.

    Attributes:
        zone: The place of its zone among the camera's zones.
        tills: The places of the zones in which its people are served; without any no outcome can be known.
        join_after_s: Who stands still for less time has not joined.
        join_within_m: Standing still is staying within this distance of one place. It counts only where the floor is
            known; elsewhere everyone in the zone stands still.
        served_within_s: Who comes to a till within this time of leaving the line was served; who is back in the line
            by then still waits.
        resume_within_s: Who is lost from sight in the line, and appears as another track within this time and within
            `join_within_m`, is the same person.
    """

    zone: int
    tills: tuple[int, ...]
    join_after_s: float = 5.0
    join_within_m: float = 1.0
    served_within_s: float = 15.0
    resume_within_s: float = 10.0


class Standing(msgspec.Struct, frozen=True):
    """Someone stands still in the line and has not joined.

    Attributes:
        since_ms: Since when.
        from_m: Where the standing began, as a mean of the last second; None: the floor is not known.
        at_m: Where the person is, as such a mean: single sightings tremble.
        seen_ms: When the person was last seen.
    """

    since_ms: int
    from_m: Point | None
    at_m: Point | None
    seen_ms: int


class Waiting(msgspec.Struct, frozen=True):
    """Someone has joined the line.

    Attributes:
        joined_ms: When.
        track_id: As which track.
        segment_ms: When the segment opened in which this happened.
        at_m: Where the person was last seen on the floor; None where that is not known.
        left_ms: When the line was left, what for is not yet decided; None while the wait goes on.
    """

    joined_ms: int
    track_id: str
    segment_ms: int
    at_m: Point | None
    left_ms: int | None = None


QueueState: TypeAlias = Standing | Waiting | None
"""One track towards one queue; None: it has nothing to do with it."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """A wait that has ended: in which line, how it began (as in `Waiting`), when it ended, and how."""

    queue: Queue
    began: Waiting
    left_ms: int
    outcome: Outcome


class Sighting(msgspec.Struct, frozen=True):
    """A track as it is seen now.

    Attributes:
        track_id: Its name.
        time_ms: When.
        floor_m: Where on the floor, None where that is not known.
        stays: Its stays in each of the camera's zones, this sighting included.
        segment_ms: When its segment opened; None while it is too young to count.
    """

    track_id: str
    time_ms: int
    floor_m: Point | None
    stays: Sequence[StayState]
    segment_ms: int | None


def see(
    queues: Sequence[Queue], layout: Sequence[Zone], states: Sequence[QueueState], seen: Sighting
) -> tuple[tuple[QueueState, ...], list[Wait]]:
    """Take a sighting of a track into account.

    Args:
        queues: The camera's queues.
        layout: The camera's zones.
        states: Where the track stood towards each queue.
        seen: The sighting.

    Returns:
        Where it stands now, and the waits that have ended. Who joins a line has left every other one.
    """
    found: list[Wait] = []
    after: list[QueueState] = []
    for queue, state in zip(queues, states, strict=True):
        now, waits = _next(queue, layout, state, seen)
        after.append(now)
        found += waits
    has_joined = any(
        isinstance(now, Waiting) and not isinstance(before, Waiting) for before, now in zip(states, after, strict=True)
    )
    if has_joined:
        for place, (queue, state) in enumerate(zip(queues, after, strict=True)):
            if isinstance(state, Waiting) and state.left_ms is not None:
                found.append(_gone(queue, state, state.left_ms))
                after[place] = None
    return tuple(after), found


def _next(queue: Queue, layout: Sequence[Zone], state: QueueState, seen: Sighting) -> tuple[QueueState, list[Wait]]:
    if isinstance(state, Waiting):
        return _wait(queue, layout, state, seen)
    if seen.stays[queue.zone].entered_ms is None:
        return None, []
    return _stand(queue, layout, state, seen), []


def lose(queues: Sequence[Queue], states: Sequence[QueueState], seen: Sighting) -> list[Wait]:
    """Return the waits of a track that is lost from sight; `seen` is its last sighting."""
    found = []
    for queue, state in zip(queues, states, strict=True):
        if not isinstance(state, Waiting):
            continue
        left_ms = seen.time_ms if state.left_ms is None else state.left_ms
        served_ms = _served_ms(queue, state, seen, layout=None)
        if served_ms is not None:
            found.append(_end(queue, state, served_ms, "served"))
        elif seen.time_ms - left_ms >= ELSEWHERE_MS:
            found.append(_gone(queue, state, left_ms))
        else:
            found.append(_end(queue, state, left_ms, "unknown"))
    return found


def _stand(queue: Queue, layout: Sequence[Zone], state: Standing | None, seen: Sighting) -> QueueState:
    """Return the state of someone in the line's zone who has not joined, or joins now."""
    if any(seen.stays[till].entered_ms is not None for till in queue.tills):
        return None
    state = _still(queue, state, seen)
    is_long = seen.time_ms - state.since_ms >= queue.join_after_s * 1000
    counts = zones.counts(layout[queue.zone], seen.stays[queue.zone], seen.time_ms)
    if is_long and counts and seen.segment_ms is not None:
        return Waiting(state.since_ms, seen.track_id, seen.segment_ms, seen.floor_m)
    return state


def _still(queue: Queue, state: Standing | None, seen: Sighting) -> Standing:
    """Return since when and where someone stands still; anew for who has gone too far."""
    if state is None or state.at_m is None or state.from_m is None or seen.floor_m is None:
        since_ms = seen.time_ms if state is None else state.since_ms
        return Standing(since_ms, seen.floor_m, seen.floor_m, seen.time_ms)
    weight = 1 - exp((state.seen_ms - seen.time_ms) / STEADY_MS)
    (x, y), (seen_x, seen_y) = state.at_m, seen.floor_m
    at_m = (x + weight * (seen_x - x), y + weight * (seen_y - y))
    if distance(state.from_m, at_m) > queue.join_within_m:
        return Standing(seen.time_ms, at_m, at_m, seen.time_ms)
    return Standing(state.since_ms, state.from_m, at_m, seen.time_ms)


def _wait(queue: Queue, layout: Sequence[Zone], state: Waiting, seen: Sighting) -> tuple[QueueState, list[Wait]]:
    """Return the state of someone who waits, or left the line a moment ago; and the wait if it has ended."""
    served_ms = _served_ms(queue, state, seen, layout)
    if served_ms is not None:
        return None, [_end(queue, state, served_ms, "served")]
    if seen.stays[queue.zone].entered_ms is not None:
        return replace(state, at_m=seen.floor_m, left_ms=None), []
    left_ms = seen.time_ms if state.left_ms is None else state.left_ms
    is_late = seen.time_ms - left_ms > queue.served_within_s * 1000
    if not is_late or _served_ms(queue, state, seen, layout=None) is not None:
        return replace(state, at_m=seen.floor_m, left_ms=left_ms), []
    return None, [_gone(queue, state, left_ms)]


def _served_ms(queue: Queue, state: Waiting, seen: Sighting, layout: Sequence[Zone] | None) -> int | None:
    """Return when the wait ended at a till: when the line was left, or the till reached if that was before.

    Args:
        queue: The queue.
        state: Of someone who waits.
        seen: The last sighting.
        layout: The camera's zones: being at a till must have lasted for its least stay. None: any time at it will do.
    """
    for till in queue.tills:
        stay = seen.stays[till]
        entered_ms = stay.ended[-1].entered_ms if stay.ended else None
        if stay.entered_ms is not None and (layout is None or zones.counts(layout[till], stay, seen.time_ms)):
            entered_ms = stay.entered_ms
        if entered_ms is None or entered_ms < state.joined_ms:
            continue
        if state.left_ms is None:
            return entered_ms
        if entered_ms <= state.left_ms + queue.served_within_s * 1000:
            return min(entered_ms, state.left_ms)
    return None


def _gone(queue: Queue, state: Waiting, left_ms: int) -> Wait:
    """Return the wait of someone who left the line and came to no till; without tills that tells nothing."""
    return _end(queue, state, left_ms, "abandoned" if queue.tills else "unknown")


def _end(queue: Queue, state: Waiting, left_ms: int, outcome: Outcome) -> Wait:
    return Wait(queue=queue, began=state, left_ms=left_ms, outcome=outcome)
