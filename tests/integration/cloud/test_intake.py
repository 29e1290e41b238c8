"""Batches side by side: written together, answered each by its own outcome, and read without a gap."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from cloud.db import WriteSession
from cloud.ingest import intake as intake_module
from cloud.ingest import repository as repository_module
from cloud.ingest.binary_copy import copy_of
from cloud.ingest.intake import WARY_TRANSACTIONS, Intake
from cloud.ingest.repository import Arrival, append_batches, append_unseen, log_head
from cloud.tables import dead_letters, event_log
from tests.integration.cloud.support import T0, TENANT, Cloud, Shop, event_id_of

Batches = Sequence[Arrival]


class Recorder:
    """Stands before what appends: holds the first transaction until told, then notes how many batches each has."""

    def __init__(self, poison: bytes = b"\0", error: Exception | None = None) -> None:
        self.sizes: list[int] = []
        self.started, self.goes_on = threading.Event(), threading.Event()
        self._poison, self._error = poison, error

    def append_batches(self, session: WriteSession, batches: Batches) -> list[int]:
        self._hold()
        inserted = append_batches(session, batches)
        self._note(batches)
        return inserted

    def append_unseen(self, session: WriteSession, batches: Batches, *, commits: bool) -> bool:
        self._hold()
        is_done = append_unseen(session, batches, commits=commits and self._error is None)
        if is_done:
            self._note(batches)
        return is_done

    def stand_before(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(intake_module, "append_batches", self.append_batches)
        monkeypatch.setattr(intake_module, "append_unseen", self.append_unseen)

    def _hold(self) -> None:
        self.started.set()
        assert self.goes_on.wait(60)

    def _note(self, batches: Batches) -> None:
        self.sizes.append(len(batches))
        if self._error is not None and any(self._poison in event.raw for each in batches for event in each.events):
            raise self._error


def send_together(cloud: Cloud, recorder: Recorder, bodies: list[bytes], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Send a first batch, and while it is being written all the others; return what was inserted, -1 for an error."""
    recorder.stand_before(monkeypatch)
    intake = Intake(cloud.database, cloud.clock)

    def send(body: bytes) -> int:
        try:
            return intake.take_in(body, tenant=TENANT, key_id="key").inserted
        except (ValueError, OperationalError):
            return -1

    with ThreadPoolExecutor(len(bodies)) as pool:
        first = pool.submit(send, bodies[0])
        assert recorder.started.wait(60)
        others = [pool.submit(send, body) for body in bodies[1:]]
        while len(intake._queue) < len(others):
            time.sleep(0.001)
        recorder.goes_on.set()
        return [first.result(), *(other.result() for other in others)]


def count(cloud: Cloud) -> int:
    with cloud.database.read() as session:
        return session.number(select(func.count()).select_from(event_log))


