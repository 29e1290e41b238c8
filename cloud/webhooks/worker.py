"""Sends what is due, in a thread of its own, while the application serves."""

import json
import logging
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from cloud.changes.repository import show_change
from cloud.db import AnyRow, Database
from cloud.runtime import Clock
from cloud.webhooks import repository
from cloud.webhooks.retry import Answer, delay_ms, outcome
from cloud.webhooks.sender import Send
from cloud.webhooks.signature import headers_for

_LOG = logging.getLogger(__name__)
_AT_ONCE = 8
_BATCH = 32
_MS = 1000
_LEASE_MS = 120 * _MS
_JOIN_TIMEOUT_S = 30.0


class WebhookSender:
    """Makes deliveries: claims what is due, sends it outside of any transaction, writes down what came of it."""

    def __init__(self, database: Database, clock: Clock, send: Send, most_attempts: int) -> None:
        self._database = database
        self._clock = clock
        self._send = send
        self._most_attempts = most_attempts

    def step(self) -> bool:
        """Make some deliveries that are due; return whether there were any."""
        with self._database.read() as session:
            if not repository.has_due(session, self._clock()):
                return False
        with self._database.write() as session:
            claimed = repository.claim_due(session, self._clock(), _LEASE_MS, _BATCH)
        if not claimed:
            return False
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = list(pool.map(self._deliver, claimed))
        self._record(zip(claimed, answers, strict=True))
        return True

    def _deliver(self, row: AnyRow) -> Answer:
        change = show_change(row)
        told = {"type": change.kind, "timestamp": change.at, "data": change.model_dump()}
        body = json.dumps(told, separators=(",", ":")).encode()
        return self._send(row.url, headers_for(row.secret, change.id, self._clock() // _MS, body), body)

    def _record(self, made: Iterable[tuple[AnyRow, Answer]]) -> None:
        now_ms = self._clock()
        with self._database.write() as session:
            for row, answer in made:
                attempts = row.attempts + 1
                became = outcome(answer, attempts, self._most_attempts)
                wait_ms = delay_ms(attempts, f"{row.webhook_id}/{row.position}") if became == "pending" else 0
                values: dict[str, object] = {
                    "state": "dead" if became == "gone" else became,
                    "attempts": attempts,
                    "next_ms": now_ms + wait_ms,
                    "status": answer.status,
                    "fault": answer.fault,
                }
                repository.record_attempt(session, row.webhook_id, row.position, values)
                if became == "gone":
                    repository.disable(session, row.webhook_id, now_ms)


class WebhookWorker:
    """Sends again and again, until it is stopped."""

    def __init__(self, sender: WebhookSender, interval_s: float) -> None:
        self._sender = sender
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the deliveries at hand and end the thread."""
        self._stop.set()
        self._thread.join(_JOIN_TIMEOUT_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                while not self._stop.is_set() and self._sender.step():
                    pass
            except Exception as error:  # noqa: BLE001 - the thread must outlive a database that is away for a while
                _LOG.error("webhooks wait %s s: %s: %s", self._interval_s, type(error).__name__, error)
            self._stop.wait(self._interval_s)
