"""One party's trip through the store, as a process that goes on by one tick at each `next`."""

from collections.abc import Iterator

import numpy as np

from simulators.core.floor import Buyer, Floor
from simulators.core.geometry import Point, contains
from simulators.core.item_codes import Item
from simulators.core.layout import Shelf, Till
from simulators.core.people import Person
from simulators.core.places import DOORSTEP_M, doorway
from simulators.core.plans import PartyPlan
from simulators.core.service import KioskDesk, TillDesk
from simulators.core.touches import KioskScans, TillReceipts

Ticks = Iterator[None]
_LAG_S = (0.8, 1.4)
_TAKES_ITEM = 0.6
_LINE_OFFSETS: tuple[Point, ...] = ((0.0, 0.0), (0.3, 0.1), (-0.3, 0.1), (0.3, -0.2))
_TILL_OFFSETS: tuple[Point, ...] = ((0.0, 0.0), (-0.45, 0.3), (-0.45, -0.3), (-0.15, 0.5))


class Trip:
    """A party's trip: in, from shelf to shelf, perhaps to a scan terminal and the till, and out.

    Args:
        floor: The store.
        plan: What the party sets out to do.
        party_id: Who they are to the ground truth.
        first_person: Number of the party's first person; the others follow.
        rng: The party's own random stream.
    """

    def __init__(
        self, floor: Floor, plan: PartyPlan, party_id: str, first_person: int, rng: np.random.Generator
    ) -> None:
        self._floor, self._plan, self._party_id, self._rng = floor, plan, party_id, rng
        door = floor.scenario.doors[0]
        self._people: list[Person] = []
        self._doorsteps: list[Point] = []
        for number in range(plan.size):
            outside, inside = doorway(door, rng)
            person_id = f"s{first_person + number:06d}"
            self._people.append(Person(person_id, "shopper", party_id, outside, plan.pace_mps))
            self._doorsteps.append(inside)
        self._tick_s = 1 / floor.scenario.tick_hz
        self._basket: list[Item] = []

    @property
    def _leader(self) -> Person:
        return self._people[0]

    def run(self) -> Ticks:
        """Yield once per tick until the party is gone."""
        plan = self._plan
        yield from self._enter()
        for shelf in plan.shelves:
            yield from self._browse(shelf)
        if plan.pays and not self._basket and plan.shelves:
            self._basket.append(self._pick(plan.shelves[-1]))
        if plan.uses_kiosk:
            yield from self._scan()
        if plan.pays:
            yield from self._pay()
        else:
            self._put_back()
        yield from self._leave()

    # Walking

    def _uniform(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def _stand(self, seconds: float) -> Ticks:
        for _ in range(max(1, round(seconds / self._tick_s))):
            yield

    def _send(self, person: Person, goal: Point, after_s: float = 0.0) -> None:
        person.go(self._floor.walk(person.position, goal), after_s)

    def _arrive(self, *people: Person) -> Ticks:
        while any(person.is_walking for person in people):
            yield

    def _lags(self) -> list[float]:
        steps = [0.0, *(self._uniform(*_LAG_S) for _ in self._people[1:])]
        return [float(lag) for lag in np.cumsum(steps)]

    def _enter(self) -> Ticks:
        """Come in one after the other and gather a step behind the doorstep."""
        floor, clock_s = self._floor, 0.0
        for person, inside, lag in zip(self._people, self._doorsteps, self._lags(), strict=True):
            yield from self._stand_until(clock_s, lag)
            clock_s = max(clock_s, lag)
            is_first = person is self._leader
            floor.appear(person, self._plan.purpose, self._plan.member if is_first else None)
            person.go([inside])
        yield from self._arrive(*self._people)

    def _stand_until(self, clock_s: float, until_s: float) -> Ticks:
        for _ in range(round((until_s - clock_s) / self._tick_s)):
            yield

    def _gather(self, zone_id: str, at: Point | None = None) -> Ticks:
        """Walk into a zone together, the leader to `at` if given; yield until all are there."""
        near: Point | None = None
        for person, lag in zip(self._people, self._lags(), strict=True):
            place = at if person is self._leader and at is not None else None
            place = place or self._floor.claim_place(self._rng, person, zone_id, near)
            near = near or place
            self._send(person, place, lag)
        yield from self._arrive(*self._people)

    # Shelves

    def _browse(self, shelf: Shelf) -> Ticks:
        yield from self._gather(shelf.zone_id)
        yield from self._stand(self._uniform(*self._floor.scenario.behaviour.browse_s))
        takes = self._plan.purpose == "scan" or (self._plan.pays and self._rng.random() < _TAKES_ITEM)
        if takes:
            self._basket.append(self._pick(shelf))

    def _pick(self, shelf: Shelf) -> Item:
        return self._floor.stock.take(shelf.products[int(self._rng.integers(len(shelf.products)))], self._rng)

    def _put_back(self) -> None:
        """Put all that was taken back on its shelf."""
        while self._basket:
            self._floor.stock.put_back(self._basket.pop())

    # Scan terminal

    def _scan(self) -> Ticks:
        """Use a scan terminal; wait for it or give up if another party uses it."""
        desks = self._floor.kiosks
        desk = desks[int(self._rng.integers(len(desks)))]
        if not desk.take(self._party_id):
            spot = desk.wait(self._party_id) if self._plan.waits_at_kiosk else None
            if spot is None:
                return
            yield from self._gather(desk.kiosk.zone_id, spot)
            while not desk.take(self._party_id):
                yield
        yield from self._gather(desk.kiosk.zone_id, desk.kiosk.spot)
        yield from self._use(desk)
        desk.leave()

    def _use(self, desk: KioskDesk) -> Ticks:
        plan, items = self._plan, self._basket or [self._pick(self._floor.scenario.shelves[0])]
        scans = KioskScans(self._floor, desk, self._leader)
        yield from self._stand(self._uniform(5, 9))
        for number, item in enumerate([*items, *items][: max(2, len(items))]):
            knows_member = plan.shown is not None and (number > 0 or not plan.shows_late)
            scans.scan(item, plan.shown if knows_member else None)
            yield from self._stand(self._uniform(7, 15))

    # Till

    def _pay(self) -> Ticks:
        desk = min(self._floor.tills, key=lambda till: till.length)
        while desk.is_full:
            yield from self._browse(self._any_shelf())
        comrades = self._people if self._plan.all_to_till else [self._leader]
        for number, person in enumerate(self._people[1:], start=1):
            if person not in comrades:
                self._send(person, _shifted(desk.till.companions_wait_at, _LINE_OFFSETS[number]), number)
        self._take_places(comrades, desk.tail)
        yield from self._arrive(self._leader)
        desk.join(self._party_id)
        yield from self._queue(desk, comrades)
        for number, person in enumerate(comrades):
            self._send_near(person, desk.till.spot, _TILL_OFFSETS[number], 0.6 * number)
        yield from self._arrive(*comrades)
        yield from self._served(desk)
        yield from self._step_away(desk.till, comrades)
        desk.release()

    def _any_shelf(self) -> Shelf:
        shelves = self._floor.scenario.shelves
        return shelves[int(self._rng.integers(len(shelves)))]

    def _take_places(self, comrades: list[Person], place: Point) -> None:
        for number, person in enumerate(comrades):
            self._send_near(person, place, _LINE_OFFSETS[number], 0.5 * number)

    def _send_near(self, person: Person, place: Point, offset: Point, after_s: float) -> None:
        beside = _shifted(place, offset)
        self._send(person, beside if self._floor.navigator.is_free(beside) else place, after_s)

    def _queue(self, desk: TillDesk, comrades: list[Person]) -> Ticks:
        """Move up in line until it is this party's turn."""
        stands_at = None
        while True:
            if not self._leader.is_walking and desk.call(self._party_id):
                return
            if (place := desk.place(self._party_id)) != stands_at:
                self._take_places(comrades, place)
                stands_at = place
            yield

    def _served(self, desk: TillDesk) -> Ticks:
        """Be served: the receipt comes when the goods are counted and paid, then the bags are packed."""
        yield from self._stand(self._uniform(15, 25) + 4 * len(self._basket))
        plan, receipts = self._plan, TillReceipts(self._floor, desk, Buyer(self._leader, self._plan.member), self._rng)
        if plan.shown is not None and plan.shows_late:
            yield from self._stand(self._uniform(6, 12))
        sold = receipts.sell_or_refund(plan.purpose, self._basket, plan.shown)
        if sold is not None and self._rng.random() < self._floor.scenario.behaviour.voids:
            yield from self._stand(self._uniform(5, 9))
            receipts.void(sold, plan.shown)
            yield from self._stand(self._uniform(6, 10))
            receipts.ring_up_again(sold, plan.shown)
        yield from self._stand(self._uniform(6, 11))

    def _step_away(self, till: Till, comrades: list[Person]) -> Ticks:
        """Head for the door; the till is free when all have left its zone."""
        for person, lag in zip(comrades, self._lags(), strict=False):
            self._send(person, self._doorsteps[self._people.index(person)], lag)
        zone = self._floor.zones[till.zone_id]
        while any(contains(zone, person.position) for person in comrades):
            yield

    # Out

    def _leave(self) -> Ticks:
        """Walk out one after the other, straight through the door."""
        door = self._floor.scenario.doors[0]
        reach_m = door.approach_m + DOORSTEP_M
        for person, inside, lag in zip(self._people, self._doorsteps, self._lags(), strict=True):
            outside = _shifted(inside, (door.outward[0] * reach_m, door.outward[1] * reach_m))
            person.go([*self._floor.walk(person.position, inside), outside], lag)
        remaining = list(self._people)
        while remaining:
            yield
            for person in [person for person in remaining if not person.is_walking]:
                remaining.remove(person)
                self._floor.vanish(person)


def _shifted(point: Point, offset: Point) -> Point:
    return (point[0] + offset[0], point[1] + offset[1])
