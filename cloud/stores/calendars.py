"""The calendars of stores, as their settings describe them."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from sqlalchemy import select

from cloud.db import ReadSession, chunks
from cloud.stores.opening import Calendar, opening_of
from cloud.tables import stores

DEFAULT_TIME_ZONE = "UTC"


def calendars_of(session: ReadSession, tenant: str, names: Iterable[str]) -> dict[str, Calendar]:
    """Return the calendar of each store; one of which nobody set anything is in UTC, and always open."""
    wanted = sorted(set(names))
    found = {store: Calendar(ZoneInfo(DEFAULT_TIME_ZONE), None) for store in wanted}
    for part in chunks(wanted):
        statement = select(stores.c.store, stores.c.time_zone, stores.c.opening_hours).where(
            stores.c.tenant == tenant, stores.c.store.in_(part)
        )
        for store, time_zone, opening_hours in session.rows(statement):
            found[store] = Calendar(ZoneInfo(time_zone or DEFAULT_TIME_ZONE), opening_of(opening_hours))
    return found
