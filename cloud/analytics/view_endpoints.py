"""HTTP of the matrix, cohorts, funnels, zones and touchpoints."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from cloud.analytics import cohorts, views
from cloud.analytics.cell_repository import read_currencies
from cloud.analytics.endpoints import Currency, FromDay, Region, Stores, ToDay, parse_period
from cloud.analytics.funnel import Order
from cloud.analytics.member_cells import DORMANT_DAYS
from cloud.analytics.member_repository import Activity, member_currencies
from cloud.analytics.parts import FUNNEL_STEPS
from cloud.analytics.periods import LongGrain
from cloud.analytics.selection import select_kept
from cloud.analytics.view_schemas import Cohorts, Flows, Funnel, Matrix, Scores, Touchpoints, Zones
from cloud.analytics.views import Scope
from cloud.auth import ERRORS, INVALID, NOT_FOUND, CanRead, InContext, Principal
from cloud.context import Context
from cloud.db import ReadSession
from cloud.errors import invalid_value
from cloud.instants import write_instant
from cloud.profiles.rfm import VERSION
from cloud.profiles.score_grid import list_currencies

router = APIRouter(prefix="/v1", tags=["analytics"], responses={**ERRORS, **NOT_FOUND, **INVALID})

MAX_STEPS = 8
StepName = Literal[
    "entry", "entrance", "shelf", "fitting_room", "queue", "checkout", "floor", "staff", "scan", "purchase"
]


@router.get("/matrix", summary="The nine indicators of new, existing and dormant members")
def get_matrix(  # noqa: PLR0913 - each is one query parameter
    principal: CanRead,
    context: InContext,
    from_: FromDay,
    to: ToDay,
    *,
    store: Stores = None,
    region: Region = None,
    currency: Currency = None,
    dormant_days: Annotated[
        int, Query(ge=1, le=3650, description="Who was in no shop for longer is dormant")
    ] = DORMANT_DAYS,
) -> Matrix:
    """Tell traffic, conversion and order value of new and existing members, and number and return of the dormant.

    Members are those who showed themselves at terminals and tills; what cells of few members did is not told.
    """
    with context.database.read() as session:
        scope = _scope(session, principal, context, (from_, to), store, region)
        kept = views.kept_of_matrix(session, scope, dormant_days)
        chosen = currency or _only_currency(session, scope)
        return Matrix(
            from_=from_.isoformat(),
            to=to.isoformat(),
            stores=len(scope.shops),
            currency=chosen,
            thresholds=views.thresholds(dormant_days, scope.least_members),
            groups=views.make_matrix(session, scope, kept, dormant_days, chosen),
        )


@router.get("/cohorts", summary="Who came back, by when they first came")
def get_cohorts(  # noqa: PLR0913 - each is one query parameter
    principal: CanRead,
    context: InContext,
    from_: FromDay,
    to: ToDay,
    *,
    grain: Annotated[
        LongGrain, Query(description="Length of the periods; `quarter` and `year` are told by the archive")
    ] = "month",
    activity: Annotated[Activity, Query(description="What counts: being in a shop, or buying there")] = "visit",
    source: Annotated[
        Literal["now", "archive"],
        Query(description="`archive`: as of when the archive was written last; for more periods, and longer ones"),
    ] = "now",
    store: Stores = None,
    region: Region = None,
) -> Cohorts:
    """Group members by when they first came to any shop, and tell how many were active in each later period."""
    folder = _archive(context, principal) if source == "archive" else None
    as_of = None
    with context.database.read() as session:
        scope = _scope(session, principal, context, (from_, to), store, region)
        found = cohorts.make_cohorts(session, scope, grain, activity) if folder is None else []
    if folder is not None:
        found, as_of = cohorts.make_archived_cohorts(folder, scope, grain, activity)
    return Cohorts(
        from_=from_.isoformat(),
        to=to.isoformat(),
        grain=grain,
        activity=activity,
        stores=len(scope.shops),
        least_members=scope.least_members,
        as_of=None if as_of is None else write_instant(as_of),
        cohorts=found,
    )


@router.get("/flows", summary="How members moved between the stages of the lifecycle")
def get_flows(
    principal: CanRead, context: InContext, from_: FromDay, to: ToDay, store: Stores = None, region: Region = None
) -> Flows:
    """Count members by their stage before the period and after it, as far as they were in these shops."""
    rules = context.settings.lifecycle
    with context.database.read() as session:
        scope = _scope(session, principal, context, (from_, to), store, region)
        return Flows(
            from_=from_.isoformat(),
            to=to.isoformat(),
            stores=len(scope.shops),
            least_members=scope.least_members,
            rule_version=rules.version,
            flows=views.make_flows(session, scope, rules),
        )


@router.get("/rfm", summary="Customers by recency, frequency and monetary value")
def get_rfm(principal: CanRead, context: InContext, currency: Currency = None) -> Scores:
    """Count the customers of all shops by their scores; a score compares with all who buy in the same currency."""
    least = context.settings.analytics_least_members
    with context.database.read() as session:
        known = list_currencies(session, principal.tenant)
        chosen = currency or _only(known)
        cells, customers = views.make_scores(session, principal.tenant, chosen, least) if chosen in known else ([], 0)
    return Scores(currency=chosen, customers=customers, least_members=least, rule_version=VERSION, cells=cells)


@router.get("/funnels", summary="How far visits come along some steps")
def get_funnel(  # noqa: PLR0913 - each is one query parameter
    principal: CanRead,
    context: InContext,
    from_: FromDay,
    to: ToDay,
    *,
    step: Annotated[
        list[StepName] | None,
        Query(description="`entry`, a kind of zone, `scan` or `purchase`; in order. Else entry, shelf, scan, purchase"),
    ] = None,
    order: Annotated[
        Order, Query(description="`strict`: one after the other, others may lie between; `any`: in any order")
    ] = "strict",
    window_s: Annotated[
        int | None, Query(ge=1, le=86_400, description="Within how long from the first step on; else within the visit")
    ] = None,
    store: Stores = None,
    region: Region = None,
) -> Funnel:
    """Count customers' visits by how many steps they came to; links count with their probability."""
    wanted = list(step or FUNNEL_STEPS)
    if len(wanted) > MAX_STEPS or len(set(wanted)) < len(wanted):
        raise invalid_value(name="step", value=wanted, allowed=f"at most {MAX_STEPS} steps, each once")
    with context.database.read() as session:
        scope = _scope(session, principal, context, (from_, to), store, region)
        visits, steps = views.make_funnel(session, scope, wanted, order, window_s)
        return Funnel(
            from_=from_.isoformat(),
            to=to.isoformat(),
            order=order,
            window_s=window_s,
            stores=len(scope.shops),
            visits=visits,
            coverage=views.coverage_in(session, scope),
            steps=steps,
        )


