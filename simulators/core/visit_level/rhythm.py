"""When people come: a Poisson process whose rate follows the hour, the day of the week, the month and the door."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from simulators.core.scenario import DAYS_PER_WEEK, HOURS_PER_DAY, MONTHS_PER_YEAR, Scenario

Floats = NDArray[np.float64]
MS_PER_HOUR = 3_600_000
S_PER_HOUR = 3600


class Rhythm:
    """How many come when, on average.

    Args:
        scenario: The store.
        factor: How much busier this store is than the scenario says.
    """

    def __init__(self, scenario: Scenario, factor: float = 1.0) -> None:
        self._traffic, self._year, self._factor = scenario.traffic, scenario.year, factor
        self._utc_offset_h = scenario.utc_offset_h
        opens, closes = scenario.traffic.opens
        hours = np.arange(HOURS_PER_DAY)
        self._from_h: Floats = np.clip(hours, opens, closes).astype(np.float64)
        self._until_h: Floats = np.clip(hours + 1, opens, closes).astype(np.float64)
        self._by_hour = np.array(scenario.traffic.by_hour)

    def parties(self, day: date) -> Floats:
        """Return how many parties come in each local hour of a day on average, shape (24,)."""
        if day.strftime("%m-%d") in self._year.closed_on:
            return np.zeros(HOURS_PER_DAY)
        open_share = self._until_h - self._from_h
        return self._traffic.parties_per_hour * self._weight(day) * self._by_hour * open_share

    def passers_by(self, day: date) -> Floats:
        """Return how many walk past in each local hour of a day on average, shape (24,)."""
        return self._traffic.passers_by_per_hour * self._weight(day) * self._by_hour

    def parties_of_usual_day(self) -> float:
        """Return how many parties come on a day on average, over the days of the week and the months."""
        weekdays = sum(self._traffic.by_weekday) / DAYS_PER_WEEK
        months = sum(self._year.by_month) / MONTHS_PER_YEAR
        hours = self._by_hour @ (self._until_h - self._from_h)
        return float(self._traffic.parties_per_hour * self._factor * weekdays * months * hours)

    def arrivals_s(self, day: date, rng: np.random.Generator) -> Floats:
        """Return when parties come on a day, seconds since its local midnight, in order, shape (N,)."""
        counts = rng.poisson(self.parties(day))
        hour = np.repeat(np.arange(HOURS_PER_DAY), counts)
        moments = self._from_h[hour] + rng.random(len(hour)) * (self._until_h - self._from_h)[hour]
        seconds: Floats = np.sort(moments) * float(S_PER_HOUR)
        return seconds

    def midnight_ms(self, day: date) -> int:
        """Return when a local day begins, Unix milliseconds UTC."""
        days = (datetime(day.year, day.month, day.day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(1)
        return round((days * HOURS_PER_DAY - self._utc_offset_h) * MS_PER_HOUR)

    def _weight(self, day: date) -> float:
        return self._factor * self._traffic.by_weekday[day.weekday()] * self._year.by_month[day.month - 1]
