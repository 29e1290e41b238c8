"""A file of an earlier version goes on where it was; one of a later version is refused."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from contracts.events import Source, draft_event, encode_event
from contracts.payloads import Coverage, PosSale, VisitSegment
from contracts.privacy import UplinkPayload
from gateway.adapters.event_schema import STEPS, bring_up_to_date
from gateway.adapters.event_store import EventStore
from gateway.core.thinning import StorageRules
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

WITH_RANKS = (
    "ALTER TABLE event ADD COLUMN rank INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX event_thinnable ON event (rank, position) WHERE uploaded_ms IS NULL AND rank > 0",
)
"""What files had for a while: each event's rank."""

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


def test_what_waited_in_an_old_file_is_thinned_by_rank(old_file: Path):
    EventStore(old_file, GATEWAY).close()
    store = EventStore(
        old_file, GATEWAY, storage=StorageRules(max_bytes=16 * 1024 * 1024, thin_above=1e-9, thin_to=1e-9)
    )
    store.make_room()
    assert [each.type for each in store.thinned()] == [VisitSegment.TYPE], "the sale stays, the sample was sent"
    assert [each.body for each in store.waiting(9)] == [body for _, body in _bodies()[2:]]
    store.close()


def test_a_file_with_ranks_and_their_index_goes_on(old_file: Path):
    with sqlite3.connect(old_file) as db:
        for statement in (*STEPS[1], *WITH_RANKS):
            db.execute(statement)
        db.execute("PRAGMA user_version = 2")
    db.close()
    store = EventStore(old_file, GATEWAY)
    assert len(store.waiting(9)) == 2
    store.append_own(draft_event(GATEWAY, SAMPLES[0], 9), 9)  # type: ignore[arg-type]
    assert store.queue_depth() == 3
    store.close()
    with sqlite3.connect(old_file) as db:
        assert db.execute("SELECT 1 FROM sqlite_master WHERE name = 'event_thinnable'").fetchone() is None
    db.close()


def test_no_step_reads_or_writes_the_events(old_file: Path):
    """Millions may wait: the work is the same for three events as for ten thousand."""
    assert _steps_of_upgrade(old_file) == pytest.approx(_steps_of_upgrade(old_file, more=10_000), rel=0.1)


def _steps_of_upgrade(path: Path, more: int = 0) -> int:
    """Return how much work of SQLite's machine brings a copy of a file up to date, with so many more events in it."""
    copy = shutil.copy(path, path.with_name(f"with-{more}.sqlite"))
    steps: list[None] = []
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        rows = [(f"{more}-{number}",) for number in range(more)]
        db.execute("PRAGMA synchronous = OFF")
        db.execute("BEGIN")
        db.executemany("INSERT INTO event VALUES (NULL, ?, 's', 5, NULL, x'00')", rows)
        db.execute("COMMIT")
        db.set_progress_handler(lambda: steps.append(None), 10)
        bring_up_to_date(db)
        db.set_progress_handler(None, 0)
    return len(steps)


def test_an_upgrade_that_is_interrupted_leaves_the_file_as_it_was_and_is_made_again(old_file: Path):
    before = _dump(old_file)
    script = """
import os, sqlite3, sys
from gateway.adapters import event_schema
db = sqlite3.connect(sys.argv[1], isolation_level=None)
event_schema.logger.info = lambda *words: os._exit(9) if words[1] == 2 else None
event_schema.bring_up_to_date(db)
"""
    ended = subprocess.run([sys.executable, "-c", script, str(old_file)], check=False, timeout=60)
    assert ended.returncode == 9
    assert _dump(old_file) == before
    store = EventStore(old_file, GATEWAY)
    assert store.queue_depth() == 2
    store.close()


def _dump(path: Path) -> list[str]:
    with sqlite3.connect(path) as db:
        lines = list(db.iterdump())
    db.close()
    return lines


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
        assert "limited" not in [name for _, name, *_ in db.execute("PRAGMA table_info(tally)")]
    db.close()
