"""Standing before shelves and taking things."""

from simulators.core.behaviour.party import Party
from simulators.core.behaviour.process import Ticks
from simulators.core.layout import Shelf


def browse(party: Party, shelf: Shelf, takes: float) -> Ticks:
    """Walk to a shelf, look at it for a while, and perhaps take something.

    Args:
        party: Who.
        shelf: Which.
        takes: Share of such stops at which something is taken.
    """
    yield from party.gather(shelf.zone_id)
    yield from party.stand(party.uniform(party.floor.scenario.behaviour.browse_s))
    if party.happens(takes):
        party.basket.append(party.pick(shelf))


def any_shelf(party: Party) -> Shelf:
    """Return one of the store's shelves."""
    shelves = party.floor.scenario.shelves
    return shelves[int(party.rng.integers(len(shelves)))]
