"""One party's trip through the store."""

from simulators.core.behaviour.checkout import pay
from simulators.core.behaviour.doors import enter, leave, step_out, turn_round, way_out
from simulators.core.behaviour.fitting import try_on
from simulators.core.behaviour.party import Party
from simulators.core.behaviour.process import Ticks
from simulators.core.behaviour.scanning import scan
from simulators.core.behaviour.shelves import browse
from simulators.core.plans import PartyPlan

_TAKES_ITEM = 0.6


def trip(party: Party, plan: PartyPlan) -> Ticks:
    """Go in, from shelf to shelf, perhaps to a fitting room, a scan terminal and the till, and out."""
    if plan.turns is not None:
        yield from turn_round(party, plan, in_door=plan.turns == "in_door")
        return
    yield from enter(party, plan)
    for number, shelf in enumerate(plan.shelves):
        yield from browse(party, shelf, _takes(plan))
        if number == 0:
            yield from _perhaps_step_out(party, plan)
    pays, refunds = plan.pays, plan.purpose == "refund"
    if plan.tries_on:
        has_tried = yield from try_on(party)
        pays = has_tried and plan.buys_what_was_tried
    if pays and not refunds and not party.basket and plan.shelves:
        party.basket.append(party.pick(plan.shelves[-1]))
    if plan.uses_kiosk:
        yield from scan(party, plan)
    door = (yield from pay(party, plan)) if pays else None
    if door is None:
        party.put_back()
    yield from leave(party, door or way_out(party.floor.scenario.doors, party.rng))


def _takes(plan: PartyPlan) -> float:
    """Return the share of stops at which something is taken; who brings something back takes nothing along."""
    if plan.purpose == "scan":
        return 1.0
    return _TAKES_ITEM if plan.pays and plan.purpose != "refund" else 0.0


def _perhaps_step_out(party: Party, plan: PartyPlan) -> Ticks:
    if plan.steps_out:
        one = party.people[int(party.rng.integers(len(party.people)))]
        yield from step_out(party, one, plan)
