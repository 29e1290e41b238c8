"""How long a gateway takes to open a file of the first layout, and to go on with visits after a restart.

The backlog's size is the environment's SHOPTHREAD_BENCH_BACKLOG, 200,000 events where that is not set.
"""

import time
from collections.abc import Callable
from datetime import UTC
from datetime import time as time_of_day
from pathlib import Path
from typing import Final

from benchmarks.gateway_drain import EVENTS, fill
from benchmarks.measure import Result
from contracts.events import Source
from gateway.adapters import event_schema
from gateway.adapters.event_store import EventStore
from gateway.adapters.store_count import StoreCount
from gateway.core.occupancy import Hours, OccupancyRules
from gateway.core.stitching import StitchRules

_GATEWAY = Source("bench", "store", "gateway")
_NOW_MS: Final = 1_772_409_600_000
_READ_ALL: Final = "SELECT count(*) FROM event WHERE instr(body, CAST('org.shopthread.visit.' AS BLOB)) > 0"


def upgrade(folder: Path) -> list[Result]:
    """Return milliseconds from opening an old file to a store that can be used, and to visits after a restart."""
    full, empty = folder / "full.sqlite", folder / "empty.sqlite"
    fill(full, EVENTS, event_schema.STEPS[:1])
    fill(empty, 0, event_schema.STEPS[:1])
    full_ms = _ms(lambda: EventStore(full, _GATEWAY).close())
    empty_ms = _ms(lambda: EventStore(empty, _GATEWAY).close())
    opened = Result(
        name=f"a gateway opens an old file in which {EVENTS:,} events wait",
        value=full_ms,
        unit="ms",
        reference_name="the same without an event",
        reference=empty_ms,
        ratio=full_ms / empty_ms,
    )
    return [opened, _restart(full)]


def _restart(path: Path) -> Result:
    """Measure the first settling after a restart: visits, and people in the store, are made again of the last days."""
    count = StoreCount(_GATEWAY, OccupancyRules(enabled=True), Hours(time_of_day(22), UTC))
    store = EventStore(path, _GATEWAY, StitchRules(enabled=True), None, count)
    settled_ms = _ms(lambda: store.settle(_NOW_MS))
    all_ms = _ms(lambda: store._database.connection.execute(_READ_ALL).fetchall())  # noqa: SLF001 - for this alone
    store.close()
    return Result(
        name=f"its first settling after a restart, {EVENTS:,} events of long ago waiting",
        value=settled_ms,
        unit="ms",
        reference_name="looking at each of them once",
        reference=all_ms,
        ratio=settled_ms / all_ms,
    )


def _ms(work: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    work()
    return (time.perf_counter() - started_s) * 1000
