"""People walk round walls and each other, and no crowd stands for ever."""

from collections.abc import Sequence
from math import hypot

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulators.adapters.scenario_files import load_scenario
from simulators.core.avoidance import choose_velocity, free_share, time_to_contact
from simulators.core.geometry import ConvexObstacle, Point, distance
from simulators.core.navigation import Navigator
from simulators.core.people import Person
from simulators.core.scenario import obstacles
from simulators.core.store import Store
from simulators.core.walking import BODY_RADIUS_M, Walkers
from tests.unit.simulators.runs import START_MS

TICK_S = 0.25
AISLE = [[(-1.0, -1.0), (9.0, -1.0), (9.0, 0.0), (-1.0, 0.0)], [(-1.0, 1.2), (9.0, 1.2), (9.0, 2.2), (-1.0, 2.2)]]
points = st.tuples(st.floats(-3, 3), st.floats(-3, 3))


def _person(name: str, at: Point, to: Point, ground: Navigator | None = None, party: str | None = None) -> Person:
    person = Person(name, "shopper", party or name, at, pace_mps=1.0)
    person.go([to], ground=ground, must_reach=True)
    return person


def _walk(people: Sequence[Person], seconds: float) -> float:
    """Walk for a time at most; return the smallest gap that two of them ever had."""
    walkers, nearest = Walkers(), np.inf
    for person in people:
        walkers.add(person)
    for _ in range(round(seconds / TICK_S)):
        walkers.step(TICK_S)
        gaps = [distance(a.position, b.position) for a in people for b in people if a is not b]
        nearest = min([nearest, *gaps])
        if not any(person.is_walking for person in people):
            break
    return float(nearest)


@given(points, points, st.floats(0.1, 1.0))
def test_time_to_contact_is_when_the_gap_is_a_bodys_width(offset: Point, closing: Point, contact_m: float) -> None:
    seconds = time_to_contact(offset, closing, contact_m)

    def gap(t: float) -> float:
        return hypot(offset[0] - closing[0] * t, offset[1] - closing[1] * t)

    if 0 < seconds < np.inf:
        assert gap(seconds) == pytest.approx(contact_m, abs=1e-6)
        assert all(gap(seconds * share) >= contact_m - 1e-6 for share in (0, 0.3, 0.7, 0.99))
    elif seconds == 0:
        assert gap(0) <= contact_m + 1e-6
    else:
        assert gap(0) <= contact_m or all(gap(t) > contact_m - 1e-6 for t in np.linspace(0, 20, 200))


@given(points, points)
def test_no_step_goes_further_than_contact(offset: Point, step: Point) -> None:
    other = (*offset, 0.0, 0.0, 0.44)
    share = min(1.0, free_share(step, [other]))
    after = hypot(offset[0] - share * step[0], offset[1] - share * step[1])
    assert after >= min(0.44, hypot(*offset)) - 1e-6


def test_who_meets_nobody_walks_as_he_likes_and_nobody_walks_into_a_wall() -> None:
    assert choose_velocity((1.0, 0.0), (1.0, 0.0), [], lambda _: True) == (1.0, 0.0)
    assert choose_velocity((1.0, 0.0), (1.0, 0.0), [], lambda velocity: velocity == (0.0, 0.0)) == (0.0, 0.0)


def test_who_meets_head_on_passes_on_the_right() -> None:
    ahead = (1.5, 0.0, -1.0, 0.0, 0.44)
    _, right = choose_velocity((1.0, 0.0), (1.0, 0.0), [ahead], lambda _: True)
    assert right > 0  # The plan has y down: right of someone who walks along x.


def test_two_who_meet_in_an_aisle_pass_each_other() -> None:
    ground = Navigator(AISLE)
    one, other = _person("a", (0.0, 0.6), (8.0, 0.6), ground), _person("b", (8.0, 0.6), (0.0, 0.6), ground)
    assert _walk([one, other], 30) >= 0.3
    assert one.position == (8.0, 0.6)
    assert other.position == (0.0, 0.6)


def test_someone_who_stands_in_the_aisle_is_passed() -> None:
    ground = Navigator(AISLE)
    stander = Person("s", "shopper", "s", (4.0, 0.6), 1.0)
    walker = _person("a", (0.0, 0.6), (8.0, 0.6), ground)
    _walk([stander, walker], 40)
    assert not walker.is_walking
    assert stander.position == (4.0, 0.6)


@pytest.mark.parametrize("count", [4, 8])
def test_people_who_cross_in_the_middle_all_arrive(count: int) -> None:
    ring = [(3 * np.cos(turn), 3 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, count, endpoint=False)]
    people = [_person(str(i), (float(x), float(y)), (float(-x), float(-y))) for i, (x, y) in enumerate(ring)]
    assert _walk(people, 60) >= 0.3
    assert not any(person.is_walking for person in people)


