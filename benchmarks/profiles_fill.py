"""Fills a PostgreSQL with profiles: in each table the rows that events and records of so many members would leave.

Who somebody is and how much was bought is told to the server once; it makes everything else of that. Tables have no log
of writes and no index meanwhile, and get their indexes afterwards.
"""

from collections.abc import Iterator
from hashlib import md5
from typing import Any

from sqlalchemy import Select, Table, delete, select, text
from sqlalchemy.schema import AddConstraint, DropConstraint

from cloud.db import Database, WriteSession
from cloud.identity.names import one_id_of
from cloud.identity.reach import Change, reach_of
from cloud.identity.service import Occasion, derive
from cloud.identity.statements import Identifier, Rules
from cloud.identity.tables import identity_map
from cloud.profiles.rfm import MEASURES, bucket
from cloud.profiles.tables import profile_purchases
from cloud.schema import metadata
from cloud.tables import profile_identifiers, profiles

TENANT = "bench"
NOW_MS = 1_772_442_000_000
_DAY_MS = 86_400_000
_FOREVER_MS = 1 << 62
_NAMESPACE = "member_number"
_SALES = 2
_DAYS_AGO = "(i % 400 + {n})::bigint * " + str(_DAY_MS)
_LETTERS = str.maketrans("0189", "ghij")
_ID = "md5('{kind}' || i)::uuid::text"
_FILL = {
    "profiles": f"""(tenant, one_id, first_seen_ms, last_seen_ms)
        SELECT '{TENANT}', one_id, {NOW_MS} - {_DAYS_AGO.format(n=5)}, {NOW_MS} - {_DAYS_AGO.format(n=1)}
        FROM bench_members""",
    "profile_identifiers": f"""(tenant, namespace, pseudonym, one_id, from_ms, until_ms)
        SELECT '{TENANT}', '{_NAMESPACE}', pseudonym, one_id, 0, {_FOREVER_MS} FROM bench_members""",
    "identity_map": f"""(tenant, namespace, pseudonym, own_id, one_id, from_ms, until_ms, is_held)
        SELECT '{TENANT}', '{_NAMESPACE}', pseudonym, one_id, one_id, 0, {_FOREVER_MS}, true FROM bench_members""",
    "identity_statements": f"""(tenant, statement_id, source, rank, relation, at_ms, recorded_ms)
        SELECT '{TENANT}', 'crm:' || i, 'crm', 1, 'same_person', {NOW_MS}, {NOW_MS} FROM bench_members""",
    "identity_mentions": f"""(tenant, namespace, pseudonym, statement_id)
        SELECT '{TENANT}', '{_NAMESPACE}', pseudonym, 'crm:' || i FROM bench_members""",
    "consents": f"""(tenant, namespace, pseudonym, purpose, granted, at_ms, recorded_ms)
        SELECT '{TENANT}', '{_NAMESPACE}', pseudonym, 'visit_linking', true, {NOW_MS}, {NOW_MS} FROM bench_members""",
    "touches": f"""(tenant, touch_id, store, device, kind, time_ms, at_ms, zone_id, in_store_proof, namespace,
            pseudonym, one_id, gtin, receipt_id, total_minor, currency, lines)
        SELECT '{TENANT}', md5('t' || i || '/' || n)::uuid::text, 'store-' || i % 50, 'pos-' || i % 7,
            CASE WHEN n <= {_SALES} THEN 'sale' ELSE 'scan' END, {NOW_MS} - {_DAYS_AGO.format(n="n")},
            {NOW_MS} - {_DAYS_AGO.format(n="n")}, 'till', 'terminal', '{_NAMESPACE}', pseudonym, one_id,
            CASE WHEN n > {_SALES} THEN '09506000134352' END, CASE WHEN n <= {_SALES} THEN 'r' || i || '/' || n END,
            CASE WHEN n <= {_SALES} THEN total_minor END, CASE WHEN n <= {_SALES} THEN 'EUR' END, '[]'
        FROM bench_members, generate_series(1, 5) AS n""",
    "visits": f"""(tenant, visit_id, event_id, store, revision, status, opened_ms, updated_ms, closed_ms, path,
            rule_version)
        SELECT '{TENANT}', visit_id, visit_id, 'store-' || i % 50, 1, 'closed', {NOW_MS}, {NOW_MS}, {NOW_MS}, '[]', '1'
        FROM bench_members""",
    "visit_stays": f"""(tenant, visit_id, ordinal, store, zone_id, zone_kind, entered_ms, left_ms)
        SELECT '{TENANT}', visit_id, n, 'store-' || i % 50, 'shelf-' || n, 'shelf', {NOW_MS} - 60000, {NOW_MS}
        FROM bench_members, generate_series(1, 3) AS n""",
    "link_decisions": f"""(id, tenant, store, touch_id, one_id, decision, stage, visit_id, reason, model_version,
            fingerprint, asserted_ms)
        SELECT {_ID.format(kind="l")}, '{TENANT}', 'store-' || i % 50, md5('t' || i || '/1')::uuid::text, one_id,
            'linked', 'final', visit_id, 'likely', 'bench', '', {NOW_MS} FROM bench_members""",
    "link_hypotheses": f"""(decision_id, visit_id, features, posterior)
        SELECT {_ID.format(kind="l")}, visit_id, '{{}}', 0.98 FROM bench_members""",
    "profile_purchases": f"""(tenant, one_id, currency, recency, frequency, monetary)
        SELECT '{TENANT}', one_id, 'EUR', ({NOW_MS} - {_DAYS_AGO.format(n=1)}) / {_DAY_MS}, {_SALES}, monetary
        FROM bench_members""",
}


