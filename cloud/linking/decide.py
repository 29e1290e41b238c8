"""Which visit made which touch. Pure: no clock, randomness or I/O.

`Linker` is the seam: it takes touches, visits and consents and returns hypotheses and decisions. `RuleLinker` decides
by rule and abstains where more than one visit fits. A probabilistic one can take its place; it fills `posterior`.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Literal, Protocol

from msgspec import Struct

from cloud.linking.terminals import Terminal

DecisionKind = Literal["linked", "party", "ambiguous", "null", "vetoed"]
Stage = Literal["provisional", "final"]
Ineligibility = Literal["no_member", "no_in_store_proof", "no_zone", "reversal", "reversed", "corrected"]


class Gate(Struct, frozen=True, kw_only=True):
    """Which stays a touch is compared with."""

    tolerance_ms: int = 2000
    """How far outside a stay a touch may lie, on either side."""
    max_stay_ms: int = 4 * 3600 * 1000
    """A stay counts for at most this long from its beginning, also while nobody reported its end."""
    staff_score: float = 0.5
    """Of visits that tell no role: with at least this score they belong to staff. Staff makes no touches."""
    clock_error_ms: int = 0
    """How wrong a terminal's clock may go: so much farther apart do a touch and a stay still have to be looked at."""


class Touch(Struct, frozen=True, kw_only=True):
    """A scan or a receipt at a terminal."""

    touch_id: str
    time_ms: int
    zone_id: str | None
    one_id: str | None
    device: str = ""
    in_store_proof: str = "terminal"
    is_scan: bool = False
    """It is a code's scan, not a receipt."""
    is_reversal: bool = False
    """It is a void: nothing but that another receipt did not happen. Who brings something back was there."""
    is_reversed: bool = False
    """A void says that it did not happen."""
    is_corrected: bool = False
    corrected_ms: int | None = None
    """When it was by the store's clock, where the gateway found the device's to be wrong."""

    @property
    def at_ms(self) -> int:
        """Return when it was, as far as its device's clock was measured."""
        return self.time_ms if self.corrected_ms is None else self.corrected_ms


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
    role: Literal["customer", "staff"] | None = None
    opened_ms: int = 0
    updated_ms: int = 0
    path: tuple[tuple[int, float, float], ...] = ()
    """(t_ms, x_m, y_m) in order of time."""
    path_error_m: float | None = None
    party_id: str | None = None


