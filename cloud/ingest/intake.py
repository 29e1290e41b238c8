"""Takes batches in: what waits while one transaction is being written goes into the next one together.

A commit costs the same for 500 events as for 5,000, and on either database only one writer at a time can append. So
whoever has the turn writes for all who wait. Nobody is answered before the commit that holds its batch.
"""

import threading
from collections import deque

from msgspec import Struct
from sqlalchemy.exc import OperationalError

from cloud.db import Database
from cloud.dead_letters.repository import keep_dead_letters
from cloud.ingest.judge import RefusedLine, judge_batch
from cloud.ingest.repository import Arrival, append_batches, append_unseen, arrive
from cloud.runtime import Clock
from contracts.delivery import IngestReceipt, split_batch

MOST_EVENTS = 10_000
"""A transaction takes no further batch once it holds so many events: it bounds memory and how long others wait."""

WARY_TRANSACTIONS = 16
"""So many transactions look for what the log holds before they append, after one that met such an event: events that
come again come in great numbers, when a link is back, and a COPY that fails is done over."""


class Batch(Struct, frozen=True, kw_only=True):
    """A judged batch."""

    tenant: str
    key_id: str
    accepted: Arrival
    refused: list[RefusedLine]


class _Waiting:
    """A batch in the queue, and what became of it: how many of its events were new, or why it failed."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.inserted: int | None = None
        self.error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return self.inserted is not None or self.error is not None


class Intake:
    """Appends to one database. Any number of threads may call it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._judging = threading.Lock()
        self._turn = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._wary = 0

    def take_in(self, body: bytes, *, tenant: str, key_id: str) -> IngestReceipt:
        """Store a batch and return what became of it, after the commit.

        Args:
            body: Newline-delimited events, decompressed.
            tenant: Whose key sent it; events of another tenant are refused.
            key_id: The key, kept with what is refused.

        Raises:
            sqlalchemy.exc.OperationalError: The database is busy or away; nothing of the batch is stored.
        """
        lines = split_batch(body)
        with self._judging:
            batch = self._judge(lines, tenant, key_id)
        inserted = self._append(batch)
        return IngestReceipt(
            received=len(lines),
            inserted=inserted,
            duplicate=len(batch.accepted.events) - inserted,
            rejected=len(batch.refused),
            rejections=tuple(line.rejection for line in batch.refused),
        )

    def _judge(self, lines: list[bytes], tenant: str, key_id: str) -> Batch:
        """Judge one batch at a time: side by side, under Python's lock, all would be ready only when the last is."""
        now_ms = self._clock()
        accepted, refused = judge_batch(lines, tenant, now_ms)
        return Batch(tenant=tenant, key_id=key_id, accepted=arrive(self._database, accepted, now_ms), refused=refused)

    def _append(self, batch: Batch) -> int:
        """Wait for the turn, then write for all who wait; return how many of the batch's events were new."""
        waiting = _Waiting(batch)
        self._queue.append(waiting)
        with self._turn:
            while not waiting.is_done:
                self._write(self._next_group())
        if waiting.error is not None:
            raise waiting.error
        return waiting.inserted or 0

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        events = 0
        while self._queue and events < MOST_EVENTS:
            group.append(self._queue.popleft())
            events += len(group[-1].batch.accepted.events)
        return group

    def _write(self, group: list[_Waiting]) -> None:
        """Write a group in one transaction. If some batch cannot be written, the others must not suffer for it."""
        try:
            inserted = self._transact([each.batch for each in group])
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it raised
            if len(group) > 1 and isinstance(error, Exception) and not isinstance(error, OperationalError):
                for each in group:
                    self._write([each])
                return
            for each in group:
                each.error = error
            return
        for each, count in zip(group, inserted, strict=True):
            each.inserted = count

    def _transact(self, batches: list[Batch]) -> list[int]:
        arrivals = [batch.accepted for batch in batches]
        is_all = not any(batch.refused for batch in batches)
        with self._database.write() as session:
            inserted = [len(arrival.events) for arrival in arrivals]
            if self._wary or not append_unseen(session, arrivals, commits=is_all):
                offered, inserted = inserted, append_batches(session, arrivals)
                self._wary = max(0, self._wary - 1) if inserted == offered else WARY_TRANSACTIONS
            for batch in batches:
                received_ms = batch.accepted.received_ms
                keep_dead_letters(
                    session, batch.refused, tenant=batch.tenant, key_id=batch.key_id, received_ms=received_ms
                )
        return inserted


def ingest_batch(database: Database, clock: Clock, body: bytes, *, tenant: str, key_id: str) -> IngestReceipt:
    """Store one batch as `Intake.take_in` does, in a transaction of its own."""
    return Intake(database, clock).take_in(body, tenant=tenant, key_id=key_id)
