"""Draws the visits of stores, day by day. The same seed gives the same columns, store by store."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from simulators.core.scenario import Scenario
from simulators.core.visit_level.batch import DELIVERY, NOBODY, SHOPPER, STAFF, VisitBatch
from simulators.core.visit_level.journeys import Journeys, draw_journeys
from simulators.core.visit_level.plans import Plans, draw_plans
from simulators.core.visit_level.regulars import MemberTable, Regulars
from simulators.core.visit_level.rhythm import Rhythm
from simulators.core.visit_level.staff import Workers, draw_workers
from simulators.core.visit_level.store_map import StoreMap
from simulators.core.visit_level.trips import offsets

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_MEMBERS = 10_000_000
"""The members of a store are numbered from this many times its index."""

_STREAM = 41
_MEMBERS, _DAYS, _SIZE = range(3)
_MS_PER_S = 1000


def store_name(scenario: Scenario, index: int, stores: int) -> str:
    """Return the id of one of several stores; a single one bears the scenario's."""
    return scenario.store if stores == 1 else f"{scenario.store}-{index + 1:04d}"


class StoreVisits:
    """The visits of one store, from one day on.

    Args:
        scenario: The store, checked.
        seed: What everything is drawn from.
        first_day: The local day on which it begins.
        index: Which of several stores it is, from 0; each has random streams of its own.
        stores: How many there are.
    """

    def __init__(self, scenario: Scenario, seed: int, first_day: date, index: int = 0, stores: int = 1) -> None:
        self._scenario, self._seed, self._first_day, self._index = scenario, seed, first_day, index
        self.store = store_name(scenario, index, stores)
        self.places = StoreMap(scenario)
        spread = scenario.year.store_spread if stores > 1 else 0.0
        size = self._random(_SIZE).normal()
        self.factor = float(np.exp(spread * size - spread * spread / 2))
        self._rhythm = Rhythm(scenario, self.factor)
        member_visits = scenario.behaviour.members * self._rhythm.parties_of_usual_day()
        self._regulars = Regulars(scenario.year, scenario.members, member_visits, self._random(_MEMBERS))
        self._day = 0
        self._parties = 0

    def members(self) -> MemberTable:
        """Return the truth about the members as far as days were drawn."""
        return self._regulars.table()

    def next_day(self) -> VisitBatch:
        """Return the visits of the next day."""
        day, rng = self._first_day + timedelta(days=self._day), self._random(_DAYS, self._day)
        came_s = self._rhythm.arrivals_s(day, rng)
        plans = draw_plans(self._scenario, self.places, len(came_s), rng)
        journeys = draw_journeys(self._scenario, self.places, plans, came_s, rng)
        is_open = bool(self._rhythm.parties(day).any())
        workers = draw_workers(self._scenario, self.places, rng) if is_open else NO_WORKERS
        member, joined, shown = self._draw_members(plans, journeys, rng)
        batch = _Columns(len(came_s), workers)
        quantities = np.where(journeys.abandoned[:, None], 0, plans.quantities)
        lines = quantities != 0
        totals = (quantities * self.places.prices_minor[plans.products]).sum(axis=1)
        stays_begin, zones, from_s, lasts_s = journeys.stays
        result = VisitBatch(
            store_index=self._index,
            store=self.store,
            day=day,
            places=self.places,
            passers_by=rng.poisson(self._rhythm.passers_by(day)).astype(np.int32),
            party=np.arange(self._parties, self._parties + batch.rows, dtype=np.int64),
            role=batch.roles(),
            arrived_ms=self._rhythm.midnight_ms(day)
            + np.rint(batch.filled(came_s, workers.came_s) * _MS_PER_S).astype(np.int64),
            dwell_s=batch.filled(journeys.dwell_s, workers.dwell_s).astype(np.float32),
            door=batch.filled(journeys.door, workers.door).astype(np.int8),
            left_by=batch.filled(journeys.left_by, workers.door).astype(np.int8),
            size=batch.filled(plans.size, 1).astype(np.int8),
            children=batch.filled(plans.children, 0).astype(np.int8),
            purpose=batch.filled(plans.purpose, NOBODY).astype(np.int8),
            turned=batch.filled(plans.turned, 0).astype(np.bool_),
            away_from_s=batch.filled(journeys.away_from_s, np.nan).astype(np.float32),
            away_s=batch.filled(journeys.away_s, 0).astype(np.float32),
            member=batch.filled(member, NOBODY).astype(np.int64),
            joined=batch.filled(joined, 0).astype(np.bool_),
            shown=batch.filled(shown, 0).astype(np.int8),
            till=batch.filled(journeys.till, NOBODY).astype(np.int8),
            wait_s=batch.filled(journeys.wait_s, 0).astype(np.float32),
            abandoned=batch.filled(journeys.abandoned, 0).astype(np.bool_),
            scans=batch.filled(plans.scans, 0).astype(np.int8),
            voided=batch.filled(plans.voided & ~journeys.abandoned, 0).astype(np.bool_),
            total_minor=batch.filled(totals, 0).astype(np.int64),
            stay_offsets=batch.extended(stays_begin),
            stay_zone=zones.astype(np.int16),
            stay_from_s=from_s.astype(np.float32),
            stay_s=lasts_s.astype(np.float32),
            line_offsets=batch.extended(offsets(lines)),
            line_product=plans.products[lines].astype(np.int16),
            line_quantity=quantities[lines].astype(np.int8),
        )
        self._day += 1
        self._parties += batch.rows
        return result

    def _draw_members(self, plans: Plans, journeys: Journeys, rng: np.random.Generator) -> tuple[Longs, Flags, Longs]:
        """Return which member is in each party, whether it is the first visit, and what is shown, shape (N,)."""
        behaviour, number = self._scenario.behaviour, len(plans.size)
        has_member = rng.random(number) < behaviour.members
        member, joined, shown = np.full(number, NOBODY), np.zeros(number, dtype=np.bool_), np.zeros(number, np.int64)
        who, joined[has_member] = self._regulars.come(rng, int(has_member.sum()), self._day)
        member[has_member] = self._index * MOST_MEMBERS + who
        shown[has_member] = self._regulars.shown(rng, who)
        touches = (plans.scans > 0) | (journeys.till != NOBODY)
        return member, joined, np.where(touches & (rng.random(number) < behaviour.show_member), shown, 0)

    def _random(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, _STREAM, self._index, *stream])


