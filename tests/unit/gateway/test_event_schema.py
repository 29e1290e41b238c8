"""A file of an earlier version goes on where it was; one of a later version is refused."""

import sqlite3
from pathlib import Path

import pytest

from contracts.events import Source, draft_event, encode_event
from contracts.payloads import Coverage, PosSale, VisitSegment
from contracts.privacy import UplinkPayload
from gateway.adapters.event_schema import STEPS
from gateway.adapters.event_store import EventStore
from gateway.core.thinning import rank_of
from gateway.errors import EventStoreError
from tests.unit.contracts.samples import SAMPLES, SOURCE

GATEWAY = Source(SOURCE.tenant, SOURCE.store, "gateway")
UNNUMBERED = """
CREATE TABLE event (position INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, source TEXT NOT NULL,
    received_ms INTEGER NOT NULL, uploaded_ms INTEGER, body BLOB NOT NULL) STRICT;
CREATE INDEX event_waiting ON event (position) WHERE uploaded_ms IS NULL;
CREATE INDEX event_uploaded ON event (uploaded_ms) WHERE uploaded_ms IS NOT NULL;
CREATE TABLE stream (source TEXT NOT NULL, epoch TEXT NOT NULL, through INTEGER NOT NULL,
    PRIMARY KEY (source, epoch)) STRICT, WITHOUT ROWID;
CREATE TABLE beyond (source TEXT NOT NULL, epoch TEXT NOT NULL, sequence INTEGER NOT NULL,
    PRIMARY KEY (source, epoch, sequence)) STRICT, WITHOUT ROWID;
CREATE TABLE dead_letter (id INTEGER PRIMARY KEY AUTOINCREMENT, received_ms INTEGER NOT NULL, origin TEXT NOT NULL,
    reason TEXT NOT NULL, detail TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (origin, reason, body)) STRICT;
CREATE TABLE tally (source TEXT PRIMARY KEY, received INTEGER NOT NULL DEFAULT 0, duplicate INTEGER NOT NULL DEFAULT 0,
    uploaded INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TABLE device (source TEXT PRIMARY KEY, kind TEXT NOT NULL, online INTEGER NOT NULL,
    software_version TEXT NOT NULL, since_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE own (made INTEGER NOT NULL) STRICT;
INSERT INTO own VALUES (4);
"""
"""The layout before files were numbered."""

KINDS: tuple[type[UplinkPayload], ...] = (Coverage, VisitSegment, PosSale)


def _bodies() -> list[tuple[str, bytes]]:
    samples = [next(each for each in SAMPLES if isinstance(each, kind)) for kind in KINDS]
    events = [draft_event(SOURCE, data, 5, number).numbered(SOURCE, number) for number, data in enumerate(samples, 1)]
    return [(event.id, encode_event(event)) for event in events]


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(UNNUMBERED)
        db.executemany("INSERT INTO event VALUES (NULL, ?, ?, 5, NULL, ?)",
                       [(event_id, str(SOURCE), body) for event_id, body in _bodies()])  # fmt: skip
        db.execute("UPDATE event SET uploaded_ms = 6 WHERE position = 1")
        db.execute("INSERT INTO tally VALUES (?, 3, 1, 1, 0)", (str(SOURCE),))
        db.execute("INSERT INTO stream VALUES (?, 'a1', 7)", (str(SOURCE),))
        db.execute("INSERT INTO dead_letter VALUES (NULL, 5, 'topic', 'not_json', 'detail', x'00')")
    db.close()
    return path


def test_a_file_without_a_number_is_brought_up_to_date_and_drains(old_file: Path):
    store = EventStore(old_file, GATEWAY)
    assert [each.body for each in store.waiting(9)] == [body for _, body in _bodies()[1:]]
    assert (store.queue_depth(), store.own_made(), store.dead_letter_count()) == (2, 4, 1)
    store.mark_uploaded(store.waiting(9), {}, 7)
    (tally,) = store.tallies()
    assert (tally.received, tally.duplicate, tally.uploaded, tally.waiting) == (3, 1, 3, 0)
    assert store.prune(8) == 3
    store.close()


def test_the_ranks_of_waiting_events_are_those_of_new_ones(old_file: Path):
    EventStore(old_file, GATEWAY).close()
    with sqlite3.connect(old_file) as db:
        ranks = db.execute("SELECT rank FROM event WHERE uploaded_ms IS NULL ORDER BY position").fetchall()
        assert db.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    db.close()
    assert ranks == [(rank_of(kind),) for kind in KINDS[1:]]


def test_a_file_of_a_later_version_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "gateway.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    db.close()
    with pytest.raises(EventStoreError, match=r"made by a newer program: it has layout .* upgrade this one"):
        EventStore(path, GATEWAY)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    db.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(old_file: Path):
    with sqlite3.connect(old_file) as db:
        db.execute("CREATE TABLE thinned (x)")
    db.close()
    with pytest.raises(EventStoreError, match="thinned already exists"):
        EventStore(old_file, GATEWAY)
    with sqlite3.connect(old_file) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (0,)
        assert "rank" not in [name for _, name, *_ in db.execute("PRAGMA table_info(event)")]
    db.close()
