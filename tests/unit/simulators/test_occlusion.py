"""Who hides behind what, against rays that are followed step by step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulators.adapters.scenario_files import load_scenario
from simulators.core.crowd import Crowd
from simulators.core.geometry import ConvexObstacle, Point, Polygon
from simulators.core.layout import Camera, Wall
from simulators.core.occlusion import BODY_RADIUS_M, LinesOfSight
from simulators.core.people import Person
from simulators.core.scenario import Scenario

VIEW: Polygon = ((-1.0, -1.0), (11.0, -1.0), (11.0, 11.0), (-1.0, 11.0))
EYE: Point = (0.0, 5.0)


def _box(x: float, y: float, width: float, depth: float) -> tuple[Point, ...]:
    return ((x, y), (x + width, y), (x + width, y + depth), (x, y + depth))


def _store(*walls: tuple[tuple[Point, ...], float], eye: Point = EYE, height_m: float = 2.6) -> Scenario:
    camera = Camera(id="cam-1", position=eye, height_m=height_m, looks_at=(5.0, 5.0), sees=tuple(VIEW))
    solid = tuple(Wall(polygon=polygon, height_m=top_m) for polygon, top_m in walls)
    return replace(load_scenario("corner_shop"), cameras=(camera,), walls=solid, shelves=())


def _person(position: Point, height_m: float = 1.7) -> Person:
    return Person(f"s{position}", "shopper", "party", position, 1.0, height_m=height_m)


def _shares(scenario: Scenario, people: list[Person]) -> list[float]:
    crowd = Crowd()
    sight = LinesOfSight(scenario, [VIEW])
    before = crowd.update(people)
    sight.follow(np.zeros(0, dtype=np.intp) if before is None else before)
    in_view = np.ones((1, len(people)), dtype=np.bool_)
    shares: list[float] = sight.shares(crowd, in_view, others_left=False)[0].tolist()
    return shares


def test_who_stands_free_is_seen_wholly() -> None:
    assert _shares(_store(), [_person((5.0, 5.0)), _person((8.0, 2.0))]) == [1.0, 1.0]


def test_a_shelf_hides_what_lies_below_the_line_over_its_far_edge() -> None:
    # From 2.6 m over the edge of a 1.5 m shelf 4 m away: 5 m away everything below 2.6 - 1.1 * 5 / 4 m is hidden.
    shelf = _box(3.0, 3.0, 1.0, 4.0)
    hidden_m = 2.6 - 1.1 * 5 / 4
    assert _shares(_store((shelf, 1.5)), [_person((5.0, 5.0))]) == pytest.approx([1 - hidden_m / 1.7], abs=1e-3)
    assert _shares(_store((shelf, 1.5)), [_person((5.0, 5.0), height_m=1.2)]) == pytest.approx([0.0], abs=0.021)
    assert _shares(_store((shelf, 1.5)), [_person((2.5, 5.0))]) == [1.0]


def test_what_is_higher_than_the_camera_hides_all_unless_the_camera_is_mounted_in_it() -> None:
    behind = [_person((5.0, 5.0))]
    assert _shares(_store((_box(3.0, 3.0, 1.0, 4.0), 3.0)), behind) == [0.0]
    assert _shares(_store((_box(-0.2, 4.0, 0.4, 2.0), 3.0)), behind) == [1.0]
    assert _shares(_store((_box(-0.2, 4.0, 0.4, 2.0), 1.0)), behind) == [1.0]


def test_a_camera_below_eye_level_sees_heads_over_low_shelves_but_not_over_high_ones() -> None:
    behind = [_person((6.0, 5.0))]
    low, high = ((_box(3.0, 3.0, 1.0, 4.0), top_m) for top_m in (0.9, 1.3))
    assert _shares(_store(low, height_m=1.0), behind) == pytest.approx([1 - 0.85 / 1.7], abs=1e-3)
    # Under 1 m nothing; above, the shelf's near edge is the higher one: 1 + 0.3 * 6 / 3 m.
    assert _shares(_store(high, height_m=1.0), behind) == pytest.approx([1 - 1.6 / 1.7], abs=1e-3)


def test_someone_nearer_hides_someone_farther_and_not_the_other_way_round() -> None:
    near, far, aside = _person((4.0, 5.0)), _person((6.0, 5.0)), _person((6.0, 6.5))
    shares = _shares(_store(), [near, far, aside])
    assert shares[0] == shares[2] == 1.0
    assert 0.2 < shares[1] < 0.5
    small = _person((4.0, 5.0), height_m=1.0)
    assert _shares(_store(), [small, far])[1] > shares[1]


def test_people_at_one_place_or_under_the_camera_do_not_hide_themselves() -> None:
    assert _shares(_store(), [_person((6.0, 5.0)), _person((6.0, 5.0))]) == [1.0, 1.0]
    assert _shares(_store(), [_person(EYE)]) == [1.0]
    assert _shares(_store((_box(3.0, 3.0, 1.0, 4.0), 1.5)), []) == []


def _followed(scenario: Scenario, person: Person, others: list[Person], line: int, steps: int = 2000) -> float:
    """Return the share of one line of a body from which the lens can be seen, by walking along rays to 50 heights."""
    eye_m, eye = scenario.cameras[0].height_m, np.array(scenario.cameras[0].position)
    way = np.array(person.position) - eye
    across = np.array([-way[1], way[0]]) / np.hypot(*way)
    end = np.array(person.position) + (line - 1) * 0.6 * BODY_RADIUS_M * across
    along = (np.arange(steps) + 0.5) / steps
    points = eye + along[:, None] * (end - eye)
    tops = np.zeros(steps)
    for wall in scenario.walls:
        low, high = np.min(wall.polygon, axis=0), np.max(wall.polygon, axis=0)
        tops = np.maximum(tops, ((points > low) & (points < high)).all(axis=1) * wall.height_m)
    for other in others:
        if np.hypot(*(np.array(other.position) - eye)) < np.hypot(*way):
            inside = np.hypot(*(points - np.array(other.position)).T) < BODY_RADIUS_M
            tops = np.maximum(tops, inside * other.height_m)
    heights = (np.arange(50) + 0.5) / 50 * person.height_m
    rays = eye_m + along * (heights[:, None] - eye_m)
    return float((rays >= tops).all(axis=1).mean())


@pytest.mark.parametrize("height_m", [1.1, 2.6, 4.0])
def test_shares_agree_with_rays_that_are_followed_step_by_step(height_m: float) -> None:
    rng = np.random.default_rng(9)
    partly = 0
    for _ in range(25):
        corners = rng.uniform([1.0, 0.0, 0.3, 0.3, 0.6], [8.0, 8.0, 2.0, 2.0, 3.2], size=(3, 5)).tolist()
        scenario = _store(*((_box(*corner[:4]), corner[4]) for corner in corners), height_m=height_m)
        solid = [ConvexObstacle(wall.polygon, BODY_RADIUS_M) for wall in scenario.walls]
        spots = rng.uniform([1.0, 0.5], [10.0, 9.5], size=(8, 2))
        free = [(x, y) for x, y in spots.tolist() if not any(each.contains(np.array([[x, y]]))[0] for each in solid)]
        people = [_person(spot, 1.2 + 0.1 * place) for place, spot in enumerate(free)]
        for person, share in zip(people, _shares(scenario, people), strict=True):
            others = [other for other in people if other is not person]
            expected = sum(_followed(scenario, person, others, line) for line in range(3)) / 3
            assert share == pytest.approx(expected, abs=0.03)
            partly += 0.05 < share < 0.95
    assert partly > 15


places = st.tuples(st.floats(1.0, 10.0), st.floats(0.5, 9.5))


@settings(max_examples=40)
@given(st.lists(st.lists(st.one_of(st.none(), places), min_size=4, max_size=4), min_size=1, max_size=8))
def test_it_does_not_matter_what_was_seen_before(ticks: list[list[Point | None]]) -> None:
    scenario = _store((_box(2.0, 2.0, 1.0, 3.0), 1.5), (_box(5.0, 4.0, 1.0, 3.0), 1.8))
    crowd, sight = Crowd(), LinesOfSight(scenario, [VIEW])
    everyone = [_person((1.0, float(place)), 1.5 + 0.1 * place) for place in range(4)]
    for tick in ticks:
        present = [person for person, spot in zip(everyone, tick, strict=True) if spot is not None]
        for person, spot in zip(everyone, tick, strict=True):
            person.position = spot or person.position
        before = crowd.update(present)
        if before is not None:
            sight.follow(before)
        in_view = np.array([[person.position[0] < 8 for person in present]], dtype=np.bool_)
        for _ in range(2):
            shares = sight.shares(crowd, in_view, others_left=before is not None)
            expected = np.array(_shares(scenario, present)) * in_view[0]
            assert shares[0].tolist() == pytest.approx(expected.tolist(), abs=1e-12)
            crowd.update(present)
            before = None
