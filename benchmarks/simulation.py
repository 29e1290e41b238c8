"""A day of a supermarket at path level, against the minute that it may take."""

import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import Result
from simulators.adapters.scenario_files import load_scenario
from simulators.core.store import Store

_SCENARIO = "supermarket"
_OPENS = datetime(2026, 3, 3, 5, 30, tzinfo=UTC)  # A Tuesday of about 2,000 visitors, half past six in the store.
_OPEN_H = 15
_MAY_TAKE_S = 60.0
_MS_PER_S = 1000


def store_day(_: Path) -> Result:
    """Simulate from before opening until all have gone: people, devices' lines, truth. Processor time of one core."""
    scenario = load_scenario(_SCENARIO)
    began_s = time.process_time()
    store = Store(scenario, 1, round(_OPENS.timestamp() * _MS_PER_S))
    for _tick in range(round(_OPEN_H * 3600 * scenario.tick_hz)):
        store.step()
    visitors = store.truth().totals.entered
    took_s = time.process_time() - began_s
    return Result(
        name=f"{_SCENARIO}, a day of {visitors:,} visitors, {len(scenario.cameras)} cameras",
        value=took_s,
        unit="s per day",
        reference_name="a minute",
        reference=_MAY_TAKE_S,
        ratio=took_s / _MAY_TAKE_S,
    )
