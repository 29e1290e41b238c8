"""Coming in and going out."""

from collections.abc import Sequence

import numpy as np

from simulators.core.behaviour.party import Party
from simulators.core.behaviour.process import Ticks
from simulators.core.geometry import Point
from simulators.core.layout import Door
from simulators.core.members import Member
from simulators.core.people import Person
from simulators.core.places import doorway
from simulators.core.plans import PartyPlan, weighted

_ROOM_WAIT_S = 8.0
_STEP_M = 0.6
_SHORT_OF_DOOR_M = (0.35, 0.8)
_BEHIND_DOOR_M = (0.35, 0.8)


def way_out(doors: Sequence[Door], rng: np.random.Generator) -> Door:
    """Return a door to go out by, drawn in proportion to `leave_weight`."""
    return doors[weighted(rng, [door.leave_weight for door in doors])]


def enter(party: Party, plan: PartyPlan) -> Ticks:
    """Come in one after the other and gather a step behind the doorstep."""
    clock_s = 0.0
    for person, lag in zip(party.people, party.lags(), strict=True):
        if lag > clock_s:
            yield party.ticks(lag - clock_s)
        clock_s = lag
        is_first = person is party.leader
        outside, inside = doorway(plan.door, party.rng, plan.aside_m if is_first else None)
        yield from come_into_sight(party, person, outside, plan.purpose, plan.member if is_first else None)
        party.floor.send_straight(person, [inside, _further_in(party, plan.door, inside)])
    yield from party.arrive(*party.people)


def _further_in(party: Party, door: Door, inside: Point) -> Point:
    """Return where someone waits for those who come behind: out of their way, if there is room."""
    further_m = _STEP_M * (len(party.people) - 1)
    point = (inside[0] - further_m * door.outward[0], inside[1] - further_m * door.outward[1])
    return point if party.floor.navigator.is_clear(inside, point) else inside


def come_into_sight(party: Party, person: Person, at: Point, purpose: str | None, member: Member | None) -> Ticks:
    """Appear at a point, as soon as nobody stands there."""
    for _ in range(party.ticks(_ROOM_WAIT_S)):
        if party.floor.walkers.has_room(at):
            break
        yield 1
    person.position = at
    party.floor.appear(person, purpose, member)


def leave(party: Party, door: Door) -> Ticks:
    """Walk out one after the other, straight through the door."""
    yield from go_out(party, party.people, door)


def go_out(party: Party, people: Sequence[Person], door: Door) -> Ticks:
    """Let some of a party walk out; each is gone when he or she has reached the street."""
    for person, lag in zip(people, party.lags(), strict=False):
        outside, inside = doorway(door, party.rng)
        party.floor.send(person, inside, lag, beyond=[outside])
    remaining = list(people)
    while remaining:
        yield party.ticks_on_the_way(min(person.walks_for_s for person in remaining))
        for person in [person for person in remaining if not person.is_walking]:
            remaining.remove(person)
            party.floor.vanish(person)


def turn_round(party: Party, plan: PartyPlan, *, in_door: bool) -> Ticks:
    """Come up to the door and go away again, some before the tripwire, some just behind it.

    Args:
        party: Who.
        plan: By which door.
        in_door: Whether they turn before they are in.
    """
    door, (out_x, out_y) = plan.door, plan.door.outward
    wire_m = party.floor.door_lines[door.id].depth_m
    depth_m = wire_m - party.uniform(_SHORT_OF_DOOR_M) if in_door else wire_m + party.uniform(_BEHIND_DOOR_M)
    outsides: list[Point] = []
    for person in party.people:
        outside, _ = doorway(door, party.rng)
        yield from come_into_sight(party, person, outside, plan.purpose, None)
        outsides.append(outside)
        way_m = door.approach_m + depth_m
        party.floor.send_straight(person, [(outside[0] - way_m * out_x, outside[1] - way_m * out_y)])
        yield party.ticks(1.0)
    yield from party.arrive(party.leader)
    yield from party.stand(party.uniform((0.5, 3.0)))
    for person, outside in zip(party.people, outsides, strict=True):
        party.floor.send(person, outside, must_reach=True)
    yield from party.arrive(*party.people)
    for person in party.people:
        party.floor.vanish(person)


def step_out(party: Party, person: Person, plan: PartyPlan) -> Ticks:
    """Let one of them go out for a while, come back, by the same door if it lets people in, and join the others."""
    back_to = person.position
    door = way_out(party.floor.scenario.doors, party.rng)
    yield from go_out(party, [person], door)
    yield from party.stand(plan.away_s)
    outside, inside = doorway(door if door.weight else plan.door, party.rng)
    yield from come_into_sight(party, person, outside, plan.purpose, None)
    party.floor.send_straight(person, [inside])
    yield from party.arrive(person)
    party.floor.send(person, back_to)
    yield from party.arrive(person)
