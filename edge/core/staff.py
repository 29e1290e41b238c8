"""What one camera knows of whether somebody works here: where, when, for how long, in what clothes. Pure.

Each kind of evidence is the logarithm of a likelihood ratio and adds up with the others; `contracts.staff` says how.
Everything here can be unknown. No face and no name is needed, and none is used.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import log

import msgspec
from msgspec.structs import replace

from contracts.staff import Habit, StaffEvidence, listed, score_of, time_evidence
from edge.core import zones
from edge.core.hours import OpeningHours
from edge.core.zones import StayState, Zone

_MOST_PEOPLE = 1000


class StaffRules(msgspec.Struct, frozen=True, kw_only=True):
    """What staff and customers do, as far as it tells them apart.

    Attributes:
        zone_customers: How often and how long customers are in zones of kind `staff`.
        zone_staff: How often and how long staff is.
        ends_customers: Share of customers' tracks that begin or end in such a zone, above 0.
        ends_staff: Share of staff's tracks.
        closed_customers: How often and how long customers are inside while the store is closed.
        closed_staff: How often and how long staff is.
        view_customers: How long customers are in this camera's view, all their times together.
        view_staff: How long staff is.
        remember_s: Who was seen longer ago is not added up.
        hours: When the store is open; None: not known.
    """

    zone_customers: Habit = Habit(share=0.02, mean_s=5.0)
    zone_staff: Habit = Habit(share=0.5, mean_s=60.0)
    ends_customers: float = 0.02
    ends_staff: float = 0.3
    closed_customers: Habit = Habit(share=0.01, mean_s=60.0)
    closed_staff: Habit = Habit(share=0.3, mean_s=1800.0)
    view_customers: Habit = Habit(mean_s=900.0)
    view_staff: Habit = Habit(mean_s=7200.0)
    remember_s: float = 12 * 3600.0
    hours: OpeningHours | None = None


class StaffTrace(msgspec.Struct, frozen=True):
    """What is known of one track.

    Attributes:
        began_ms: Its first sighting.
        began_there: It was in a staff zone then.
        is_there: It was in a staff zone when last seen.
        closed_s: How long it was inside while the store was closed.
        earlier_s: How long the same person was in view before, on other tracks.
        uniform: What the clothes say, log-odds; None: not known.
    """

    began_ms: int
    began_there: bool = False
    is_there: bool = False
    closed_s: float = 0.0
    earlier_s: float = 0.0
    uniform: float | None = None


Presence = Mapping[str, tuple[float, int]]
"""Of people who come back: seconds in view on tracks that ended, and when the last one did, Unix milliseconds."""


def see(
    rules: StaffRules,
    trace: StaffTrace,
    seen: Sequence[tuple[Zone, StayState]],
    now_ms: int,
    *,
    before_ms: int,
    uniform: float | None,
) -> StaffTrace:
    """Return what is known of a track after a sighting.

    Args:
        rules: What tells staff apart.
        trace: What was known.
        seen: The zones, and where the track stands in each now.
        now_ms: When it is seen.
        before_ms: When it was seen before; `now_ms` where it never was.
        uniform: What the clothes say so far, log-odds; None: nothing.
    """
    is_there = any(zone.kind == "staff" and stay.entered_ms is not None for zone, stay in seen)
    closed_s = trace.closed_s
    if rules.hours is not None and _is_inside(seen) and rules.hours.is_closed(now_ms):
        closed_s += (now_ms - before_ms) / 1000
    return replace(
        trace,
        began_there=trace.began_there or (now_ms == trace.began_ms and is_there),
        is_there=is_there,
        closed_s=closed_s,
        uniform=trace.uniform if uniform is None else uniform,
    )


def _is_inside(seen: Iterable[tuple[Zone, StayState]]) -> bool:
    """Tell whether somebody is in a zone where nobody stands who waits for the doors to open."""
    return any(zone.kind != "entrance" and stay.entered_ms is not None for zone, stay in seen)


class StaffScore(msgspec.Struct, frozen=True):
    """How likely it is staff, 0 to 1, None where there was nothing to look at; and what that follows from."""

    score: float | None
    evidence: tuple[StaffEvidence, ...] = ()


def judge(
    rules: StaffRules, trace: StaffTrace, seen: Sequence[tuple[Zone, StayState]], now_ms: int, *, has_ended: bool
) -> StaffScore:
    """Return what speaks for staff, and how likely that makes it.

    Args:
        rules: What tells staff apart.
        trace: What is known of the track.
        seen: The zones, and the track's stays in each.
        now_ms: When it was last seen.
        has_ended: Nothing more will come of the track.
    """
    view_s = trace.earlier_s + (now_ms - trace.began_ms) / 1000
    found = listed(
        (
            ("zone", _zone_evidence(rules, trace, seen, now_ms, has_ended=has_ended)),
            ("hours", time_evidence(trace.closed_s, rules.closed_customers, rules.closed_staff)),
            ("presence", time_evidence(view_s, rules.view_customers, rules.view_staff)),
            ("uniform", trace.uniform or 0.0),
        )
    )
    has_looked = rules.hours is not None or trace.uniform is not None or any(zone.kind == "staff" for zone, _ in seen)
    return StaffScore(score_of(found) if has_looked or found else None, found)


def _zone_evidence(
    rules: StaffRules, trace: StaffTrace, seen: Sequence[tuple[Zone, StayState]], now_ms: int, *, has_ended: bool
) -> float:
    there_s = sum(
        ((now_ms if stay.left_ms is None else stay.left_ms) - stay.entered_ms) / 1000
        for zone, state in seen
        if zone.kind == "staff"
        for stay in zones.stays(zone, state, now_ms)
    )
    found = time_evidence(there_s, rules.zone_customers, rules.zone_staff)
    if trace.began_there or (has_ended and trace.is_there):
        return max(found, log(rules.ends_staff / rules.ends_customers))  # The same fact seen twice: not added.
    return found


def remember(rules: StaffRules, known: Presence, person: str | None, trace: StaffTrace, ended_ms: int) -> Presence:
    """Return how long people were in view, one track later; who was seen long ago is forgotten.

    Args:
        rules: What tells staff apart.
        known: Before.
        person: What the person's tracks have in common; None: not known, so nothing is added up.
        trace: What is known of the track that ended.
        ended_ms: When it was last seen.
    """
    if person is None:
        return known
    view_s = trace.earlier_s + (ended_ms - trace.began_ms) / 1000
    kept = {name: each for name, each in known.items() if ended_ms - each[1] <= rules.remember_s * 1000}
    kept[person] = (max(view_s, kept.pop(person, (0.0, 0))[0]), ended_ms)
    return dict(list(kept.items())[-_MOST_PEOPLE:])


def recall(rules: StaffRules, known: Presence, person: str | None, trace: StaffTrace) -> StaffTrace:
    """Return the trace of a track that is that person's, with the time in view on earlier tracks."""
    earlier_s, ended_ms = known.get(person, (0.0, 0)) if person is not None else (0.0, 0)
    if earlier_s <= trace.earlier_s or trace.began_ms - ended_ms > rules.remember_s * 1000:
        return trace
    return replace(trace, earlier_s=earlier_s)
