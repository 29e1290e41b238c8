"""Reads a good event in one pass. Pure.

`contracts.events.decode_event` reads the envelope, then the payload, and says of a bad line what is wrong with it. Of
thousands of good lines that is twice the work: here envelope and payload are one type, told apart by `type`. A line
that this reader does not take is not thereby bad: it goes the thorough way.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, Union

import msgspec
from msgspec import NODEFAULT, UNSET

from cloud.ingest.loose import HEX_TO_0, ID_SHAPE, Loose, Texts, have_shape
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
_DIGITS_TO_0 = bytes.maketrans(b"0123456789", b"0" * 10)
_TIME_SHAPE = b"0000-00-00T00:00:00.000Z"
"""What an instant is with every digit a 0: to compare takes half as long as a regular expression."""
_SEQUENCE_SHAPE = b"0" * SEQUENCE_DIGITS


class QuickEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a good line holds, as far as the log is searched by it."""

    event_id: str
    source: Source
    type: str
    time_ms: int
    sequence: int
    data: UplinkPayload


class QuickBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What good lines hold, field by field, each in the order of the lines."""

    event_ids: list[str]
    sources: list[Source]
    types: list[str]
    times_ms: list[int]
    sequences: list[int]
    data: list[UplinkPayload]


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


_LOOSE = {loose.type: loose for loose in map(Loose, UPLINK_PAYLOADS)}
if TYPE_CHECKING:
    AnyWholeEvent = AnyLooseEvent = Any
else:
    AnyWholeEvent = Union[tuple(_whole_event(payload) for payload in UPLINK_PAYLOADS)]  # noqa: UP007 - made at run time
    AnyLooseEvent = Union[tuple(_whole_event(payload) for payload in _LOOSE)]  # noqa: UP007 - made at run time


class _Inside(msgspec.Struct, Generic[P], frozen=True):
    """An event whose envelope was judged before."""

    data: P


_INSIDE: dict[str, msgspec.json.Decoder[Any]] = {
    payload.TYPE: msgspec.json.Decoder(_Inside[payload])  # type: ignore[valid-type]  # made at run time
    for payload in UPLINK_PAYLOADS
}
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyWholeEvent)
_LOOSE_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyLooseEvent)


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
        if time_ms < 0 or event.id.encode().translate(HEX_TO_0) != ID_SHAPE:
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


def read_together(lines: Sequence[bytes]) -> QuickBatch | None:
    """Return what good lines hold; None where one is not such that `read_quickly` takes it.

    What is looked at is the same, but of all lines at once: a step of Python for each costs more than the look.
    """
    if not lines or max(map(len, lines)) > MAX_EVENT_BYTES:
        return None
    try:
        events = [_LOOSE_DECODER.decode(raw) for raw in lines]
        sequences, times = [event.sequence for event in events], [event.time for event in events]
        if not have_shape(sequences, _SEQUENCE_SHAPE, _DIGITS_TO_0) or not have_shape(times, _TIME_SHAPE, _DIGITS_TO_0):
            return None
        batch = QuickBatch(
            event_ids=[event.id for event in events],
            sources=[_source(event.source) for event in events],
            types=[event.data.TYPE for event in events],
            times_ms=[parse_time(time) for time in times],
            sequences=list(map(int, sequences)),
            data=[event.data for event in events],
        )
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    are_corrected = {event.correctedtime for event in events} != {UNSET}
    return None if are_corrected or min(batch.times_ms) < 0 or not _are_texts_good(batch) else batch


def _are_texts_good(batch: QuickBatch) -> bool:
    """Return whether each name and each id is one: the loose types take any text."""
    texts = Texts()
    texts.ids.extend(batch.event_ids)
    by_kind: dict[type[UplinkPayload], list[UplinkPayload]] = {}
    for data in batch.data:
        by_kind.setdefault(type(data), []).append(data)
    for kind, values in by_kind.items():
        _LOOSE[kind].gather(values, texts)
    return texts.are_good()
