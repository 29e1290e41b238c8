"""What is known of one profile, as plain values. Pure: no clock, randomness or I/O.

`cloud.profiles.live` reads it as it is now, `cloud.profiles.history` as it was known at a time in the past; everything
that a profile says follows from it by the same rules.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

TouchKind = Literal["scan", "sale", "void", "refund"]


class Named(Struct, frozen=True, order=True):
    """An identifier: its namespace and the pseudonym of its value."""

    namespace: str
    pseudonym: str


class SoldLine(Struct, frozen=True):
    """One line of a receipt; a returned item has a negative quantity."""

    gtin: str | None
    quantity: float


class KnownTouch(Struct, frozen=True, kw_only=True):
    """A scan or a receipt at which the member was shown."""

    touch_id: str
    kind: TouchKind
    time_ms: int
    store: str
    device: str
    zone_id: str | None = None
    gtin: str | None = None
    receipt_id: str | None = None
    reverses_receipt_id: str | None = None
    total_minor: int | None = None
    currency: str | None = None
    lines: tuple[SoldLine, ...] = ()
    ineligible: str | None = None
    is_corrected: bool = False
    """A correction says that it did not occur, or was wrong."""
    is_reversed: bool = False
    """A void that stands names its receipt."""

    @property
    def is_purchase(self) -> bool:
        """Return whether it is a sale that was neither corrected nor voided."""
        return self.kind == "sale" and not self.is_corrected and not self.is_reversed

    @property
    def is_refund(self) -> bool:
        """Return whether it is a refund that was neither corrected nor voided."""
        return self.kind == "refund" and not self.is_corrected and not self.is_reversed

    @property
    def is_scan(self) -> bool:
        """Return whether it is a scan that was not corrected."""
        return self.kind == "scan" and not self.is_corrected


class KnownLink(Struct, frozen=True, kw_only=True):
    """A decision that holds about one touch.

    Attributes:
        visit_id: The linked visit, or the likeliest one of a party.
        posteriors: By visit that was compared, the probability that it made the touch; None where a rule decided.
    """

    link_id: str
    touch_id: str
    decision: str
    stage: str
    reason: str
    visit_id: str | None = None
    posteriors: Mapping[str, float | None] = {}


class KnownStay(Struct, frozen=True):
    """One time in one zone; `left_ms` is None while it goes on."""

    zone_id: str
    zone_kind: str
    entered_ms: int
    left_ms: int | None


class KnownVisit(Struct, frozen=True, kw_only=True):
    """A visit that some decision compares with a touch of the profile."""

    visit_id: str
    store: str
    status: str
    opened_ms: int
    closed_ms: int | None
    stays: tuple[KnownStay, ...] = ()


class ConsentSaid(Struct, frozen=True, kw_only=True):
    """What a member said about one purpose, through one identifier; `order` is that of recording."""

    identifier: Named
    purpose: str
    granted: bool
    at_ms: int
    order: int


class AttributeSaid(Struct, frozen=True, kw_only=True):
    """What a source says of a member; an empty value takes back what that source said before."""

    name: str
    value: str
    source: str
    rank: int
    at_ms: int


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that a profile is made of. Each tuple is sorted, so that equal knowledge makes equal facts."""

    one_id: str
    identifiers: tuple[Named, ...]
    touches: tuple[KnownTouch, ...] = ()
    links: tuple[KnownLink, ...] = ()
    visits: tuple[KnownVisit, ...] = ()
    consents: tuple[ConsentSaid, ...] = ()
    attributes: tuple[AttributeSaid, ...] = ()

    def standing(self) -> list[KnownTouch]:
        """Return the touches that were not corrected."""
        return [touch for touch in self.touches if not touch.is_corrected]


class WeighedVisit(Struct, frozen=True, kw_only=True):
    """A visit with how surely it is this member's.

    Attributes:
        weight: 0 to 1: the highest probability that the visit made one of the member's touches. A link by rule, to
            which nobody gave a probability, weighs 1; what a rule could not tell apart weighs nothing.
        decision: `linked`, or why it is not: `party`, `ambiguous` or `null`.
        links: The decisions that compare it.
    """

    visit: KnownVisit
    weight: float
    decision: str
    stage: str
    links: tuple[KnownLink, ...]


LEAST_WEIGHT = 0.01
"""Visits that are less probable say nothing of the member, and are left out."""
_STRENGTH = ("linked", "party", "ambiguous", "null")


def weigh_visits(facts: Facts) -> list[WeighedVisit]:
    """Return the visits that weigh enough, the latest first."""
    links_of: dict[str, list[KnownLink]] = {}
    for link in facts.links:
        for visit_id in link.posteriors:
            links_of.setdefault(visit_id, []).append(link)
    weighed = [_weigh(visit, links_of[visit.visit_id]) for visit in facts.visits if visit.visit_id in links_of]
    held = [each for each in weighed if each.weight >= LEAST_WEIGHT]
    return sorted(held, key=lambda each: (each.visit.opened_ms, each.visit.visit_id), reverse=True)


def _weigh(visit: KnownVisit, links: Iterable[KnownLink]) -> WeighedVisit:
    ranked = sorted(links, key=lambda link: (_strength(link, visit.visit_id), link.link_id))
    decision = _STRENGTH[_strength(ranked[0], visit.visit_id)]
    holding = tuple(link for link in ranked if _STRENGTH[_strength(link, visit.visit_id)] == decision)
    return WeighedVisit(
        visit=visit,
        weight=max(_weight(link, visit.visit_id) for link in ranked),
        decision=decision,
        stage="final" if all(link.stage == "final" for link in holding) else "provisional",
        links=holding,
    )


def _strength(link: KnownLink, visit_id: str) -> int:
    """Return how strongly a decision holds a visit for the member's, 0 the most."""
    if link.decision == "linked":
        return 0 if link.visit_id == visit_id else len(_STRENGTH) - 1
    return _STRENGTH.index(link.decision)


def _weight(link: KnownLink, visit_id: str) -> float:
    posterior = link.posteriors[visit_id]
    if posterior is None:
        return float(link.decision == "linked" and link.visit_id == visit_id)
    return posterior
