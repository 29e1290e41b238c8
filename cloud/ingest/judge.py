"""Which lines of a batch are accepted, and why the others are not. Pure."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from msgspec import Struct

from cloud.ingest.quick import QuickBatch, QuickEvent, read_quickly, read_together
from contracts.delivery import Rejection
from contracts.errors import EventRejectedError, RejectReason
from contracts.events import decode_event, require_uplink
from contracts.payloads import STORE_LOCAL_PAYLOADS, CodeScanned, PosSale
from contracts.pseudonym import MemberPseudonym
from contracts.timestamps import format_time

MAX_MONEY_MINOR = 1 << 53
EARLIEST_MS = 1_577_836_800_000
"""2020-01-01T00:00:00Z: a device whose clock was never set says 1970."""
MOST_AHEAD_MS = 366 * 86_400_000
_TOGETHER = 128
"""So many lines are looked at together. Where one of them is bad, all of them are looked at one by one."""
_NAMING = (CodeScanned, PosSale)
_MAX_DETAIL = 1000
_MAX_CLAIMED_ID = 200
_STORE_LOCAL_MARKS = tuple(payload.TYPE.encode() for payload in STORE_LOCAL_PAYLOADS)


class AcceptedEvent(Struct, frozen=True):
    """A line that goes into the event log, with the columns that the log is searched by."""

    event_id: str
    tenant: str
    store: str
    device: str
    type: str
    time_ms: int
    sequence: int
    raw: bytes
    member: MemberPseudonym | None = None
    """Whom it names."""


class RefusedLine(Struct, frozen=True, kw_only=True):
    """A line that goes to the dead letters."""

    line: int
    reason: RejectReason
    detail: str
    event_id: str | None
    digest: str
    raw: bytes | None
    """None where the line must not be kept outside its store."""

    @property
    def rejection(self) -> Rejection:
        """Return the line as the receipt names it."""
        return Rejection(line=self.line, reason=self.reason, detail=self.detail, event_id=self.event_id)


def judge_line(raw: bytes, tenant: str) -> AcceptedEvent:
    """Return the event that a line holds.

    Raises:
        EventRejectedError: With the reason.
    """
    event = read_quickly(raw) or _read_thoroughly(raw)
    source = event.source
    if source.tenant != tenant:
        detail = f"the key belongs to tenant {tenant!r}, the event comes from {str(source)!r}"
        raise EventRejectedError(RejectReason.WRONG_SOURCE, detail, event.event_id)
    _check_storable(event)
    return AcceptedEvent(
        event_id=event.event_id,
        tenant=source.tenant,
        store=source.store,
        device=source.device,
        type=event.type,
        time_ms=event.time_ms,
        sequence=event.sequence,
        raw=raw,
        member=event.data.member if isinstance(event.data, _NAMING) else None,
    )


def check_time(event: AcceptedEvent, now_ms: int) -> None:
    """Refuse an event that cannot have happened when it says. Gateways are stricter; this is for who sends without one.

    Raises:
        EventRejectedError: It is from before 2020, or more than a year in the future.
    """
    if event.time_ms < EARLIEST_MS or event.time_ms > now_ms + MOST_AHEAD_MS:
        said = format_time(event.time_ms)
        detail = f"time: expected from 2020 to a year after now ({format_time(now_ms)}), got {said}; is the clock set?"
        raise EventRejectedError(RejectReason.IMPOSSIBLE_TIME, detail, event.event_id)


def judge_batch(lines: Sequence[bytes], tenant: str, now_ms: int) -> tuple[list[AcceptedEvent], list[RefusedLine]]:
    """Return the lines to accept and the lines to refuse, which came at `now_ms`; lines count from 1."""
    accepted: list[AcceptedEvent] = []
    refused: list[RefusedLine] = []
    for start in range(0, len(lines), _TOGETHER):
        part = lines[start : start + _TOGETHER]
        batch = read_together(part)
        if batch is not None and _is_good(batch, tenant, now_ms):
            accepted += _accept(batch, part)
        else:
            _judge_singly(part, start + 1, tenant, now_ms, accepted, refused)
    return accepted, refused


def _judge_singly(
    lines: Sequence[bytes],
    first: int,
    tenant: str,
    now_ms: int,
    accepted: list[AcceptedEvent],
    refused: list[RefusedLine],
) -> None:
    for number, raw in enumerate(lines, start=first):
        try:
            event = judge_line(raw, tenant)
            check_time(event, now_ms)
            accepted.append(event)
        except EventRejectedError as error:
            refused.append(refuse(number, raw, error))


def _is_good(batch: QuickBatch, tenant: str, now_ms: int) -> bool:
    """Return whether every line is accepted: what `judge_line` and `check_time` ask, of all at once."""
    return (
        min(batch.times_ms) >= EARLIEST_MS
        and max(batch.times_ms) <= now_ms + MOST_AHEAD_MS
        and {source.tenant for source in batch.sources} == {tenant}
        and max([abs(data.total_minor) for data in batch.data if isinstance(data, PosSale)], default=0)
        <= MAX_MONEY_MINOR
    )


def _accept(batch: QuickBatch, lines: Sequence[bytes]) -> Iterable[AcceptedEvent]:
    return map(
        AcceptedEvent,
        batch.event_ids,
        [source.tenant for source in batch.sources],
        [source.store for source in batch.sources],
        [source.device for source in batch.sources],
        batch.types,
        batch.times_ms,
        batch.sequences,
        lines,
        [data.member if isinstance(data, _NAMING) else None for data in batch.data],
    )


def refuse(line: int, raw: bytes, error: EventRejectedError) -> RefusedLine:
    """Return a refused line as it is kept: without its bytes if they may hold what must stay in the store."""
    withheld = error.reason is RejectReason.STORE_LOCAL or any(mark in raw for mark in _STORE_LOCAL_MARKS)
    return RefusedLine(
        line=line,
        reason=error.reason,
        detail=_printable(error.detail, _MAX_DETAIL),
        event_id=None if error.event_id is None else _printable(error.event_id, _MAX_CLAIMED_ID),
        digest=sha256(raw).hexdigest(),
        raw=None if withheld else raw,
    )


def _read_thoroughly(raw: bytes) -> QuickEvent:
    """Return what a line holds, or say what is wrong with it."""
    event = require_uplink(decode_event(raw))
    return QuickEvent(
        event_id=event.id,
        source=event.origin,
        type=event.type,
        time_ms=event.time_ms,
        sequence=event.sequence_number,
        data=event.data,
    )


def _check_storable(event: QuickEvent) -> None:
    """Refuse numbers that no database column holds; JSON knows no limit."""
    if isinstance(event.data, PosSale) and abs(event.data.total_minor) > MAX_MONEY_MINOR:
        detail = f"{event.type}: total_minor must lie within ±{MAX_MONEY_MINOR}, got {event.data.total_minor}"
        raise EventRejectedError(RejectReason.INVALID_DATA, detail, event.event_id)


def _printable(text: str, limit: int) -> str:
    """Return untrusted text as every database can keep it: no NUL, no lone surrogate, not too long."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:limit]
