"""Judges messages from devices: an event to take in, or a dead letter with its reason. Pure."""

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from contracts.delivery import EPOCH_PROPERTY, OLDEST_PROPERTY, SEQUENCE_PROPERTY, check_epoch
from contracts.errors import EventRejectedError, RejectReason, TopicError
from contracts.events import SEQUENCE_DIGITS, Event, Source, decode_event, require_uplink
from contracts.payloads import STORE_LOCAL_PAYLOADS
from contracts.privacy import UplinkPayload
from contracts.topics import Topic, event_topic, parse_topic

_TOPICS = 8192
_EPOCHS = 1024
_expected_topic = lru_cache(maxsize=_TOPICS)(event_topic)
_NOT_KEPT = b"(not kept: it must not leave the store, nor be written down)"


class Delivery(Struct, frozen=True, kw_only=True):
    """One message from a device, judged: either `event` or `refusal` is there.

    Attributes:
        origin: The topic on which it came.
        body: The bytes as they came; nothing of a message that is refused and may hold what must not leave the store.
        received_ms: When, Unix milliseconds.
        source: The device, where the topic names one.
        epoch: The life of the device's outbox, where the message names one.
        sequence: Its number in that epoch.
        oldest: The lowest number that the device still holds.
        event: What it says.
        refusal: Why it cannot be accepted.
    """

    origin: str
    body: bytes
    received_ms: int
    source: Source | None = None
    epoch: str | None = None
    sequence: int | None = None
    oldest: int = 1
    event: Event[UplinkPayload] | None = None
    refusal: EventRejectedError | None = None


def judge(origin: str, body: bytes, properties: Mapping[str, str], received_ms: int) -> Delivery:
    """Return what a message on an `event` topic amounts to. Never raises: bad input becomes a refusal.

    A message that is refused still counts in the device's numbering, because its bytes are kept.

    Args:
        origin: The topic on which it came.
        body: Its payload.
        properties: Its MQTT user properties.
        received_ms: When it came, Unix milliseconds.
    """
    source: Source | None = None
    event: Event[UplinkPayload] | None = None
    refusal: EventRejectedError | None = None
    try:
        topic = parsed(origin)
        source = (topic or parse_topic(origin)).source
        event = require_uplink(decode_event(body))
        _check_topic(event, source, origin)
    except TopicError as error:
        refusal = EventRejectedError(RejectReason.WRONG_TOPIC, str(error))
    except EventRejectedError as error:
        event, refusal = None, error
    return Delivery(
        origin=origin,
        body=body if refusal is None else _fit_to_keep(body, refusal),
        received_ms=received_ms,
        source=source,
        epoch=_epoch(properties.get(EPOCH_PROPERTY)),
        sequence=_number(properties.get(SEQUENCE_PROPERTY)),
        oldest=_number(properties.get(OLDEST_PROPERTY)) or 1,
        event=event,
        refusal=refusal,
    )


@lru_cache(maxsize=_TOPICS)
def parsed(origin: str) -> Topic | None:
    """Return the topic that `origin` names, None where it names none of this system's."""
    try:
        return parse_topic(origin)
    except TopicError:
        return None


def _fit_to_keep(body: bytes, refusal: EventRejectedError) -> bytes:
    """Return a refused message as it may be kept on disk: store-local payloads never are."""
    is_local = refusal.reason is RejectReason.STORE_LOCAL or any(
        payload.TYPE.encode() in body for payload in STORE_LOCAL_PAYLOADS
    )
    return _NOT_KEPT if is_local else body


def _check_topic(event: Event[UplinkPayload], source: Source, origin: str) -> None:
    """Refuse an event that claims another device or another type than its topic says."""
    if event.source != str(source):
        detail = f"the topic belongs to {source}, the event claims {event.source}"
        raise EventRejectedError(RejectReason.WRONG_SOURCE, detail, event.id)
    expected = _expected_topic(source, type(event.data))
    if origin != expected:
        detail = f"{event.type} belongs on {expected}, came on {origin}"
        raise EventRejectedError(RejectReason.WRONG_TOPIC, detail, event.id)


def _number(text: str | None) -> int | None:
    """Return a sequence number, None where `text` is none."""
    if text is None or len(text) > SEQUENCE_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    return int(text) or None


@lru_cache(maxsize=_EPOCHS)
def _epoch(text: str | None) -> str | None:
    """Return an epoch, None where `text` is none: no acknowledgement could name it."""
    try:
        return None if text is None else check_epoch(text)
    except TopicError:
        return None
