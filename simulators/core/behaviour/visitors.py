"""Who comes, and when: turns arrivals into people with plans."""

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from simulators.core.arrivals import Arrival, arrivals
from simulators.core.behaviour.bodies import height_m
from simulators.core.behaviour.party import Party
from simulators.core.behaviour.process import Agenda, Ticks
from simulators.core.behaviour.trip import trip
from simulators.core.behaviour.workers import deliver, pass_by
from simulators.core.floor import Floor
from simulators.core.member_base import MemberBase
from simulators.core.people import Age, Person
from simulators.core.plans import PartyPlan, draw_plan

_STRANGER_STREAM = 1
_BESIDE_M = 0.6


class Visitors:
    """Lets people come to a store.

    Args:
        floor: The store.
        members: Who may be a member.
        seed: What everything random is drawn from.
        start_ms: From when on they come.
    """

    def __init__(self, floor: Floor, members: MemberBase, seed: int, start_ms: int) -> None:
        self._floor, self._members, self._seed = floor, members, seed
        self._arrivals = arrivals(floor.scenario, seed, start_ms)
        self._next = next(self._arrivals)
        self._people_seen = 0
        self._present: set[str] = set()

    def let_in(self, agenda: Agenda, tick: int) -> None:
        """Put everyone who has come by now on the agenda."""
        while self._next.t_ms <= self._floor.now_ms:
            arrival, self._next = self._next, next(self._arrivals)
            for process in self._processes(arrival):
                agenda.add(process, tick)

    def _processes(self, arrival: Arrival) -> Iterator[Ticks]:
        rng, delivery = arrival.random(self._seed), self._floor.scenario.delivery
        if arrival.kind == "party":
            yield from self._parties(arrival, rng)
        elif arrival.kind == "passer_by":
            yield pass_by(self._floor, self._name("b"), rng)
        elif delivery is not None:  # pragma: no branch - without a delivery none arrives
            yield deliver(self._floor, delivery, self._name("d"), rng)

    def _parties(self, arrival: Arrival, rng: np.random.Generator) -> Iterator[Ticks]:
        """Yield a party's trip, and that of a stranger who walks beside."""
        plan = self._plan(arrival, rng)
        party_id = f"party-{arrival.hour}-{arrival.ordinal}"
        yield self._visit(plan, party_id, rng)
        if plan.has_stranger and plan.turns is None and plan.shelves:
            own = arrival.random(self._seed, _STRANGER_STREAM)
            alone = self._plan(arrival, own)
            others = tuple(shelf for shelf in alone.shelves if shelf is not plan.shelves[0])
            aside_m = plan.aside_m - _BESIDE_M if plan.aside_m > 0 else plan.aside_m + _BESIDE_M
            beside = replace(
                alone,
                size=1,
                children=0,
                pace_mps=plan.pace_mps,
                door=plan.door,
                aside_m=aside_m,
                shelves=(plan.shelves[0], *others),
                turns=None,
            )
            yield self._visit(beside, f"{party_id}-beside", own)

    def _plan(self, arrival: Arrival, rng: np.random.Generator) -> PartyPlan:
        return draw_plan(self._floor.scenario, lambda rng: self._members.pick(rng, self._present), arrival.t_ms, rng)

    def _visit(self, plan: PartyPlan, party_id: str, rng: np.random.Generator) -> Ticks:
        people = [self._person(plan, number, party_id, rng) for number in range(plan.size)]
        if plan.member is not None:
            self._present.add(plan.member.member_id)
        return self._until_gone(trip(Party(self._floor, people, rng), plan), plan)

    def _until_gone(self, process: Ticks, plan: PartyPlan) -> Ticks:
        yield from process
        if plan.member is not None:
            self._present.remove(plan.member.member_id)

    def _person(self, plan: PartyPlan, number: int, party_id: str, rng: np.random.Generator) -> Person:
        is_child = number >= plan.size - plan.children
        age: Age = "child" if is_child else "adult"
        return Person(
            self._name("s"), "shopper", party_id, plan.door.centre, plan.pace_mps, age=age, height_m=height_m(rng, age)
        )

    def _name(self, letter: str) -> str:
        self._people_seen += 1
        return f"{letter}{self._people_seen:06d}"
