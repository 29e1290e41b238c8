"""Which visit made which touch. Pure: no clock, randomness or I/O.

`Linker` is the seam: it takes touches, visits and consents and returns hypotheses and decisions. `RuleLinker` decides
by rule and abstains where more than one visit fits. A probabilistic one can take its place; it fills `posterior`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

DecisionKind = Literal["linked", "ambiguous", "null", "vetoed"]
Stage = Literal["provisional", "final"]
Ineligibility = Literal["no_member", "no_in_store_proof", "no_zone", "reversal", "reversed", "corrected"]


class Gate(Struct, frozen=True, kw_only=True):
    """Which stays a touch is compared with."""

    tolerance_ms: int = 2000
    """How far outside a stay a touch may lie, on either side."""
    max_stay_ms: int = 12 * 3600 * 1000
    """A stay that is still open counts for this long."""
    staff_score: float = 0.5
    """Visits with at least this score belong to staff and make no touches."""


class Touch(Struct, frozen=True, kw_only=True):
    """A scan or a receipt at a terminal."""

    touch_id: str
    time_ms: int
    zone_id: str | None
    one_id: str | None
    in_store_proof: str = "terminal"
    is_reversal: bool = False
    """It is a void or a refund."""
    is_reversed: bool = False
    """A void says that it did not happen."""
    is_corrected: bool = False


class VisitStay(Struct, frozen=True, kw_only=True):
    """One time of one visit in one zone; `left_ms` is None while it goes on."""

    zone_id: str
    entered_ms: int
    left_ms: int | None


class Visit(Struct, frozen=True, kw_only=True):
    """A visit as known so far."""

    visit_id: str
    status: Literal["open", "closed", "merged", "withdrawn"]
    stays: tuple[VisitStay, ...]
    staff_score: float | None = None


class Features(Struct, frozen=True, kw_only=True):
    """What speaks for a hypothesis."""

    gap_ms: int
    """How far outside the visit's nearest stay in the zone the touch lies; 0 inside."""


class Hypothesis(Struct, frozen=True, kw_only=True):
    """That one visit made one touch."""

    touch_id: str
    visit_id: str
    features: Features
    posterior: float | None = None
    """None: decided by rule, nobody estimated a probability."""


class Decision(Struct, frozen=True, kw_only=True):
    """What is held of one touch."""

    touch_id: str
    one_id: str
    decision: DecisionKind
    stage: Stage
    visit_id: str | None
    reason: str
    hypotheses: tuple[Hypothesis, ...] = ()
    """Every visit that fits, in order of their ids; the rivals of a link are the others."""


class Linking(Struct, frozen=True, kw_only=True):
    """The outcome for a set of touches: each has either a decision or a reason for none."""

    decisions: dict[str, Decision]
    ineligible: dict[str, Ineligibility]


class Linker(Protocol):
    """Decides which visit made which touch."""

    @property
    def model_version(self) -> str:
        """Return the name under which decisions of this linker are kept."""

    def link(self, touches: Sequence[Touch], visits: Sequence[Visit], consents: Collection[str]) -> Linking:
        """Decide for every touch.

        Args:
            touches: Those to decide, with every touch that could contend for the same visits.
            visits: Every visit that could have made one of them.
            consents: The One IDs under whose consent visits may be linked.
        """


