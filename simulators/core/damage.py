"""Harm done to an observation, whose effect on the scores is known beforehand. Pure and seeded.

Each damage strikes a share of what it can strike, rounded to a whole number, drawn without replacement.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from msgspec.structs import replace

from simulators.core.scoring.measured import (
    EVERYWHERE,
    MeasuredLink,
    MeasuredProfile,
    MeasuredVisit,
    Observation,
    TrackRef,
    TrackSpan,
)
from simulators.core.truth import Truth

T = TypeVar("T")
Damage = Callable[[Observation, Truth, float, np.random.Generator], Observation]

_STREAM = 17
_LONGER_MS = 10_000


def damaged(seen: Observation, truth: Truth, damages: Mapping[str, float], seed: int) -> Observation:
    """Return an observation with harm done to it.

    Args:
        seen: What to harm.
        truth: What really happened.
        damages: Shares of 0 to 1 by the damages' names (`DAMAGES`); they strike in that table's order.
        seed: For the choice of what is struck.

    Raises:
        ValueError: A damage is unknown, or a share is not 0 to 1.
    """
    for name, share in damages.items():
        if name not in DAMAGES:
            msg = f"unknown damage {name!r}; there are {', '.join(DAMAGES)}"
            raise ValueError(msg)
        if not 0 <= share <= 1:
            msg = f"the share of damage {name} must be 0 to 1, got {share}"
            raise ValueError(msg)
    for number, (name, damage) in enumerate(DAMAGES.items()):
        if damages.get(name):
            seen = damage(seen, truth, damages[name], np.random.default_rng([seed, _STREAM, number]))
    return seen


def _struck(items: Sequence[T], share: float, rng: np.random.Generator) -> set[int]:
    """Return the indices of those that are struck."""
    return set(rng.choice(len(items), size=round(share * len(items)), replace=False).tolist()) if items else set()


def _spared(items: Sequence[T] | None, share: float, rng: np.random.Generator) -> tuple[T, ...]:
    struck = _struck(items or (), share, rng)
    return tuple(item for index, item in enumerate(items or ()) if index not in struck)


def _lose_crossings(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    return replace(seen, crossings=_spared(seen.crossings, share, rng))


def _double_crossings(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    crossings = seen.crossings or ()
    return replace(
        seen, crossings=(*crossings, *(crossings[index] for index in sorted(_struck(crossings, share, rng))))
    )


def _see_one_more(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    people = seen.people or ()
    struck = _struck(people, share, rng)
    return replace(
        seen, people=tuple(replace(each, people=each.people + (i in struck)) for i, each in enumerate(people))
    )


def _of_customers(damage: Damage) -> Damage:
    """Return a damage that leaves the visits of staff alone."""

    def harm(seen: Observation, truth: Truth, share: float, rng: np.random.Generator) -> Observation:
        visits = seen.visits or ()
        customers = replace(seen, visits=tuple(visit for visit in visits if not visit.is_staff))
        harmed = damage(customers, truth, share, rng)
        return replace(harmed, visits=(*(harmed.visits or ()), *(visit for visit in visits if visit.is_staff)))

    return harm


def _mistake_customers(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Hold customers to be staff."""
    visits = seen.visits or ()
    struck = _struck(visits, share, rng)
    return replace(
        seen, visits=tuple(replace(visit, is_staff=True) if i in struck else visit for i, visit in enumerate(visits))
    )