def visit_batches(scenario: Scenario, seed: int, first_day: date, days: int, stores: int = 1) -> Iterator[VisitBatch]:
    """Yield the visits of several stores, one store after the other, day by day.

    Args:
        scenario: What all stores are like, checked.
        seed: What everything is drawn from; each store and day has random streams of its own.
        first_day: The first local day.
        days: How many days.
        stores: How many stores.
    """
    for index in range(stores):
        store = StoreVisits(scenario, seed, first_day, index, stores)
        for _ in range(days):
            yield store.next_day()


NO_WORKERS = Workers(0, np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))


class _Columns:
    """Puts what shoppers and workers have in common into one column."""

    def __init__(self, shoppers: int, workers: Workers) -> None:
        self._workers, self._staff = len(workers.came_s), workers.staff
        self.rows = shoppers + self._workers

    def roles(self) -> NDArray[np.int8]:
        roles = np.full(self.rows, SHOPPER, dtype=np.int8)
        first = self.rows - self._workers
        roles[first : first + self._staff], roles[first + self._staff :] = STAFF, DELIVERY
        return roles

    def filled(self, shoppers: NDArray[np.generic], workers: "NDArray[np.generic] | float") -> NDArray[np.generic]:
        return np.concatenate([shoppers, np.broadcast_to(workers, self._workers)])

    def extended(self, begins: Longs) -> NDArray[np.int32]:
        return np.concatenate([begins, np.full(self._workers, begins[-1])]).astype(np.int32)