class RuleLinker:
    """Links a touch to the one visit that stood in its zone; abstains from several, and from one with two claimants."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    @property
    def model_version(self) -> str:
        """Return the rule with its parameters."""
        return f"rule-1.tolerance-{self._gate.tolerance_ms}ms.staff-{self._gate.staff_score:g}"

    def link(self, touches: Sequence[Touch], visits: Sequence[Visit], consents: Collection[str]) -> Linking:
        """Decide for every touch. Touches without consent are not compared with any visit."""
        ineligible = {touch.touch_id: reason for touch in touches if (reason := ineligibility(touch)) is not None}
        eligible = [touch for touch in touches if touch.touch_id not in ineligible]
        by_id = {visit.visit_id: visit for visit in visits}
        found = {
            touch.touch_id: hypotheses(touch, visits, self._gate)
            for touch in eligible
            if touch.one_id is not None and touch.one_id in consents
        }
        claimants = _claimants(eligible, found)
        decisions = {
            touch.touch_id: _decide(touch, touch.one_id, found.get(touch.touch_id), by_id, claimants)
            for touch in eligible
            if touch.one_id is not None
        }
        return Linking(decisions=decisions, ineligible=ineligible)


def ineligibility(touch: Touch) -> Ineligibility | None:
    """Return why no link is decided for a touch, or None where one is."""
    checks: tuple[tuple[bool, Ineligibility], ...] = (
        (touch.is_corrected, "corrected"),
        (touch.is_reversed, "reversed"),
        (touch.is_reversal, "reversal"),
        (touch.one_id is None, "no_member"),
        (touch.in_store_proof == "none", "no_in_store_proof"),
        (touch.zone_id is None, "no_zone"),
    )
    return next((reason for applies, reason in checks if applies), None)


def hypotheses(touch: Touch, visits: Iterable[Visit], gate: Gate) -> tuple[Hypothesis, ...]:
    """Return the visits that fit a touch, in order of their ids."""
    found = []
    for visit in sorted(visits, key=lambda visit: visit.visit_id):
        if visit.status not in {"open", "closed"} or (visit.staff_score or 0.0) >= gate.staff_score:
            continue
        gaps = [_gap_ms(stay, touch.time_ms, gate) for stay in visit.stays if stay.zone_id == touch.zone_id]
        nearest = min((gap for gap in gaps if gap <= gate.tolerance_ms), default=None)
        if nearest is not None:
            features = Features(gap_ms=nearest)
            found.append(Hypothesis(touch_id=touch.touch_id, visit_id=visit.visit_id, features=features))
    return tuple(found)


def _gap_ms(stay: VisitStay, time_ms: int, gate: Gate) -> int:
    """Return how far outside a stay an instant lies, 0 inside."""
    left_ms = stay.entered_ms + gate.max_stay_ms if stay.left_ms is None else stay.left_ms
    return max(stay.entered_ms - time_ms, time_ms - left_ms, 0)


def _claimants(
    touches: Iterable[Touch], found: Mapping[str, tuple[Hypothesis, ...]]
) -> Mapping[str, Counter[str | None]]:
    """Return, by visit, whose touches fit that visit alone."""
    claimants: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
    for touch in touches:
        candidates = found.get(touch.touch_id, ())
        if len(candidates) == 1:
            claimants[candidates[0].visit_id][touch.one_id] += 1
    return claimants


def _decide(
    touch: Touch,
    one_id: str,
    candidates: tuple[Hypothesis, ...] | None,
    visits: Mapping[str, Visit],
    claimants: Mapping[str, Counter[str | None]],
) -> Decision:
    decision: DecisionKind
    visit_id = None
    if candidates is None:
        decision, reason = "vetoed", "no consent to visit linking is in force for this member"
    elif not candidates:
        decision, reason = "null", "no visit stood in the touch's zone at that time"
    elif len(candidates) > 1:
        decision, reason = "ambiguous", f"{len(candidates)} visits stood in the touch's zone at that time"
    elif len(claimants[candidates[0].visit_id]) > 1:
        decision, reason = "ambiguous", "touches of different profiles fit this visit, and a visit belongs to one"
    else:
        decision, reason = "linked", "the only visit in the touch's zone at that time"
        visit_id = candidates[0].visit_id
    return Decision(
        touch_id=touch.touch_id,
        one_id=one_id,
        decision=decision,
        stage=_stage(candidates, visits),
        visit_id=visit_id,
        reason=reason,
        hypotheses=candidates or (),
    )


def _stage(candidates: tuple[Hypothesis, ...] | None, visits: Mapping[str, Visit]) -> Stage:
    """Return whether a decision can still change by itself: a visit is open, or one may yet arrive."""
    if candidates is None:
        return "final"
    closed = [visits[candidate.visit_id].status == "closed" for candidate in candidates]
    return "final" if closed and all(closed) else "provisional"
