"""Truths that scores are computed of."""

import pytest

from simulators.core.truth import Truth
from tests.unit.simulators.runs import half_hour
from tests.unit.simulators.scoring.made import by_chance


@pytest.fixture(params=["chance-1", "chance-2", "corner shop"], name="true")
def _true(request: pytest.FixtureRequest) -> Truth:
    name: str = request.param
    return half_hour(1).truth if name == "corner shop" else by_chance(int(name[-1]))
