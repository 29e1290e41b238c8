"""Makes one hour's rollup from what happened in it. Pure, and a function of the set of facts, not of their order."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from cloud.analytics.funnel import Step, count_reached
from cloud.analytics.parts import FUNNEL_STEPS, PEAKS, PPM, SUMS
from cloud.footfall.buckets import Bucket
from cloud.stores.opening import Calendar, overlap_ms

MAX_PRESENCE_MS = 24 * 3600 * 1000
"""A visit whose end nobody told counts as presence for at most this long."""


class CoverageFact(Struct, frozen=True):
    """What one camera observed of an interval."""

    device: str
    start_ms: int
    end_ms: int
    observed_ms: int

    def within(self, start_ms: int, end_ms: int) -> int:
        """Return the milliseconds observed of a part of the interval, in proportion, rounded down."""
        shared_ms = min(self.end_ms, end_ms) - max(self.start_ms, start_ms)
        return self.observed_ms * shared_ms // (self.end_ms - self.start_ms) if shared_ms > 0 else 0


class VisitFact(Struct, frozen=True, kw_only=True):
    """A visit that counts. `leads_party` is true of the first visit of a party and of whoever came alone."""

    visit_id: str
    opened_ms: int
    ended_ms: int
    is_closed: bool
    is_staff: bool
    leads_party: bool = True


class StayFact(Struct, frozen=True, kw_only=True):
    """One stay of a visit in a zone; `left_ms` is None while it goes on."""

    visit_id: str
    zone_id: str
    zone_kind: str
    entered_ms: int
    left_ms: int | None


class TouchFact(Struct, frozen=True, kw_only=True):
    """A scan or receipt that no correction took back; a void, and a sale that was voided, are `is_void`."""

    touch_id: str
    device: str
    kind: str
    time_ms: int
    is_member: bool
    is_void: bool
    currency: str | None
    total_minor: int
    units_milli: int
    is_decided: bool = False
    is_linked: bool = False

    @property
    def is_transaction(self) -> bool:
        """Return whether it is a sale that stands."""
        return self.kind == "sale" and not self.is_void


class LinkFact(Struct, frozen=True, kw_only=True):
    """How probable it is that a visit made a touch, in millionths."""

    visit_id: str
    kind: str
    time_ms: int
    weight_ppm: int


class WaitFact(Struct, frozen=True, kw_only=True):
    """One wait in a queue."""

    joined_ms: int
    left_ms: int
    outcome: str


class Facts(Struct, frozen=True, kw_only=True):
    """All that is known of one hour: visits that overlap it, and of those that began in it the stays and links."""

    crossings: Mapping[tuple[str, str], int]
    coverage: Sequence[CoverageFact]
    visits: Sequence[VisitFact]
    stays: Sequence[StayFact]
    touches: Sequence[TouchFact]
    links: Sequence[LinkFact]
    waits: Sequence[WaitFact]


class HourCell(Struct, frozen=True, kw_only=True):
    """The rollup of one hour."""

    parts: Mapping[str, int]
    devices: Mapping[str, int]
    money: Mapping[str, tuple[int, int]]
    zones: Mapping[tuple[str, str], tuple[int, int, int]]
    terminals: Mapping[str, tuple[int, int, int, int, int]]
    journeys: Mapping[str, tuple[Step, ...]]

    @property
    def is_empty(self) -> bool:
        """Return whether nothing at all happened."""
        return not self.devices and not any(self.parts.values())


def make_cell(hour: Bucket, day: int, facts: Facts, calendar: Calendar) -> HourCell:
    """Return the rollup of an hour.

    Args:
        hour: The hour; it lies within the day.
        day: The shop's calendar day, as an ordinal.
        facts: What happened in it.
        calendar: When the shop is open.
    """
    devices = _seen_by_device(hour, facts.coverage)
    begun = [visit for visit in facts.visits if hour.start_ms <= visit.opened_ms < hour.end_ms]
    customers = [visit for visit in begun if not visit.is_staff]
    weights = _weights(facts.links)
    journeys = _journeys(customers, facts.stays, facts.links)
    parts = dict.fromkeys((*SUMS, *PEAKS), 0)
    parts |= {
        "footfall_in": facts.crossings.get(("entrance", "in"), 0),
        "footfall_out": facts.crossings.get(("entrance", "out"), 0),
        "passersby": facts.crossings.get(("passby", "in"), 0) + facts.crossings.get(("passby", "out"), 0),
        "visits": len(customers),
        "staff_visits": len(begun) - len(customers),
        "parties": sum(visit.leads_party for visit in customers),
        "dwell_ms": sum(visit.ended_ms - visit.opened_ms for visit in customers if visit.is_closed),
        "dwell_visits": sum(visit.is_closed for visit in customers),
        "seen_ms": sum(devices.values()),
        "observed_ms": _observed_ms(hour, calendar.open_spans(day), facts.coverage),
        **_presence(hour, facts.visits),
        **_waiting(facts.waits),
        **_tills(facts.touches),
        **_linked(customers, weights),
        **_funnel(journeys.values()),
    }
    return HourCell(
        parts=parts,
        devices=devices,
        money=_money(facts.touches),
        zones=_zones(customers, facts.stays),
        terminals=_terminals(facts.touches),
        journeys=journeys,
    )


def _seen_by_device(hour: Bucket, coverage: Iterable[CoverageFact]) -> dict[str, int]:
    seen: dict[str, int] = {}
    for fact in coverage:
        if min(fact.end_ms, hour.end_ms) > max(fact.start_ms, hour.start_ms):
            seen[fact.device] = seen.get(fact.device, 0) + fact.within(hour.start_ms, hour.end_ms)
    # One camera never observes more than there was.
    return {device: min(seen[device], hour.end_ms - hour.start_ms) for device in sorted(seen)}


def _observed_ms(hour: Bucket, opening: Iterable[Bucket], coverage: Sequence[CoverageFact]) -> int:
    total = 0
    for span in opening:
        part = Bucket(max(span.start_ms, hour.start_ms), min(span.end_ms, hour.end_ms))
        if part.end_ms > part.start_ms:
            total += sum(_seen_by_device(part, coverage).values())
    return total


def _presence(hour: Bucket, visits: Iterable[VisitFact]) -> dict[str, int]:
    """Return how long customers were in the shop during an hour, and the most at one time."""
    spans = [
        Bucket(max(visit.opened_ms, hour.start_ms), min(visit.ended_ms, hour.end_ms))
        for visit in visits
        if not visit.is_staff and overlap_ms(hour, visit.opened_ms, visit.ended_ms)
    ]
    # Who leaves in the moment in which somebody comes was never there together with him: -1 sorts before +1.
    moves = sorted([(span.start_ms, 1) for span in spans] + [(span.end_ms, -1) for span in spans])
    peak = people = 0
    for _, change in moves:
        people += change
        peak = max(peak, people)
    return {"person_ms": sum(span.end_ms - span.start_ms for span in spans), "peak_people": peak}


def _waiting(waits: Sequence[WaitFact]) -> dict[str, int]:
    outcomes = [wait.outcome for wait in waits]
    return {
        "queue_served": outcomes.count("served"),
        "queue_abandoned": outcomes.count("abandoned"),
        "queue_unknown": outcomes.count("unknown"),
        "queue_wait_ms": sum(wait.left_ms - wait.joined_ms for wait in waits if wait.outcome == "served"),
    }


def _tills(touches: Sequence[TouchFact]) -> dict[str, int]:
    sold = [touch for touch in touches if touch.is_transaction]
    return {
        "scans": sum(touch.kind == "scan" for touch in touches),
        "receipts": sum(touch.kind != "scan" for touch in touches),
        "transactions": len(sold),
        "member_transactions": sum(touch.is_member for touch in sold),
        "units_milli": sum(touch.units_milli for touch in sold),
    }


def _money(touches: Iterable[TouchFact]) -> dict[str, tuple[int, int]]:
    """Return, by currency, sales less refunds in minor units and how many sales there were."""
    found: dict[str, tuple[int, int]] = {}
    for touch in touches:
        if touch.currency is None or touch.is_void or touch.kind not in {"sale", "refund"}:
            continue
        total, sales = found.get(touch.currency, (0, 0))
        refund = touch.kind == "refund"
        found[touch.currency] = (
            total + (-abs(touch.total_minor) if refund else touch.total_minor),
            sales + (not refund),
        )
    return found


def _weights(links: Iterable[LinkFact]) -> dict[str, tuple[int, int]]:
    """Return, by visit, how probable it is that a known member made it, and that a known member bought in it.

    A member's touches in one visit stand or fall together and are no separate chances: the most probable one tells.
    """
    found: dict[str, tuple[int, int]] = {}
    for link in links:
        known, bought = found.get(link.visit_id, (0, 0))
        sale = link.weight_ppm if link.kind == "sale" else 0
        found[link.visit_id] = (max(known, link.weight_ppm), max(bought, sale))
    return found


def _linked(customers: Iterable[VisitFact], weights: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Return the expected numbers of linked visits and of those with a purchase, each with its variance.

    The number of successes among independent trials with different chances is Poisson-binomial: its mean is the sum of
    the chances p, its variance the sum of p (1 - p).
    """
    found = dict.fromkeys(("linked_ppm", "linked_variance_ppm", "buyers_ppm", "buyers_variance_ppm"), 0)
    for visit in customers:
        known, bought = weights.get(visit.visit_id, (0, 0))
        for name, weight in (("linked", known), ("buyers", bought)):
            found[f"{name}_ppm"] += weight
            found[f"{name}_variance_ppm"] += weight * (PPM - weight) // PPM
    return found


