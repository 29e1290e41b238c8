"""How the parties of a day get through the store: where they stay, how long they wait, and whether they are served."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from simulators.core.scenario import Scenario
from simulators.core.visit_level.plans import Plans
from simulators.core.visit_level.queueing import NO_TILL, serve
from simulators.core.visit_level.store_map import StoreMap
from simulators.core.visit_level.trips import Trips

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

KIOSK_S = (5.0, 9.0)
"""Shortest and longest time at a scan terminal before the first code."""

SCAN_S = (7.0, 15.0)
"""The same for each code."""

TILL_S = (15.0, 25.0)
"""The same at a till, for one without goods."""

ITEM_S = 4.0
"""How much longer each line of the receipt takes."""

BAGS_S = (6.0, 11.0)
"""Shortest and longest time to pack and pay."""

VOID_S = (11.0, 19.0)
"""The same to void a sale and ring it up again."""

TURN_S = (1.0, 6.0)
"""The same between the tripwire in and the tripwire out of those who turn round in the door."""

BACK_S = (15.0, 90.0)
"""How long someone is inside again who went out and came back."""


class Journeys(Struct, frozen=True, kw_only=True, eq=False):
    """What became of N parties.

    Attributes:
        door: Index of the door by which each came, shape (N,).
        left_by: Index of the door by which it left, shape (N,).
        dwell_s: How long it was there, shape (N,).
        till: Index of the till that served it, `NO_TILL` if none, shape (N,).
        wait_s: How long it stood in line, shape (N,).
        abandoned: Gave up in line, shape (N,).
        away_from_s: When one of them went out for a while, NaN if nobody did, shape (N,).
        away_s: For how long, shape (N,).
        stays: Where each party's stays begin, shape (N + 1,); their zones, beginnings and lengths, shape (S,).
    """

    door: Longs
    left_by: Longs
    dwell_s: Floats
    till: Longs
    wait_s: Floats
    abandoned: Flags
    away_from_s: Floats
    away_s: Floats
    stays: tuple[Longs, Longs, Floats, Floats]


def draw_journeys(
    scenario: Scenario, places: StoreMap, plans: Plans, came_s: Floats, rng: np.random.Generator
) -> Journeys:
    """Return what becomes of parties that came at these times of a day, in order, shape (N,)."""
    number = len(came_s)
    door = np.searchsorted(places.come_by, rng.random(number), side="right")
    out = np.searchsorted(places.leave_by, rng.random(number), side="right")
    left_by = np.where(plans.turned, door, out)
    trips = Trips(places.door_m[door], plans.pace_mps)
    _browse(scenario, places, plans, trips, rng)
    till, wait_s = _pay(scenario, places, plans, came_s, trips, rng)
    trips.walk(~plans.turned, places.door_m[left_by])
    inside_s = np.where(plans.turned, rng.uniform(*TURN_S, number), trips.elapsed_s)
    goes_out = ~plans.turned & (rng.random(number) < scenario.behaviour.reenter)
    away_s = np.where(goes_out, rng.uniform(*scenario.behaviour.reenter_after_s, number), 0.0)
    return Journeys(
        door=door,
        left_by=left_by,
        dwell_s=inside_s + away_s + np.where(goes_out, rng.uniform(*BACK_S, number), 0.0),
        till=till,
        wait_s=wait_s,
        abandoned=plans.pays & (till == NO_TILL),
        away_from_s=np.where(goes_out, inside_s, np.nan),
        away_s=away_s,
        stays=trips.stays(),
    )


def _browse(scenario: Scenario, places: StoreMap, plans: Plans, trips: Trips, rng: np.random.Generator) -> None:
    """Go from shelf to shelf, into a fitting room, to a scan terminal."""
    number = len(plans.size)
    for column in range(plans.shelves.shape[1]):
        who, shelf = plans.stops[:, column], plans.shelves[:, column]
        trips.walk(who, places.shelf_m[shelf])
        trips.stay(who, places.shelf_zone[shelf], rng.uniform(*scenario.behaviour.browse_s, number))
    if rooms := len(places.fitting_zone):
        room = rng.integers(rooms, size=number)
        trips.walk(plans.tries, places.fitting_m[room])
        trips.stay(plans.tries, places.fitting_zone[room], rng.uniform(*scenario.behaviour.try_on_s, number))
    if kiosks := len(places.kiosk_zone):
        kiosk, who = rng.integers(kiosks, size=number), plans.scans > 0
        trips.walk(who, places.kiosk_m[kiosk])
        lasts_s = rng.uniform(*KIOSK_S, number) + plans.scans * rng.uniform(*SCAN_S, number)
        trips.stay(who, places.kiosk_zone[kiosk], lasts_s)


def _pay(
    scenario: Scenario, places: StoreMap, plans: Plans, came_s: Floats, trips: Trips, rng: np.random.Generator
) -> tuple[Longs, Floats]:
    """Stand in line and be served. Return each party's till and how long it waited, shape (N,)."""
    number = len(came_s)
    till, wait_s = np.full(number, NO_TILL, dtype=np.int64), np.zeros(number)
    if not plans.pays.any():
        return till, wait_s
    trips.walk(plans.pays, np.broadcast_to(places.till_m.mean(axis=0), (number, 2)))
    service_s = rng.uniform(*TILL_S, number) + ITEM_S * (plans.quantities != 0).sum(axis=1)
    service_s += rng.uniform(*BAGS_S, number) + plans.voided * rng.uniform(*VOID_S, number)
    patience_s = rng.uniform(*scenario.behaviour.patience_s, number)
    payers = np.flatnonzero(plans.pays)
    payers = payers[np.argsort((came_s + trips.elapsed_s)[payers], kind="stable")]
    opens_at = [till.opens_at for till in scenario.tills]
    service = serve((came_s + trips.elapsed_s)[payers], service_s[payers], patience_s[payers], opens_at)
    till[payers], wait_s[payers] = service.till, service.wait_s
    is_served = till != NO_TILL
    trips.stay(wait_s > 0, places.queue_zone[till], wait_s)
    trips.stay(is_served, places.till_zone[till], service_s)
    return till, wait_s
