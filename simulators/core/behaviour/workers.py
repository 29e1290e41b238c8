"""Those who do not shop: staff with shifts and breaks, people who bring goods, passers-by."""

from math import ceil

import numpy as np

from simulators.core.behaviour.bodies import height_m
from simulators.core.behaviour.doors import come_into_sight, go_out
from simulators.core.behaviour.party import Party
from simulators.core.behaviour.process import Ticks
from simulators.core.floor import Floor
from simulators.core.layout import Delivery, Door, StaffMember
from simulators.core.local_time import hours_until, is_between
from simulators.core.people import Person
from simulators.core.places import doorway, pavement_walk

_PACE_MPS = 0.9
_AT_POST_S = (20.0, 90.0)
_BREAK_EVERY_S = (5400.0, 9000.0)
_BREAK_S = (600.0, 1200.0)
_LAST_BREAK_H = 0.5  # Nobody takes a break just before the shift is over.
_SECONDS_PER_HOUR = 3600


def work(floor: Floor, staff: StaffMember, rng: np.random.Generator) -> Ticks:
    """Work from shift to shift, for ever."""
    person = Person(staff.id, "staff", staff.id, staff.posts[0], _PACE_MPS, height_m=height_m(rng, "adult"))
    party = Party(floor, [person], rng)
    door = next((door for door in floor.scenario.doors if door.id == staff.door_id), None)
    is_first = True
    while True:
        if not _is_on_shift(floor, staff):
            wait_s = hours_until(floor.local_hour, staff.shift[0]) * _SECONDS_PER_HOUR
            yield max(1, ceil(wait_s * floor.scenario.tick_hz))
            is_first = False
            continue
        if door is None or is_first:
            person.position = staff.posts[0]
            floor.appear(person)
        else:
            yield from _come_in(party, door)
        yield from _shift(party, staff)
        if door is None:
            floor.vanish(person)
        else:
            yield from go_out(party, [person], door)


def _is_on_shift(floor: Floor, staff: StaffMember) -> bool:
    return is_between(floor.local_hour, staff.shift)


def _come_in(party: Party, door: Door) -> Ticks:
    outside, inside = doorway(door, party.rng)
    yield from come_into_sight(party, party.leader, outside, None, None)
    party.floor.send_straight(party.leader, [inside])
    yield from party.arrive(party.leader)


def _shift(party: Party, staff: StaffMember) -> Ticks:
    """Go from post to post until the shift is over, with breaks."""
    floor, person = party.floor, party.leader
    break_ms = floor.now_ms + party.uniform(_BREAK_EVERY_S) * 1000
    while _is_on_shift(floor, staff):
        yield from party.stand(party.uniform(_AT_POST_S))
        left_h = hours_until(floor.local_hour, staff.shift[1])
        if staff.break_spot is not None and floor.now_ms >= break_ms and left_h > _LAST_BREAK_H:
            floor.send(person, floor.find_near(person, staff.break_spot))
            yield from party.arrive(person)
            yield from party.stand(party.uniform(_BREAK_S))
            break_ms = floor.now_ms + party.uniform(_BREAK_EVERY_S) * 1000
        floor.send(person, staff.posts[int(party.rng.integers(len(staff.posts)))])
        yield from party.arrive(person)


def deliver(floor: Floor, delivery: Delivery, person_id: str, rng: np.random.Generator) -> Ticks:
    """Bring goods to their spot and go."""
    door = next(door for door in floor.scenario.doors if door.id == delivery.door_id)
    person = Person(person_id, "delivery", person_id, door.centre, _PACE_MPS, height_m=height_m(rng, "adult"))
    party = Party(floor, [person], rng)
    yield from _come_in(party, door)
    floor.send(person, delivery.spot)
    yield from party.arrive(person)
    yield from party.stand(party.uniform(delivery.stays_s))
    yield from go_out(party, [person], door)


def pass_by(floor: Floor, person_id: str, rng: np.random.Generator) -> Ticks:
    """Walk along a pavement."""
    pavements = floor.scenario.pavements
    start, end = pavement_walk(pavements[int(rng.integers(len(pavements)))], rng)
    pace_mps = float(rng.uniform(*floor.scenario.behaviour.walking_mps))
    person = Person(person_id, "passer_by", person_id, start, pace_mps, height_m=height_m(rng, "adult"))
    party = Party(floor, [person], rng)
    yield from come_into_sight(party, person, start, None, None)
    floor.send_straight(person, [end], must_reach=True)
    yield from party.arrive(person)
    floor.vanish(person)