def test_what_waits_is_written_in_one_transaction(cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    raws = [shop.crossing(T0 + number) for number in range(6)]
    recorder = Recorder()
    bodies = [raws[0], raws[1] + b"\n" + raws[1], raws[2], raws[2] + b"\n{", raws[0]]
    inserted = send_together(cloud, recorder, bodies, monkeypatch)
    assert recorder.sizes == [1, 4]
    assert (inserted[0], inserted[1], inserted[2] + inserted[3], inserted[4]) == (1, 1, 1, 0)
    assert count(cloud) == 3
    with cloud.database.read() as session:
        assert session.number(select(func.count()).select_from(dead_letters)) == 1


def test_a_transaction_has_a_bound(cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(intake_module, "MOST_EVENTS", 2)
    recorder = Recorder()
    assert send_together(cloud, recorder, [shop.crossing(T0 + number) for number in range(6)], monkeypatch) == [1] * 6
    assert recorder.sizes == [1, 2, 2, 1]


def test_a_batch_that_cannot_be_written_fails_alone(cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    raws = [shop.crossing(T0 + number) for number in range(4)]
    recorder = Recorder(event_id_of(raws[2]).encode(), ValueError("no"))
    assert send_together(cloud, recorder, raws, monkeypatch) == [1, 1, -1, 1]
    assert count(cloud) == 3


def test_a_database_that_is_away_fails_all_who_wait(cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    raws = [shop.crossing(T0 + number) for number in range(3)]
    recorder = Recorder(event_id_of(raws[1]).encode(), OperationalError("", {}, Exception("away")))
    assert send_together(cloud, recorder, raws, monkeypatch) == [1, -1, -1]
    assert recorder.sizes == [1, 2]
    assert count(cloud) == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_reader_never_passes_what_commits_later(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    """Several processes write, some of their transactions slow, some rolled back; one reader follows the head."""

    def slow(session: WriteSession, batches: Batches, *, commits: bool) -> bool:
        number = batches[0].events[0].sequence
        is_cut, delay_s = number % 5 == 0, 0.002 * (number % 4)
        assert append_unseen(session, batches, commits=commits and not delay_s and not is_cut)
        time.sleep(delay_s)
        if is_cut:
            msg = "rolled back after positions were taken"
            raise ValueError(msg)
        return True

    monkeypatch.setattr(intake_module, "append_unseen", slow)
    read: list[str] = []
    done = threading.Event()

    def write(writer: int) -> list[str]:
        own = Cloud(cloud.settings)
        intake, shop, kept = Intake(own.database, own.clock), Shop(store=f"store-{writer}"), []
        for number in range(20):
            raw = shop.crossing(T0 + number)
            try:
                intake.take_in(raw, tenant=TENANT, key_id="key")
                kept.append(event_id_of(raw))
            except ValueError:
                continue
        own.close()
        return kept

    def follow() -> None:
        cursor = 0
        while True:
            last_round = done.is_set()
            with cloud.database.read() as session:
                head = log_head(session)
                between = event_log.c.position.between(cursor + 1, head)
                rows = session.rows(select(event_log.c.event_id).where(between).order_by(event_log.c.position))
            read.extend(row.event_id for row in rows)
            cursor = head
            if last_round:
                return

    with ThreadPoolExecutor(5) as pool:
        reader = pool.submit(follow)
        kept = [event_id for one in pool.map(write, range(4)) for event_id in one]
        done.set()
        reader.result()
    assert len(kept) == 64
    assert sorted(read) == sorted(kept)


class Counter:
    """Counts how often events are appended without a look, and how often that failed."""

    def __init__(self) -> None:
        self.tried = self.failed = 0

    def __call__(self, session: WriteSession, batches: Batches, *, commits: bool) -> bool:
        is_done = append_unseen(session, batches, commits=commits)
        self.tried, self.failed = self.tried + 1, self.failed + (not is_done)
        return is_done


@pytest.mark.postgresql
@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_events_that_come_again_are_looked_for_until_they_stop(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    """The log holds what SQLite's would; one COPY fails when repeats begin, none while they last."""
    counter = Counter()
    monkeypatch.setattr(intake_module, "append_unseen", counter)
    intake, shop = Intake(cloud.database, cloud.clock), Shop()
    raws = [shop.crossing(T0 + number) for number in range(8 + WARY_TRANSACTIONS)]

    def send(*part: bytes) -> int:
        return intake.take_in(b"\n".join(part), tenant=TENANT, key_id="key").inserted

    assert [send(*raws[:3]), counter.tried, counter.failed] == [3, 1, 0]
    assert [send(*raws[:2], raws[3]), counter.tried, counter.failed] == [1, 2, 1]
    assert [send(raws[4], raws[4]), send(raws[4]), counter.tried] == [1, 0, 2]
    assert [send(raw) for raw in raws[5 : 5 + WARY_TRANSACTIONS]] == [1] * WARY_TRANSACTIONS
    assert counter.tried == 2
    assert [send(*raws[-3:]), counter.tried, counter.failed, count(cloud)] == [3, 3, 1, len(raws)]


@pytest.mark.postgresql
@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_connection_that_is_cut_in_a_copy_stores_nothing_and_the_next_goes_on(
    cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    raw = shop.crossing(T0)

    def cut(rows: list[bytes]) -> Iterator[bytes]:
        yield from copy_of(rows[:1])
        with cloud.database.write() as session:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND pid <> "
            session.connection.exec_driver_sql(others + "pg_backend_pid() AND query LIKE 'BEGIN;%%COPY%%'")
        yield b""

    intake = Intake(cloud.database, cloud.clock)
    monkeypatch.setattr(repository_module, "copy_of", cut)
    with pytest.raises(OperationalError):
        intake.take_in(raw, tenant=TENANT, key_id="key")
    monkeypatch.setattr(repository_module, "copy_of", copy_of)
    assert count(cloud) == 0
    assert [intake.take_in(raw, tenant=TENANT, key_id="key").inserted for _ in range(2)] == [1, 0]
