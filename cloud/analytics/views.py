"""Rules of the matrix, cohorts, funnels, zones and touchpoints."""

from collections.abc import Sequence
from itertools import product

from msgspec import Struct

from cloud.analytics import bounds, cell_repository, member_repository, view_repository
from cloud.analytics.catalogue import METRICS
from cloud.analytics.flow_repository import UNKNOWN, count_flows
from cloud.analytics.funnel import Order, Reached, count_reached
from cloud.analytics.member_cells import ALL_SHOPS, DORMANT_DAYS, Kept
from cloud.analytics.member_repository import GroupCounts
from cloud.analytics.parts import FUNNEL_STEPS, PPM
from cloud.analytics.periods import Period
from cloud.analytics.repository import currencies_in, sum_parts
from cloud.analytics.selection import Shop
from cloud.analytics.service import MetricQuery, coverage_of
from cloud.analytics.view_schemas import (
    Flow,
    FunnelStep,
    MatrixGroup,
    ScoreFigures,
    Thresholds,
    TouchpointFigures,
    ZoneFigures,
)
from cloud.db import ReadSession
from cloud.profiles.lifecycle import STAGES, LifecycleRules
from cloud.profiles.score_grid import count_scores

SCORES = range(1, 6)


class Scope(Struct, frozen=True, kw_only=True):
    """Which shops and days a view is of, and what is kept of their members."""

    tenant: str
    shops: Sequence[Shop]
    days: Period
    now_ms: int
    least_members: int
    kept: Kept | None

    @property
    def asked_stores(self) -> list[str] | None:
        """Return the shops' names, None where these are all."""
        return None if self.kept is not None and self.kept.place == ALL_SHOPS else self.stores

    @property
    def stores(self) -> list[str]:
        """Return the shops' names."""
        return [shop.store for shop in self.shops]


def thresholds(dormant_days: int, least_members: int) -> Thresholds:
    """Return what the groups of the matrix mean, in words."""
    return Thresholds(
        new="in no shop before the period",
        existing=f"last in a shop before the period at most {dormant_days} days before its first day",
        dormant=f"last in a shop more than {dormant_days} days before the first day of the period",
        dormant_days=dormant_days,
        least_members=least_members,
    )


def kept_of_matrix(session: ReadSession, scope: Scope, dormant_days: int) -> Kept | None:
    """Return what is kept of the members of a matrix, and make sure that no more of them is looked at than may be.

    Raises:
        ProblemError: 422, members were in the shops on more days than are looked at.
    """
    kept = scope.kept if dormant_days == DORMANT_DAYS else None
    asked = (session, scope.tenant, scope.asked_stores)
    if kept is None:
        bounds.require_few(*asked, Period(0, scope.days.end), bounds.HISTORY)
    if kept is None or not kept.is_whole:
        bounds.require_few(*asked, scope.days, bounds.MATRIX)
    return kept


def make_matrix(
    session: ReadSession, scope: Scope, kept: Kept | None, dormant_days: int, currency: str | None
) -> list[MatrixGroup]:
    """Return the nine indicators; `kept_of_matrix` tells what is kept."""
    first = scope.days.first
    asked = (scope.tenant, scope.asked_stores)
    if kept is not None and kept.is_whole:
        found = cell_repository.read_groups(session, kept, scope.days, currency)
    else:
        found = member_repository.count_groups(session, *asked, scope.days, dormant_days, currency)
    if kept is not None:
        dormant = cell_repository.read_dormant(session, kept, first)
    else:
        dormant = member_repository.count_dormant(session, *asked, first, dormant_days)
    new, existing, woken = (found.get(name, GroupCounts()) for name in ("new", "existing", "dormant"))
    # Whoever slept elsewhere and came here is counted with the dormant of these shops: no share exceeds 1.
    number = max(dormant, woken.members)
    least = scope.least_members
    return [
        _group("new", new, new.members, (new.visits_with_purchase, new.visits), least),
        _group("existing", existing, existing.members, (existing.visits_with_purchase, existing.visits), least),
        _group("dormant", woken, number, (woken.buyers, number), least),
    ]


def _group(name: str, counts: GroupCounts, members: int, converted: tuple[int, int], least: int) -> MatrixGroup:
    above, below = converted
    suppressed = 0 < counts.members < least
    told = not suppressed
    return MatrixGroup(
        group=name,  # type: ignore[arg-type]  # one of the three names
        members=members,
        traffic=counts.visits,
        conversion=above / below if told and below else None,
        order_value=counts.sales_minor / counts.transactions if told and counts.transactions else None,
        transactions=counts.transactions if told else None,
        is_suppressed=suppressed,
    )


def make_flows(session: ReadSession, scope: Scope, rules: LifecycleRules) -> list[Flow]:
    """Return how members moved between stages.

    Raises:
        ProblemError: 422, members were in the shops on more days than are looked at.
    """
    bounds.require_few(session, scope.tenant, scope.asked_stores, Period(0, scope.days.end), bounds.HISTORY)
    flows = count_flows(session, scope.tenant, scope.asked_stores, scope.days, rules)
    order = (UNKNOWN, *STAGES)
    return [
        Flow(before=before, after=after, members=None if members < scope.least_members else members)
        for (before, after), members in sorted(flows.items(), key=lambda flow: tuple(map(order.index, flow[0])))
    ]