def _funnel(journeys: Iterable[Sequence[Step]]) -> dict[str, int]:
    """Return how many visits came to each step after the entry, with the variance of that number."""
    reached = count_reached(journeys, FUNNEL_STEPS, "strict", None)
    found = {}
    for step, each in zip(FUNNEL_STEPS[1:], reached[1:], strict=True):
        found[f"{step}_ppm"] = each.expected_ppm
        found[f"{step}_variance_ppm"] = each.variance_ppm
    return found


def _zones(customers: Sequence[VisitFact], stays: Iterable[StayFact]) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Return, by zone and kind, how many customers' visits came there, in how many stays, for how long."""
    visitors: dict[tuple[str, str], set[str]] = {}
    totals: dict[tuple[str, str], tuple[int, int]] = {}
    known = {visit.visit_id for visit in customers}
    for stay in stays:
        if stay.visit_id in known:
            key = (stay.zone_id, stay.zone_kind)
            visitors.setdefault(key, set()).add(stay.visit_id)
            count, dwell_ms = totals.get(key, (0, 0))
            length_ms = 0 if stay.left_ms is None else stay.left_ms - stay.entered_ms
            totals[key] = (count + 1, dwell_ms + length_ms)
    return {key: (len(visitors[key]), *totals[key]) for key in sorted(totals)}


