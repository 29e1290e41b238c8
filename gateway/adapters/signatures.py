"""The gateway's side of appearance signatures: hands out the day's key, takes signatures in. Memory alone.

Nothing that comes here is written anywhere, bad input included: it is counted.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import time, tzinfo

from contracts.errors import ContractError, EventRejectedError
from contracts.events import Source, decode_event
from contracts.payloads import AppearanceSignature
from contracts.signature_keys import (
    KEY_REQUEST_NAME,
    SignatureKey,
    decode_key_request,
    encode_key_message,
    key_of,
    key_topic,
)
from contracts.topics import Topic, event_topic
from gateway.core.key_schedule import Draw, current_key

logger = logging.getLogger(__name__)

_REMIND_MS = 10_000

Take = Callable[[Source, AppearanceSignature, int], None]
"""Takes a signature, who sent it, and the time at which it was taken."""
Answers = list[tuple[str, bytes]]
"""Topics and what to publish on them, with QoS 0, not retained."""


class SignatureDesk:
    """Holds the day's key, and judges what devices send on channel `local`. For one thread.

    Args:
        closes: When the store closes, as its clocks show it: the key changes then.
        zone: The store's time zone.
        draw: Randomness that nobody can guess.
        take: Takes signatures in.
        forget: Called when a key ends: everything made under it must be forgotten.
    """

    def __init__(self, closes: time, zone: tzinfo, draw: Draw, take: Take, forget: Callable[[], None]) -> None:
        self._closes, self._zone, self._draw, self._take, self._forget = closes, zone, draw, take, forget
        self._key: SignatureKey | None = None
        self._told_ms: dict[Source, int] = {}
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how much of what came: `taken`, `old_key`, `bad` and `requests`."""
        return self._counts

    def key(self, now_ms: int) -> SignatureKey:
        """Return the key that holds now; with the one before, what was made under it is gone."""
        key = current_key(self._key, self._closes, self._zone, now_ms, self._draw)
        if self._key is not None and key is not self._key:
            self._forget()
            logger.info("signature key %s ends; %s signatures were taken", self._key.key_id, self._counts["taken"])
        if key is not self._key:
            self._told_ms.clear()
        self._key = key
        return key

    def handle(self, topic: Topic, body: bytes, now_ms: int) -> Answers:
        """Return the answers to a message on channel `local`. Never raises for bad input.

        Args:
            topic: Where it came.
            body: What it says.
            now_ms: When it came, Unix milliseconds.
        """
        key = self.key(now_ms)
        try:
            if topic.name == KEY_REQUEST_NAME:
                decode_key_request(body)
                self._counts["requests"] += 1
                return self._hand_out(topic.source, key, now_ms)
            return self._judge(topic, body, key, now_ms)
        except (ContractError, EventRejectedError) as error:
            self._counts["bad"] += 1
            logger.warning("ignored a message on %s: %s", topic, type(error).__name__)
            return []

    def _judge(self, topic: Topic, body: bytes, key: SignatureKey, now_ms: int) -> Answers:
        event = decode_event(body)
        if not isinstance(event.data, AppearanceSignature) or str(topic) != event_topic(event.origin, type(event.data)):
            self._counts["bad"] += 1
            return []
        if key_of(event.data.key_id) == key.key_id:
            self._counts["taken"] += 1
            self._take(event.origin, event.data, event.time_ms)
            return []
        self._counts["old_key"] += 1
        if now_ms - self._told_ms.get(topic.source, now_ms - _REMIND_MS) < _REMIND_MS:
            return []
        return self._hand_out(topic.source, key, now_ms)

    def _hand_out(self, device: Source, key: SignatureKey, now_ms: int) -> Answers:
        self._told_ms[device] = now_ms
        return [(key_topic(device), encode_key_message(key))]
