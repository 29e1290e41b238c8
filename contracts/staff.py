"""How evidence of staff is added up: log-odds about one prior, the same in cameras and in the gateway. Pure.

Evidence is the natural logarithm of a likelihood ratio: how much likelier staff is than a customer to be seen so.
"""

from collections.abc import Iterable
from math import exp, log

from msgspec import Struct

from contracts.fields import StaffEvidenceKind


class StaffEvidence(Struct, frozen=True, kw_only=True):
    """One reason to take somebody for staff, or not to.

    `log_odds` is the natural logarithm of how much likelier staff is than a customer to be seen so.
    """

    kind: StaffEvidenceKind
    log_odds: float


STAFF_RULE = "staff-3"
"""Names the rule that decides who is staff: the prior, the kinds of evidence and how they are added up."""

PRIOR = 0.1
"""How many of those who are seen in a store are staff, where nothing else is known."""

MOST = 6.0
"""No kind of evidence says more than this, either way: what is assumed of it may be wrong."""

_SCORE_DECIMALS, _EVIDENCE_DECIMALS = 3, 2


class Habit(Struct, frozen=True, kw_only=True):
    """How often somebody does something, and for how long, where that is exponentially distributed.

    Attributes:
        share: How many do it at all, above 0 to 1.
        mean_s: How long on average, seconds, above 0.
    """

    share: float = 1.0
    mean_s: float


def time_evidence(time_s: float, customers: Habit, staff: Habit) -> float:
    """Return what it says that somebody did something for so long, 0 to `MOST`.

    It is the ratio of the two densities, and never speaks against staff: whoever was seen for a short time may have
    been seen in part. It grows with the time as long as staff does it for longer than customers.

    Args:
        time_s: For how long, seconds; 0: not at all.
        customers: What customers do.
        staff: What staff does.
    """
    if time_s <= 0:
        return 0.0
    often = log(staff.share / customers.share) + log(customers.mean_s / staff.mean_s)
    return bounded(often + time_s * (1 / customers.mean_s - 1 / staff.mean_s), least=0.0)


def bounded(log_odds: float, *, least: float = -MOST) -> float:
    """Return evidence within its bounds."""
    return min(MOST, max(least, log_odds))


def listed(found: Iterable[tuple[StaffEvidenceKind, float]]) -> tuple[StaffEvidence, ...]:
    """Return the kinds of evidence that say something, rounded, in the order in which they are given."""
    rounded = ((kind, round(bounded(log_odds), _EVIDENCE_DECIMALS)) for kind, log_odds in found)
    return tuple(StaffEvidence(kind=kind, log_odds=log_odds) for kind, log_odds in rounded if log_odds)


def score_of(evidence: Iterable[StaffEvidence]) -> float:
    """Return how likely it is staff, 0 to 1: the prior and all evidence together. Their order does not matter."""
    log_odds = log(PRIOR / (1 - PRIOR)) + sum(sorted(each.log_odds for each in evidence))
    return round(1 / (1 + exp(-log_odds)), _SCORE_DECIMALS)
