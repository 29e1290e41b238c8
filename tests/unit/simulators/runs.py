"""Runs of the corner shop, each simulated once."""

from functools import cache

from msgspec import Struct

from simulators.adapters.scenario_files import load_scenario
from simulators.core.lines import ReceiptLine, ScanLine, TrackLine
from simulators.core.scenario import Scenario
from simulators.core.store import Output, Store
from simulators.core.truth import Truth

START_MS = 1_772_442_000_000  # 2026-03-02T09:00:00Z
HALF_HOUR_S = 1800
WHOLE_SHOP = "cam-1"


class Simulated(Struct, frozen=True):
    """A run and what came of it."""

    scenario: Scenario
    outputs: list[Output]
    truth: Truth

    @property
    def tracks(self) -> list[TrackLine]:
        """What the camera says that sees the whole shop."""
        return [each.line for each in self.outputs if isinstance(each.line, TrackLine) and each.device_id == WHOLE_SHOP]

    @property
    def scans(self) -> list[ScanLine]:
        return [output.line for output in self.outputs if isinstance(output.line, ScanLine)]

    @property
    def receipts(self) -> list[ReceiptLine]:
        return [output.line for output in self.outputs if isinstance(output.line, ReceiptLine)]


def simulate(scenario: Scenario, seed: int, seconds: int = HALF_HOUR_S, start_ms: int = START_MS) -> Simulated:
    store = Store(scenario, seed, start_ms)
    outputs: list[Output] = []
    for _ in range(round(seconds * scenario.tick_hz)):
        outputs += store.step()
    return Simulated(scenario, outputs, store.truth())


@cache
def corner_shop() -> Scenario:
    return load_scenario("corner_shop")


@cache
def half_hour(seed: int) -> Simulated:
    return simulate(corner_shop(), seed)
