"""True and measured visits on one time line: who was there at each instant, and which visits knew it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from simulators.core.scoring.identification import Sightings, unique_rows
from simulators.core.scoring.intervals import Ints
from simulators.core.scoring.measured import MeasuredStay, MeasuredVisit, Options
from simulators.core.scoring.ownership import NOBODY, Ownership
from simulators.core.truth import TruePerson, TruePresence, TrueStay, Truth


class TrueVisit(Struct, frozen=True, kw_only=True):
    """A customer's presences, joined where the time outside is short.

    Attributes:
        person: Index among the truth's people.
        left_ms: None while the customer is inside.
    """

    person: int
    presences: tuple[TruePresence, ...]
    stays: tuple[TrueStay, ...]

    @property
    def entered_ms(self) -> int:
        """Return when the visit began."""
        return self.presences[0].entered_ms

    @property
    def left_ms(self) -> int | None:
        """Return when the visit ended."""
        return self.presences[-1].left_ms


class Timeline(Struct, frozen=True, eq=False):
    """Visits and what they have in common.

    Attributes:
        at_ms: The instants, shape (T,).
        true: True visits, without those too short to hold an instant.
        measured: Measured visits, without those of staff and those whose tracks are too short to hold an instant.
        sightings: Which of them there are at which instants, by index.
        owners: Rows (measured visit, person, instants together), shape (K, 3).
    """

    at_ms: Ints
    true: tuple[TrueVisit, ...]
    measured: tuple[MeasuredVisit, ...]
    sightings: Sightings
    owners: Ints


def true_visits(truth: Truth, reentry_s: float) -> tuple[TrueVisit, ...]:
    """Return every customer's visits, in the order of the truth. Staff and those who bring goods make none."""
    visits: list[TrueVisit] = []
    for index, person in enumerate(truth.people):
        if person.role == "shopper" and person.presences:
            visits.extend(_visits_of(index, person, reentry_s))
    return tuple(visits)


def _visits_of(index: int, person: TruePerson, reentry_s: float) -> Iterable[TrueVisit]:
    groups: list[list[TruePresence]] = []
    for presence in person.presences:
        left_ms = groups[-1][-1].left_ms if groups else None
        if left_ms is not None and presence.entered_ms - left_ms <= reentry_s * 1000:
            groups[-1].append(presence)
        else:
            groups.append([presence])
    begins = [group[0].entered_ms for group in groups]
    numbers = [max(0, sum(begin <= stay.entered_ms for begin in begins) - 1) for stay in person.stays]
    for number, group in enumerate(groups):
        stays = tuple(stay for stay, where in zip(person.stays, numbers, strict=True) if where == number)
        yield TrueVisit(person=index, presences=tuple(group), stays=stays)


def make_timeline(truth: Truth, visits: Sequence[MeasuredVisit], options: Options) -> Timeline:
    """Put true and measured visits on one time line.

    At an instant, the true ids are the visits of customers who are inside, and the measured ids are the visits of which
    some track lives. They fit where one of those tracks is that customer's. An instant at which a visit has only tracks
    of customers on their way to or from the door is set aside: such a track is right, though nobody is inside. Where
    stays count, a visit is also there at an instant at which it has no track and tells a stay; it fits every customer
    who is in that zone then.
    """
    ownership = Ownership(truth)
    at_ms = np.arange(truth.start_ms, truth.until_ms + 1, round(options.instant_s * 1000))
    every_true = true_visits(truth, options.reentry_s)
    true = tuple(visit for visit in every_true if _holds(((p.entered_ms, p.left_ms) for p in visit.presences), at_ms))
    customers = tuple(
        visit
        for visit in visits
        if not visit.is_staff
        and (not visit.tracks or _holds(((track.from_ms, track.to_ms + 1) for track in visit.tracks), at_ms))
    )
    inside, seen = _inside(true, at_ms), _tracked(customers, ownership, at_ms)

    visit_at = _Lookup(inside, np.array([visit.person for visit in true], dtype=np.int64), len(truth.people))
    true_id = visit_at.find(seen[:, 0], seen[:, 2])
    is_customer = np.zeros(len(truth.people) + 1, dtype=bool)  # The last one stands for nobody.
    is_customer[[visit.person for visit in every_true]] = True
    counts = (true_id != NOBODY) | ~is_customer[seen[:, 2]]
    fits = np.stack([seen[:, 0], true_id, seen[:, 1]], axis=1)[true_id != NOBODY]
    told = seen[counts][:, :2]
    if options.counts_stays:
        unseen, met = _staying(true, customers, seen, at_ms)
        told, fits = np.concatenate([told, unseen]), np.concatenate([fits, met])
    owned = seen[seen[:, 2] != NOBODY]
    owners, together = unique_rows(owned[:, 1:])
    return Timeline(
        at_ms,
        true,
        customers,
        Sightings(inside, unique_rows(told)[0], unique_rows(fits)[0]),
        np.column_stack([owners, together]),
    )