def make_scores(session: ReadSession, tenant: str, currency: str, least: int) -> tuple[list[ScoreFigures], int]:
    """Return how many customers have which scores, and how many there are."""
    found = {(cell.recency, cell.frequency): cell for cell in count_scores(session, tenant, currency)}
    customers = sum(cell.customers for cell in found.values())
    figures = []
    for recency, frequency in product(SCORES, SCORES):
        cell = found.get((recency, frequency))
        count = cell.customers if cell else 0
        told = count == 0 or count >= least
        figures.append(
            ScoreFigures(
                recency=recency,
                frequency=frequency,
                customers=count if told else None,
                share=count / customers if told else None,
                monetary=cell.monetary / count if cell and told else None,
            )
        )
    return figures, customers


def make_funnel(
    session: ReadSession, scope: Scope, wanted: Sequence[str], order: Order, window_s: int | None
) -> tuple[int, list[FunnelStep]]:
    """Return how many visits began, and how far they came.

    Raises:
        ProblemError: 422, there are more visits than are looked at one by one.
    """
    if (tuple(wanted), order, window_s) == (FUNNEL_STEPS, "strict", None):
        visits, found = _summed_funnel(session, scope)
    else:
        visits, found = _counted_funnel(session, scope, wanted, order, window_s)
    steps = []
    for index, (name, reached) in enumerate(zip(wanted, found, strict=True)):
        previous = found[max(index - 1, 0)]
        steps.append(
            FunnelStep(
                step=name,
                value=reached.value,
                low=max(reached.value - reached.spread, 0.0),
                high=min(reached.value + reached.spread, float(visits)),
                share_of_first=_share(reached.expected_ppm, found[0].expected_ppm),
                share_of_previous=_share(reached.expected_ppm, previous.expected_ppm),
            )
        )
    return visits, steps


def _summed_funnel(session: ReadSession, scope: Scope) -> tuple[int, list[Reached]]:
    """Return the funnel that rollups sum, however many visits there are."""
    names = [f"{step}{what}_ppm" for step in FUNNEL_STEPS[1:] for what in ("", "_variance")]
    query = MetricQuery(session, scope.tenant, METRICS["heads"], scope.shops, scope.now_ms)
    summed = sum_parts(session, query.asked(scope.days, "total", "none"), ["visits", *names])
    parts = next((each.parts for each in summed.values()), dict.fromkeys(["visits", *names], 0))
    visits = parts["visits"]
    entered = Reached(expected_ppm=visits * PPM, variance_ppm=0)
    return visits, [
        entered,
        *(
            Reached(expected_ppm=parts[f"{step}_ppm"], variance_ppm=parts[f"{step}_variance_ppm"])
            for step in FUNNEL_STEPS[1:]
        ),
    ]


def _counted_funnel(
    session: ReadSession, scope: Scope, wanted: Sequence[str], order: Order, window_s: int | None
) -> tuple[int, list[Reached]]:
    bounds.require_few(session, scope.tenant, scope.stores, scope.days, bounds.JOURNEYS)
    visits = view_repository.count_journeys(session, scope.tenant, scope.stores, scope.days)
    found = count_reached(
        view_repository.read_journeys(session, scope.tenant, scope.stores, scope.days),
        wanted,
        order,
        None if window_s is None else window_s * 1000,
    )
    return visits, found


def currencies_taken(session: ReadSession, scope: Scope) -> list[str]:
    """Return the currencies that the shops took or gave back, of members and others."""
    query = MetricQuery(session, scope.tenant, METRICS["sales"], scope.shops, scope.now_ms)
    return currencies_in(session, query.asked(scope.days, "total", "none"))


def coverage_in(session: ReadSession, scope: Scope) -> float | None:
    """Return the share of opening time that cameras observed."""
    heads = METRICS["heads"]
    query = MetricQuery(session, scope.tenant, heads, scope.shops, scope.now_ms)
    cells = query.cells(scope.days, "total", "none", None)
    return coverage_of(heads, cells[0].parts) if cells else None


def make_zones(session: ReadSession, scope: Scope) -> list[ZoneFigures]:
    """Return how far each zone reaches and how long people stay there.

    Raises:
        ProblemError: 422, there are more hours of zones than are summed.
    """
    bounds.require_few(session, scope.tenant, scope.stores, scope.days, bounds.ZONES)
    visits = view_repository.sum_visits(session, scope.tenant, scope.stores, scope.days)
    return [
        ZoneFigures(
            store=row.store,
            zone_id=row.zone_id,
            zone_kind=row.zone_kind,
            visits=int(row.visits),
            reach=_share(int(row.visits), visits.get(row.store, 0)),
            stays=int(row.stays),
            dwell_s=_share(int(row.dwell_ms), int(row.visits) * 1000),
        )
        for row in view_repository.sum_zones(session, scope.tenant, scope.stores, scope.days)
    ]


def make_touchpoints(session: ReadSession, scope: Scope) -> list[TouchpointFigures]:
    """Return how well each terminal and till tells who was there.

    Raises:
        ProblemError: 422, there are more hours of terminals than are summed.
    """
    bounds.require_few(session, scope.tenant, scope.stores, scope.days, bounds.TERMINALS)
    return [
        TouchpointFigures(
            store=row.store,
            device=row.device,
            scans=int(row.scans),
            receipts=int(row.receipts),
            member_touches=int(row.member_touches),
            member_share=_share(int(row.member_touches), int(row.scans) + int(row.receipts)),
            decided=int(row.decided),
            linked=int(row.linked),
            linked_share=_share(int(row.linked), int(row.decided)),
        )
        for row in view_repository.sum_terminals(session, scope.tenant, scope.stores, scope.days)
    ]


def _share(above: int, below: int) -> float | None:
    return above / below if below else None
