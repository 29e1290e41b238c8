"""The gateway's store, judging included, against raw SQLite commits of the same bytes."""

import sqlite3
from pathlib import Path

from benchmarks.events import SOURCE, numbered
from benchmarks.measure import Result, compare
from contracts.delivery import EPOCH_PROPERTY, SEQUENCE_PROPERTY
from contracts.events import Source, encode_event
from contracts.payloads import VisitSegment
from contracts.topics import event_topic
from gateway.adapters.event_store import EventStore
from gateway.core.judging import judge

_BATCH, _BATCHES, _RUNS = 500, 4, 6


def receive(folder: Path) -> Result:
    store = EventStore(folder / "gateway.sqlite", Source("bench", "store", "gateway"))
    raw = sqlite3.connect(folder / "raw.sqlite", isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE event (position INTEGER PRIMARY KEY, event_id TEXT UNIQUE, body BLOB)")
    size = _BATCH * _BATCHES
    runs = [
        [(event.sequence_number, event.id, encode_event(event)) for event in numbered(1 + run * size, size)]
        for run in range(_RUNS)
    ]
    ours_runs, raw_runs = iter(runs), iter(runs)
    topic = event_topic(SOURCE, VisitSegment)

    def ours() -> int:
        messages = next(ours_runs)
        for first in range(0, size, _BATCH):
            store.receive(
                [
                    judge(topic, body, {EPOCH_PROPERTY: "bench", SEQUENCE_PROPERTY: str(sequence)}, 0)
                    for sequence, _, body in messages[first : first + _BATCH]
                ]
            )
        return size

    def plain() -> int:
        messages = next(raw_runs)
        for first in range(0, size, _BATCH):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO event VALUES (?, ?, ?)", messages[first : first + _BATCH])
            raw.execute("COMMIT")
        return size

    result = compare("gateway takes segments in, commits of 500", "events/s", ours, "raw SQLite commits", plain)
    store.close()
    raw.close()
    return result