@pytest.mark.parametrize("must_reach", [True, False])
def test_nobody_arrives_sooner_than_foretold(*, must_reach: bool) -> None:
    ring = [(3 * np.cos(turn), 3 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 8, endpoint=False)]
    walkers = Walkers()
    for i, (x, y) in enumerate(ring):
        walkers.add(person := Person(str(i), "shopper", str(i), (float(x), float(y)), pace_mps=1.0 + 0.1 * i))
        person.go([(0.0, 0.0), (float(-x), float(-y) / 2)], after_s=0.3 * i, must_reach=must_reach)
    foretold: list[tuple[Person, float]] = []
    for tick in range(round(60 / TICK_S)):
        foretold += [(person, tick * TICK_S + person.walks_for_s) for person in walkers.people if person.is_walking]
        walkers.step(TICK_S)
        arrived = [person for person in walkers.people if not person.is_walking]
        assert all(at_s <= (tick + 1) * TICK_S + 1e-9 for person, at_s in foretold if person in arrived)
    assert not any(person.is_walking or person.walks_for_s for person in walkers.people)


def test_a_spot_that_is_taken_is_reached_nearly_or_at_last() -> None:
    stander = Person("s", "shopper", "s", (4.0, 0.0), 1.0)
    easy = Person("a", "shopper", "a", (0.0, 0.0), 1.0)
    easy.go([(4.0, 0.0)])
    _walk([stander, easy], 20)
    assert not easy.is_walking
    assert 2 * BODY_RADIUS_M <= distance(easy.position, (4.0, 0.0)) < 0.6
    stubborn = _person("b", (4.0, 2.0), (4.0, 0.0))
    _walk([stander, stubborn], 40)
    assert stubborn.position == (4.0, 0.0)


@pytest.mark.parametrize("are_companions", [True, False])
def test_companions_may_walk_nearer_to_each_other(*, are_companions: bool) -> None:
    parties = ("pair", "pair") if are_companions else ("one", "other")
    pair = [_person(party, (0.0, y), (6.0, y), party=party) for party, y in zip(parties, (0.0, 0.4), strict=True)]
    walkers, gaps = Walkers(), []
    for person in pair:
        walkers.add(person)
    for _ in range(16):
        walkers.step(TICK_S)
        gaps.append(distance(pair[0].position, pair[1].position))
    assert (max(gaps) == pytest.approx(0.4)) == are_companions


def test_a_pause_before_setting_out_delays_also_those_with_others_near() -> None:
    stander = Person("s", "shopper", "s", (1.0, 1.0), 1.0)
    walker = Person("a", "shopper", "a", (0.0, 0.0), 1.0)
    walker.go([(3.0, 0.0)], after_s=0.35)
    walkers = Walkers()
    for person in (stander, walker):
        walkers.add(person)
    assert walkers.step(TICK_S) == []
    [(moved, stood_at, reached)] = walkers.step(TICK_S)
    assert (moved, stood_at) == (walker, (0.0, 0.0))
    assert [seconds for _, seconds in reached] == pytest.approx([0.1, 0.25])
    assert walker.position == pytest.approx((0.15, 0.0))


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1))
def test_a_crowd_in_a_narrow_place_neither_overlaps_nor_enters_walls(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ground, solid = Navigator(AISLE), [ConvexObstacle(polygon) for polygon in AISLE]
    spots = [(x, y) for x in np.arange(0.0, 8.1, 0.8) for y in (0.35, 0.85)]
    chosen = rng.permutation(len(spots))[:10]
    people = []
    for i, (spot, goal) in enumerate(zip(chosen, rng.permutation(chosen), strict=True)):
        (x, y), (goal_x, goal_y) = spots[spot], spots[goal]
        people.append(_person(str(i), (float(x), y), (float(goal_x), goal_y), ground))
    walkers, close, ticks = Walkers(), 0, 0
    for person in people:
        walkers.add(person)
    for _ in range(round(90 / TICK_S)):
        for _, before, reached in walkers.step(TICK_S):
            step = np.linspace([before, *(point for point, _ in reached)][-2], reached[-1][0], 5)
            assert not any(obstacle.contains(step).any() for obstacle in solid)
        ticks += len(people)
        close += sum(any(a is not b and distance(a.position, b.position) < 0.3 for b in people) for a in people)
    assert not any(person.is_walking for person in people)
    assert close / ticks < 0.1  # They swap places in an aisle for one and a half: some squeeze by.


@pytest.mark.parametrize(
    ("name", "seed", "start_ms"),
    [("corner_shop", 1, START_MS), ("corner_shop", 2, START_MS), ("fashion_store", 1, START_MS + 6 * 3_600_000)],
)
def test_bodies_in_stores_do_not_overlap_nor_stand_in_walls(name: str, seed: int, start_ms: int) -> None:
    scenario = load_scenario(name)
    busy = replace(scenario.traffic, parties_per_hour=max(90.0, scenario.traffic.parties_per_hour))
    scenario = replace(scenario, traffic=busy)
    store = Store(scenario, seed, start_ms)
    solid = [ConvexObstacle(polygon) for polygon in obstacles(scenario)]
    close = ticks = 0
    for tick in range(600 * 4):
        store.step()
        if tick % 8 or len(store.people) < 2:
            continue
        people = list(store.people)
        at = np.array([person.position for person in people])
        assert not any(obstacle.contains(at).any() for obstacle in solid)
        gaps = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
        parties = np.array([person.party_id for person in people])
        ticks += len(people)
        close += int(((gaps < 0.3) & (parties[:, None] != parties[None])).any(axis=1).sum())
    assert ticks > 1000
    assert close / ticks < 0.01
