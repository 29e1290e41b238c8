"""HTTP of late events."""

from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from cloud.analytics.endpoints import FromDay, Stores, ToDay, parse_period
from cloud.analytics.periods import Period
from cloud.analytics.selection import Shop, select_shops
from cloud.auth import ERRORS, INVALID, NOT_FOUND, CanRead, InContext
from cloud.db import ReadSession, chunks
from cloud.errors import invalid_value
from cloud.lateness.tables import event_delays

router = APIRouter(prefix="/v1", tags=["stores"], responses={**ERRORS, **NOT_FOUND, **INVALID})
_MOST_ROWS = 20_000


class LateEvents(BaseModel):
    """How late the events of one store and day came in."""

    store: str
    day: str = Field(examples=["2026-03-01"], description="On which they happened, in the store's own calendar")
    events: int
    late_1h: int = Field(description="Came in more than an hour after they happened")
    late_24h: int = Field(description="More than a day after")
    share_late_1h: float
    share_late_24h: float


class Lateness(BaseModel):
    """Days with events, by store, in order."""

    rows: list[LateEvents]


@router.get("/lateness", summary="How late events came in")
def get_lateness(principal: CanRead, context: InContext, from_: FromDay, to: ToDay, store: Stores = None) -> Lateness:
    """Tell by store and day which share of events came in late; figures of such a day changed afterwards.

    Counted by hours of UTC: where a day begins within one, that hour belongs to the day before.
    """
    asked = parse_period(from_, to)
    with context.database.read() as session:
        shops = select_shops(session, principal.tenant, store or (), None)
        if len(shops) * asked.days > _MOST_ROWS:
            allowed = f"such that there are at most {_MOST_ROWS} rows, not {len(shops) * asked.days}"
            raise invalid_value(name="to", value=to.isoformat(), allowed=allowed)
        counted = _by_day(session, principal.tenant, shops, asked)
    return Lateness(rows=[_row(store, day, *counts) for (store, day), counts in sorted(counted.items())])


def _by_day(
    session: ReadSession, tenant: str, shops: list[Shop], asked: Period
) -> dict[tuple[str, int], tuple[int, int, int]]:
    calendars = {shop.store: shop.calendar for shop in shops}
    spans = [(each.day(asked.first).start_ms, each.day(asked.end - 1).end_ms) for each in calendars.values()]
    found: dict[tuple[str, int], tuple[int, int, int]] = {}
    for part in chunks(sorted(calendars)):
        statement = select(event_delays).where(
            event_delays.c.tenant == tenant,
            event_delays.c.store.in_(part),
            event_delays.c.hour_ms >= min(start_ms for start_ms, _ in spans),
            event_delays.c.hour_ms < max(end_ms for _, end_ms in spans),
        )
        for row in session.rows(statement):
            day = calendars[row.store].day_at(row.hour_ms)
            if asked.first <= day < asked.end:
                events, late_1h, late_24h = found.get((row.store, day), (0, 0, 0))
                found[row.store, day] = (events + row.events, late_1h + row.late_1h, late_24h + row.late_24h)
    return found


def _row(store: str, day: int, events: int, late_1h: int, late_24h: int) -> LateEvents:
    return LateEvents(
        store=store,
        day=date.fromordinal(day).isoformat(),
        events=events,
        late_1h=late_1h,
        late_24h=late_24h,
        share_late_1h=late_1h / events,
        share_late_24h=late_24h / events,
    )