class Features(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What speaks for a hypothesis. Log ratios say how much more likely a fact is of the maker than of anybody else."""

    gap_ms: int
    """How far outside the visit's nearest stay in the zone the touch lies; 0 inside."""
    away_m: float | None = None
    """How far from the terminal's place the visit stood."""
    stood_s: float | None = None
    """For how long it stood there."""
    log_ratios: dict[str, float] = {}
    """By fact: `place`, `standing`, `zone`."""


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


class Scene(Struct, frozen=True, kw_only=True):
    """What touches are decided from.

    Attributes:
        touches: Those to decide, with every touch that could contend for the same visits.
        visits: Every visit that could have made one of them.
        consents: The One IDs under whose consent visits may be linked.
        terminals: What is known of the terminal of each touch, by the touch's id.
    """

    touches: Sequence[Touch]
    visits: Sequence[Visit]
    consents: Collection[str]
    terminals: Mapping[str, Terminal] = {}

    def compared(self) -> list[Touch]:
        """Return the touches that are compared with visits: eligible ones, with consent."""
        return [touch for touch in self.touches if ineligibility(touch) is None and touch.one_id in self.consents]


class Linker(Protocol):
    """Decides which visit made which touch."""

    @property
    def model_version(self) -> str:
        """Return the name under which decisions of this linker are kept."""

    def link(self, scene: Scene) -> Linking:
        """Decide for every touch of a scene. Touches without consent are not compared with any visit."""

    def fits(self, scene: Scene) -> dict[str, frozenset[str]]:
        """Return, by touch, the visits that could have made it: touches that share one are decided together."""


class RuleLinker:
    """Links a touch to the one visit that stood in its zone; abstains from several, and from one with two claimants."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    @property
    def model_version(self) -> str:
        """Return the rule with its parameters."""
        return f"rule-1.tolerance-{self._gate.tolerance_ms}ms.staff-{self._gate.staff_score:g}"

    def link(self, scene: Scene) -> Linking:
        """See `Linker.link`."""
        ineligible = {touch.touch_id: reason for touch in scene.touches if (reason := ineligibility(touch)) is not None}
        eligible = [touch for touch in scene.touches if touch.touch_id not in ineligible]
        by_id = {visit.visit_id: visit for visit in scene.visits}
        stays = StayIndex(scene.visits, self._gate)
        found = {touch.touch_id: stays.hypotheses(touch) for touch in scene.compared()}
        claimants = _claimants(eligible, found)
        decisions = {
            touch.touch_id: _decide(touch, touch.one_id, found.get(touch.touch_id), by_id, claimants)
            for touch in eligible
            if touch.one_id is not None
        }
        return Linking(decisions=decisions, ineligible=ineligible)

    def fits(self, scene: Scene) -> dict[str, frozenset[str]]:
        """See `Linker.fits`."""
        stays = StayIndex(scene.visits, self._gate)
        return {
            touch.touch_id: frozenset(each.visit_id for each in stays.hypotheses(touch)) for touch in scene.compared()
        }


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


class StayIndex:
    """The stays in which touches can lie, found by zone and time without looking at all of them."""

    def __init__(self, visits: Iterable[Visit], gate: Gate) -> None:
        self._tolerance_ms = gate.tolerance_ms
        by_zone: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for visit in visits:
            if visit.status in {"open", "closed"} and not made_by_staff(visit, gate):
                for stay in visit.stays:
                    longest_ms = stay.entered_ms + gate.max_stay_ms
                    left_ms = longest_ms if stay.left_ms is None else min(stay.left_ms, longest_ms)
                    by_zone[stay.zone_id].append((stay.entered_ms, left_ms, visit.visit_id))
        self._stays = {zone_id: sorted(stays) for zone_id, stays in by_zone.items()}
        self._latest_left_ms = {
            zone_id: list(accumulate((left_ms for _, left_ms, _ in stays), max))
            for zone_id, stays in self._stays.items()
        }

    def hypotheses(self, touch: Touch) -> tuple[Hypothesis, ...]:
        """Return the visits that fit a touch, in order of their ids."""
        return tuple(
            Hypothesis(touch_id=touch.touch_id, visit_id=visit_id, features=Features(gap_ms=gap_ms))
            for visit_id, gap_ms in sorted(self.gaps_ms(touch.zone_id or "", touch.at_ms).items())
        )

    def gaps_ms(self, zone_id: str, t_ms: int, more_ms: int = 0) -> dict[str, int]:
        """Return how far outside the nearest stay in a zone a time lies, by the visits of which that is near enough.

        Args:
            zone_id: The zone.
            t_ms: The time.
            more_ms: How much farther than the gate's tolerance is still near enough.
        """
        stays, latest_left_ms = self._stays.get(zone_id, []), self._latest_left_ms.get(zone_id, [])
        tolerance_ms = self._tolerance_ms + more_ms
        found: dict[str, int] = {}
        index = bisect_right(stays, t_ms + tolerance_ms, key=itemgetter(0)) - 1
        # Going back in time: once every earlier stay had ended before the touch, none further back can fit.
        while index >= 0 and latest_left_ms[index] >= t_ms - tolerance_ms:
            entered_ms, left_ms, visit_id = stays[index]
            gap_ms = max(entered_ms - t_ms, t_ms - left_ms, 0)
            if gap_ms <= tolerance_ms:
                found[visit_id] = min(gap_ms, found.get(visit_id, gap_ms))
            index -= 1
        return found


def made_by_staff(visit: Visit, gate: Gate) -> bool:
    """Return whether a visit is held to be staff's."""
    if visit.role is None:
        return (visit.staff_score or 0.0) >= gate.staff_score
    return visit.role == "staff"


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
        stage=stage_of(candidates, visits),
        visit_id=visit_id,
        reason=reason,
        hypotheses=candidates or (),
    )


def stage_of(candidates: tuple[Hypothesis, ...] | None, visits: Mapping[str, Visit]) -> Stage:
    """Return whether a decision can still change by itself: a visit is open, or one may yet arrive."""
    if candidates is None:
        return "final"
    closed = [visits[candidate.visit_id].status == "closed" for candidate in candidates]
    return "final" if closed and all(closed) else "provisional"
