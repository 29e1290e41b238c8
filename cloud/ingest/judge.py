"""Which lines of a batch are accepted, and why the others are not. Pure."""

from collections.abc import Sequence
from hashlib import sha256

from msgspec import Struct

from cloud.ingest.quick import QuickEvent, read_quickly
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
_MAX_DETAIL = 1000
_MAX_CLAIMED_ID = 200
_STORE_LOCAL_MARKS = tuple(payload.TYPE.encode() for payload in STORE_LOCAL_PAYLOADS)


class AcceptedEvent(Struct, frozen=True, kw_only=True):
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
        member=event.data.member if isinstance(event.data, CodeScanned | PosSale) else None,
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
    for number, raw in enumerate(lines, start=1):
        try:
            event = judge_line(raw, tenant)
            check_time(event, now_ms)
            accepted.append(event)
        except EventRejectedError as error:
            refused.append(refuse(number, raw, error))
    return accepted, refused


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
