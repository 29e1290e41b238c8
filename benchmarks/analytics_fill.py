"""A chain's rollups as years of visits leave them, made by the code that makes them in service.

Hours are drawn from a pool of hours, each summed by `make_cell` from simulated visits with their stays, receipts and
links; weeks and months are summed from days by `sum_long`; members' days and numbers come from drawn touches by way of
`day_rows` and `cells_of`. Only which of them a shop and a day gets, and who did elsewhere what a drawn member did,
is left to the database, which is quicker.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime

import msgspec
from rich.progress import track
from sqlalchemy import Connection, Index, Table, func, select, text

from benchmarks.cloud_ingest import TENANT
from cloud.analytics.cells import CoverageFact, Facts, HourCell, LinkFact, StayFact, TouchFact, VisitFact, make_cell
from cloud.analytics.long import sum_long
from cloud.analytics.member_cells import ASLEEP, CellKey, Cells, Sales, Visit, cells_of, difference, months_of
from cloud.analytics.members import MemberTouch, day_rows, sale_rows
from cloud.analytics.parts import PEAKS, PPM, SUMS
from cloud.analytics.tables import member_cells, member_days, member_sales, rollups
from cloud.db import Database, Values
from cloud.footfall.buckets import Bucket
from cloud.stores.opening import Calendar

LAST = date(2026, 3, 1)
VISITS_AN_HOUR, HOURS_A_DAY = 57, 12  # 200 shops of these make 100 million visits in two years
_REGIONS = 8
"""The most regions there are: as many as divide the shops evenly."""
MEMBERS_SHARE = 0.05
"""Which share of the visits a member was shown in."""
VISITS_A_MEMBER = 8
_AT_HOME, _REFUNDED = 0.9, 0.02
_POOL = 400
_DRAWN = 60_000
"""How many members are drawn at most, about: beyond this others do on the same days what these do, in other shops."""
_BATCH = 2000
_STORE_PLACE = re.compile(r"(store store-)(\d+)")
_ZONES = ("entrance", "shelf", "shelf", "fitting_room", "queue", "checkout")
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000
_OTHERS = ("open_ms", "expected_ms")

_HOURS = """
INSERT INTO rollups (tenant, grain, store, day, start_ms, end_ms, {parts}, open_ms, expected_ms, devices,
  expected_devices)
SELECT '{tenant}', 'hour', '{store}', d, ms, ms + 3600000, {parts}, 0, 0, '{{"cam-1": 3600000}}', 0
FROM generate_series({first}, {last}) AS g(d), generate_series(9, {closing}) AS u(h),
  LATERAL (SELECT ((d - 719163)::bigint * 24 + h) * 3600000 AS ms) AS t, pool
WHERE pool.n = (d::bigint * 7919 + h * 104729 + {number} * 31) % {pool}"""
_DAYS = """
INSERT INTO rollups (tenant, grain, store, day, start_ms, end_ms, {parts}, open_ms, expected_ms, devices,
  expected_devices)
SELECT tenant, 'day', store, day, (day - 719163)::bigint * 86400000, (day - 719162)::bigint * 86400000, {sums},
  86400000, 86400000, '{{"cam-1": 43200000}}', 1
FROM rollups WHERE tenant = '{tenant}' AND store = '{store}' AND grain = 'hour' GROUP BY tenant, store, day"""
_MONEY = """
INSERT INTO rollup_money (tenant, grain, store, day, start_ms, currency, sales_minor, money_transactions)
SELECT tenant, grain, store, day, start_ms, 'EUR', transactions * 1999, transactions FROM rollups
WHERE tenant = '{tenant}' AND store = '{store}'"""
_KEPT_JOURNEYS = """
INSERT INTO journeys (tenant, store, day, start_ms, visit_id, steps)
SELECT '{tenant}', '{store}', d, (d - 719163)::bigint * 86400000, d || '-' || n,
  '[[0, "entry", 1000000], [9000, "shelf", 1000000], [60000, "scan", 970000], [90000, "purchase", 960000]]'
