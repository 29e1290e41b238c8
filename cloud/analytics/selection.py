"""Which shops a question is about."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from cloud.analytics.member_cells import Kept, kept_of
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


class Selection(NamedTuple):
    """The shops that are asked for, and what is kept summed of their members."""

    shops: list[Shop]
    kept: Kept | None


def select_shops(session: ReadSession, tenant: str, names: Iterable[str], region: str | None) -> list[Shop]:
    """Return the shops that are asked for; all where none is named.

    Raises:
        ProblemError: 404, a store is unknown; 422, no shop lies in the region.
    """
    return _select(_known(session, tenant), names, region)


def select_kept(session: ReadSession, tenant: str, names: Sequence[str], region: str | None) -> Selection:
    """Return the same, with what is kept of them: also of shops by name where they are a region's, or all.

    Raises:
        ProblemError: 404, a store is unknown; 422, no shop lies in the region.
    """
    known = _known(session, tenant)
    shops = _select(known, names, region)
    regions = {name: row.region for name, row in known.items()}
    return Selection(shops, kept_of(tenant, *shortest(names, region, regions)))


def shortest(
    names: Sequence[str], region: str | None, regions: Mapping[str, str | None]
) -> tuple[Sequence[str], str | None]:
    """Return names and region that ask for the same shops, without names where several are all of a region, or all.

    Args:
        names: Shops that are asked for; none: all.
        region: In which of them; None: in any.
        regions: The region of every shop that there is.
    """
    wanted = {name for name in names if region is None or regions[name] == region}
    if len(wanted) <= 1:
        return names, region
    if wanted == set(regions):
        return (), None
    place = regions[min(wanted)]
    whole = {name for name, its in regions.items() if its == place}
    return ((), place) if place is not None and wanted == whole else (names, region)


def _known(session: ReadSession, tenant: str) -> dict[str, AnyRow]:
    return {row.store: row for row in list_shops(session, tenant)}


def _select(known: Mapping[str, AnyRow], names: Iterable[str], region: str | None) -> list[Shop]:
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
