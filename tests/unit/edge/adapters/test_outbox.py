"""The outbox: durable, numbered without gaps, emptied by acknowledgements alone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contracts.events import EventDraft, Source, decode_event, draft_event
from contracts.operations import DeviceHealth
from edge.adapters.outbox import FeedPosition, Outbox, read_counts
from edge.errors import OutboxError

SOURCE = Source("acme", "store-1", "cam-1")
ALL = range(1, 1000)


def _draft(time_ms: int) -> EventDraft[DeviceHealth]:
    return draft_event(SOURCE, DeviceHealth(uptime_s=0.0, software_version="x", queue_depth=0), time_ms)


def _open(folder: Path, source: Source = SOURCE, epoch: str = "a1") -> Outbox:
    return Outbox(folder / "deep" / "outbox.sqlite", source, lambda: epoch)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = _open(tmp_path)
    yield opened
    opened.close()


def test_events_are_numbered_from_one_without_gaps(outbox: Outbox):
    assert outbox.append([_draft(1), _draft(2)]) == 2
    assert outbox.append([_draft(3)]) == 1
    rows = outbox.rows(ALL)
    assert [row.sequence for row in rows] == [1, 2, 3]
    assert [decode_event(row.body).sequence_number for row in rows] == [1, 2, 3]
    assert rows[0].topic == "shopthread/v1/acme/store-1/cam-1/event/device.health.v1"


def test_an_event_that_waits_already_is_passed_over_without_a_gap(outbox: Outbox):
    assert outbox.append([_draft(1), _draft(1)]) == 1
    assert outbox.append([_draft(1), _draft(2)]) == 1
    assert [row.sequence for row in outbox.rows(ALL)] == [1, 2]


def test_acknowledged_rows_go_and_numbers_are_never_used_again(outbox: Outbox):
    outbox.append([_draft(1), _draft(2), _draft(3)])
    assert outbox.acknowledge("a1", 2) == 2
    assert [row.sequence for row in outbox.rows(ALL)] == [3]
    assert outbox.acknowledge("a1", 3) == 3
    outbox.append([_draft(4)])
    assert [row.sequence for row in outbox.rows(ALL)] == [4]
    counts = outbox.counts()
    assert (counts.made, counts.acknowledged, counts.depth) == (4, 3, 1)


def test_an_acknowledgement_of_another_life_is_passed_over(outbox: Outbox):
    outbox.append([_draft(1)])
    assert outbox.acknowledge("another", 1) is None
    assert outbox.counts().depth == 1


def test_old_and_overreaching_acknowledgements_are_harmless(outbox: Outbox):
    outbox.append([_draft(1), _draft(2)])
    assert outbox.acknowledge("a1", 1) == 1
    assert outbox.acknowledge("a1", 99) == 2
    assert outbox.acknowledge("a1", 1) == 2
    outbox.append([_draft(3)])
    assert outbox.counts().depth == 1


def test_everything_is_there_after_a_restart(tmp_path: Path):
    first = _open(tmp_path)
    first.append([_draft(1)], FeedPosition("file:x", 17))
    first.close()
    second = _open(tmp_path, epoch="b2")
    assert (second.epoch, second.position("file:x").offset_bytes, second.position("file:y").offset_bytes) == (
        "a1",
        17,
        0,
    )
    assert [row.sequence for row in second.rows(ALL)] == [1]
    second.append([_draft(2)], FeedPosition("file:x", 34))
    assert second.position("file:x") == FeedPosition("file:x", 34)
    second.append([], FeedPosition("file:x", 40, "9:abc"))
    assert second.position("file:x").beginning == "9:abc"
    second.close()


def test_bad_input_is_kept_and_counted(outbox: Outbox, tmp_path: Path):
    outbox.keep_bad_input("file:x", b"\xff", "no text", 5)
    assert outbox.counts().bad_inputs == 1
    with sqlite3.connect(tmp_path / "deep" / "outbox.sqlite") as db:
        assert db.execute("SELECT feed, reason, line, received_ms FROM bad_input").fetchall() == [
            ("file:x", "no text", b"\xff", 5)
        ]
        assert read_counts(db) == outbox.counts()
    db.close()


def test_the_outbox_of_another_device_is_refused(tmp_path: Path):
    _open(tmp_path).close()
    with pytest.raises(OutboxError, match=r"belongs to /acme/store-1/cam-1, not to /acme/store-1/cam-2"):
        _open(tmp_path, Source("acme", "store-1", "cam-2"))


def test_a_file_that_cannot_be_opened_is_one_clear_error(tmp_path: Path):
    (tmp_path / "deep").write_text("x")
    with pytest.raises(OutboxError, match="cannot open the outbox"):
        _open(tmp_path)


def test_a_locked_file_is_one_clear_error_and_keeps_nothing(outbox: Outbox, tmp_path: Path):
    outbox._db.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(tmp_path / "deep" / "outbox.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OutboxError, match=r"cannot write the outbox .* locked"):
        outbox.append([_draft(1)])
    other.execute("ROLLBACK")
    other.close()
    assert outbox.append([_draft(1)]) == 1


def test_a_file_that_cannot_be_read_is_one_clear_error(outbox: Outbox):
    outbox._db.execute("DROP TABLE outbox")
    with pytest.raises(OutboxError, match="cannot read the outbox"):
        outbox.rows(ALL)


def test_an_empty_file_has_no_counts():
    db = sqlite3.connect(":memory:")
    db.executescript("CREATE TABLE state (made, acknowledged); CREATE TABLE bad_input (id)")
    assert read_counts(db).made == 0
    db.close()


def test_an_outbox_of_an_earlier_version_keeps_its_place_and_gains_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE feed (name TEXT PRIMARY KEY, offset_bytes INTEGER NOT NULL) STRICT")
        db.execute("INSERT INTO feed VALUES ('file:x', 17)")
        db.commit()
    outbox = Outbox(path, SOURCE, lambda: "a1")
    assert outbox.position("file:x") == FeedPosition("file:x", 17)
    outbox.append([], FeedPosition("file:x", 20, "9:abc"))
    assert outbox.position("file:x") == FeedPosition("file:x", 20, "9:abc")
    outbox.close()