FROM generate_series({last} - 6, {last}) AS g(d), generate_series(1, 300) AS v(n)"""
_ZONE_HOURS = """
INSERT INTO rollup_zones (tenant, store, day, start_ms, zone_id, zone_kind, visits, stays, dwell_ms)
SELECT tenant, store, day, start_ms, 'zone-' || z, 'shelf', visits / (z + 1), visits / z, visits * 30000
FROM rollups, generate_series(1, 8) AS g(z) WHERE tenant = '{tenant}' AND store = '{store}' AND grain = 'hour'
  AND day > {last} - 28"""


def fill(database: Database, stores: int, days: int) -> int:
    """Fill the rollups of some shops and days; return how many visits they tell of."""
    _make_pool(database, random.Random(1))
    parts = [name for name in (*SUMS, *PEAKS) if name not in _OTHERS]
    first = LAST.toordinal() - days
    for number in track(range(stores), f"hours to months of {stores} shops, {days} days"):
        names: Mapping[str, object] = {
            "tenant": TENANT,
            "store": f"store-{number}",
            "number": number,
            "pool": _POOL,
            "closing": 8 + HOURS_A_DAY,
            "first": first,
            "last": LAST.toordinal() - 1,
            "parts": ", ".join(parts),
            "sums": ", ".join(f"{'max' if name in PEAKS else 'sum'}({name})" for name in parts),
        }
        with database.write() as session:
            session.connection.execute(
                text("INSERT INTO stores (tenant, store, time_zone, region) VALUES (:tenant, :store, 'UTC', :region)"),
                {"tenant": TENANT, "store": names["store"], "region": _region(number, stores)},
            )
            for statement in (_HOURS, _DAYS, _MONEY, _KEPT_JOURNEYS, _ZONE_HOURS):
                session.connection.exec_driver_sql(statement.format(**names).replace("%", "%%"))
            sum_long(session, TENANT, str(names["store"]), range(first, LAST.toordinal()))
    visits = _count_visits(database)
    _fill_members(database, random.Random(2), stores, days, round(visits * MEMBERS_SHARE / VISITS_A_MEMBER))
    _vacuum(database)
    return visits


def _vacuum(database: Database) -> None:
    """Let PostgreSQL note which pages all can see, and what there is: of itself it does so within minutes."""
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")


def filled(database: Database) -> int:
    """Return how many visits a database tells of that was filled before; 0 where it was not.

    Raises:
        RuntimeError: It was filled in part.
    """
    with database.read() as session:
        whole = session.number(select(func.count()).select_from(member_cells.select().limit(1).subquery()))
        begun = session.number(select(func.count()).select_from(rollups.select().limit(1).subquery()))
    if begun > whole:
        msg = "the database was filled in part only: remove the folder, and run this again"
        raise RuntimeError(msg)
    return _count_visits(database) if whole else 0


def _count_visits(database: Database) -> int:
    with database.read() as session:
        return session.number(select(func.sum(rollups.c.visits)).where(rollups.c.grain == "day"))


def _make_pool(database: Database, chance: random.Random) -> None:
    names = (*SUMS, *PEAKS)
    rows = [{"n": number, **_simulated_hour(chance).parts} for number in range(_POOL)]
    with database.write() as session:
        columns = ", ".join(f"{name} bigint" for name in names)
        session.connection.exec_driver_sql(f"CREATE TABLE pool (n bigint PRIMARY KEY, {columns})")
        given = ", ".join(f":{name}" for name in ("n", *names))
        session.connection.execute(text(f"INSERT INTO pool (n, {', '.join(names)}) VALUES ({given})"), rows)


def _simulated_hour(chance: random.Random) -> HourCell:
    """Return the rollup of an hour with visits in it, each with its stays; some buy, some of these are known."""
    start_ms = int(datetime(2026, 1, 5, 10, tzinfo=UTC).timestamp()) * 1000
    hour = Bucket(start_ms, start_ms + _HOUR_MS)
    visits, stays, touches, links = [], [], [], []
    for number in range(chance.randint(VISITS_AN_HOUR - 12, VISITS_AN_HOUR + 12)):
        name, opened_ms = f"visit-{number}", start_ms + chance.randrange(_HOUR_MS)
        ended_ms = opened_ms + chance.randint(1, 25) * _MINUTE_MS
        is_staff = chance.random() < 0.03
        visits.append(
            VisitFact(visit_id=name, opened_ms=opened_ms, ended_ms=ended_ms, is_closed=True, is_staff=is_staff)
        )
        for kind in sorted(chance.sample(_ZONES, 3)):
            left_ms = opened_ms + chance.randint(5, 60) * 1000
            stays.append(
                StayFact(visit_id=name, zone_id=f"{kind}-1", zone_kind=kind, entered_ms=opened_ms, left_ms=left_ms)
            )
        for kind, share in (("scan", 0.1), ("sale", 0.3)):
            if chance.random() < share:
                touches.append(_touch(f"{name}/{kind}", kind, ended_ms, chance))
                links.append(LinkFact(visit_id=name, kind=kind, time_ms=ended_ms, weight_ppm=chance.randint(1, PPM)))
    facts = Facts(
        crossings={
            ("entrance", "in"): len(visits),
            ("entrance", "out"): len(visits),
            ("passby", "in"): 5 * len(visits),
        },
        coverage=[CoverageFact("cam-1", hour.start_ms, hour.end_ms, _HOUR_MS - chance.randrange(_MINUTE_MS))],
        visits=visits,
        stays=stays,
        touches=touches,
        links=links,
        waits=[],
    )
    calendar = Calendar(UTC, None)
    return make_cell(hour, calendar.day_at(start_ms), facts, calendar)


def _touch(name: str, kind: str, time_ms: int, chance: random.Random) -> TouchFact:
    return TouchFact(
        touch_id=name,
        device="pos-1",
        kind=kind,
        time_ms=time_ms,
        is_member=chance.random() < MEMBERS_SHARE,
        is_void=False,
        currency="EUR" if kind == "sale" else None,
        total_minor=chance.randint(100, 9000),
        units_milli=chance.randint(1, 5) * 1000,
    )


def _fill_members(database: Database, chance: random.Random, stores: int, days: int, members: int) -> None:
    """Fill members' days and numbers: of some members from their touches, of the others from these in other shops.

    In which shops of a region a member was does not matter to numbers of members but to who sleeps in one shop: others
    count as often as there are of them.
    """
    copies = max(1, round(members / _DRAWN))
    regions = {f"store-{number}": _region(number, stores) for number in range(stores)}
    total: Cells = {}
    for start in track(range(0, members // copies, _BATCH), f"{members} members of these shops"):
        visited: list[Values] = []
        paid: list[Values] = []
        for number in range(start, min(start + _BATCH, members // copies)):
            touches = list(_touches(chance, number % stores, stores, days))
            rows, sales = day_rows(touches, regions), sale_rows(touches, regions)
            key = {"tenant": TENANT, "one_id": f"{number:032x}"}
            visited += [{**key, **row} for row in rows]
            paid += [{**key, **row} for row in sales]
            _add_up(total, cells_of(msgspec.convert(rows, list[Visit]), msgspec.convert(sales, list[Sales])))
        with database.write() as session:
            session.insert(member_days, visited)
            session.insert(member_sales, paid)
    for table in (member_days, member_sales):
        _change_indexes(database, table, Index.drop)  # To build them at the end takes a fraction of the time.
        _copy_members(database, table, copies, stores)
        _change_indexes(database, table, Index.create)
    everybody = _of_all(total, copies, stores)
    cells = {**everybody, **months_of(everybody)}
    rows = [{"tenant": TENANT, **key._asdict(), **counts} for key, counts in sorted(cells.items())]
    for start in track(range(0, len(rows), 10 * _BATCH), f"{len(rows)} numbers of members"):
        with database.write() as session:
            session.insert(member_cells, rows[start : start + 10 * _BATCH])


def _of_all(drawn: Cells, copies: int, stores: int) -> Mapping[CellKey, Mapping[str, int]]:
    """Return what members and all who do as they do add to the numbers: of one shop as far on as these are."""
    found: Cells = {}
    for key, counts in drawn.items():
        if key.kind == ASLEEP and (place := _STORE_PLACE.fullmatch(key.place)):
            for number in range(copies):
                moved = (int(place[2]) + number * _stores_on(stores)) % stores
                _add_up(found, {key._replace(place=f"{place[1]}{moved}"): counts})
        else:
            _add_up(found, {key: {name: copies * count for name, count in counts.items()}})
    return difference([found], [])


def _region(number: int, stores: int) -> str:
    return f"region-{number % _regions(stores)}"


def _regions(stores: int) -> int:
    return max(count for count in range(1, _REGIONS + 1) if stores % count == 0)


def _stores_on(stores: int) -> int:
    """Return how many shops further on others are who do what a drawn member did: in the same region."""
    return 2 * _regions(stores)


def _change_indexes(database: Database, table: Table, change: Callable[[Index, Connection], None]) -> None:
    with database.write() as session:
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            change(index, session.connection)


def _copy_members(database: Database, table: Table, copies: int, stores: int) -> None:
    """Let every member have some others who did the same on the same days, each in shops further on."""
    step = _stores_on(stores)
    others = [column.name for column in table.c if column.name not in {"tenant", "one_id", "store"}]
    names = ", ".join(others)
    for number in track(range(1, copies), f"others in {table.name}"):
        moved = f"'store-' || (substr(store, 7)::int + {number * step}) %% {stores}"
        with database.write() as session:
            session.connection.exec_driver_sql(
                f"INSERT INTO {table.name} (tenant, one_id, store, {names}) "
                f"SELECT tenant, '{number:04x}' || substr(one_id, 5), {moved}, {names} FROM {table.name} "
                "WHERE one_id < '0001'"
            )


def _touches(chance: random.Random, home: int, stores: int, days: int) -> Iterator[MemberTouch]:
    """Yield the days of a member: most in one shop; three of four with a purchase, few with a refund."""
    first = LAST.toordinal() - days
    for day in chance.sample(range(days), chance.randint(1, min(2 * VISITS_A_MEMBER - 1, days))):
        store = f"store-{home if chance.random() < _AT_HOME else chance.randrange(stores)}"
        kind = chance.choice(("scan", "sale", "sale", "sale"))
        total_minor = chance.randint(100, 9000)
        yield MemberTouch(day=first + day, store=store, kind=kind, currency="EUR", total_minor=total_minor)
        if chance.random() < _REFUNDED:
            back = first + min(day + 2, days - 1)
            yield MemberTouch(day=back, store=store, kind="refund", currency="EUR", total_minor=total_minor)


def _add_up(total: Cells, cells: Cells) -> None:
    for key, counts in cells.items():
        there = total.setdefault(key, {})
        for name, count in counts.items():
            there[name] = there.get(name, 0) + count
