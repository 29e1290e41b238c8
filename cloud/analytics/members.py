"""Each member's days in shops, with what came before: what matrices, cohorts and flows are counted from."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Table, delete, or_, select

from cloud.among import among
from cloud.analytics.member_cells import ASLEEP, COUNTS, CellKey, Cells, Sales, Visit, cells_of, difference, months_of
from cloud.analytics.tables import member_cells, member_days, member_sales
from cloud.db import AnyRow, AnySelect, ReadSession, Values, WriteSession, chunks
from cloud.projections.corrections import stands
from cloud.stores.calendars import calendars_of
from cloud.stores.opening import Calendar
from cloud.tables import stores, touches
from cloud.touches.repository import reversal_of

_CELL = member_cells.c


class MemberTouch(Struct, frozen=True, order=True, kw_only=True):
    """A scan in a shop, a standing sale, or a refund, of a member."""

    day: int
    store: str
    kind: str
    currency: str
    total_minor: int


def write_members(session: WriteSession, tenant: str, one_ids: Sequence[str]) -> None:
    """Make the days of these members what their touches say, and change what they add to the numbers of all members."""
    found: dict[str, list[MemberTouch]] = {one_id: [] for one_id in one_ids}
    old: list[Cells] = []
    regions: dict[str, str | None] = {}
    for part in chunks(one_ids):
        old += _stored_cells(session, tenant, part)
        for table in (member_days, member_sales):
            session.execute(delete(table).where(table.c.tenant == tenant, table.c.one_id.in_(part)))
        rows = _touches_of(session, tenant, part)
        calendars = calendars_of(session, tenant, {row.store for row in rows})
        regions |= _regions_of(session, tenant, calendars)
        for row in rows:
            found[row.one_id].append(_touch(row, calendars[row.store]))
    days: list[Values] = []
    sales: list[Values] = []
    new: list[Cells] = []
    for one_id, made in found.items():
        key = {"tenant": tenant, "one_id": one_id}
        visited, paid = day_rows(made, regions), sale_rows(made, regions)
        days += [{**key, **row} for row in visited]
        sales += [{**key, **row} for row in paid]
        new.append(cells_of(msgspec.convert(visited, list[Visit]), msgspec.convert(paid, list[Sales])))
    session.insert(member_days, days)
    session.insert(member_sales, sales)
    _change_cells(session, tenant, difference(new, old))


def _stored_cells(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> list[Cells]:
    """Return what members add to the numbers so far."""
    visits: dict[str, list[Visit]] = {}
    sales: dict[str, list[Sales]] = {}
    for row in session.rows(_of_members(member_days, tenant, one_ids)):
        visits.setdefault(row.one_id, []).append(Visit(row.day, row.store, row.region, row.transactions))
    for row in session.rows(_of_members(member_sales, tenant, one_ids)):
        paid = Sales(row.day, row.region, row.currency, row.sales_minor, row.transactions)
        sales.setdefault(row.one_id, []).append(paid)
    return [cells_of(visited, sales.get(one_id, ())) for one_id, visited in visits.items()]


def _of_members(table: Table, tenant: str, one_ids: Sequence[str]) -> AnySelect:
    return select(table).where(table.c.tenant == tenant, table.c.one_id.in_(one_ids))


def _change_cells(session: WriteSession, tenant: str, changes: Mapping[CellKey, Mapping[str, int]]) -> None:
    """Add numbers to the cells; one in which nothing is left disappears, as if it had never been."""
    changes = {**changes, **months_of(changes)}
    rows = [{"tenant": tenant, **key._asdict(), **counts} for key, counts in sorted(changes.items())]
    for part in chunks(rows):
        session.add(member_cells, part)
    sleeping = [key for key in changes if key.kind == ASLEEP]
    for places in chunks(sorted({key.place for key in sleeping})):
        _delete_empty(session, tenant, among(_CELL.place, places), _CELL.kind == ASLEEP, _CELL.day == 0)
    for place in sorted({key.place for key in changes}):
        there = [key for key in changes if key.place == place and key.kind != ASLEEP]
        for days in chunks(sorted({key.day for key in there})):
            kinds = _CELL.kind.in_(sorted({key.kind for key in there}))
            _delete_empty(session, tenant, _CELL.place == place, kinds, _CELL.day.in_(days))


def _delete_empty(session: WriteSession, tenant: str, *conditions: ColumnElement[bool]) -> None:
    empty = (_CELL[name] == 0 for name in COUNTS)
    session.execute(delete(member_cells).where(_CELL.tenant == tenant, *conditions, *empty))


def day_rows(made: Iterable[MemberTouch], regions: Mapping[str, str | None]) -> list[Values]:
    """Return a member's days in shops, with the days before and after. A refund alone is no visit to a shop.

    Args:
        made: What the member did.
        regions: The region of each shop that has one.
    """
    shown = sorted(touch for touch in made if touch.kind != "refund")
    days = sorted({touch.day for touch in shown})
    buying = sorted({touch.day for touch in shown if touch.kind == "sale"})
    rows: list[Values] = []
    bought = 0
    for day, of_day in groupby(shown, key=lambda touch: touch.day):
        before = [other for other in buying if other < day]
        on_day = list(of_day)
        for store, group in groupby(on_day, key=lambda touch: touch.store):
            kinds = [touch.kind for touch in group]
            rows.append(
                {
                    "day": day,
                    "store": store,
                    "region": regions.get(store),
                    "scans": kinds.count("scan"),
                    "transactions": kinds.count("sale"),
                    "transactions_before": bought,
                    "first_day": days[0],
                    "previous_day": max((other for other in days if other < day), default=None),
                    "next_day": min((other for other in days if other > day), default=None),
                    "first_buy_day": min(buying, default=None),
                    "previous_buy_day": max(before, default=None),
                }
            )
        bought += sum(touch.kind == "sale" for touch in on_day)
    return rows


def sale_rows(made: Iterable[MemberTouch], regions: Mapping[str, str | None]) -> list[Values]:
    """Return a member's sales less refunds, by day, shop and currency; `regions` tells the region of each shop."""
    totals: dict[tuple[int, str, str], tuple[int, int]] = {}
    for touch in made:
        if touch.kind != "scan":
            key = (touch.day, touch.store, touch.currency)
            total, count = totals.get(key, (0, 0))
            refund = touch.kind == "refund"
            totals[key] = (total + (-abs(touch.total_minor) if refund else touch.total_minor), count + (not refund))
    return [
        {
            "day": day,
            "store": store,
            "region": regions.get(store),
            "currency": currency,
            "sales_minor": total,
            "transactions": count,
        }
        for (day, store, currency), (total, count) in sorted(totals.items(), key=itemgetter(0))
    ]


