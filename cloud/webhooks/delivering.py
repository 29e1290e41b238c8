"""Makes deliveries that are due: claims them, sends outside of any transaction, writes down what came of it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from cloud.config import ConfigError
from cloud.db import AnyRow, Database, ReadSession, WriteSession
from cloud.keys.sealing import SealError
from cloud.keys.service import KeyService
from cloud.runtime import Clock
from cloud.webhooks.retry import Answer
from cloud.webhooks.secrets import open_secret
from cloud.webhooks.sender import Send
from cloud.webhooks.signature import headers_for

_MS: Final = 1000
_LEASE_MS: Final = 120 * _MS


class Deliveries(Protocol):
    """Deliveries of one kind: where they wait and how they are made."""

    def has_due(self, session: ReadSession, now_ms: int) -> bool:
        """Return whether one is due."""

    def claim_due(self, session: WriteSession, now_ms: int, lease_ms: int) -> Sequence[AnyRow]:
        """Return some that are due, which nobody else may claim for a while."""

    def deliver(self, row: AnyRow, now_ms: int) -> Answer:
        """Make one, in a thread of its own."""

    def record(self, session: WriteSession, row: AnyRow, answer: Answer, now_ms: int) -> None:
        """Write down what came of one."""


def deliver_due(deliveries: Deliveries, database: Database, clock: Clock, at_once: int) -> bool:
    """Make some deliveries that are due, so many at once; return whether there were any."""
    with database.read() as session:
        if not deliveries.has_due(session, clock()):
            return False
    with database.write() as session:
        claimed = deliveries.claim_due(session, clock(), _LEASE_MS)
    if not claimed:
        return False
    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(lambda row: deliveries.deliver(row, clock()), claimed))
    now_ms = clock()
    with database.write() as session:
        for row, answer in zip(claimed, answers, strict=True):
            deliveries.record(session, row, answer, now_ms)
    return True


class SignedPost:
    """Sends to webhooks, signed with each one's secret.

    Args:
        send: Sends.
        keys: Opens secrets.
    """

    def __init__(self, send: Send, keys: KeyService) -> None:
        self._send = send
        self._keys = keys

    def __call__(self, url: str, owner_id: str, sealed_secret: str, told_id: str, body: bytes, now_ms: int) -> Answer:
        """Send something; a secret that cannot be opened is a fault of the delivery.

        Args:
            url: Where to.
            owner_id: Whose secret it is.
            sealed_secret: As the database keeps it.
            told_id: What is told, the same at each attempt.
            body: What is sent.
            now_ms: When it is signed.
        """
        try:
            secret = open_secret(self._keys, sealed_secret, owner_id)
        except (SealError, ConfigError) as error:
            return Answer(fault=str(error)[:500])
        return self._send(url, headers_for(secret, told_id, now_ms // _MS, body), body)
