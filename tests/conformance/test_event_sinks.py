"""The port EventSink, by one suite, on the fake and on the outbox."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from contracts.events import EventDraft, Source, draft_event
from contracts.operations import DeviceHealth
from contracts.privacy import UplinkPayload
from edge.adapters.outbox import Outbox
from edge.adapters.outbox_sink import OutboxSink
from edge.ports import EventSink
from tests.fakes.sinks import MemorySink

SOURCE = Source("acme", "store-1", "cam-1")
Kept: TypeAlias = Callable[[], tuple[list[str], int]]
"""Returns the ids of the kept events, in order, and where a restart may begin to read."""


def _draft(time_ms: int) -> EventDraft[UplinkPayload]:
    return draft_event(SOURCE, DeviceHealth(uptime_s=0.0, software_version="x", queue_depth=0), time_ms)


@pytest.fixture(params=["fake", "outbox"])
def sink(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "fake":
        memory = MemorySink()
        yield memory, lambda: (memory.ids, memory.resume_offset_bytes)
        return
    outbox = Outbox(tmp_path / "outbox.sqlite", SOURCE, lambda: "a1")

    def kept() -> tuple[list[str], int]:
        rows = outbox._db.execute("SELECT event_id FROM outbox ORDER BY sequence").fetchall()
        return [event_id for (event_id,) in rows], outbox.position("feed").offset_bytes

    yield OutboxSink(outbox, "feed", lambda: None), kept
    outbox.close()


def test_events_are_kept_in_order_and_once(sink: tuple[EventSink, Kept]):
    port, kept = sink
    one, two, three = _draft(1), _draft(2), _draft(3)
    port.emit([one, two])
    port.emit([two, three])
    port.emit([])
    assert kept()[0] == [one.id, two.id, three.id]


def test_where_to_resume_is_kept_with_the_events(sink: tuple[EventSink, Kept]):
    port, kept = sink
    assert kept()[1] == 0
    port.emit([_draft(1)], 17)
    assert kept()[1] == 17
    port.emit([_draft(2)])
    assert kept()[1] == 17, "no new place to resume at leaves the old one"
    port.emit([], 34)
    assert kept()[1] == 34