def _regions_of(session: ReadSession, tenant: str, names: Iterable[str]) -> dict[str, str | None]:
    """Return the region of each of some shops that has one."""
    statement = select(stores.c.store, stores.c.region).where(
        stores.c.tenant == tenant, among(stores.c.store, sorted(names)), stores.c.region.is_not(None)
    )
    return {row.store: row.region for row in session.rows(statement)}


def _touches_of(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> Sequence[AnyRow]:
    """Return what shows members in shops, or moves their money: scans with a proof, standing sales, refunds."""
    in_shop = or_(touches.c.kind.in_(("sale", "refund")), touches.c.in_store_proof != "none")
    return session.rows(
        select(
            touches.c.one_id,
            touches.c.store,
            touches.c.kind,
            touches.c.time_ms,
            touches.c.currency,
            touches.c.total_minor,
        ).where(
            touches.c.tenant == tenant,
            touches.c.one_id.in_(one_ids),
            touches.c.kind.in_(("scan", "sale", "refund")),
            in_shop,
            stands(touches, "touch_id"),
            ~reversal_of(),
        )
    )


def _touch(row: AnyRow, calendar: Calendar) -> MemberTouch:
    return MemberTouch(
        day=calendar.day_at(row.time_ms),
        store=row.store,
        kind=row.kind,
        currency=row.currency or "",
        total_minor=row.total_minor or 0,
    )
