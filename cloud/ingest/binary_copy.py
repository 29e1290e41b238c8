"""Events as PostgreSQL's binary COPY reads them. Pure.

The format is that of PostgreSQL's manual, COPY, "Binary Format": a signature, then of each row how many fields it has
and each field behind its length, then a mark of the end; numbers are big-endian.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from struct import Struct

from cloud.ingest.judge import AcceptedEvent

COLUMNS = ("tenant", "store", "device", "type", "event_id", "time_ms", "sequence", "received_ms", "raw")
"""In the order in which `encode_rows` writes them: what a device's events have in common stands first."""

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_FIELDS = Struct(">h")
_LENGTH = Struct(">i")
_ID_BYTES = 36
_NUMBERS = Struct(f">i{_ID_BYTES}siqiqiqi")
_BIGINT_BYTES = 8
_SOURCES_KEPT = 4096


def copy_of(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the parts of a whole binary COPY of rows that `encode_rows` made, in their order."""
    yield _SIGNATURE
    yield from rows
    yield _END


def encode_rows(events: Iterable[AcceptedEvent], received_ms: int) -> bytes:
    """Return the rows of events that came at one instant, Unix milliseconds, as they stand within a binary COPY."""
    parts: list[bytes] = []
    for event in events:
        raw = event.raw
        parts += (
            _origin(event.tenant, event.store, event.device, event.type),
            _NUMBERS.pack(
                _ID_BYTES,
                event.event_id.encode(),
                _BIGINT_BYTES,
                event.time_ms,
                _BIGINT_BYTES,
                event.sequence,
                _BIGINT_BYTES,
                received_ms,
                len(raw),
            ),
            raw,
        )
    return b"".join(parts)


@lru_cache(_SOURCES_KEPT)
def _origin(tenant: str, store: str, device: str, kind: str) -> bytes:
    return _FIELDS.pack(len(COLUMNS)) + b"".join(map(_text, (tenant, store, device, kind)))


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _LENGTH.pack(len(encoded)) + encoded
