"""Tells webhooks of changes."""

import json
from collections.abc import Sequence

from cloud.changes.repository import show_change
from cloud.db import AnyRow, Database, ReadSession, WriteSession
from cloud.keys.service import KeyService
from cloud.runtime import Clock
from cloud.webhooks import repository
from cloud.webhooks.delivering import SignedPost, deliver_due
from cloud.webhooks.retry import Answer, after_attempt
from cloud.webhooks.sender import Send

_AT_ONCE = 8
_BATCH = 32


class WebhookSender:
    """Makes the deliveries of changes.

    Args:
        database: Where they wait.
        clock: The current instant.
        send: Sends to webhooks.
        most_attempts: After how many a delivery is dead.
        keys: Open secrets.
    """

    def __init__(self, database: Database, clock: Clock, send: Send, most_attempts: int, keys: KeyService) -> None:
        self._database = database
        self._clock = clock
        self._post = SignedPost(send, keys)
        self._most_attempts = most_attempts

    def step(self) -> bool:
        """Make some deliveries that are due; return whether there were any."""
        return deliver_due(self, self._database, self._clock, _AT_ONCE)

    def has_due(self, session: ReadSession, now_ms: int) -> bool:
        """Return whether a delivery is due."""
        return repository.has_due(session, now_ms)

    def claim_due(self, session: WriteSession, now_ms: int, lease_ms: int) -> Sequence[AnyRow]:
        """Return some deliveries that are due, which nobody else may claim for a while."""
        return repository.claim_due(session, now_ms, lease_ms, _BATCH)

    def deliver(self, row: AnyRow, now_ms: int) -> Answer:
        """Tell a webhook of a change."""
        change = show_change(row)
        told = {"type": change.kind, "timestamp": change.at, "data": change.model_dump()}
        body = json.dumps(told, separators=(",", ":")).encode()
        return self._post(row.url, row.webhook_id, row.secret, change.id, body, now_ms)

    def record(self, session: WriteSession, row: AnyRow, answer: Answer, now_ms: int) -> None:
        """Write down what a webhook answered."""
        told = f"{row.webhook_id}/{row.position}"
        values = after_attempt(answer, row.attempts + 1, self._most_attempts, told, now_ms)
        repository.record_attempt(session, row.webhook_id, row.position, values)
        if answer.is_gone:
            repository.disable(session, row.webhook_id, now_ms)