def _holds(spans: Iterable[tuple[int, int | None]], at_ms: Ints) -> bool:
    """Whether any of the spans, from the first time on and before the second, holds an instant."""
    return any(
        np.searchsorted(at_ms, begin) < (at_ms.size if end is None else np.searchsorted(at_ms, end))
        for begin, end in spans
    )


def _inside(true: Sequence[TrueVisit], at_ms: Ints) -> Ints:
    """Return rows (instant, true visit), shape (N, 2)."""
    return _during(
        [(presence.entered_ms, presence.left_ms, index) for index, v in enumerate(true) for presence in v.presences],
        at_ms,
    )


def _during(spans: Sequence[tuple[int, int | None, int]], at_ms: Ints) -> Ints:
    """Return rows (instant, id) of spans with ids, each from its first time on and before its second."""
    begins = np.searchsorted(at_ms, np.array([begin for begin, _, _ in spans], dtype=np.int64))
    ends = np.searchsorted(
        at_ms, np.array([at_ms[-1] + 1 if end is None else end for _, end, _ in spans], dtype=np.int64)
    )
    return _rows(begins, ends, np.array([index for _, _, index in spans], dtype=np.int64))


def _rows(begins: Ints, ends: Ints, ids: Ints) -> Ints:
    """Return a row (instant, id) for each instant from a begin on and before its end."""
    lengths = ends - begins
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.column_stack([np.repeat(begins, lengths) + within, np.repeat(ids, lengths)]).astype(np.int64)


def _staying(
    true: Sequence[TrueVisit], measured: Sequence[MeasuredVisit], tracked: Ints, at_ms: Ints
) -> tuple[Ints, Ints]:
    """Return where measured visits tell a stay while they have no track, and which customers are in that zone then.

    Args:
        true: True visits.
        measured: Measured visits.
        tracked: Rows (instant, measured visit, anybody), shape (M, 3), at which these have a track.
        at_ms: The instants.

    Returns:
        Rows (instant, measured visit) and rows (instant, true visit, measured visit).
    """
    is_tracked = tracked[:, 0] * len(measured) + tracked[:, 1]
    there, told = _by_zone(each.stays for each in true), _by_zone(each.stays for each in measured)
    unseen, met = [np.empty((0, 2), dtype=np.int64)], [np.empty((0, 3), dtype=np.int64)]
    for zone_id, spans in told.items():
        stays, customers = _during(spans, at_ms), _during(there[zone_id], at_ms)
        stays = stays[~np.isin(stays[:, 0] * len(measured) + stays[:, 1], is_tracked)]
        customers = customers[np.argsort(customers[:, 0], kind="stable")]
        firsts, ends = (np.searchsorted(customers[:, 0], stays[:, 0], side=side) for side in ("left", "right"))
        pairs = _rows(firsts, ends, np.arange(len(stays)))
        unseen.append(stays)
        met.append(np.column_stack([customers[pairs[:, 0]], stays[pairs[:, 1], 1]]))
    return np.concatenate(unseen), np.concatenate(met)


def _by_zone(stays: Iterable[Sequence[TrueStay | MeasuredStay]]) -> dict[str, list[tuple[int, int | None, int]]]:
    """Return the times of stays by zone, with the index of the visit that each is of."""
    spans = defaultdict[str, list[tuple[int, int | None, int]]](list)
    for index, of_one in enumerate(stays):
        for stay in of_one:
            spans[stay.zone_id].append((stay.entered_ms, stay.left_ms, index))
    return spans


def _tracked(visits: Sequence[MeasuredVisit], ownership: Ownership, at_ms: Ints) -> Ints:
    """Return rows (instant, measured visit, person or `NOBODY`), shape (M, 3)."""
    parts = [np.empty((0, 3), dtype=np.int64)]
    for index, visit in enumerate(visits):
        for track in visit.tracks:
            first = int(np.searchsorted(at_ms, track.from_ms))
            end = int(np.searchsorted(at_ms, track.to_ms, side="right"))
            instants = np.arange(first, end)
            owners = ownership.owners_at(track.camera_id, track.track_id, at_ms[first:end])
            parts.append(np.column_stack([instants, np.full(instants.size, index), owners]))
    return np.concatenate(parts)


class _Lookup:
    """Finds the true visit of a person at an instant."""

    def __init__(self, inside: Ints, person_of: Ints, people: int) -> None:
        self._people = people
        keys = inside[:, 0] * people + person_of[inside[:, 1]]
        order = np.argsort(keys)
        self._keys, self._visits = keys[order], inside[order, 1]

    def find(self, instants: Ints, persons: Ints) -> Ints:
        """Return the true visit of each person at each instant, `NOBODY` where none is inside."""
        found = np.full(instants.size, NOBODY)
        if self._keys.size:
            wanted = instants * self._people + persons
            place = np.minimum(np.searchsorted(self._keys, wanted), self._keys.size - 1)
            fits = (self._keys[place] == wanted) & (persons != NOBODY)
            found[fits] = self._visits[place[fits]]
        return found
