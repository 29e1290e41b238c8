"""What came since a time is found without reading all that waits, whatever the clock did meanwhile."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Source, draft_event, encode_event
from contracts.payloads import Coverage, FootfallCrossing, StaffShown, VisitSegment
from contracts.privacy import UplinkPayload
from gateway.adapters.event_log import Arrival, EventLog
from gateway.adapters.event_queue import EventQueue
from gateway.adapters.event_rows import HAS_CARDS, VISIT_ROWS
from gateway.adapters.event_schema import SPAN_BITS, STEPS, bring_up_to_date
from gateway.adapters.event_store import EventStore
from gateway.adapters.store_count import ROWS_THAT_COUNT
from gateway.core.stitching import StitchRules
from tests.unit.contracts.samples import SAMPLES, SOURCE

GATEWAY = Source(SOURCE.tenant, SOURCE.store, "gateway")
SPAN, NOW_MS, LONG_AGO_MS = 1 << SPAN_BITS, 1_772_442_000_000, 1_769_000_000_000
KINDS: tuple[type[UplinkPayload], ...] = (Coverage, VisitSegment, StaffShown, FootfallCrossing)
STATEMENTS = {
    VISIT_ROWS: ("org.shopthread.visit.", "org.shopthread.staff."),
    ROWS_THAT_COUNT: ("org.shopthread.footfall.crossing.", "org.shopthread.store.occupancy."),
}


BEFORE_SPANS = 4
"""How many steps a file has had that knows no spans."""


@contextmanager
def opened(path: Path | str = ":memory:", steps: int = len(STEPS)) -> Iterator[sqlite3.Connection]:
    """Yield a file that has had so many of the steps."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for statement in (each for step in STEPS[:steps] for each in step):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {steps}")
        yield db


def arrival(number: int, kind: type[UplinkPayload], received_ms: int) -> Arrival:
    sample = next(each for each in SAMPLES if isinstance(each, kind))
    event = draft_event(SOURCE, sample, LONG_AGO_MS, number).numbered(SOURCE, number)
    return Arrival(event, encode_event(event), received_ms)


def fill(db: sqlite3.Connection, count: int, received_ms: int) -> None:
    """Let events wait that came at a time and are about visits, as earlier versions wrote them."""
    body = arrival(1, VisitSegment, 0).body
    (before,) = db.execute("SELECT coalesce(max(position), 0) FROM event").fetchone()
    db.execute("BEGIN")
    rows = [(f"{before + number}", received_ms, body) for number in range(count)]
    db.executemany("INSERT INTO event (event_id, source, received_ms, body) VALUES (?, 's', ?, ?)", rows)
    db.execute("COMMIT")


@pytest.mark.parametrize("statement", [VISIT_ROWS, HAS_CARDS, ROWS_THAT_COUNT])
def test_no_statement_after_a_restart_reads_the_events_through(statement: str):
    with opened() as db:
        plan = db.execute(f"EXPLAIN QUERY PLAN {statement}", {"after": 0, "since_ms": 0}).fetchall()
    told = [detail for *_, detail in plan if "event" in detail]
    assert told == [
        "SEARCH event_span USING INTEGER PRIMARY KEY (rowid>?)",
        "SEARCH event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
    ]


def test_what_waits_since_long_ago_costs_a_restart_nothing(tmp_path: Path):
    few, many = (_work(tmp_path / f"{spans}.sqlite", spans) for spans in (1, 4))
    assert few == pytest.approx(many, rel=0.1)


def _work(path: Path, spans: int) -> int:
    """Return how much work of SQLite's machine the first settling is, with so many spans of old events in the file."""
    with opened(path, BEFORE_SPANS) as db:
        fill(db, spans * SPAN, LONG_AGO_MS)
    store, steps = EventStore(path, GATEWAY, StitchRules(enabled=True)), list[None]()
    store._database.connection.set_progress_handler(lambda: steps.append(None), 100)
    store.settle(NOW_MS)
    store._database.connection.set_progress_handler(None, 0)
    store.close()
    return len(steps)


def test_an_old_files_spans_are_known_by_their_ends():
    with opened(steps=BEFORE_SPANS) as db:
        fill(db, SPAN - 1, 5)
        fill(db, SPAN, 7)
        fill(db, 3, 9)
        db.execute("DELETE FROM event WHERE position < 100")
        bring_up_to_date(db)
        assert db.execute("SELECT * FROM event_span").fetchall() == [(0, 5), (1, 7), (2, 9)]
        assert len(db.execute(VISIT_ROWS, {"after": 0, "since_ms": 8}).fetchall()) == 3


TIMES = st.integers(0, 9)
BATCHES = st.lists(st.lists(st.tuples(st.sampled_from(KINDS), TIMES), max_size=4), max_size=8)


@given(BATCHES, TIMES, st.integers(0, 30), st.integers(-6, 2))
def test_the_spans_leave_nothing_out(
    batches: list[list[tuple[type[UplinkPayload], int]]], since_ms: int, after: int, around: int
):
    """However clocks were set, the same is found as where every event is looked at."""
    with opened() as db:
        db.execute("INSERT INTO sqlite_sequence VALUES ('event', ?)", (SPAN + around,))
        log, number = EventLog(db, GATEWAY), 0
        for batch in batches:
            db.execute("BEGIN")
            numbered = list(enumerate(batch, number + 1))
            log.insert([arrival(number, kind, received_ms) for number, (kind, received_ms) in numbered])
            number += len(batch)
            db.execute("COMMIT")
        asked = {"after": SPAN + around + after, "since_ms": since_ms}
        for statement, kinds in STATEMENTS.items():
            assert db.execute(statement, asked).fetchall() == _looked_for(db, asked, kinds)
        (has_cards,) = db.execute(HAS_CARDS, asked).fetchone()
        assert has_cards == bool(_looked_for(db, asked, ("org.shopthread.staff.",)))


def _looked_for(db: sqlite3.Connection, asked: dict[str, int], kinds: tuple[str, ...]) -> list[tuple[int, bytes]]:
    found = db.execute("SELECT position, received_ms, body FROM event ORDER BY position").fetchall()
    return [
        (position, body)
        for position, received_ms, body in found
        if position > asked["after"] and received_ms >= asked["since_ms"]
        if any(each.encode() in body for each in kinds)
    ]


def test_spans_go_with_their_events():
    with opened(steps=BEFORE_SPANS) as db:
        fill(db, SPAN + 5, LONG_AGO_MS)
        db.execute("UPDATE event SET uploaded_ms = 5")
        bring_up_to_date(db)
        queue = EventQueue(db, EventLog(db, GATEWAY))
        assert queue.prune(6, SPAN) == SPAN
        assert db.execute("SELECT span FROM event_span").fetchall() == [(1,)]
