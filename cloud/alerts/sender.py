"""Tells channels of alerts: claims what is due, sends it outside of any transaction, writes down what came of it."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from cloud.alerts import delivery_repository as repository
from cloud.alerts.mail import SendMail
from cloud.alerts.messages import email_of, message_id, message_of
from cloud.alerts.showing import show_alert
from cloud.config import ConfigError
from cloud.db import AnyRow, Database
from cloud.keys.sealing import SealError
from cloud.keys.service import KeyService
from cloud.runtime import Clock
from cloud.webhooks.retry import Answer, after_attempt
from cloud.webhooks.secrets import open_secret
from cloud.webhooks.sender import Send
from cloud.webhooks.signature import headers_for

_AT_ONCE = 4
_BATCH = 16
_MS = 1000
_LEASE_MS = 120 * _MS


class AlertSender:
    """Makes deliveries.

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
        self._keys = keys
        self._database = database
        self._clock = clock
        self._post = post
        self._mail = mail
        self._mail_from = mail_from
        self._most_attempts = most_attempts

    def step(self) -> bool:
        """Make some deliveries that are due; return whether there were any."""
        with self._database.read() as session:
            if not repository.has_due(session, self._clock()):
                return False
        with self._database.write() as session:
            claimed = repository.claim_due(session, self._clock(), _LEASE_MS, _BATCH)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = list(pool.map(self._deliver, claimed))
        self._record(zip(claimed, answers, strict=True))
        return bool(claimed)

    def _deliver(self, row: AnyRow) -> Answer:
        alert, now_ms = show_alert(row), self._clock()
        if row.kind == "email":
            return self._mail(email_of(alert, row.what, row.language, self._mail_from, row.target, now_ms))
        body = json.dumps(message_of(alert, row.what), separators=(",", ":")).encode()
        try:
            secret = open_secret(self._keys, row.secret, row.channel_id)
        except (SealError, ConfigError) as error:
            return Answer(fault=str(error)[:500])
        return self._post(row.target, headers_for(secret, message_id(alert.id, row.what), now_ms // _MS, body), body)

    def _record(self, made: Iterable[tuple[AnyRow, Answer]]) -> None:
        now_ms = self._clock()
        with self._database.write() as session:
            for row, answer in made:
                values = after_attempt(
                    answer, row.attempts + 1, self._most_attempts, f"{row.channel_id}/{row.delivery_id}", now_ms
                )
                repository.record_attempt(session, row.delivery_id, values)
                if answer.is_gone:
                    repository.disable_channel(session, row.channel_id, now_ms)