def fill(database: Database, size: int) -> None:
    """Fill an empty database, and make sure that a member drawn from it is as projections leave one.

    Args:
        database: With its tables.
        size: How many profiles.
    """
    tables = [metadata.tables[name] for name in _FILL]
    with database.write() as session:
        for table in reversed(tables):  # First what refers, then what is referred to.
            session.connection.execute(text(f"ALTER TABLE {table.name} SET UNLOGGED"))
            for index in table.indexes:
                index.drop(session.connection)
            if not _is_referred_to(table):
                session.connection.execute(DropConstraint(table.primary_key))
        _tell(session, size)
        for name, source in _FILL.items():
            session.connection.execute(text(f"INSERT INTO {name} {source}"))
        session.connection.execute(text("DROP TABLE bench_members"))
        _count(session)
        _index(session, tables)
    with database.write() as session:
        session.connection.execute(text(f"ANALYZE {', '.join(_FILL)}, rfm_histogram"))
    _check(database, size)


def one_id_of_member(number: int) -> str:
    """Return the One ID of the member with a number, the first is 1."""
    return one_id_of(TENANT, _NAMESPACE, _pseudonym(number))


def _pseudonym(number: int) -> str:
    return md5(f"m{number}".encode(), usedforsecurity=False).hexdigest().translate(_LETTERS)


def _is_referred_to(table: Table) -> bool:
    return any(key.column.table is table for other in metadata.tables.values() for key in other.foreign_keys)


def _tell(session: WriteSession, size: int) -> None:
    """Tell the server who there is."""
    columns = "i int, pseudonym text, one_id text, visit_id text, total_minor bigint, monetary int"
    session.connection.execute(text(f"CREATE UNLOGGED TABLE bench_members ({columns})"))
    driver: Any = session.connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy("COPY bench_members FROM STDIN") as copy:
        for line in _members(size):
            copy.write(line)


def _members(size: int) -> Iterator[str]:
    for number in range(1, size + 1):
        pseudonym, total_minor = _pseudonym(number), 100 + number % 9000
        one_id = one_id_of(TENANT, _NAMESPACE, pseudonym)
        visit_id = f"{one_id[:14]}7{one_id[15:]}"
        yield f"{number}\t{pseudonym}\t{one_id}\t{visit_id}\t{total_minor}\t{bucket(_SALES * total_minor)}\n"


def _count(session: WriteSession) -> None:
    for measure in MEASURES:
        session.connection.execute(
            text(
                f"""INSERT INTO rfm_histogram (tenant, currency, measure, bucket, customers)
                    SELECT tenant, currency, '{measure}', {measure}, count(*) FROM profile_purchases GROUP BY 1, 2, 4"""
            )
        )


def _index(session: WriteSession, tables: list[Table]) -> None:
    session.connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
    for table in tables:
        if not _is_referred_to(table):
            session.connection.execute(AddConstraint(table.primary_key))
        for index in table.indexes:
            index.create(session.connection)


def _check(database: Database, size: int) -> None:
    """Let projections write anew what follows from a member's statement and touches.

    Raises:
        RuntimeError: It is not what was filled in.
    """
    identifier, one_id = Identifier(_NAMESPACE, _pseudonym(size)), one_id_of_member(size)
    derived = (identity_map, profiles, profile_identifiers, profile_purchases)
    with database.rehearse() as session:
        filled = [session.rows(_of(table, one_id)) for table in derived]
        for table in derived:
            session.execute(delete(table).where(table.c.tenant == TENANT, table.c.one_id == one_id))
        reach = reach_of(session, TENANT, Change(identifiers=[identifier]), Rules())
        derive(session, TENANT, reach, Rules(), Occasion(cause="stated", statement_id=None, at_ms=NOW_MS))
        written = [session.rows(_of(table, one_id)) for table in derived]
    if filled != written or not all(filled):
        msg = f"a filled profile differs from what projections write:\n{filled}\n{written}"
        raise RuntimeError(msg)


def _of(table: Table, one_id: str) -> Select[*tuple[object, ...]]:
    return select(table).where(table.c.tenant == TENANT, table.c.one_id == one_id)
