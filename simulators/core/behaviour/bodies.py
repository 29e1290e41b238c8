"""How tall people are."""

import numpy as np

from simulators.core.people import Age

_ADULTS_M = (1.70, 0.09)  # Mean and standard deviation.
_ADULT_BOUNDS_M = (1.50, 1.96)
_CHILDREN_M = (1.0, 1.5)


def height_m(rng: np.random.Generator, age: Age) -> float:
    """Return how tall somebody is, m."""
    if age == "child":
        return round(float(rng.uniform(*_CHILDREN_M)), 3)
    return round(float(np.clip(rng.normal(*_ADULTS_M), *_ADULT_BOUNDS_M)), 3)
