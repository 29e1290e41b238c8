"""From a former release with data to this one: what a reader sees then is what this one would have made of the events.

This release takes a day of events in, its schema is taken back, and the rows that are left go into a database that the
former release's own migrations made. That is brought up to date again.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import JSON, MetaData, Table, func, select

from cloud.app import make_eraser
from cloud.config import Settings
from cloud.db import Database, WriteSession
from cloud.identity.service import add_statements
from cloud.identity.statements import Identifier, Rules, Statement
from cloud.migrate import check, require_current, upgrade
from contracts.payloads import FloorHeat, HeatCell, QueueWait
from tests.integration.cloud.support import MEMBERS, T0, TENANT, Cloud, NewCloud, Shop, consent, visit_id
from tests.integration.cloud.test_conformance import a_day

FORMER = "0011"
MIGRATIONS = Path(__file__).parents[3] / "cloud" / "migrations"
HEAT = FloorHeat(interval_start_ms=T0, interval_end_ms=T0 + 60_000, cell_m=0.5, cells=(HeatCell(0, 0, 30.0),))
WAIT = QueueWait(
    zone_id="till",
    track_id="t1",
    segment_id=visit_id(90),
    joined_ms=T0,
    left_ms=T0 + 60_000,
    outcome="served",
    rule_version="1",
)
SAME_BUT_FOR_THE_ORDER = "erased_identifiers"
"""Those who were erased at one instant are numbered in another order than that in which they were erased."""


def test_what_the_former_release_held_is_read_as_if_it_had_come_today(
    new_cloud: NewCloud, empty_settings: Settings, shop: Shop
):
    newest, former = new_cloud(), Cloud(empty_settings)
    _live_a_day(newest, shop)
    expected = newest.state()
    _take_schema_back(newest.database)
    upgrade(former.database, FORMER)
    _copy_rows(newest.database, former.database)

    upgrade(former.database)
    former.projector.catch_up()

    check(former.database)
    require_current(former.database)
    found = former.state()
    erased = found.pop(SAME_BUT_FOR_THE_ORDER)
    assert [row[:-1] for row in erased] == [row[:-1] for row in expected.pop(SAME_BUT_FOR_THE_ORDER)]
    assert {row[-1] for row in erased} == {1, 2}
    assert found == expected
    assert any("month" in row for row in found["rollups"]), "and what the former release did not sum"
    former.close()


def test_what_steps_back_drop_is_derived_anew_by_steps_forward(cloud: Cloud, shop: Shop):
    """Each of these tables came with a migration; a cursor left behind would leave it empty for good."""
    cloud.take_in(*a_day(shop), shop.event("cam-1", HEAT, T0 + 60_000), shop.event("cam-1", WAIT, T0 + 60_000))
    expected = {name: cloud.state()[name] for name in ("queue_waits", "floor_heat", "event_delays")}
    assert all(expected.values()), "there is something to lose"
    _take_schema_back(cloud.database, "0005")
    upgrade(cloud.database)
    cloud.projector.catch_up()
    assert {name: cloud.state()[name] for name in expected} == expected


def _live_a_day(cloud: Cloud, shop: Shop) -> None:
    """Let people come, consent, be one person or strangers, and be erased."""
    for member in (0, 1):
        consent(cloud, member)
    cloud.take_in(*a_day(shop))
    statements = [_statement(0, 0, 1), _statement(1, 3), _statement(2, 2, 3)]
    rules = Rules(limits={"member_number": 2})
    with cloud.database.write() as session:
        add_statements(session, TENANT, [("crm", each) for each in statements], rules, cloud.now_ms)
    make_eraser(cloud.settings, cloud.database, cloud.clock, cloud.token).erase(TENANT, _identifier(2))
    cloud.projector.catch_up()


def _statement(number: int, *members: int) -> Statement:
    identifiers = tuple(sorted(_identifier(each) for each in members))
    return Statement(statement_id=f"s{number}", rank=1, at_ms=T0 + number, identifiers=identifiers)


def _identifier(member: int) -> Identifier:
    return Identifier(MEMBERS[member].namespace, MEMBERS[member].pseudonym)


def _take_schema_back(database: Database, revision: str = FORMER) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with database.write() as session:
        config.attributes["connection"] = session.connection
        command.downgrade(config, revision)


def _copy_rows(source: Database, target: Database) -> None:
    """Copy every row but those of what the former release did not know."""
    tables = MetaData()
    with source.read() as reading, target.write() as writing:
        tables.reflect(writing.connection)
        for table in tables.sorted_tables:
            for column in table.c:
                if isinstance(column.type, JSON):
                    column.type.none_as_null = True
            rows = [dict(row._mapping) for row in reading.rows(select(table))]
            if rows and table.name != "alembic_version":
                writing.connection.execute(table.insert(), rows)
                _count_on(writing, table)


def _count_on(session: WriteSession, table: Table) -> None:
    """Let PostgreSQL go on with its counters behind the rows that were copied with their numbers."""
    counted = table.autoincrement_column
    if session.dialect == "postgresql" and counted is not None:
        sequence = func.pg_get_serial_sequence(table.name, counted.name)
        session.number(select(func.setval(sequence, select(func.max(counted)).scalar_subquery())))
