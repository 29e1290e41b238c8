"""Half an hour in the corner shop, simulated once per seed."""

import pytest
from msgspec.structs import replace

from simulators.core.scenario import Noise, Scenario
from tests.unit.simulators.runs import Simulated, corner_shop, half_hour, simulate


@pytest.fixture(name="scenario")
def _scenario() -> Scenario:
    return corner_shop()


@pytest.fixture(params=[1, 2, 3, 4, 5], ids="seed{}".format)
def run(request: pytest.FixtureRequest) -> Simulated:
    """Half an hour of trade, one seed at a time."""
    seed: int = request.param
    return half_hour(seed)


@pytest.fixture
def noisy() -> Simulated:
    """Ten minutes seen by a bad camera."""
    noise = Noise(position_m=0.05, missed_ticks=0.1, missed_detections=0.1, fragments_per_min=2.0)
    return simulate(replace(corner_shop(), noise=noise), seed=1, seconds=600)