@router.get("/zones", summary="Reach and dwell of every zone")
def get_zones(
    principal: CanRead, context: InContext, from_: FromDay, to: ToDay, store: Stores = None, region: Region = None
) -> Zones:
    """Tell of each zone which share of the shop's visits came there, and how long they stayed."""
    with context.database.read() as session:
        scope = _scope(session, principal, context, (from_, to), store, region)
        return Zones(from_=from_.isoformat(), to=to.isoformat(), zones=views.make_zones(session, scope))


@router.get("/touchpoints", summary="How well terminals and tills tell who was there")
def get_touchpoints(
    principal: CanRead, context: InContext, from_: FromDay, to: ToDay, store: Stores = None, region: Region = None
) -> Touchpoints:
    """Tell of each terminal and till its scans and receipts, how often members were shown, and visits found."""
    with context.database.read() as session:
        scope = _scope(session, principal, context, (from_, to), store, region)
        found = views.make_touchpoints(session, scope)
        return Touchpoints(from_=from_.isoformat(), to=to.isoformat(), touchpoints=found)


def _scope(
    session: ReadSession,
    principal: Principal,
    context: Context,
    days: tuple[date, date],
    stores: list[str] | None,
    region: str | None,
) -> Scope:
    session.plan_each()
    shops, kept = select_kept(session, principal.tenant, stores or (), region)
    return Scope(
        tenant=principal.tenant,
        shops=shops,
        days=parse_period(*days),
        now_ms=context.clock(),
        least_members=context.settings.analytics_least_members,
        kept=kept,
    )


def _archive(context: Context, principal: Principal) -> Path:
    if context.settings.archive_dir is None:
        allowed = "now: this service keeps no archive; SHOPTHREAD_CLOUD_ARCHIVE_DIR names a folder of them"
        raise invalid_value(name="source", value="archive", allowed=allowed)
    return Path(context.settings.archive_dir) / principal.tenant


def _only_currency(session: ReadSession, scope: Scope) -> str | None:
    if scope.kept is not None and scope.kept.is_whole:
        return _only(read_currencies(session, scope.kept, scope.days))
    taken = views.currencies_taken(session, scope)  # One, as most have, is that of members too.
    return _only(member_currencies(session, scope.tenant, scope.asked_stores, scope.days) if len(taken) > 1 else taken)


def _only(currencies: list[str]) -> str | None:
    if len(currencies) > 1:
        raise invalid_value(name="currency", value=None, allowed=f"one of {', '.join(currencies)}: they do not add up")
    return currencies[0] if currencies else None