def _miss_staff(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Hold staff to be customers; the share is of those that are held to be staff."""
    visits = seen.visits or ()
    staff = [index for index, visit in enumerate(visits) if visit.is_staff]
    struck = {staff[index] for index in _struck(staff, share, rng)}
    return replace(
        seen, visits=tuple(replace(visit, is_staff=False) if i in struck else visit for i, visit in enumerate(visits))
    )


def _lose_visits(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    return replace(seen, visits=_spared(seen.visits, share, rng))


def _see_ghosts(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Add copies of visits, made by tracks of nobody."""
    visits = seen.visits or ()
    ghosts = (
        replace(
            visits[index],
            visit_id=f"{visits[index].visit_id}-ghost",
            tracks=tuple(replace(track, track_id=f"ghost-{track.track_id}") for track in visits[index].tracks),
        )
        for index in sorted(_struck(visits, share, rng))
    )
    return replace(seen, visits=(*visits, *ghosts))


def _split_visits(seen: Observation, truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Cut visits in the middle; the second part gets an id of its own."""
    visits = seen.visits or ()
    struck = _struck(visits, share, rng)
    return replace(
        seen,
        visits=tuple(
            part
            for index, visit in enumerate(visits)
            for part in (_halves(visit, truth) if index in struck else (visit,))
        ),
    )


def _halves(visit: MeasuredVisit, truth: Truth) -> tuple[MeasuredVisit, MeasuredVisit]:
    middle_ms = (visit.opened_ms + (truth.until_ms if visit.closed_ms is None else visit.closed_ms)) // 2

    def cut(track: TrackSpan, from_ms: int, to_ms: int) -> TrackSpan:
        return replace(track, from_ms=max(track.from_ms, from_ms), to_ms=min(track.to_ms, to_ms))

    first = replace(
        visit,
        closed_ms=middle_ms,
        tracks=tuple(cut(t, visit.opened_ms, middle_ms - 1) for t in visit.tracks if t.from_ms < middle_ms),
        stays=tuple(stay for stay in visit.stays if stay.entered_ms < middle_ms),
    )
    second = replace(
        visit,
        visit_id=f"{visit.visit_id}-second",
        opened_ms=middle_ms,
        tracks=tuple(cut(t, middle_ms, truth.until_ms) for t in visit.tracks if t.to_ms >= middle_ms),
        stays=tuple(stay for stay in visit.stays if stay.entered_ms >= middle_ms),
    )
    return first, second


def _merge_visits(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Make one visit of two that follow upon each other; the share is of the pairs that can be merged."""
    visits = sorted(seen.visits or (), key=lambda visit: visit.opened_ms)
    pairs: list[tuple[MeasuredVisit, MeasuredVisit]] = []
    waiting: list[MeasuredVisit] = []
    for visit in visits:
        before = next(
            (each for each in waiting if each.closed_ms is not None and each.closed_ms < visit.opened_ms), None
        )
        if before is None:
            waiting.append(visit)
        else:
            waiting.remove(before)
            pairs.append((before, visit))
    struck = [pairs[index] for index in sorted(_struck(pairs, share, rng))]
    gone = {visit.visit_id for pair in struck for visit in pair}
    merged = (
        replace(
            first, closed_ms=second.closed_ms, tracks=first.tracks + second.tracks, stays=first.stays + second.stays
        )
        for first, second in struck
    )
    return replace(seen, visits=(*(visit for visit in visits if visit.visit_id not in gone), *merged))


def _lengthen_visits(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Close visits 10 s late; who is where stays as it is."""
    visits = seen.visits or ()
    struck = _struck(visits, share, rng)
    return replace(
        seen,
        visits=tuple(
            replace(visit, closed_ms=visit.closed_ms + _LONGER_MS)
            if index in struck and visit.closed_ms is not None
            else visit
            for index, visit in enumerate(visits)
        ),
    )


def _lose_waits(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    return replace(seen, waits=_spared(seen.waits, share, rng))


def _lengthen_waits(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """End waits 10 s late; the share is of those that have ended."""
    waits = seen.waits or ()
    ended = [index for index, wait in enumerate(waits) if wait.ended_ms is not None]
    struck = {ended[index] for index in _struck(ended, share, rng)}
    return replace(
        seen,
        waits=tuple(
            replace(wait, ended_ms=wait.ended_ms + _LONGER_MS) if index in struck and wait.ended_ms else wait
            for index, wait in enumerate(waits)
        ),
    )


def _mistake_outcomes(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Say that who was served gave up; the share is of those who were served."""
    waits = seen.waits or ()
    served = [index for index, wait in enumerate(waits) if wait.end == "served"]
    struck = {served[index] for index in _struck(served, share, rng)}
    return replace(
        seen, waits=tuple(replace(wait, end="abandoned") if i in struck else wait for i, wait in enumerate(waits))
    )


def _lose_touches(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    return replace(seen, touches=_spared(seen.touches, share, rng))


def _with_links(
    seen: Observation, change: Callable[[tuple[MeasuredLink, ...]], tuple[MeasuredLink, ...]]
) -> Observation:
    return replace(seen, links={name: change(links) for name, links in (seen.links or {}).items()})


def _lose_links(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    return _with_links(seen, lambda links: _spared(links, share, rng))


def _swap_links(seen: Observation, truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Give links the visit of somebody of another party."""
    party_of = {(touch.device_id, touch.t_ms): touch.party_id for touch in truth.touches}

    def swapped(link: MeasuredLink) -> MeasuredLink:
        others = [p for p in truth.people if p.party_id != party_of.get((link.device_id, link.t_ms))]
        other = others[int(rng.integers(len(others)))]
        return replace(link, visit=(TrackRef(camera_id=EVERYWHERE, track_id=other.person_id),), visit_id=None)

    def change(links: tuple[MeasuredLink, ...]) -> tuple[MeasuredLink, ...]:
        struck = _struck(links, share, rng)
        return tuple(swapped(link) if index in struck else link for index, link in enumerate(links))

    return _with_links(seen, change)


def _add_false_links(seen: Observation, truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Link touches at which nobody consented; the share is of those."""
    free = [touch for touch in truth.touches if touch.expected not in {"link", "abstain"}]
    false = tuple(
        MeasuredLink(
            device_id=free[index].device_id,
            t_ms=free[index].t_ms,
            visit=(TrackRef(camera_id=EVERYWHERE, track_id=free[index].person_id),),
            posterior=1.0,
            decision="linked",
        )
        for index in sorted(_struck(free, share, rng))
    )
    return _with_links(seen, lambda links: links + false)


def _merge_identities(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Make one profile of two; the share is of the pairs of profiles, drawn at random."""
    profiles = seen.profiles or ()
    order = rng.permutation(len(profiles)).tolist()
    pairs = [(profiles[a], profiles[b]) for a, b in zip(order[::2], order[1::2], strict=False)]
    struck = [pairs[index] for index in sorted(_struck(pairs, share, rng))]
    gone = {profile.profile_id for pair in struck for profile in pair}
    merged = (
        MeasuredProfile(profile_id=first.profile_id, identifiers=first.identifiers + second.identifiers)
        for first, second in struck
    )
    return replace(seen, profiles=(*(each for each in profiles if each.profile_id not in gone), *merged))


def _split_identities(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Give the last identifier of profiles a profile of its own; the share is of those with two and more."""
    profiles = seen.profiles or ()
    able = [profile for profile in profiles if len(profile.identifiers) > 1]
    struck = {able[index].profile_id for index in _struck(able, share, rng)}
    parts: list[MeasuredProfile] = []
    for profile in profiles:
        if profile.profile_id in struck:
            *kept, last = profile.identifiers
            parts.append(replace(profile, identifiers=tuple(kept)))
            parts.append(MeasuredProfile(profile_id=f"{profile.profile_id}-2", identifiers=(last,)))
        else:
            parts.append(profile)
    return replace(seen, profiles=tuple(parts))


def _miss_counterfeits(seen: Observation, _truth: Truth, share: float, rng: np.random.Generator) -> Observation:
    """Call copied codes genuine; the share is of those that were found out."""
    scans = seen.code_scans or ()
    found = [index for index, scan in enumerate(scans) if scan.genuine is False]
    struck = {found[index] for index in _struck(found, share, rng)}
    return replace(
        seen, code_scans=tuple(replace(scan, genuine=True) if i in struck else scan for i, scan in enumerate(scans))
    )


DAMAGES: dict[str, Damage] = {
    "lost_crossings": _lose_crossings,
    "doubled_crossings": _double_crossings,
    "one_more": _see_one_more,
    "lost_visits": _of_customers(_lose_visits),
    "ghost_visits": _of_customers(_see_ghosts),
    "split_visits": _of_customers(_split_visits),
    "merged_visits": _of_customers(_merge_visits),
    "late_closings": _of_customers(_lengthen_visits),
    "lost_waits": _lose_waits,
    "lost_touches": _lose_touches,
    "lost_links": _lose_links,
    "swapped_links": _swap_links,
    "false_links": _add_false_links,
    "merged_identities": _merge_identities,
    "split_identities": _split_identities,
    "missed_counterfeits": _miss_counterfeits,
    "missed_staff": _miss_staff,
    "mistaken_customers": _of_customers(_mistake_customers),
    "longer_waits": _lengthen_waits,
    "wrong_outcomes": _mistake_outcomes,
}
"""What can be done, by name: docs/scoring.md tells what each does to the scores."""