def _terminals(touches: Iterable[TouchFact]) -> dict[str, tuple[int, int, int, int, int]]:
    """Return, by terminal: scans, receipts, touches of members, those with a decision on their visit, those linked."""
    found: dict[str, tuple[int, int, int, int, int]] = {}
    for touch in touches:
        scans, receipts, members, decided, linked = found.get(touch.device, (0, 0, 0, 0, 0))
        is_scan = touch.kind == "scan"
        found[touch.device] = (
            scans + is_scan,
            receipts + (not is_scan),
            members + touch.is_member,
            decided + touch.is_decided,
            linked + touch.is_linked,
        )
    return found


def _journeys(
    customers: Iterable[VisitFact], stays: Iterable[StayFact], links: Iterable[LinkFact]
) -> dict[str, tuple[Step, ...]]:
    """Return what each customer's visit came to, in order of time: the entry, kinds of zones, scans, purchases."""
    opened = {visit.visit_id: visit.opened_ms for visit in customers}
    steps: dict[str, set[Step]] = {visit_id: {(0, "entry", PPM)} for visit_id in opened}
    for stay in stays:
        if stay.visit_id in opened:
            steps[stay.visit_id].add((stay.entered_ms - opened[stay.visit_id], stay.zone_kind, PPM))
    for link in links:
        if link.visit_id in opened and link.weight_ppm:
            name = "purchase" if link.kind == "sale" else "scan"
            # A terminal whose clock is behind tells of a moment before the entry.
            at_ms = max(link.time_ms - opened[link.visit_id], 0)
            steps[link.visit_id].add((at_ms, name, link.weight_ppm))
    return {visit_id: tuple(sorted(found)) for visit_id, found in sorted(steps.items())}
