"""Who made a visit, a customer or staff: all that cameras and terminals say of it together. Pure.

Evidence of one kind is never counted twice: where two cameras see one stay, its time counts once; what clothes say is
one thing however many tracks show them. Kinds add up, as `contracts.staff` says.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated

from msgspec import Meta, Struct, field

from contracts.fields import Role, StaffEvidenceKind
from contracts.payloads import Stay, VisitSegment
from contracts.staff import Habit, StaffEvidence, listed, score_of, time_evidence

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
AboveZeroShare = Annotated[float, Meta(gt=0, le=1)]


class StaffRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What tells staff from customers in a store: the table `[staff]` of the gateway's file.

    Attributes:
        threshold: A visit with at least this score is staff's.
        zone_customers: Share of customers' visits with a stay in a zone of kind `staff`.
        zone_customer_s: For how long, those that have one.
        zone_staff: Share of staff's visits.
        zone_staff_s: For how long.
        visit_customer_s: How long a customer is in the store.
        visit_staff_s: How long staff is.
        terminals: Where on the floor somebody stands who uses a terminal, by the terminal's id, metres. Of one that is
            not here, its zone counts.
        card_reach_m: How far from there its user stands, standard deviation.
        card_within_s: How far a terminal's clock may be off a camera's.
    """

    threshold: Annotated[float, Meta(gt=0, le=1)] = 0.9
    zone_customers: AboveZeroShare = 0.02
    zone_customer_s: Positive = 5.0
    zone_staff: AboveZeroShare = 0.5
    zone_staff_s: Positive = 60.0
    visit_customer_s: Positive = 1800.0
    visit_staff_s: Positive = 14_400.0
    terminals: dict[str, tuple[float, float]] = field(default_factory=dict)
    card_reach_m: Positive = 0.75
    card_within_s: NotNegative = 1.0

    def __post_init__(self) -> None:
        """Check that staff is who stays longer.

        Raises:
            ValueError: Customers are.
        """
        for key in ("zone", "visit"):
            customer_s, staff_s = getattr(self, f"{key}_customer_s"), getattr(self, f"{key}_staff_s")
            if customer_s >= staff_s:
                msg = f"{key}_customer_s must be less than {key}_staff_s, got {customer_s:g} and {staff_s:g}"
                raise ValueError(msg)


class StaffDecision(Struct, frozen=True):
    """Who made a visit: the score, 0 to 1, who that makes it, and what it follows from.

    Score and role are None where nothing is known: no camera looked for staff, and nothing speaks for it.
    """

    score: float | None
    role: Role | None
    evidence: tuple[StaffEvidence, ...]


def decide(
    rules: StaffRules, segments: Sequence[VisitSegment], stays: Iterable[Stay], cards: Iterable[float] = ()
) -> StaffDecision:
    """Return who made a visit.

    The order of the segments and of the cards does not matter.

    Args:
        rules: What tells staff from customers.
        segments: The visit's segments, one or more.
        stays: Its stays, no time in a zone twice.
        cards: What each showing of a staff card says of this visit, log-odds.
    """
    began_ms, until_ms = min(each.opened_ms for each in segments), max(each.updated_ms for each in segments)
    there_s = sum(
        ((until_ms if stay.left_ms is None else stay.left_ms) - stay.entered_ms) / 1000
        for stay in stays
        if stay.zone_kind == "staff"
    )
    zone = time_evidence(
        there_s,
        Habit(share=rules.zone_customers, mean_s=rules.zone_customer_s),
        Habit(share=rules.zone_staff, mean_s=rules.zone_staff_s),
    )
    inside = time_evidence(
        (until_ms - began_ms) / 1000, Habit(mean_s=rules.visit_customer_s), Habit(mean_s=rules.visit_staff_s)
    )
    evidence = listed(
        (
            ("zone", max(zone, _most(segments, "zone"))),
            ("hours", _most(segments, "hours")),
            ("presence", max(inside, _most(segments, "presence"))),
            ("uniform", _mean(segments, "uniform")),
            ("card", sum(sorted(cards))),
        )
    )
    if not evidence and all(each.staff_score is None for each in segments):
        return StaffDecision(None, None, ())
    score = score_of(evidence)
    return StaffDecision(score, "staff" if score >= rules.threshold else "customer", evidence)


def _said(segments: Iterable[VisitSegment], kind: StaffEvidenceKind) -> list[tuple[float, float]]:
    """Return what each camera says of one kind of evidence, and how long it saw the person, seconds."""
    return [
        (each.log_odds, (segment.updated_ms - segment.opened_ms) / 1000)
        for segment in segments
        for each in segment.staff_evidence
        if each.kind == kind
    ]


def _most(segments: Iterable[VisitSegment], kind: StaffEvidenceKind) -> float:
    """Return what the camera says that says most: they all speak of one fact, and most saw it in part."""
    return max((log_odds for log_odds, _ in _said(segments, kind)), default=0.0)


def _mean(segments: Iterable[VisitSegment], kind: StaffEvidenceKind) -> float:
    """Return the mean over the time seen: of many noisy looks at one thing, the highest would deceive."""
    said = sorted(_said(segments, kind))
    weights = [seen_s + _BRIEF_S for _, seen_s in said]
    return sum(log_odds * weight for (log_odds, _), weight in zip(said, weights, strict=True)) / max(sum(weights), 1.0)


_BRIEF_S = 1.0
