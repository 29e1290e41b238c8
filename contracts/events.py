"""CloudEvents 1.0 envelopes: make, encode, decode and validate them."""

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from contracts.decoding import decode_json
from contracts.errors import EventRejectedError, RejectReason
from contracts.fields import EventId
from contracts.ids import deterministic_id
from contracts.patterns import END
from contracts.payloads import STORE_LOCAL_PAYLOADS, UPLINK_PAYLOADS
from contracts.privacy import Payload, UplinkPayload
from contracts.timestamps import format_time, parse_time

MAX_EVENT_BYTES = 256 * 1024
SEQUENCE_DIGITS = 16

_INSTANT = r"^(19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"

SourceText = Annotated[str, Meta(pattern=r"^/[a-z0-9-]{1,64}/[a-z0-9-]{1,64}/[a-z0-9-]{1,64}" + END)]
TimeText = Annotated[str, Meta(pattern=_INSTANT + END)]
TraceParent = Annotated[str, Meta(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}" + END)]
SequenceText = Annotated[str, Meta(pattern=r"^[0-9]{16}" + END)]

P_co = TypeVar("P_co", bound=Payload, covariant=True)


class Source(Struct, frozen=True, order=True):
    """Who reports: a device of a store of a tenant. Its text form is `/{tenant}/{store}/{device}`."""

    tenant: str
    store: str
    device: str

    def __str__(self) -> str:
        return f"/{self.tenant}/{self.store}/{self.device}"

    @classmethod
    def parse(cls, text: str) -> "Source":
        """Return the source that `text` names.

        Raises:
            ValueError: `text` does not have the form `/{tenant}/{store}/{device}`.
        """
        parts = text.split("/")
        if len(parts) != 4 or parts[0] or not all(parts[1:]):  # noqa: PLR2004 - the four parts of the form
            msg = f"expected /tenant/store/device, got {text!r}"
            raise ValueError(msg)
        return cls(*parts[1:])


class EventDraft(Struct, Generic[P_co], frozen=True, kw_only=True):
    """An event before the device's outbox gives it a sequence number."""

    id: EventId
    time_ms: int
    data: P_co

    def numbered(self, source: Source, sequence: int, traceparent: str | None = None) -> "Event[P_co]":
        """Return the event as the source's number `sequence`."""
        return Event(
            id=self.id,
            source=str(source),
            type=self.data.TYPE,
            time=format_time(self.time_ms),
            sequence=f"{sequence:0{SEQUENCE_DIGITS}d}",
            traceparent=traceparent or UNSET,
            data=self.data,
        )


P = TypeVar("P", bound=Payload)


def draft_event(source: Source, data: P, time_ms: int, *parts: str | int) -> EventDraft[P]:
    """Return a draft whose id follows from source, type, time and `parts`.

    Args:
        source: Who reports it.
        data: The payload.
        time_ms: When it happened, Unix milliseconds.
        *parts: What tells it from the same source's other events of this type and time: track, kind, ordinal.
    """
    event_id = deterministic_id(time_ms, str(source), data.TYPE, *parts)
    return EventDraft(id=event_id, time_ms=time_ms, data=data)


class Envelope(Struct, frozen=True, kw_only=True):
    """The context attributes of CloudEvents 1.0, with the extensions `sequence` and `traceparent`.

    The gateway adds two where a device's clock was wrong by more than the measurement: `correctedtime`, when it
    happened by the gateway's clock, and `clockoffset`, how many milliseconds the device's clock was ahead. `time`, and
    every time in `data`, stay the device's own.
    """

    specversion: Annotated[str, Meta(pattern=r"^1\.0" + END)] = "1.0"
    id: EventId
    source: SourceText
    type: str
    time: TimeText
    sequence: SequenceText
    datacontenttype: Annotated[str, Meta(pattern=r"^application/json" + END)] = "application/json"
    traceparent: TraceParent | UnsetType = UNSET
    correctedtime: TimeText | UnsetType = UNSET
    clockoffset: int | UnsetType = UNSET

    @property
    def sequence_number(self) -> int:
        """Return the number of this event among its device's, gapless from 1."""
        return int(self.sequence)

    @property
    def time_ms(self) -> int:
        """Return when it happened, Unix milliseconds."""
        return parse_time(self.time)

    @property
    def origin(self) -> Source:
        """Return the parsed source."""
        return Source.parse(self.source)


class Event(Envelope, Generic[P_co], frozen=True, kw_only=True):
    """A whole event."""

    data: P_co


class _RawEvent(Envelope, frozen=True, kw_only=True):
    data: Raw


class _Kind(Struct, frozen=True):
    type: str


_KIND_DECODER = msgspec.json.Decoder(_Kind)
_UPLINK_TYPES = frozenset(payload.TYPE for payload in UPLINK_PAYLOADS)
_ANY_DECODER = msgspec.json.Decoder()
_ENVELOPE_DECODER = msgspec.json.Decoder(_RawEvent)
_DATA_DECODERS = {payload.TYPE: msgspec.json.Decoder(payload) for payload in (*UPLINK_PAYLOADS, *STORE_LOCAL_PAYLOADS)}
_ENVELOPE_FIELDS = Envelope.__struct_fields__
_ENCODER = msgspec.json.Encoder()


def encode_event(event: Event[Payload]) -> bytes:
    """Return the event as structured-mode CloudEvents JSON, the same bytes each time."""
    return _ENCODER.encode(event)


def decode_event(raw: bytes) -> Event[Payload]:
    """Return the event that `raw` holds, every field checked.

    Raises:
        EventRejectedError: With the reason: too large, not JSON, an invalid envelope, an unknown type or invalid data.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise EventRejectedError(RejectReason.TOO_LARGE, f"expected at most {MAX_EVENT_BYTES} bytes, got {len(raw)}")
    try:
        shell = decode_json(_ENVELOPE_DECODER, raw)
        parse_time(shell.time)
    except msgspec.ValidationError as error:
        raise EventRejectedError(RejectReason.INVALID_ENVELOPE, str(error), _id_in(raw)) from error
    except msgspec.DecodeError as error:
        raise EventRejectedError(RejectReason.NOT_JSON, str(error)) from error
    except ValueError as error:
        raise EventRejectedError(RejectReason.INVALID_ENVELOPE, f"time: {error}", _id_in(raw)) from error
    decoder = _DATA_DECODERS.get(shell.type)
    if decoder is None:
        raise EventRejectedError(RejectReason.UNKNOWN_TYPE, f"no payload type named {shell.type!r}", shell.id)
    try:
        data = decode_json(decoder, shell.data)
    except msgspec.MsgspecError as error:
        raise EventRejectedError(RejectReason.INVALID_DATA, f"{shell.type}: {error}", shell.id) from error
    return Event(**{name: getattr(shell, name) for name in _ENVELOPE_FIELDS}, data=data)


def require_uplink(event: Event[Payload]) -> Event[UplinkPayload]:
    """Return the same event, known to be allowed to leave the store.

    Raises:
        EventRejectedError: Its payload is store-local.
    """
    if not isinstance(event.data, UplinkPayload):
        detail = f"{event.type} must not leave the store"
        raise EventRejectedError(RejectReason.STORE_LOCAL, detail, event.id)
    return event  # type: ignore[return-value]  # the payload was just checked


def type_of(raw: bytes) -> str:
    """Return the type that an encoded event names; nothing else is looked into.

    Raises:
        EventRejectedError: It is not JSON, or no envelope.
    """
    try:
        return decode_json(_KIND_DECODER, raw).type
    except msgspec.ValidationError as error:
        raise EventRejectedError(RejectReason.INVALID_ENVELOPE, str(error), _id_in(raw)) from error
    except msgspec.DecodeError as error:
        raise EventRejectedError(RejectReason.NOT_JSON, str(error)) from error


def check_uplink(raw: bytes) -> None:
    """Refuse what must not leave the store: an event of any type but those of the uplink. `data` is not looked into.

    Raises:
        EventRejectedError: With the reason: not JSON, no envelope, an unknown type or one that stays in the store.
    """
    kind = type_of(raw)
    if kind in _UPLINK_TYPES:
        return
    if kind in _DATA_DECODERS:
        raise EventRejectedError(RejectReason.STORE_LOCAL, f"{kind} must not leave the store", _id_in(raw))
    raise EventRejectedError(RejectReason.UNKNOWN_TYPE, f"no payload type named {kind!r}", _id_in(raw))


def _id_in(raw: bytes) -> str | None:
    """Return the id that an invalid envelope claims, for the dead letter."""
    try:
        claimed = decode_json(_ANY_DECODER, raw)
    except msgspec.DecodeError:
        return None
    value = claimed.get("id") if isinstance(claimed, dict) else None
    return value if isinstance(value, str) else None
