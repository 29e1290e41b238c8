"""The device's outbox against raw SQLite commits of the same rows."""

import sqlite3
from itertools import count
from pathlib import Path

from benchmarks.events import SOURCE, numbered, segments
from benchmarks.measure import Result, compare
from contracts.events import encode_event
from edge.adapters.outbox import Outbox

_BATCH, _BATCHES = 20, 50


def append(folder: Path) -> Result:
    outbox = Outbox(folder / "outbox.sqlite", SOURCE, lambda: "bench")
    raw = sqlite3.connect(folder / "raw.sqlite", isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE outbox (sequence INTEGER PRIMARY KEY, event_id TEXT UNIQUE, topic TEXT, body BLOB)")
    starts = count(1, _BATCH * _BATCHES)
    prepared = {start: segments(start, _BATCH * _BATCHES) for start in (next(starts) for _ in range(6))}
    ours_starts, raw_starts = iter(prepared), iter(list(prepared))
    rows = {
        start: [
            (event.sequence_number, event.id, "topic", encode_event(event)) for event in numbered(start, len(drafts))
        ]
        for start, drafts in prepared.items()
    }

    def ours() -> int:
        drafts = prepared[next(ours_starts)]
        for first in range(0, len(drafts), _BATCH):
            outbox.append(drafts[first : first + _BATCH])
        return len(drafts)

    def plain() -> int:
        batch = rows[next(raw_starts)]
        for first in range(0, len(batch), _BATCH):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO outbox VALUES (?, ?, ?, ?)", batch[first : first + _BATCH])
            raw.execute("COMMIT")
        return len(batch)

    result = compare("device outbox, commits of 20", "events/s", ours, "raw SQLite commits", plain)
    outbox.close()
    raw.close()
    return result
