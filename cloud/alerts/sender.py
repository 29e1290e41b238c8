"""Tells channels of alerts."""

import json
from collections.abc import Sequence

from cloud.alerts import delivery_repository as repository
from cloud.alerts.mail import SendMail
from cloud.alerts.messages import email_of, message_id, message_of
from cloud.alerts.showing import show_alert
from cloud.db import AnyRow, Database, ReadSession, WriteSession
from cloud.keys.service import KeyService
from cloud.runtime import Clock
from cloud.webhooks.delivering import SignedPost, deliver_due
from cloud.webhooks.retry import Answer, after_attempt
from cloud.webhooks.sender import Send

_AT_ONCE = 4
_BATCH = 16


class AlertSender:
    """Makes the deliveries of alerts.

    Args:
        database: Where they wait.
        clock: The current instant.
        post: Sends to webhooks.
        mail: Sends e-mails.
        mail_from: The address that e-mails come from.
        most_attempts: After how many a delivery is dead.
        keys: Open secrets.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        post: Send,
        mail: SendMail,
        mail_from: str,
        most_attempts: int,
        keys: KeyService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._post = SignedPost(post, keys)
        self._mail = mail
        self._mail_from = mail_from
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
        """Tell a channel of an alert."""
        alert = show_alert(row)
        if row.kind == "email":
            return self._mail(email_of(alert, row.what, row.language, self._mail_from, row.target, now_ms))
        body = json.dumps(message_of(alert, row.what), separators=(",", ":")).encode()
        return self._post(row.target, row.channel_id, row.secret, message_id(alert.id, row.what), body, now_ms)

    def record(self, session: WriteSession, row: AnyRow, answer: Answer, now_ms: int) -> None:
        """Write down what a channel answered."""
        told = f"{row.channel_id}/{row.delivery_id}"
        values = after_attempt(answer, row.attempts + 1, self._most_attempts, told, now_ms)
        repository.record_attempt(session, row.delivery_id, values)
        if answer.is_gone:
            repository.disable_channel(session, row.channel_id, now_ms)
