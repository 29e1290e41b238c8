"""What the binary COPY holds, read by the driver's own reader."""

from typing import cast

from hypothesis import given
from hypothesis import strategies as st
from psycopg._copy_base import parse_row_binary
from psycopg._transformer import Transformer

from cloud.ingest.binary_copy import COLUMNS, copy_of, encode_rows
from cloud.ingest.judge import AcceptedEvent

SIGNATURE_BYTES, END = 19, b"\xff\xff"
TEXT, NUMBER, BYTES = 25, 20, 17
OIDS = (TEXT, TEXT, TEXT, TEXT, TEXT, NUMBER, NUMBER, NUMBER, BYTES)
BIGINT = st.integers(-(2**63), 2**63 - 1)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
EVENTS = st.builds(
    AcceptedEvent,
    event_id=st.uuids().map(str),
    tenant=NAMES,
    store=NAMES,
    device=NAMES,
    type=NAMES,
    time_ms=BIGINT,
    sequence=BIGINT,
    raw=st.binary(max_size=100),
    member=st.none(),
)


def rows_of(copied: bytes) -> list[tuple[object, ...]]:
    """Return the rows of a COPY, split by the lengths that it states."""
    assert copied.startswith(b"PGCOPY\n\xff\r\n\0")
    reader = Transformer()
    reader.set_loader_types(OIDS, 1)  # type: ignore[arg-type]  # 1 is the binary format
    rows, start = [], SIGNATURE_BYTES
    while copied[start : start + 2] != END:
        end = start + 2
        for _ in range(int.from_bytes(copied[start:end], "big")):
            end += 4 + int.from_bytes(copied[end : end + 4], "big")
        rows.append(cast("tuple[object, ...]", parse_row_binary(copied[start:end], reader)))
        start = end
    assert copied[start:] == END
    return rows


@given(batches=st.lists(st.tuples(st.lists(EVENTS, max_size=3), BIGINT), max_size=3))
def test_the_driver_reads_what_was_written(batches: list[tuple[list[AcceptedEvent], int]]):
    expected = [
        tuple(received_ms if name == "received_ms" else getattr(event, name) for name in COLUMNS)
        for events, received_ms in batches
        for event in events
    ]
    assert rows_of(b"".join(copy_of(encode_rows(events, received_ms) for events, received_ms in batches))) == expected
