"""Runs of the simulated stores, and what tests ask of them."""

from collections import defaultdict
from math import sqrt

from msgspec import Struct

from simulators.core.paths import TruePath
from simulators.core.scenario import Scenario
from simulators.core.store import Store
from simulators.core.truth import TruePerson, Truth
from tests.unit.simulators.runs import START_MS

Z = 4.0
HOUR_MS = 3_600_000
DAY_MS = START_MS - 9 * HOUR_MS


class Run(Struct, frozen=True):
    """A run and what came of it."""

    scenario: Scenario
    truth: Truth
    paths: tuple[TruePath, ...]
    hours: float

    @property
    def parties(self) -> dict[str, list[TruePerson]]:
        found = defaultdict(list)
        for person in self.truth.people:
            if person.role == "shopper":
                found[person.party_id].append(person)
        return found


def run_store(scenario: Scenario, begin_h: float, end_h: float, seed: int = 1) -> Run:
    start_ms = DAY_MS + round(begin_h * HOUR_MS)
    store = Store(scenario, seed, start_ms, keep_paths=True)
    for _ in range(round((end_h - begin_h) * 3600 * scenario.tick_hz)):
        store.step()
    return Run(scenario, store.truth(), store.paths(), end_h - begin_h)


def z_score(count: int, trials: int, share: float) -> float:
    return (count - trials * share) / sqrt(trials * share * (1 - share))


def planned(run: Run) -> dict[str, list[TruePerson]]:
    """Return the parties that came of themselves."""
    return {name: party for name, party in run.parties.items() if not name.endswith("-beside")}


def gone(run: Run) -> dict[str, list[TruePerson]]:
    return {name: party for name, party in planned(run).items() if all(each.last_seen_ms is not None for each in party)}
