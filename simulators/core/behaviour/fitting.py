"""Trying things on."""

from collections.abc import Generator

from simulators.core.behaviour.party import Party
from simulators.core.behaviour.process import Ticks
from simulators.core.geometry import Point, distance
from simulators.core.service import FittingDesk

_OUT_OF_CABIN_M = 1.2


def try_on(party: Party) -> Generator[int, None, bool]:
    """Let the leader try on what they found; the others wait outside. Return whether there was a cabin."""
    desks = party.floor.fitting_rooms
    desk = desks[int(party.rng.integers(len(desks)))]
    cabin = desk.take(party.party_id)
    if cabin is None:
        cabin = yield from _wait(party, desk)
    if cabin is None:
        return False
    party.wait_near(party.people[1:], desk.room.waiting_spots[0])
    party.floor.send(party.leader, cabin, must_reach=True)
    yield from party.arrive(party.leader)
    yield from party.stand(party.uniform(party.floor.scenario.behaviour.try_on_s))
    party.floor.send(party.leader, party.floor.find_near(party.leader, desk.room.waiting_spots[0]))
    yield from _come_out(party, cabin)
    desk.leave(cabin)
    return True


def _wait(party: Party, desk: FittingDesk) -> Generator[int, None, Point | None]:
    spot = desk.wait(party.party_id)
    if spot is None:
        return None
    party.floor.send(party.leader, spot)
    party.wait_near(party.people[1:], spot)
    yield from party.arrive(party.leader)
    while (cabin := desk.take(party.party_id)) is None:
        yield 1
    return cabin


def _come_out(party: Party, cabin: Point) -> Ticks:
    while party.leader.is_walking and distance(party.leader.position, cabin) < _OUT_OF_CABIN_M:
        yield 1
