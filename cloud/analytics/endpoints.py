"""HTTP of metrics."""

from collections.abc import Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from cloud.analytics import repository
from cloud.analytics.catalogue import METRICS
from cloud.analytics.comparison import Compare, compare_rows, earlier
from cloud.analytics.comparison import estimate as estimated
from cloud.analytics.formats import MEDIA_TYPES, choose_format, respond, write_rows
from cloud.analytics.metric import Grain, Metric
from cloud.analytics.periods import Period, periods_in
from cloud.analytics.rows import RowWriter
from cloud.analytics.schemas import MetricDefinition, MetricRows, MetricTitle
from cloud.analytics.selection import Shop, groups_of, require_one_zone, select_kept
from cloud.analytics.service import MAX_PERIODS, MAX_ROWS, MetricQuery
from cloud.auth import ERRORS, INVALID, NOT_FOUND, CanRead, InContext
from cloud.db import Page, ReadSession
from cloud.errors import Problem, ProblemError, invalid_value

router = APIRouter(prefix="/v1", tags=["analytics"], responses={**ERRORS, **NOT_FOUND, **INVALID})

_FIRST, _LAST = date(1970, 1, 2), date(2999, 12, 31)
_MAX_DIGITS = 9
OTHER_FORMATS: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPES["csv"].partition(";")[0]: {}, MEDIA_TYPES["parquet"]: {}}},
    304: {"description": "What the client holds is the newest"},
    406: {"model": Problem, "description": "The Accept header allows none of the formats"},
    501: {"model": Problem, "description": "This installation cannot write Parquet"},
}

FromDay = Annotated[date, Query(alias="from", description="First day, in each shop's own calendar")]
ToDay = Annotated[date, Query(description="The day after the last one")]
Stores = Annotated[list[str] | None, Query(description="Only this store; may be given several times. Else all")]
Region = Annotated[str | None, Query(description="Only shops of this region")]
Currency = Annotated[
    str | None, Query(pattern="^[A-Z]{3}$", description="Of money; needed where shops sold in several")
]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before")]
By = Literal["store", "region", "none"]
Limit = Annotated[int, Query(ge=1, le=10_000, description="How many rows at most")]


@router.get("/metrics", summary="Every metric, as it is defined")
def get_metrics(_principal: CanRead) -> list[MetricDefinition]:
    """List the catalogue: what each figure means, how it is counted, and what a shop must have for it."""
    return [_definition(metric) for metric in METRICS.values()]


@router.get("/metrics/{name}", summary="The values of one metric", response_model=MetricRows, responses=OTHER_FORMATS)
def get_metric(  # noqa: PLR0913 - each is one query parameter
    name: Annotated[str, Path(description="Its name in the catalogue", examples=["conversion_by_visit"])],
    request: Request,
    principal: CanRead,
    context: InContext,
    from_: FromDay,
    to: ToDay,
    *,
    grain: Annotated[Grain, Query(description="Length of the intervals; weeks begin on Monday")] = "day",
    store: Stores = None,
    region: Region = None,
    by: Annotated[By, Query(description="What rows are told of")] = "store",
    currency: Currency = None,
    compare: Annotated[
        Compare | None,
        Query(description="An earlier time beside each row; `year_before` is 52 weeks, of months and totals a year"),
    ] = None,
    estimate: Annotated[bool, Query(description="Scale counts of cameras up to the time not observed")] = False,
    cursor: Cursor = None,
    limit: Limit = 1000,
    format_: Annotated[
        str | None, Query(alias="format", description="`json`, `csv` or `parquet`; else as the Accept header asks")
    ] = None,
) -> Response:
    """Tell a metric of shops, regions or all shops together, by hour, day, week, month or as one total.

    Days and hours are those of each shop's own time zone. A ratio is a quotient of sums, never a mean of ratios. What
    was not observed is null, never 0; `coverage` says how much was. The `ETag` of an answer, sent back as
    `If-None-Match`, brings 304 where nothing changed.
    """
    kind = choose_format(request, format_)
    metric = find_metric(name)
    asked = parse_period(from_, to)
    require_grain(metric, grain, asked)
    start, now_ms = parse_cursor(cursor), context.clock()
    with context.database.read() as session:
        session.plan_each()
        shops, kept = select_kept(session, principal.tenant, store or (), region)
        require_rows(groups_of(shops, by), grain, asked)
        query = MetricQuery(session, principal.tenant, metric, shops, now_ms, kept=kept)
        chosen = choose_currency(session, query.asked(asked, grain), metric, currency)
        page = query.page(asked, grain, by, Page(start, limit))
        cells = query.cells(asked, grain, by, chosen, page.shops)
        rows = list(map(RowWriter(metric, asked, now_ms).write, cells))
        if compare is not None:
            before = earlier(asked, grain, compare)
            old = query.cells(before, grain, by, chosen, page.shops)
            compare_rows((cells, rows), (old, list(map(RowWriter(metric, before, now_ms).write, old))))
    rows = rows[page.skipped : page.skipped + limit]
    if estimate:
        rows = [estimated(metric, row) for row in rows]
    following = str(start + limit) if start + limit < page.total else None
    if kind != "json":
        return respond(request, write_rows(rows, kind), kind, following)
    answer = {
        "metric": metric.name,
        "unit": metric.unit,
        "currency": chosen,
        "grain": grain,
        "from": from_.isoformat(),
        "to": to.isoformat(),
        "rows": rows,
        "next_cursor": following,
    }
    return respond(request, msgspec.json.encode(answer), kind, following)


