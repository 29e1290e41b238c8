"""A scenario's places and goods as arrays, so that many visits can be drawn at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulators.core.geometry import Point
from simulators.core.scenario import Scenario
from simulators.core.views import middle

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


class StoreMap:
    """Where everything is, by index. D doors, Z zones, S shelves, P products, F fitting rooms, K kiosks, T tills.

    Args:
        scenario: The store, checked.

    Attributes:
        doors: Their ids.
        zones: Their ids.
        tills: Their ids.
        gtins: The products' numbers, in the order of the shelves.
        prices_minor: What they cost, shape (P,).
        door_m: Where the doors are, shape (D, 2); the same for the others.
        come_by, leave_by: How many of those who come and leave do so by a door or those before it, shape (D,).
        shelf_zone: Index of the zone before each shelf, shape (S,); the same for the others.
        first_product: Index of each shelf's first product, shape (S,).
        products: How many products each shelf holds, shape (S,).
    """

    def __init__(self, scenario: Scenario) -> None:
        zones = {zone.id: index for index, zone in enumerate(scenario.zones)}
        middles = {zone.id: middle(zone.polygon) for zone in scenario.zones}
        shelves, rooms, kiosks, tills = scenario.shelves, scenario.fitting_rooms, scenario.kiosks, scenario.tills

        def indexes(zone_ids: Sequence[str]) -> Longs:
            return np.array([zones[zone_id] for zone_id in zone_ids], dtype=np.int64)

        self.doors = tuple(door.id for door in scenario.doors)
        self.zones = tuple(zones)
        self.tills = tuple(till.id for till in tills)
        self.gtins = tuple(product.gtin for shelf in shelves for product in shelf.products)
        self.prices_minor: Longs = np.array([product.price_minor for shelf in shelves for product in shelf.products])
        self.door_m = _points([door.centre for door in scenario.doors])
        self.come_by = _shares([door.weight for door in scenario.doors])
        self.leave_by = _shares([door.leave_weight for door in scenario.doors])
        self.shelf_zone = indexes([shelf.zone_id for shelf in shelves])
        self.shelf_m = _points([middles[shelf.zone_id] for shelf in shelves])
        self.products: Longs = np.array([len(shelf.products) for shelf in shelves])
        self.first_product: Longs = np.cumsum(self.products) - self.products
        self.fitting_zone = indexes([room.zone_id for room in rooms])
        self.fitting_m = _points([middles[room.zone_id] for room in rooms])
        self.kiosk_zone = indexes([kiosk.zone_id for kiosk in kiosks])
        self.kiosk_m = _points([kiosk.spot for kiosk in kiosks])
        self.till_zone = indexes([till.zone_id for till in tills])
        self.queue_zone = indexes([till.queue_zone_id for till in tills])
        self.till_m = _points([till.spot for till in tills])


def _points(points: Sequence[Point]) -> Floats:
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def _shares(weights: Sequence[float]) -> Floats:
    sums = np.cumsum(weights)
    shares: Floats = sums / sums[-1]
    return shares
