"""Queueing at a till, paying, and losing patience."""

from collections.abc import Generator, Sequence

from simulators.core.behaviour.doors import way_out
from simulators.core.behaviour.party import Party
from simulators.core.behaviour.process import Ticks
from simulators.core.behaviour.shelves import any_shelf, browse
from simulators.core.floor import Buyer
from simulators.core.geometry import Point, contains, distance
from simulators.core.layout import Door, Till
from simulators.core.people import Person
from simulators.core.places import doorway
from simulators.core.plans import PartyPlan
from simulators.core.service import TillDesk, shortest_line
from simulators.core.touches import TillReceipts

_LINE_OFFSETS: tuple[Point, ...] = ((0.0, 0.0), (0.35, 0.1), (-0.35, 0.1), (0.35, -0.25), (-0.35, -0.25), (0.0, 0.35))
_TILL_OFFSETS: tuple[Point, ...] = ((0.0, 0.0), (-0.45, 0.3), (-0.45, -0.3), (-0.15, 0.5), (0.15, -0.5), (-0.6, 0.0))
_JOINS_WITHIN_M = 1.0
_COUNTING_S = (15.0, 25.0)
_PER_ITEM_S = 4.0
_SHOWING_LATE_S = (6.0, 12.0)
_VOIDING_S = (5.0, 9.0)
_AGAIN_S = (6.0, 10.0)
_PACKING_S = (6.0, 11.0)
_FULL_LINES = 6  # Who finds every line full so often gives up.


def pay(party: Party, plan: PartyPlan) -> Generator[int, None, Door | None]:
    """Queue, pay, and set out for a door.

    Returns:
        The door that they set out for, None for those who gave up and left the goods.
    """
    desk = yield from _find_line(party)
    if desk is None:
        return None
    comrades = party.people if plan.all_to_till else party.people[:1]
    party.wait_near([person for person in party.people if person not in comrades], desk.till.companions_wait_at)
    in_line = yield from _come_to_line(party, desk, comrades)
    is_turn = in_line and (yield from _queue(party, desk, comrades, plan.patience_s))
    if not is_turn:
        return None
    for number, person in enumerate(comrades):
        _send_near(party, person, desk.till.spot, _TILL_OFFSETS[number], 0.6 * number, must_reach=not number)
    yield from party.arrive(*comrades)
    yield from _served(party, plan, desk)
    door = way_out(party.floor.scenario.doors, party.rng)
    yield from _step_away(party, desk.till, comrades, door)
    desk.release()
    return door


def _find_line(party: Party) -> Generator[int, None, TillDesk | None]:
    """Return the shortest line that has room, None if there is none after some more looking at shelves."""
    for _ in range(_FULL_LINES):
        desk = shortest_line(party.floor.tills)
        if not desk.is_full:
            return desk
        yield from browse(party, any_shelf(party), 0.0)
    return None


def _come_to_line(party: Party, desk: TillDesk, comrades: Sequence[Person]) -> Generator[int, None, bool]:
    """Walk to the end of the line, which others move meanwhile. Return whether there was room at last."""
    goal: Point | None = None
    while True:
        if desk.is_full:
            return False
        if desk.tail != goal:
            goal = desk.tail
            _take_places(party, comrades, goal)
        if distance(party.leader.position, goal) < _JOINS_WITHIN_M or not party.leader.is_walking:
            desk.join(party.party_id)
            party.floor.join_line(comrades, desk.till)
            return True
        yield 1


def _queue(party: Party, desk: TillDesk, comrades: Sequence[Person], patience_s: float) -> Generator[int, None, bool]:
    """Move up in line. Return whether it became this party's turn before it lost patience."""
    stands_at = desk.place(party.party_id)
    for _ in range(party.ticks(patience_s)):
        if not party.leader.is_walking and desk.call(party.party_id):
            party.floor.leave_line(comrades, "served")
            return True
        if (place := desk.place(party.party_id)) != stands_at:
            _take_places(party, comrades, place)
            stands_at = place
        yield 1
    desk.give_up(party.party_id)
    party.floor.leave_line(comrades, "abandoned")
    return False


def _take_places(party: Party, comrades: Sequence[Person], place: Point) -> None:
    for number, person in enumerate(comrades):
        _send_near(party, person, place, _LINE_OFFSETS[number], 0.5 * number)


def _send_near(
    party: Party, person: Person, place: Point, offset: Point, after_s: float, *, must_reach: bool = False
) -> None:
    beside = (place[0] + offset[0], place[1] + offset[1])
    goal = beside if party.floor.is_free(beside, for_goal=place) else place
    party.floor.send(person, goal, after_s, must_reach=must_reach)


def _served(party: Party, plan: PartyPlan, desk: TillDesk) -> Ticks:
    """Be served: the receipt comes when the goods are counted and paid, then the bags are packed."""
    yield from party.stand(party.uniform(_COUNTING_S) + _PER_ITEM_S * len(party.basket))
    receipts = TillReceipts(party.floor, desk, Buyer(party.leader, plan.member), party.rng)
    if plan.shown is not None and plan.shows_late:
        yield from party.stand(party.uniform(_SHOWING_LATE_S))
    sold = receipts.sell_or_refund(plan.purpose, party.basket, plan.shown)
    if sold is not None and party.happens(party.floor.scenario.behaviour.voids):
        yield from party.stand(party.uniform(_VOIDING_S))
        receipts.void(sold, plan.shown)
        yield from party.stand(party.uniform(_AGAIN_S))
        receipts.ring_up_again(sold, plan.shown)
    yield from party.stand(party.uniform(_PACKING_S))


def _step_away(party: Party, till: Till, comrades: Sequence[Person], door: Door) -> Ticks:
    """Head for the door; the till is free when all have left its zone."""
    for person, lag in zip(comrades, party.lags(), strict=False):
        _, inside = doorway(door, party.rng)
        party.floor.send(person, inside, lag)
    zone = party.floor.zones[till.zone_id]
    while any(contains(zone, person.position) for person in comrades):
        yield 1
