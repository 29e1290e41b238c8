"""Batches side by side: written together, answered each by its own outcome, and read without a gap."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from cloud.db import WriteSession
from cloud.ingest import intake as intake_module
from cloud.ingest.intake import Intake
from cloud.ingest.repository import Arrival, append_batches, log_head
from cloud.tables import dead_letters, event_log
from tests.integration.cloud.support import T0, TENANT, Cloud, Shop, event_id_of

Batches = Sequence[Arrival]


class Recorder:
    """Stands before `append_batches`: holds the first transaction until told, then notes how many batches each has."""

    def __init__(self, poison: bytes = b"\0", error: Exception | None = None) -> None:
        self.sizes: list[int] = []
        self.started, self.goes_on = threading.Event(), threading.Event()
        self._poison, self._error = poison, error

    def __call__(self, session: WriteSession, batches: Batches) -> list[int]:
        self.started.set()
        assert self.goes_on.wait(60)
        self.sizes.append(len(batches))
        inserted = append_batches(session, batches)
        if self._error is not None and any(self._poison in event.raw for each in batches for event in each.events):
            raise self._error
        return inserted


def send_together(cloud: Cloud, recorder: Recorder, bodies: list[bytes], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Send a first batch, and while it is being written all the others; return what was inserted, -1 for an error."""
    monkeypatch.setattr(intake_module, "append_batches", recorder)
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

    def slow(session: WriteSession, batches: Batches) -> list[int]:
        inserted = append_batches(session, batches)
        number = batches[0].events[0].sequence
        time.sleep(0.002 * (number % 4))
        if number % 5 == 0:
            msg = "rolled back after positions were taken"
            raise ValueError(msg)
        return inserted

    monkeypatch.setattr(intake_module, "append_batches", slow)
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
