"""How long a gateway takes to open a file of the first layout, with a backlog in it and without one.

The backlog's size is the environment's SHOPTHREAD_BENCH_BACKLOG, 200,000 events where that is not set.
"""

import time
from pathlib import Path

from benchmarks.gateway_drain import EVENTS, fill
from benchmarks.measure import Result
from contracts.events import Source
from gateway.adapters import event_schema
from gateway.adapters.event_store import EventStore

_GATEWAY = Source("bench", "store", "gateway")


def upgrade(folder: Path) -> Result:
    """Return milliseconds from opening an old file to a store that can be used."""
    full_ms, empty_ms = _open_ms(folder / "full.sqlite", EVENTS), _open_ms(folder / "empty.sqlite", 0)
    return Result(
        name=f"a gateway opens an old file in which {EVENTS:,} events wait",
        value=full_ms,
        unit="ms",
        reference_name="the same without an event",
        reference=empty_ms,
        ratio=full_ms / empty_ms,
    )


def _open_ms(path: Path, events: int) -> float:
    fill(path, events, event_schema.STEPS[:1])
    started_s = time.perf_counter()
    EventStore(path, _GATEWAY).close()
    return (time.perf_counter() - started_s) * 1000
