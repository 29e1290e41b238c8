"""HTTP of footfall and occupancy."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from cloud.auth import ERRORS, INVALID, NOT_FOUND, CanRead, InContext, Principal
from cloud.context import Context
from cloud.db import ReadSession
from cloud.errors import invalid_value
from cloud.footfall.buckets import Bucket, Grain, bucket_of_date
from cloud.footfall.schemas import Footfall, Occupancy
from cloud.footfall.service import StoreView, get_footfall, get_occupancy
from cloud.instants import parse_instant
from cloud.stores.calendars import DEFAULT_TIME_ZONE
from cloud.stores.endpoints import StoreName
from cloud.stores.repository import get_store

router = APIRouter(prefix="/v1/stores/{store}", tags=["footfall"], responses={**ERRORS, **NOT_FOUND})

_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(2999, 12, 31)


@router.get("/footfall", summary="Crossings by hour or day", responses=INVALID)
def read_footfall(
    store: StoreName,
    principal: CanRead,
    context: InContext,
    *,
    grain: Annotated[Grain, Query(description="How long a bucket is")] = "hour",
    from_: Annotated[
        str | None,
        Query(
            alias="from", description="RFC 3339; else the start of the store's day", examples=["2026-03-01T00:00:00Z"]
        ),
    ] = None,
    to: Annotated[str | None, Query(description="RFC 3339; else the end of the store's day")] = None,
    day: Annotated[
        date | None, Query(description="A day of the store; else today. `from` and `to` go before it")
    ] = None,
) -> Footfall:
    """Count crossings by tripwire kind and direction, in hours or days of the store's time zone.

    Coverage stands beside every value: the share of time that cameras really observed. Where nothing was observed the
    value is null, never 0.
    """
    with context.database.read() as session:
        view = store_view(session, principal, context, store)
        whole = view.today if day is None else bucket_of_date(check_day(day), view.zone)
        start_ms = whole.start_ms if from_ is None else parse_instant("from", from_)
        end_ms = whole.end_ms if to is None else parse_instant("to", to)
        return get_footfall(session, view, Bucket(start_ms, end_ms), grain)


@router.get("/occupancy", summary="Who is in the store now")
def read_occupancy(store: StoreName, principal: CanRead, context: InContext) -> Occupancy:
    """Show the latest counts by zone, and in minus out over the entrance tripwires today."""
    with context.database.read() as session:
        return get_occupancy(session, store_view(session, principal, context, store))


def check_day(day: date) -> date:
    """Return the day, known to be one whose hours can be counted.

    Raises:
        ProblemError: 422, it is none.
    """
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise invalid_value(name="day", value=day.isoformat(), allowed=f"{_FIRST_DAY} to {_LAST_DAY}")
    return day


def store_view(session: ReadSession, principal: Principal, context: Context, store: str) -> StoreView:
    """Return a store as of now.

    Raises:
        ProblemError: 404, this tenant has none of that name.
    """
    row = get_store(session, principal.tenant, store)
    time_zone, threshold = row.time_zone or DEFAULT_TIME_ZONE, context.settings.staff_score_threshold
    return StoreView(principal.tenant, store, time_zone, context.clock(), threshold)
