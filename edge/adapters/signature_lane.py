"""Sends appearance signatures to the gateway: out of memory, under the day's key, never through a file.

What cannot be sent soon is lost: signatures only help to join what segments tell anyway. The broker keeps nothing of it
for who is away (QoS 0, not retained).
"""

import logging
import threading
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from contracts.errors import ContractError
from contracts.events import Source, draft_event, encode_event
from contracts.payloads import AppearanceSignature
from contracts.signature_keys import (
    SignatureKey,
    SignatureKeyRequest,
    decode_key,
    encode_key_message,
    key_request_topic,
    key_topic,
)
from contracts.topics import event_topic
from edge.core.rotation import Array, rotation, signed
from edge.ports import Signature

logger = logging.getLogger(__name__)

MOST_WAITING = 256
_FIRST_ASK_S, _LONGEST_ASK_S = 2.0, 60.0

Publish = Callable[[str, bytes], None]
"""Publishes bytes on a topic, with QoS 0, not retained."""


class LaneCounts(Struct, frozen=True):
    """Signatures sent, lost because too many waited or their key ended, and lost because there was no key."""

    sent: int
    dropped: int
    without_key: int


class SignatureLane:
    """Holds the day's key and the signatures on their way, both in memory alone. Safe for several threads.

    Args:
        source: The device.
        software_version: The device's, told when it asks for the key.
        encoder: Name and version of what makes the signatures.
        clock_ms: The wall clock, Unix milliseconds, by which keys end.
        monotonic_s: A monotonic clock.
        most_waiting: So many signatures wait while the broker is away; the oldest give way.

    Attributes:
        source: The device.
    """

    def __init__(
        self,
        source: Source,
        software_version: str,
        encoder: str,
        clock_ms: Callable[[], int],
        monotonic_s: Callable[[], float],
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.source, self._software_version, self._encoder = source, software_version, encoder
        self._clock_ms, self._monotonic_s, self._most_waiting = clock_ms, monotonic_s, most_waiting
        self._lock = threading.Lock()
        self._waiting: deque[tuple[AppearanceSignature, int]] = deque()
        self._key: SignatureKey | None = None
        self._matrix: Array | None = None
        self._is_asking = True
        self._ask_at_s, self._ask_next_s = 0.0, _FIRST_ASK_S
        self._made = self._sent = self._dropped = self._without_key = 0

    @property
    def topic(self) -> str:
        """Return the topic on which the gateway hands out the day's key."""
        return key_topic(self.source)

    @property
    def has_key(self) -> bool:
        """Return whether there is a key that may be used now."""
        with self._lock:
            self._end_key()
            return self._key is not None

    def counts(self) -> LaneCounts:
        """Return what became of the signatures so far."""
        with self._lock:
            return LaneCounts(self._sent, self._dropped, self._without_key)

    def send(self, segment_id: str, signature: Signature, time_ms: int) -> None:
        """See `edge.ports.SignatureSink.send`."""
        with self._lock:
            self._end_key()
            if self._key is None:
                self._without_key += 1
                return
            if self._matrix is None or self._matrix.shape[1] != len(signature):
                self._matrix = rotation(self._key.secret, len(signature), self._encoder)
            try:
                told = signed(segment_id, signature, self._matrix, self._key, self._encoder)
            except ValueError as error:
                self._dropped += 1
                logger.warning("%s: %s", self.source, error)
                return
            if len(self._waiting) >= self._most_waiting:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append((told, time_ms))

    def connected(self) -> None:
        """Ask for the key anew: the gateway may have another one."""
        with self._lock:
            self._ask_now()

    def received(self, body: bytes) -> None:
        """Take the day's key in; anything else is passed over."""
        try:
            key = decode_key(body)
        except ContractError as error:
            logger.warning("%s: ignored what came instead of a signature key: %s", self.source, error)
            return
        with self._lock:
            self._is_asking = False
            if self._key is None or self._key.key_id != key.key_id:
                self._drop_waiting()
                self._key, self._matrix = key, None
                logger.info("%s: signature key %s, until %d", self.source, key.key_id, key.valid_until_ms)

    def pump(self, publish: Publish) -> None:
        """Ask for a key where one is due, and publish the signatures that wait."""
        with self._lock:
            self._end_key()
            is_due = self._is_ask_due()
            batch = [*self._waiting]
            self._waiting.clear()
            first, self._made = self._made + 1, self._made + len(batch)
            self._sent += len(batch)
        if is_due:
            request = SignatureKeyRequest(software_version=self._software_version)
            publish(key_request_topic(self.source), encode_key_message(request))
        topic = event_topic(self.source, AppearanceSignature)
        for number, (told, time_ms) in enumerate(batch, start=first):
            draft = draft_event(self.source, told, time_ms, told.segment_id, number)
            publish(topic, encode_event(draft.numbered(self.source, number)))

    def _is_ask_due(self) -> bool:
        now_s = self._monotonic_s()
        if not self._is_asking or now_s < self._ask_at_s:
            return False
        self._ask_at_s, self._ask_next_s = now_s + self._ask_next_s, min(self._ask_next_s * 2, _LONGEST_ASK_S)
        return True

    def _ask_now(self) -> None:
        self._is_asking, self._ask_at_s, self._ask_next_s = True, 0.0, _FIRST_ASK_S

    def _end_key(self) -> None:
        """Forget a key whose time is over, with everything that was made under it."""
        if self._key is not None and not self._key.is_valid(self._clock_ms()):
            self._key, self._matrix = None, None
            self._drop_waiting()
            self._ask_now()

    def _drop_waiting(self) -> None:
        self._dropped += len(self._waiting)
        self._waiting.clear()
