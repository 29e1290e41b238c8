"""Reads a good event in one pass. Pure.

`contracts.events.decode_event` reads the envelope, then the payload, and says of a bad line what is wrong with it. Of
thousands of good lines that is twice the work: here envelope and payload are one type, told apart by `type`. A line
that this reader does not take is not thereby bad: it goes the thorough way.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, Union

import msgspec
from msgspec import NODEFAULT, UNSET

from contracts.events import (
    MAX_EVENT_BYTES,
    SEQUENCE_DIGITS,
    Envelope,
    Source,
    SourceText,
    decode_event,
    require_uplink,
)
from contracts.payloads import UPLINK_PAYLOADS
from contracts.privacy import UplinkPayload
from contracts.timestamps import parse_time

P = TypeVar("P", bound=UplinkPayload)
_SOURCES_KEPT = 4096
_CHEAPER: dict[str, Any] = {
    "id": str,
    "source": str,
    "time": str,
    "sequence": str,
    "specversion": Literal["1.0"],
    "datacontenttype": Literal["application/json"],
}
"""Fields that `read_quickly` checks itself, or that have one value."""
_HEX_TO_0 = bytes.maketrans(b"0123456789abcdef", b"0" * 16)
_ID_SHAPE = b"00000000-0000-0000-0000-000000000000"
_DIGITS_TO_0 = bytes.maketrans(b"0123456789", b"0" * 10)
_TIME_SHAPE = b"0000-00-00T00:00:00.000Z"
"""What an id and an instant are with every digit a 0: to compare takes half as long as a regular expression."""


class QuickEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a good line holds, as far as the log is searched by it."""

    event_id: str
    source: Source
    type: str
    time_ms: int
    sequence: int
    data: UplinkPayload


def _whole_event(payload: type[UplinkPayload]) -> type[msgspec.Struct]:
    """Return the type of an event with this payload: as `contracts.events.Event`, in one piece."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [("data", payload)]
    for field in msgspec.structs.fields(Envelope):
        kind = _CHEAPER.get(field.name, field.type)
        if field.name != "type":
            fields.append((field.name, kind) if field.default is NODEFAULT else (field.name, kind, field.default))
    return msgspec.defstruct(
        payload.__name__ + "Event", fields, tag_field="type", tag=payload.TYPE, kw_only=True, frozen=True
    )


if TYPE_CHECKING:
    AnyWholeEvent = Any
else:
    AnyWholeEvent = Union[tuple(_whole_event(payload) for payload in UPLINK_PAYLOADS)]  # noqa: UP007 - made at run time


class _Inside(msgspec.Struct, Generic[P], frozen=True):
    """An event whose envelope was judged before."""

    data: P


_INSIDE: dict[str, msgspec.json.Decoder[Any]] = {
    payload.TYPE: msgspec.json.Decoder(_Inside[payload])  # type: ignore[valid-type]  # made at run time
    for payload in UPLINK_PAYLOADS
}
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyWholeEvent)


@lru_cache(_SOURCES_KEPT)
def _source(text: str) -> Source:
    """Return the source that `text` names; a store has few, each checked once."""
    return Source.parse(msgspec.convert(text, SourceText))


def _time_ms(text: str) -> int:
    """Return the Unix milliseconds of an instant as envelopes write it, something negative for any other text."""
    return parse_time(text) if text.encode().translate(_DIGITS_TO_0) == _TIME_SHAPE else -1


def read_payload(raw: bytes, kind: str) -> UplinkPayload:
    """Return the payload of an event of a type, which was judged when it came: its envelope is not looked at.

    Raises:
        EventRejectedError: It is none.
    """
    try:
        data: UplinkPayload = _INSIDE[kind].decode(raw).data
    except (msgspec.MsgspecError, KeyError):
        return require_uplink(decode_event(raw)).data
    return data


def read_quickly(raw: bytes) -> QuickEvent | None:
    """Return what a good line holds; None where the thorough way has to tell."""
    if len(raw) > MAX_EVENT_BYTES:
        return None
    try:
        event = _DECODER.decode(raw)
        sequence: str = event.sequence
        if event.correctedtime is not UNSET:
            return None
        if len(sequence) != SEQUENCE_DIGITS or not (sequence.isascii() and sequence.isdigit()):
            return None
        time_ms = _time_ms(event.time)
        if time_ms < 0 or event.id.encode().translate(_HEX_TO_0) != _ID_SHAPE:
            return None
        return QuickEvent(
            event_id=event.id,
            source=_source(event.source),
            type=event.data.TYPE,
            time_ms=time_ms,
            sequence=int(sequence),
            data=event.data,
        )
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