def find_metric(name: str) -> Metric:
    """Return a metric of the catalogue.

    Raises:
        ProblemError: 404, there is none of that name.
    """
    if name not in METRICS:
        detail = f"no metric {name!r}; there are {', '.join(METRICS)}"
        raise ProblemError(HTTPStatus.NOT_FOUND, "metric-not-found", "No such metric", detail)
    return METRICS[name]


def parse_period(first: date, end: date) -> Period:
    """Return the days from `first` to the one before `end`.

    Raises:
        ProblemError: 422, they are none, or beyond what is counted.
    """
    if not _FIRST <= first <= _LAST:
        raise invalid_value(name="from", value=first.isoformat(), allowed=f"{_FIRST} to {_LAST}")
    if not first < end <= _LAST:
        allowed = f"later than from, {first}, and at most {_LAST}; it is the day after the last one"
        raise invalid_value(name="to", value=end.isoformat(), allowed=allowed)
    return Period(first.toordinal(), end.toordinal())


def require_grain(metric: Metric, grain: Grain, asked: Period) -> None:
    """Make sure that a metric is told for a grain, and that the period is not too long for it.

    Raises:
        ProblemError: 422, it is not.
    """
    if grain not in metric.grains:
        raise invalid_value(name="grain", value=grain, allowed=f"one of {', '.join(metric.grains)} for {metric.name}")
    hours_a_day = 24 if grain == "hour" else 1
    count = asked.days if grain == "hour" else len(periods_in(asked, grain))
    if count * hours_a_day > MAX_PERIODS[grain]:
        allowed = f"such that the period has at most {MAX_PERIODS[grain]} of them; take a coarser grain or fewer days"
        raise invalid_value(name="grain", value=grain, allowed=allowed)


def require_rows(groups: Mapping[str, Sequence[Shop]], grain: Grain, asked: Period) -> None:
    """Make sure that the groups can be summed by a grain, and that there are not too many rows.

    Raises:
        ProblemError: 422, they cannot, or there are.
    """
    if grain == "hour":
        require_one_zone(groups.values())
    rows = len(groups) * (asked.days * 24 if grain == "hour" else len(periods_in(asked, grain)))
    if rows > MAX_ROWS:
        allowed = f"such that there are at most {MAX_ROWS} rows, not {rows}; take a coarser grain, fewer days or stores"
        raise invalid_value(name="grain", value=grain, allowed=allowed)


def parse_cursor(cursor: str | None) -> int:
    """Return how many rows the pages before had.

    Raises:
        ProblemError: 422, it is no cursor.
    """
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdecimal()) or len(cursor) > _MAX_DIGITS:
        raise invalid_value(name="cursor", value=cursor, allowed="the next_cursor of the page before")
    return int(cursor)


def choose_currency(session: ReadSession, asked: repository.Asked, metric: Metric, currency: str | None) -> str | None:
    """Return the currency of a metric of money, None of others, and where nothing was sold.

    Raises:
        ProblemError: 422, shops sold in several and none was named.
    """
    if not metric.has_currency or currency is not None:
        return currency if metric.has_currency else None
    found = repository.currencies_in(session, asked)
    if len(found) > 1:
        raise invalid_value(name="currency", value=None, allowed=f"one of {', '.join(found)}: they do not add up")
    return found[0] if found else None


def _definition(metric: Metric) -> MetricDefinition:
    return MetricDefinition(
        name=metric.name,
        title=MetricTitle(en=metric.title_en, zh=metric.title_zh),
        formula=metric.formula,
        unit=metric.unit,
        kind=metric.kind,
        grains=list(metric.grains),
        needs=list(metric.needs),
        numerator=list(metric.numerator),
        denominator=list(metric.denominator),
        rule_versions=list(metric.rule_versions),
        has_coverage=metric.from_cameras,
        has_currency=metric.has_currency,
        has_band=metric.variance is not None,
    )
