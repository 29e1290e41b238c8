"""Using a scan terminal."""

from simulators.core.behaviour.party import Party
from simulators.core.behaviour.process import Ticks
from simulators.core.plans import PartyPlan
from simulators.core.service import KioskDesk
from simulators.core.touches import KioskScans

_BEFORE_FIRST_S = (5.0, 9.0)
_BETWEEN_S = (7.0, 15.0)


def scan(party: Party, plan: PartyPlan) -> Ticks:
    """Use a scan terminal; wait for it or give up if another party uses it."""
    desks = party.floor.kiosks
    desk = desks[int(party.rng.integers(len(desks)))]
    if not desk.take(party.party_id):
        spot = desk.wait(party.party_id) if plan.waits_at_kiosk else None
        if spot is None:
            return
        yield from party.gather(desk.kiosk.zone_id, spot)
        while not desk.take(party.party_id):
            yield 1
    yield from party.gather(desk.kiosk.zone_id, desk.kiosk.spot)
    yield from _use(party, plan, desk)
    desk.leave()


def _use(party: Party, plan: PartyPlan, desk: KioskDesk) -> Ticks:
    items = party.basket or [party.pick(party.floor.scenario.shelves[0])]
    scans = KioskScans(party.floor, desk, party.leader)
    yield from party.stand(party.uniform(_BEFORE_FIRST_S))
    for number, item in enumerate([*items, *items][: max(2, len(items))]):
        knows_member = plan.shown is not None and (number > 0 or not plan.shows_late)
        scans.scan(item, plan.shown if knows_member else None)
        yield from party.stand(party.uniform(_BETWEEN_S))
