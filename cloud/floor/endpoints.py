"""HTTP of floors."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from cloud.auth import ERRORS, INVALID, INVALID_BODY, NOT_FOUND, CanAdminister, CanRead, InContext
from cloud.errors import invalid_value
from cloud.floor import repository
from cloud.floor.schemas import Heat, HeatSquare, Plan
from cloud.floor.squares import add_up
from cloud.footfall.buckets import Bucket, bucket_of_date
from cloud.footfall.endpoints import check_day, store_view
from cloud.footfall.service import get_footfall
from cloud.instants import write_instant
from cloud.stores.endpoints import StoreName
from cloud.stores.repository import get_store

router = APIRouter(prefix="/v1/stores/{store}", tags=["floor"], responses={**ERRORS, **NOT_FOUND})

MAX_DAYS = 7


@router.get("/heat", summary="Where people stood, and for how long", responses=INVALID)
def read_heat(
    store: StoreName,
    principal: CanRead,
    context: InContext,
    from_: Annotated[date | None, Query(alias="from", description="First day of the store; else today")] = None,
    to: Annotated[date | None, Query(description="The day after the last one; else one day")] = None,
) -> Heat:
    """Add up the seconds that people stood in each square of the floor, staff included, over at most seven days."""
    with context.database.read() as session:
        view = store_view(session, principal, context, store)
        first = view.today if from_ is None else bucket_of_date(check_day(from_), view.zone)
        last_ms = first.end_ms if to is None else bucket_of_date(check_day(to), view.zone).start_ms
        days = get_footfall(session, view, Bucket(first.start_ms, last_ms), "day").buckets
        if len(days) > MAX_DAYS:
            raise invalid_value(name="to", value=to, allowed=f"at most {MAX_DAYS} days after from")
        rows = repository.heat_between(session, principal.tenant, store, first.start_ms, last_ms)
    observed_s, expected_s = sum(day.observed_s for day in days), sum(day.expected_s for day in days)
    cell_m, squares = add_up((row.cell_m, row.cells) for row in rows)
    found = [HeatSquare(column=x, row=y, person_s=round(s, 3)) for (x, y), s in sorted(squares.items())]
    return Heat(
        store=store,
        from_=write_instant(first.start_ms),
        to=write_instant(last_ms),
        cell_m=cell_m,
        squares=found if rows or observed_s else None,
        devices=sorted({row.device for row in rows}),
        observed_s=round(observed_s, 3),
        coverage=observed_s / expected_s if expected_s else None,
    )


@router.get("/plan", summary="A store's floor plan")
def read_plan(store: StoreName, principal: CanRead, context: InContext) -> Plan:
    """Show the plan as it was drawn; one without any part where nobody drew it."""
    with context.database.read() as session:
        get_store(session, principal.tenant, store)
        plan = repository.get_plan(session, principal.tenant, store)
    return Plan(**plan)


@router.put("/plan", summary="Draw a store's floor plan", responses=INVALID_BODY)
def put_plan(store: StoreName, body: Plan, principal: CanAdminister, context: InContext) -> Plan:
    """Keep a plan in place of the one before. Figures do not depend on it."""
    with context.database.write() as session:
        get_store(session, principal.tenant, store)
        repository.put_plan(session, principal.tenant, store, body.model_dump(mode="json"))
    return body
