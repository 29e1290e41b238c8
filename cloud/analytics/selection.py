"""Which shops a question is about."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from cloud.analytics.repository import list_shops
from cloud.db import AnyRow, ReadSession
from cloud.errors import ProblemError, invalid_value, not_found
from cloud.stores.calendars import DEFAULT_TIME_ZONE
from cloud.stores.opening import Calendar, opening_of

_ENCODER = msgspec.json.Encoder(order="sorted")


class Shop(Struct, frozen=True, kw_only=True):
    """A store with its region and its calendar."""

    store: str
    region: str | None
    calendar: Calendar


def select_shops(session: ReadSession, tenant: str, names: Iterable[str], region: str | None) -> list[Shop]:
    """Return the shops that are asked for; all where none is named.

    Raises:
        ProblemError: 404, a store is unknown; 422, no shop lies in the region.
    """
    known = {row.store: row for row in list_shops(session, tenant)}
    wanted = sorted(set(names)) or sorted(known)
    for name in wanted:
        if name not in known:
            raise not_found(noun="store", key=name, remedy="GET /v1/stores lists yours")
    rows = [known[name] for name in wanted if region is None or known[name].region == region]
    if region is not None and not rows:
        regions = ", ".join(sorted({row.region for row in known.values() if row.region})) or "none: no store has one"
        allowed = f"a region with shops among those asked for ({regions}); PUT /v1/stores/{{store}} sets it"
        raise invalid_value(name="region", value=region, allowed=allowed)
    calendars: dict[bytes, Calendar] = {}
    return [Shop(store=row.store, region=row.region, calendar=_calendar(row, calendars)) for row in rows]


def _calendar(row: AnyRow, known: dict[bytes, Calendar]) -> Calendar:
    """Return the calendar of a shop; shops with the same hours share one, which remembers its days."""
    zone = row.time_zone or DEFAULT_TIME_ZONE
    key = _ENCODER.encode((zone, row.opening_hours))
    if key not in known:
        known[key] = Calendar(ZoneInfo(zone), opening_of(row.opening_hours))
    return known[key]


def groups_of(shops: Sequence[Shop], by: str) -> dict[str, list[Shop]]:
    """Return the shops by what rows are told of: each store, each region, or all together."""
    found: dict[str, list[Shop]] = {}
    for shop in shops:
        key = {"store": shop.store, "region": shop.region or "", "none": ""}[by]
        found.setdefault(key, []).append(shop)
    return dict(sorted(found.items()))


def require_one_zone(groups: Iterable[Sequence[Shop]]) -> None:
    """Make sure that hours can be summed: an hour of one time zone may lie across two of another.

    Raises:
        ProblemError: 422, shops of one group lie in several zones.
    """
    for shops in groups:
        zones = sorted({str(shop.calendar.zone) for shop in shops})
        if len(zones) > 1:
            detail = (
                f"hours of shops in {', '.join(zones)} cannot be summed; ask with by=store, with stores of one time "
                "zone, or with grain=day"
            )
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "mixed-time-zones", "Several time zones", detail)
