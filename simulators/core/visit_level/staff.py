"""Who comes through the doors to work: staff by their shifts, and deliveries. They are no customers."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from simulators.core.scenario import HOURS_PER_DAY, Scenario
from simulators.core.visit_level.rhythm import S_PER_HOUR
from simulators.core.visit_level.store_map import StoreMap

EARLY_OR_LATE_S = 600.0
"""How much earlier or later than the shift says staff may come or go."""


class Workers(Struct, frozen=True, eq=False):
    """Who came to work on a day, W in all: staff first, then deliveries.

    Attributes:
        staff: How many of them are staff.
        came_s: When they came, seconds since midnight, shape (W,).
        dwell_s: How long they were there, shape (W,).
        door: Index of the door by which they came and went, shape (W,).
    """

    staff: int
    came_s: NDArray[np.float64]
    dwell_s: NDArray[np.float64]
    door: NDArray[np.int64]


def draw_workers(scenario: Scenario, places: StoreMap, rng: np.random.Generator) -> Workers:
    """Return who comes to work on a day on which the store is open."""
    shifts = [(*member.shift, places.doors.index(member.door_id)) for member in scenario.staff if member.door_id]
    begins, ends = (np.array([shift[end] for shift in shifts]) for end in (0, 1))
    came_s = begins * S_PER_HOUR + rng.uniform(-EARLY_OR_LATE_S, EARLY_OR_LATE_S, len(shifts))
    hours = (ends - begins) % HOURS_PER_DAY
    hours = np.where(hours == 0, HOURS_PER_DAY, hours)
    left_s = (begins + hours) * S_PER_HOUR + rng.uniform(-EARLY_OR_LATE_S, EARLY_OR_LATE_S, len(shifts))
    doors = [shift[2] for shift in shifts]
    delivery = scenario.delivery
    if delivery is None:
        return Workers(len(shifts), came_s, left_s - came_s, np.array(doors, dtype=np.int64))
    times = rng.poisson(delivery.per_day)
    brought_s = np.sort(rng.uniform(*delivery.hours, times)) * S_PER_HOUR
    doors += [places.doors.index(delivery.door_id)] * times
    return Workers(
        len(shifts),
        np.concatenate([came_s, brought_s]),
        np.concatenate([left_s - came_s, rng.uniform(*delivery.stays_s, times)]),
        np.array(doors, dtype=np.int64),
    )
