"""What the people of one store share: its floor, its desks, who stands where, and where their touches go."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from simulators.core.clocks import DeviceClock
from simulators.core.door_lines import DoorLine, door_lines
from simulators.core.geometry import Point, Polygon, contains, distance
from simulators.core.item_codes import Item, Stock
from simulators.core.layout import Till
from simulators.core.lines import ReceiptItem, ReceiptLine, ScanLine
from simulators.core.local_time import local_hour
from simulators.core.members import Member
from simulators.core.navigation import Navigator, NoWayError
from simulators.core.people import Person
from simulators.core.places import free_places, pick_place, places_near
from simulators.core.scenario import Scenario, obstacles
from simulators.core.service import FittingDesk, KioskDesk, TillDesk
from simulators.core.truth import WaitEnd
from simulators.core.walking import Walkers

_OLD_SALES = 50
_ELBOW_ROOM_M = 0.5


class Buyer(Struct, frozen=True):
    """Who pays, and the member that this person is, shown or not."""

    person: Person
    member: Member | None


class FloorEvents(Struct, frozen=True, kw_only=True):
    """Who is told of what happens on a floor.

    Attributes:
        appear: Told of each person who comes into sight, with the party's purpose and the member.
        vanish: Told of each person who goes out of sight.
        join_line: Told of people who stand in line at a till.
        leave_line: Told of people whose turn it is, or who have lost patience.
        scan: Told of each scan, and of the item that was scanned.
        receipt: Told of each receipt, and of the items that it sells or takes back.
    """

    appear: Callable[[Person, str | None, Member | None], None]
    vanish: Callable[[Person], None]
    join_line: Callable[[Sequence[Person], Till], None]
    leave_line: Callable[[Sequence[Person], WaitEnd], None]
    scan: Callable[[KioskDesk, ScanLine, Person, Item], None]
    receipt: Callable[[TillDesk, ReceiptLine, Buyer, Sequence[Item]], None]


class Sale:
    """A sale of which one item may still be brought back: the first one of its first line."""

    def __init__(self, receipt_id: str, line: ReceiptItem, item: Item) -> None:
        self.receipt_id = receipt_id
        self.line = line
        self.item = item


class Floor:
    """The floor of one store while it is open.

    Args:
        scenario: The store.
        navigator: The walks of its floor.
        clocks: Each device's clock.
        events: Told of what happens.
    """

    def __init__(
        self, scenario: Scenario, navigator: Navigator, clocks: Mapping[str, DeviceClock], events: FloorEvents
    ) -> None:
        self.scenario = scenario
        self.navigator = navigator
        self.walkers = Walkers()
        self.zones: dict[str, Polygon] = {zone.id: zone.polygon for zone in scenario.zones}
        self.door_lines: dict[str, DoorLine] = door_lines(scenario)
        self.kiosks = [KioskDesk(kiosk) for kiosk in scenario.kiosks]
        self.tills = [TillDesk(till) for till in scenario.tills]
        self.fitting_rooms = [FittingDesk(room) for room in scenario.fitting_rooms]
        self.stock = Stock(scenario.codes, scenario.resolver)
        self.sales: list[Sale] = []
        self.now_ms = 0
        self._clocks = clocks
        self._events = events
        self.scan, self.receipt = events.scan, events.receipt
        spots = _spots(scenario)
        self._places = {zone.id: _keeping_off(spots, free_places(navigator, zone.polygon)) for zone in scenario.zones}
        self._near: dict[Point, list[Point]] = {}
        self._claims: dict[str, Point] = {}
        self._till_zones = [self.zones[till.zone_id] for till in scenario.tills]
        self._round_tills = Navigator([*obstacles(scenario), *self._till_zones])

    @property
    def people(self) -> list[Person]:
        """Everyone in sight."""
        return self.walkers.people

    @property
    def local_hour(self) -> float:
        """The hour of the day that the clock on the wall shows, 0 to 24."""
        return local_hour(self.now_ms, self.scenario.utc_offset_h)

    def told_ms(self, device_id: str) -> int:
        """Return what a device's clock shows now."""
        return self._clocks[device_id].tell(self.now_ms)

    # Who is in sight

    def appear(self, person: Person, purpose: str | None = None, member: Member | None = None) -> None:
        """Put a person on the floor."""
        self.walkers.add(person)
        self._events.appear(person, purpose, member)

    def vanish(self, person: Person) -> None:
        """Take a person off the floor."""
        self.walkers.remove(person)
        self._claims.pop(person.person_id, None)
        self._events.vanish(person)

    # Walking

    def send(
        self,
        person: Person,
        goal: Point,
        after_s: float = 0.0,
        beyond: Sequence[Point] = (),
        *,
        must_reach: bool = False,
    ) -> None:
        """Let a person walk to a point, and from there straight on.

        Who does not come from a till or go to it walks round its zone.

        Args:
            person: Who.
            goal: Where to.
            after_s: Pause before setting out.
            beyond: Points to go to after that.
            must_reach: Whether the last point has to be reached, though somebody stands near it.
        """
        self._claims[person.person_id] = goal
        ground = self._ground(person.position, goal)
        try:
            way = ground.walk(person.position, goal)
        except NoWayError:
            ground = self.navigator
            way = ground.walk(person.position, goal)
        person.go([*way, *beyond], after_s, ground, must_reach=must_reach)

    def send_straight(self, person: Person, way: Sequence[Point], *, must_reach: bool = False) -> None:
        """Let a person walk along points that are known to be joined by straight free ways."""
        person.go(list(way), 0.0, self.navigator, must_reach=must_reach)

    def is_free(self, point: Point, for_goal: Point) -> bool:
        """Return whether someone who goes to a place can as well stand at a point beside it."""
        ground = self._ground(for_goal, for_goal)
        return ground.is_free(point) and ground.is_clear(for_goal, point)

    def _ground(self, start: Point, goal: Point) -> Navigator:
        at_till = any(contains(zone, start) or contains(zone, goal) for zone in self._till_zones)
        return self.navigator if at_till else self._round_tills

    # Where people stand

    def find_place(self, rng: np.random.Generator, person: Person, zone_id: str, near: Point | None = None) -> Point:
        """Return a place in a zone where nobody else stands or is about to; going there claims it."""
        return pick_place(rng, self._places[zone_id], self._taken(person), near)

    def find_near(self, person: Person, point: Point) -> Point:
        """Return the place nearest to a point where nobody else stands or is about to; going there claims it."""
        if point not in self._near:
            self._near[point] = places_near(self.navigator, point)
        taken = self._taken(person)
        roomy = (
            place for place in self._near[point] if all(distance(place, other) >= _ELBOW_ROOM_M for other in taken)
        )
        return next(roomy, point)

    def _taken(self, person: Person) -> list[Point]:
        claimed = [point for owner, point in self._claims.items() if owner != person.person_id]
        standing = [other.position for other in self.people if not other.way and other is not person]
        return [*claimed, *standing]

    # Tills

    def join_line(self, people: Sequence[Person], till: Till) -> None:
        """Some people stand in line."""
        self._events.join_line(people, till)

    def leave_line(self, people: Sequence[Person], end: WaitEnd) -> None:
        """It is their turn, or they have lost patience."""
        self._events.leave_line(people, end)

    def remember_sale(self, sale: Sale) -> None:
        """Keep a sale, so that somebody can bring it back later; only the newest ones are kept."""
        self.sales = [*self.sales[1 - _OLD_SALES :], sale]


def _spots(scenario: Scenario) -> list[Point]:
    """Return where people stand who use something; others keep off."""
    return [
        *(spot for kiosk in scenario.kiosks for spot in (kiosk.spot, *kiosk.waiting_spots)),
        *(spot for till in scenario.tills for spot in (till.spot, *till.queue_slots)),
        *(spot for room in scenario.fitting_rooms for spot in (*room.cabins, *room.waiting_spots)),
    ]


def _keeping_off(spots: Sequence[Point], places: list[Point]) -> list[Point]:
    """Return the places that leave elbow room to spots, all of them if none does."""
    if not spots or not places:
        return places
    gaps = np.asarray(places)[:, None] - np.asarray(spots)[None]
    is_off = (np.hypot(gaps[..., 0], gaps[..., 1]) >= _ELBOW_ROOM_M).all(axis=1)
    return [place for place, is_it in zip(places, is_off, strict=True) if is_it] or places
