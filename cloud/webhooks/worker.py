"""Sends what is due."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from cloud.changes.repository import show_change
from cloud.config import ConfigError
from cloud.db import AnyRow, Database
from cloud.keys.sealing import SealError
from cloud.keys.service import KeyService
from cloud.runtime import Clock
from cloud.webhooks import repository
from cloud.webhooks.retry import Answer, after_attempt
from cloud.webhooks.secrets import open_secret
from cloud.webhooks.sender import Send
from cloud.webhooks.signature import headers_for

_AT_ONCE = 8
_BATCH = 32
_MS = 1000
_LEASE_MS = 120 * _MS


class WebhookSender:
    """Makes deliveries: claims what is due, sends it outside of any transaction, writes down what came of it."""

    def __init__(self, database: Database, clock: Clock, send: Send, most_attempts: int, keys: KeyService) -> None:
        self._keys = keys
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
        try:
            secret = open_secret(self._keys, row.secret, row.webhook_id)
        except (SealError, ConfigError) as error:
            return Answer(fault=str(error)[:500])
        return self._send(row.url, headers_for(secret, change.id, self._clock() // _MS, body), body)

    def _record(self, made: Iterable[tuple[AnyRow, Answer]]) -> None:
        now_ms = self._clock()
        with self._database.write() as session:
            for row, answer in made:
                attempts = row.attempts + 1
                told = f"{row.webhook_id}/{row.position}"
                values = after_attempt(answer, attempts, self._most_attempts, told, now_ms)
                repository.record_attempt(session, row.webhook_id, row.position, values)
                if answer.is_gone:
                    repository.disable(session, row.webhook_id, now_ms)
