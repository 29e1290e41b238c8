"""What the parties of a day set out to do, drawn for all of them at once."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from simulators.core.plans import CHILDRENS_PACE, stops_for
from simulators.core.scenario import Scenario
from simulators.core.visit_level.batch import BUY, PURPOSES, REFUND, SCAN, TRY_ON
from simulators.core.visit_level.store_map import StoreMap
from simulators.core.visit_level.trips import distinct

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

TAKES_ITEM = 0.6
"""Share of stops at which those who came to buy take something; who tried something on takes one thing."""

TWO_OF_IT = 0.2
"""Share of the lines of a receipt that have two pieces."""


class Plans(Struct, frozen=True, kw_only=True, eq=False):
    """What N parties want.

    Attributes:
        purpose: Index in `PURPOSES`, shape (N,).
        size: How many people, shape (N,).
        children: How many of them are children, shape (N,).
        pace_mps: How fast they walk, shape (N,).
        turned: Turn round in the door and do nothing else, shape (N,).
        shelves: At which shelves they stop in order, shape (N, C).
        stops: Which of these stops there are, shape (N, C).
        tries: Go into a fitting room, shape (N,).
        scans: How many codes they scan, shape (N,).
        pays: Go to the tills, shape (N,).
        products: What they take, by stop; what they bring back stands at the first one, shape (N, C).
        quantities: How many of it, 0 for nothing, shape (N, C).
        voided: The sale is voided and rung up again, shape (N,).
    """

    purpose: Longs
    size: Longs
    children: Longs
    pace_mps: Floats
    turned: Flags
    shelves: Longs
    stops: Flags
    tries: Flags
    scans: Longs
    pays: Flags
    products: Longs
    quantities: Longs
    voided: Flags


def draw_plans(scenario: Scenario, places: StoreMap, number: int, rng: np.random.Generator) -> Plans:
    """Return what `number` parties set out to do."""
    behaviour, weights = scenario.behaviour, scenario.purposes
    purpose = _weighted(rng, [getattr(weights, name) for name in PURPOSES], number)
    size = 1 + _weighted(rng, scenario.traffic.party_size_weights, number)
    is_family = (size > 1) & (rng.random(number) < scenario.traffic.families)
    turned = rng.random(number) < behaviour.turn_in_door
    shelves, stops = _stops(places, purpose, turned, rng)
    pays = (purpose == BUY) | (purpose == REFUND)
    pays |= (purpose == TRY_ON) & (rng.random(number) < behaviour.buys_what_was_tried)
    pays &= ~turned
    products, quantities = _basket(places, shelves, stops, purpose, pays, rng)
    uses_kiosk = (purpose == SCAN) | ((purpose == BUY) & (rng.random(number) < behaviour.buyers_who_scan))
    uses_kiosk &= ~turned & bool(scenario.kiosks)
    return Plans(
        purpose=purpose,
        size=size,
        children=np.where(is_family, size // 2, 0),
        pace_mps=rng.uniform(*behaviour.walking_mps, number) * np.where(is_family, CHILDRENS_PACE, 1.0),
        turned=turned,
        shelves=shelves,
        stops=stops,
        tries=(purpose == TRY_ON) & ~turned,
        scans=np.where(uses_kiosk, np.maximum(2, (quantities > 0).sum(axis=1)), 0),
        pays=pays,
        products=products,
        quantities=quantities,
        voided=pays & (purpose != REFUND) & (rng.random(number) < behaviour.voids),
    )


def _stops(places: StoreMap, purpose: Longs, turned: Flags, rng: np.random.Generator) -> tuple[Longs, Flags]:
    number, shelves = len(purpose), len(places.shelf_zone)
    fewest, most = np.array([stops_for(name, shelves) for name in PURPOSES]).T
    wanted = fewest[purpose] + (rng.random(number) * (most - fewest + 1)[purpose]).astype(np.int64)
    columns = min(int(most.max()), shelves)
    stops = np.arange(columns) < np.where(turned, 0, wanted)[:, None]
    return distinct(rng, number, columns, shelves), stops


def _basket(
    places: StoreMap, shelves: Longs, stops: Flags, purpose: Longs, pays: Flags, rng: np.random.Generator
) -> tuple[Longs, Longs]:
    """Return what parties take at each stop, at the last one if nowhere else, and how many of it."""
    products = places.first_product[shelves] + (rng.random(shelves.shape) * places.products[shelves]).astype(np.int64)
    takes = stops & (rng.random(shelves.shape) < TAKES_ITEM) & (purpose == BUY)[:, None]
    last = np.maximum(stops.sum(axis=1), 1) - 1
    empty_handed = np.flatnonzero(pays & ~takes.any(axis=1))
    takes[empty_handed, last[empty_handed]] = True
    quantities = takes * (1 + (rng.random(shelves.shape) < TWO_OF_IT))
    return products, np.where(takes & (purpose == REFUND)[:, None], -1, quantities)


def _weighted(rng: np.random.Generator, weights: Sequence[float], number: int) -> Longs:
    """Return indexes, drawn in proportion to the weights, shape (number,)."""
    sums = np.cumsum(weights)
    indexes: Longs = np.searchsorted(sums, rng.random(number) * sums[-1], side="right").astype(np.int64)
    return indexes
