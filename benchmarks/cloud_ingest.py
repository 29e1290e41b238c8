"""The cloud's ingest on SQLite, judging included, against raw SQLite commits of the same bytes."""

import sqlite3
from pathlib import Path

from benchmarks.events import numbered
from benchmarks.measure import Result, compare
from cloud.app import open_database, system_clock
from cloud.config import load_settings
from cloud.ingest.service import ingest_batch
from cloud.main import prepare_database
from contracts.delivery import join_batch
from contracts.events import encode_event

_BATCH, _BATCHES, _RUNS = 500, 4, 6


def ingest(folder: Path) -> Result:
    settings = load_settings({}, {"data_dir": str(folder)})
    prepare_database(settings, migrates=True)
    database = open_database(settings)
    raw = sqlite3.connect(folder / "raw.sqlite", isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE event (position INTEGER PRIMARY KEY, event_id TEXT UNIQUE, body BLOB)")
    runs = [
        [numbered(1 + (run * _BATCHES + batch) * _BATCH, _BATCH) for batch in range(_BATCHES)] for run in range(_RUNS)
    ]
    bodies = iter([[join_batch([encode_event(event) for event in batch]) for batch in run] for run in runs])
    rows = iter(
        [[[(event.sequence_number, event.id, encode_event(event)) for event in batch] for batch in run] for run in runs]
    )

    def ours() -> int:
        for body in next(bodies):
            ingest_batch(database, system_clock, body, tenant="bench", key_id="bench")
        return _BATCH * _BATCHES

    def plain() -> int:
        for batch in next(rows):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO event VALUES (?, ?, ?)", batch)
            raw.execute("COMMIT")
        return _BATCH * _BATCHES

    result = compare("cloud ingest on SQLite, batches of 500", "events/s", ours, "raw SQLite commits", plain)
    database.dispose()
    raw.close()
    return result
