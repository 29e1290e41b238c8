"""Visits that were drawn once, with their columns joined over the days."""

from datetime import date
from functools import cache

import numpy as np

from simulators.adapters.scenario_files import load_scenario
from simulators.core.scenario import Scenario
from simulators.core.visit_level.batch import SHOPPER, VisitBatch
from simulators.core.visit_level.generator import StoreVisits

FIRST_DAY = date(2026, 1, 1)


class Drawn:
    """The visits of one store."""

    def __init__(self, scenario: Scenario, days: int, seed: int = 1) -> None:
        store = StoreVisits(scenario, seed, FIRST_DAY)
        self.scenario, self.factor = scenario, store.factor
        self.batches: list[VisitBatch] = [store.next_day() for _ in range(days)]
        self.members = store.members()

    def column(self, name: str) -> np.ndarray:
        """Return a column of the shoppers' visits, all days behind each other."""
        return np.concatenate([getattr(batch, name)[batch.role == SHOPPER] for batch in self.batches])

    def hours(self) -> np.ndarray:
        """Return how many parties came in each local hour of each day, shape (days, 24)."""
        counts = []
        for batch in self.batches:
            local_ms = batch.arrived_ms[batch.role == SHOPPER] + round(self.scenario.utc_offset_h * 3_600_000)
            counts.append(np.bincount(local_ms // 3_600_000 % 24, minlength=24))
        return np.stack(counts)


@cache
def fashion_year() -> Drawn:
    return Drawn(load_scenario("fashion_store"), 365)


@cache
def market_weeks() -> Drawn:
    return Drawn(load_scenario("supermarket"), 28)
