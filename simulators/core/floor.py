"""What the people of one store share: its floor, its desks, who stands where, and where their touches go."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import numpy as np
from msgspec import Struct

from simulators.core.clocks import DeviceClock
from simulators.core.geometry import Point, Polygon, contains
from simulators.core.item_codes import Item, Stock
from simulators.core.lines import ReceiptItem, ReceiptLine, ScanLine
from simulators.core.members import Member
from simulators.core.navigation import Navigator, NoWayError
from simulators.core.people import Person
from simulators.core.places import free_places, pick_place
from simulators.core.scenario import Scenario, obstacles
from simulators.core.service import KioskDesk, TillDesk

_OLD_SALES = 50


class Buyer(Struct, frozen=True):
    """Who pays, and the member that this person is, shown or not."""

    person: Person
    member: Member | None


OnScan = Callable[[KioskDesk, ScanLine, Person, Item], None]
OnReceipt = Callable[[TillDesk, ReceiptLine, Buyer, Sequence[Item]], None]
OnPerson = Callable[[Person, str | None, Member | None], None]


class Sale:
    """A sale that may still be brought back."""

    def __init__(self, receipt_id: str, item: ReceiptItem) -> None:
        self.receipt_id = receipt_id
        self.item = item


class Floor:
    """The floor of one store while it is open.

    Args:
        scenario: The store.
        navigator: The walks of its floor.
        clocks: Each device's clock.
        on_appear: Told of each person who comes into sight, with the party's purpose and the member.
        on_vanish: Told of each person who goes out of sight.
        on_scan: Told of each scan, and of the item that was scanned.
        on_receipt: Told of each receipt, and of the items that it sells; none where it takes something back.
    """

    def __init__(
        self,
        scenario: Scenario,
        navigator: Navigator,
        clocks: Mapping[str, DeviceClock],
        on_appear: OnPerson,
        on_vanish: Callable[[Person], None],
        on_scan: OnScan,
        on_receipt: OnReceipt,
    ) -> None:
        self.scenario = scenario
        self.navigator = navigator
        self.zones: dict[str, Polygon] = {zone.id: zone.polygon for zone in scenario.zones}
        self.kiosks = [KioskDesk(kiosk) for kiosk in scenario.kiosks]
        self.tills = [TillDesk(till) for till in scenario.tills]
        self.stock = Stock(scenario.codes, scenario.resolver)
        self.people: list[Person] = []
        self.sales: list[Sale] = []
        self.now_ms = 0
        self._clocks = clocks
        self.scan, self.receipt = on_scan, on_receipt
        self._on_appear, self._on_vanish = on_appear, on_vanish
        self._places = {zone_id: free_places(navigator, polygon) for zone_id, polygon in self.zones.items()}
        self._claims: dict[str, Point] = {}
        self._till_zones = [self.zones[till.zone_id] for till in scenario.tills]
        self._round_tills = Navigator([*obstacles(scenario), *self._till_zones])

    def told_ms(self, device_id: str) -> int:
        """Return what a device's clock shows now."""
        return self._clocks[device_id].tell(self.now_ms)

    def walk(self, start: Point, goal: Point) -> list[Point]:
        """Return a walk's points after `start`. Who does not come from the till or go to it walks round its zone."""
        at_till = any(contains(zone, start) or contains(zone, goal) for zone in self._till_zones)
        if not at_till:
            with suppress(NoWayError):
                return self._round_tills.walk(start, goal)
        return self.navigator.walk(start, goal)

    def appear(self, person: Person, purpose: str | None = None, member: Member | None = None) -> None:
        """Put a person on the floor."""
        self.people.append(person)
        self._on_appear(person, purpose, member)

    def vanish(self, person: Person) -> None:
        """Take a person off the floor."""
        self.people.remove(person)
        self._claims.pop(person.person_id, None)
        self._on_vanish(person)

    def claim_place(self, rng: np.random.Generator, person: Person, zone_id: str, near: Point | None = None) -> Point:
        """Return a place in a zone that nobody else has claimed, and claim it for a person."""
        taken = [point for owner, point in self._claims.items() if owner != person.person_id]
        place = pick_place(rng, self._places[zone_id], taken, near)
        self._claims[person.person_id] = place
        return place

    def remember_sale(self, sale: Sale) -> None:
        """Keep a sale, so that somebody can bring it back later; only the newest ones are kept."""
        self.sales = [*self.sales[1 - _OLD_SALES :], sale]
