"""People who came together, and what they do as one: walk, gather, stand."""

from collections.abc import Sequence
from math import floor

import numpy as np

from simulators.core.behaviour.process import Ticks
from simulators.core.floor import Floor
from simulators.core.geometry import Point
from simulators.core.item_codes import Item
from simulators.core.layout import Shelf
from simulators.core.people import Person

_LAG_S = (0.8, 1.4)


class Party:
    """People who came together.

    Args:
        floor: The store.
        people: Who they are; the first one leads.
        rng: The party's own random stream.

    Attributes:
        basket: What they have taken off the shelves.
    """

    def __init__(self, floor: Floor, people: Sequence[Person], rng: np.random.Generator) -> None:
        self.floor, self.people, self.rng = floor, list(people), rng
        self.party_id = people[0].party_id
        self.basket: list[Item] = []
        self._tick_s = 1 / floor.scenario.tick_hz

    @property
    def leader(self) -> Person:
        """Who goes first, uses terminals and pays."""
        return self.people[0]

    def uniform(self, bounds: tuple[float, float]) -> float:
        """Return a number between two bounds."""
        return float(self.rng.uniform(*bounds))

    def happens(self, share: float) -> bool:
        """Return whether something happens that does in this share of cases."""
        return bool(self.rng.random() < share)

    def pick(self, shelf: Shelf) -> Item:
        """Take an item of one of a shelf's products."""
        return self.floor.stock.take(shelf.products[int(self.rng.integers(len(shelf.products)))], self.rng)

    def put_back(self) -> None:
        """Put all that was taken back on its shelf."""
        while self.basket:
            self.floor.stock.put_back(self.basket.pop())

    def lags(self) -> list[float]:
        """Return after how many seconds each of them sets out, the leader at once."""
        steps = [0.0, *(self.uniform(_LAG_S) for _ in self.people[1:])]
        return [float(lag) for lag in np.cumsum(steps)]

    def ticks(self, seconds: float) -> int:
        """Return how many ticks a time takes, at least one."""
        return max(1, round(seconds / self._tick_s))

    def stand(self, seconds: float) -> Ticks:
        """Stay where they are."""
        yield self.ticks(seconds)

    def arrive(self, *people: Person) -> Ticks:
        """Wait until these have arrived."""
        while any(person.is_walking for person in people):
            yield self.ticks_on_the_way(max(person.walks_for_s for person in people))

    def ticks_on_the_way(self, walks_for_s: float) -> int:
        """Return how many ticks somebody who walks for so long at least can be left alone for, at least one."""
        return max(1, floor(walks_for_s / self._tick_s))

    def gather(self, zone_id: str, at: Point | None = None) -> Ticks:
        """Walk into a zone together, the leader to `at` if given; wait until all are there."""
        near: Point | None = None
        for person, lag in zip(self.people, self.lags(), strict=True):
            if person is self.leader and at is not None:
                self.floor.send(person, at, lag, must_reach=True)
                near = at
            else:
                place = self.floor.find_place(self.rng, person, zone_id, near)
                near = near or place
                self.floor.send(person, place, lag)
        yield from self.arrive(*self.people)

    def wait_near(self, people: Sequence[Person], point: Point) -> None:
        """Send some of them to stand near a point, where others leave room."""
        for number, person in enumerate(people, start=1):
            self.floor.send(person, self.floor.find_near(person, point), number)
