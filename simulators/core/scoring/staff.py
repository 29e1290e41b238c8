"""Who is held to be staff, against who is: the split that customer figures rest on."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from simulators.core.scoring.intervals import Measure, share_of
from simulators.core.scoring.measured import MeasuredVisit, Options
from simulators.core.scoring.ownership import NOBODY, Ownership
from simulators.core.truth import Truth


class StaffScore(Struct, frozen=True, kw_only=True):
    """Measured visits by who truly made them: whoever its tracks stood with longest.

    Attributes:
        staff: Measured visits that staff made.
        customers: Measured visits that customers made.
        others: Visits that somebody else made, who passes by or brings goods, or nobody; they count nowhere below.
        found: Visits of staff that the system holds to be staff's.
        mistaken: Visits of customers that it holds to be staff's.
        precision: found / (found + mistaken).
        recall: found / staff.
        customers_lost: mistaken / customers.
        precision_of_time: As `precision`, of the time of the visits' tracks instead of their number.
        recall_of_time: Likewise. Of many short visits and a few long ones it tells what share of staff's time is out.
    """

    staff: int
    customers: int
    others: int
    found: int
    mistaken: int
    precision: Measure
    recall: Measure
    customers_lost: Measure
    precision_of_time: float | None
    recall_of_time: float | None


def score_staff(visits: Sequence[MeasuredVisit], truth: Truth, options: Options) -> StaffScore:
    """Return how well the system knows staff from customers.

    Args:
        visits: All that the system tells, those that it holds to be staff's among them.
        truth: What really happened.
        options: How finely time is looked at.
    """
    ownership = Ownership(truth)
    made: Counter[tuple[str, bool]] = Counter()
    lasted: Counter[tuple[str, bool]] = Counter()
    for visit in visits:
        role, instants = _maker(visit, ownership, truth, options)
        made[role, visit.is_staff] += 1
        lasted[role, visit.is_staff] += instants
    found, mistaken = made["staff", True], made["shopper", True]
    staff, customers = found + made["staff", False], mistaken + made["shopper", False]
    return StaffScore(
        staff=staff,
        customers=customers,
        others=made.total() - staff - customers,
        found=found,
        mistaken=mistaken,
        precision=share_of(found, found + mistaken),
        recall=share_of(found, staff),
        customers_lost=share_of(mistaken, customers),
        precision_of_time=_share(lasted["staff", True], lasted["shopper", True]),
        recall_of_time=_share(lasted["staff", True], lasted["staff", False]),
    )


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None


def _maker(visit: MeasuredVisit, ownership: Ownership, truth: Truth, options: Options) -> tuple[str, int]:
    """Return the role of whoever made a visit, and for how many instants its tracks stood with anybody or nobody."""
    step_ms = round(options.instant_s * 1000)
    times: Counter[int] = Counter()
    for track in visit.tracks:
        at_ms = np.arange(track.from_ms, max(track.to_ms, track.from_ms) + 1, step_ms)
        people, counts = np.unique(ownership.owners_at(track.camera_id, track.track_id, at_ms), return_counts=True)
        times.update(dict(zip(people.tolist(), counts.tolist(), strict=True)))
    known = {person: count for person, count in times.items() if person != NOBODY}
    if not known:
        return "nobody", times.total()
    longest = min(known, key=lambda person: (-known[person], person))
    return truth.people[longest].role, times.total()
