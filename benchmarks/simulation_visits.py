"""How fast whole visits are drawn, against people who walk through the store step by step."""

from datetime import date
from pathlib import Path

from benchmarks.measure import Result, compare
from simulators.adapters.scenario_files import load_scenario
from simulators.core.store import Store
from simulators.core.visit_level.generator import visit_batches

_DAYS = 60
_WALKED_S = 1200
_START_MS = 1_772_442_000_000  # 2026-03-02T09:00:00Z


def draw(_folder: Path) -> Result:
    scenario = load_scenario("corner_shop")

    def ours() -> int:
        return sum(len(batch) for batch in visit_batches(scenario, 1, date(2026, 1, 1), _DAYS))

    def walked() -> int:
        store = Store(scenario, 1, _START_MS)
        for _ in range(round(_WALKED_S * scenario.tick_hz)):
            store.step()
        return store.truth().totals.parties

    return compare("draw whole visits", "visits/s", ours, "walk them through the store", walked)
