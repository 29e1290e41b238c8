"""One ID is found by indexes that do not find the same twice, and the ledger names what it leaves out."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, select, text

from cloud.db import ReadSession
from cloud.identity.explain import show_entry
from cloud.identity.holdings import Holding
from cloud.identity.ownership import surviving_one_id
from cloud.identity.repository import delete_moves, ledger_after, write_ledger
from cloud.identity.service import Occasion, _ledger_row
from cloud.identity.statements import Identifier
from cloud.identity.tables import identity_ledger
from cloud.identity.timelines import Move
from cloud.migrate import upgrade
from cloud.profiles.history import load_facts_at
from cloud.profiles.recount import recount_profiles
from cloud.schema import metadata
from tests.integration.cloud.support import MEMBERS, TENANT, Cloud, NewCloud, Shop
from tests.integration.cloud.test_identity import PHONES, one_id, state, stated, take_back
from tests.integration.cloud.test_upgrade_with_data import MIGRATIONS

_LARGE = {table.name for table in metadata.sorted_tables if table.name.startswith(("identity_", "profile", "touches"))}
_WHOLE = re.compile(r"SCAN (\w+)|SEARCH (\w+) .*\(tenant=\?\)")
"""What SQLite says of a step that looks at each row of a table, or of a tenant's."""


def _moves(session: ReadSession) -> list[tuple[str, str, str]]:
    shown = [show_entry(row) for row in ledger_after(session, TENANT, 0, 100)]
    return [(each.identifier.pseudonym, each.from_one_id, each.to_one_id) for each in shown]


def test_the_ledger_leaves_out_only_the_profile_that_an_identifier_was_by_itself(cloud: Cloud):
    number, phone, other = MEMBERS[0], PHONES[0], MEMBERS[1]
    state(cloud, stated(1, number, phone))
    take_back(cloud, "s1")
    state(cloud, stated(2, other, phone))
    with cloud.database.read() as session:
        kept = [row.from_one_id for row in session.rows(select(identity_ledger).order_by(identity_ledger.c.position))]
        assert kept == [None, one_id(number), None]
        assert _moves(session) == [
            (phone.pseudonym, one_id(phone), one_id(number)),
            (phone.pseudonym, one_id(number), one_id(phone)),
            (phone.pseudonym, one_id(phone), one_id(other)),
        ]
        assert surviving_one_id(session, TENANT, one_id(phone)) == one_id(other)
        assert surviving_one_id(session, TENANT, one_id(other)) is None, "it went into no other one"


def test_who_is_forgotten_is_named_by_no_later_move_either(cloud: Cloud):
    phone, other = (Identifier(each.namespace, each.pseudonym) for each in PHONES[:2])
    its_own = one_id(PHONES[0])
    moves = [
        Move(phone, its_own, one_id(MEMBERS[0]), 100, 200),
        Move(other, its_own, one_id(MEMBERS[0])),
        Move(other, one_id(PHONES[1]), one_id(MEMBERS[1])),
    ]
    with cloud.database.write() as session:
        write_ledger(
            session,
            [_ledger_row(TENANT, each, Occasion(cause="stated", statement_id=None, at_ms=0)) for each in moves],
        )
        delete_moves(session, TENANT, [Holding(phone, 0, 50)])
        assert _moves(session) == [(other.pseudonym, one_id(PHONES[1]), one_id(MEMBERS[1]))]


def test_a_release_before_reads_every_origin_and_this_one_reads_them_back(cloud: Cloud, shop: Shop):
    cloud.take_in(shop.scan(1, MEMBERS[0]), shop.scan(2, PHONES[0]))
    state(cloud, stated(1, MEMBERS[0], PHONES[0]), stated(2, MEMBERS[1], PHONES[1]), stated(3, PHONES[2], MEMBERS[2]))
    take_back(cloud, "s3")  # The map knows neither of the two any more.
    with cloud.database.read() as session:
        told, derived = _moves(session), cloud.state()["profile_identifiers"]
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with cloud.database.write() as session:
        config.attributes["connection"] = session.connection
        command.downgrade(config, "0024")
        rows = session.connection.execute(
            text("SELECT pseudonym, from_one_id, to_one_id FROM identity_ledger ORDER BY position")
        )
        assert [tuple(row) for row in rows] == told
    upgrade(cloud.database)
    with cloud.database.read() as session:
        assert _moves(session) == told
        assert cloud.state()["profile_identifiers"] == derived
        left_out = [row.pseudonym for row in session.rows(select(identity_ledger)) if row.from_one_id is None]
    assert sorted(left_out) == sorted(each.pseudonym for each in PHONES[:2])


def test_sqlite_makes_tables_as_they_are_declared_and_the_ledger_never_counts_back(new_cloud: NewCloud):
    cloud = new_cloud()
    with cloud.database.read() as session:
        if session.dialect != "sqlite":
            pytest.skip("these are options of SQLite")
        found = session.connection.exec_driver_sql("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").all()
    for name, sql in found:
        table = metadata.tables.get(name)
        if table is not None:
            options = table.dialect_options["sqlite"]
            assert ("AUTOINCREMENT" in sql) == options["autoincrement"], name
            assert ("WITHOUT ROWID" not in sql) == options["with_rowid"], name
    state(cloud, stated(1, MEMBERS[0], PHONES[0]), stated(2, MEMBERS[1], PHONES[1]))
    with cloud.database.write() as session:
        last = max(row.position for row in ledger_after(session, TENANT, 0, 100))
        session.connection.exec_driver_sql("DELETE FROM identity_ledger")
    state(cloud, stated(3, MEMBERS[2], PHONES[2]))
    with cloud.database.read() as session:
        assert [row.position for row in ledger_after(session, TENANT, last, 100)] == [last + 1]


def test_what_is_asked_of_one_person_is_found_by_indexes(new_cloud: NewCloud, shop: Shop):
    cloud = new_cloud()
    cloud.take_in(shop.scan(1, MEMBERS[0]), shop.scan(2, PHONES[0]))
    state(cloud, stated(1, MEMBERS[0], PHONES[0]))
    with cloud.database.write() as session:
        if session.dialect != "sqlite":
            pytest.skip("PostgreSQL reads a table of few rows whole")
        with _planned(session.connection) as plans:
            surviving_one_id(session, TENANT, one_id(PHONES[0]))
            surviving_one_id(session, TENANT, "nobody's")
            load_facts_at(session, TENANT, one_id(PHONES[0]), cloud.now_ms + 1)
            recount_profiles(session, TENANT, [one_id(MEMBERS[0])])
    assert len(plans) > 20
    walks = [(found.group(1) or found.group(2), sql) for sql, step in plans if (found := _WHOLE.match(step))]
    assert not [sql for name, sql in walks if name in _LARGE]


@contextmanager
def _planned(connection: Connection) -> Iterator[list[tuple[str, str]]]:
    """Yield a list that each statement of the block is put into, with each step of SQLite's plan of it."""
    plans: list[tuple[str, str]] = []

    @event.listens_for(connection, "before_cursor_execute")
    def plan(*told: object) -> None:
        _, _, sql, given, _, is_many = told
        assert isinstance(sql, str)
        if not is_many and sql.startswith(("SELECT", "DELETE", "UPDATE")):
            beside = connection.connection.cursor()
            beside.execute(f"EXPLAIN QUERY PLAN {sql}", given)  # type: ignore[arg-type]  # what the driver takes
            plans.extend((sql, row[3]) for row in beside.fetchall())

    yield plans
    event.remove(connection, "before_cursor_execute", plan)
