"""Floor maps: what is refused, and whether the errors that are told are the errors that happen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.floor import FLOOR_ITSELF, FloorMap, fit_floor, floor_point, picture_point
from edge.core.floor_quality import CLICK_ERROR_PX, FOOT_ERROR_PX, expected_errors, floor_quality
from edge.core.geometry import Point, fit_homography
from edge.core.lens import Lens, bend

IMAGE = [(120.0, 180.0), (520.0, 180.0), (640.0, 470.0), (0.0, 470.0)]
FLOOR = [(0.0, 0.0), (6.0, 0.0), (6.0, 5.0), (0.0, 5.0)]
LENS = Lens(k1=-0.1, centre_px=(320.0, 240.0), unit_px=400.0)


def grid(lens: Lens | None = None) -> tuple[list[Point], list[Point]]:
    """Return nine points in the picture and on the floor that go together exactly."""
    truth = FloorMap(fit_homography(IMAGE, FLOOR), lens)
    floor = [(x, y) for x in (0.0, 3.0, 6.0) for y in (0.0, 2.5, 5.0)]
    return [point for each in floor if (point := picture_point(truth, each))], floor


def test_the_floor_is_its_own_map() -> None:
    assert floor_point(FLOOR_ITSELF, (3.0, 4.0)) == picture_point(FLOOR_ITSELF, (3.0, 4.0)) == (3.0, 4.0)


@given(st.tuples(st.floats(0, 6), st.floats(0, 5)), st.sampled_from([None, LENS]))
def test_the_way_to_the_floor_and_back_ends_where_it_began(place: Point, lens: Lens | None) -> None:
    floor = fit_floor(IMAGE, FLOOR, lens)
    seen = picture_point(floor, place)
    assert seen is not None
    assert floor_point(floor, seen) == pytest.approx(place, abs=1e-6)


def test_behind_the_camera_is_nowhere_in_the_picture() -> None:
    assert picture_point(fit_floor(IMAGE, FLOOR), (3.0, 500.0)) is None


def test_a_lens_is_taken_out_before_the_map() -> None:
    straight_line = fit_floor(IMAGE, FLOOR)
    bent = fit_floor([bend(LENS, point) for point in IMAGE], FLOOR, LENS)
    for place in ((320.0, 300.0), (100.0, 400.0), (500.0, 200.0)):
        expected = floor_point(straight_line, place)
        assert expected is not None
        assert floor_point(bent, bend(LENS, place)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("image", "floor", "said"),
    [
        (
            [(0, 300), (200, 300), (400, 300), (200, 400)],
            FLOOR,
            "points 1, 2 and 3 lie on a line in the picture.*no three",
        ),
        ([(0, 300), (200, 301), (400, 300), (200, 400)], FLOOR, "points 1, 2 and 3 lie on a line in the picture"),
        (IMAGE, [(0, 0), (1, 0), (5, 5), (2, 0)], "points 1, 2 and 4 lie on a line on the floor"),
        ([(0, 0), (100, 100), (200, 200), (300, 300)], FLOOR, "points 1, 2, 3 and 4 lie on a line in the picture"),
        ([(5, 5)] * 4, FLOOR, "points 1, 2, 3 and 4 lie on a line in the picture"),
        (IMAGE, [FLOOR[0], FLOOR[1], FLOOR[3], FLOOR[2]], "points? .* would lie above the horizon.*swap"),
        (IMAGE[:3], FLOOR[:3], "4 or more points of both kinds, got 3 in the image and 3"),
        (IMAGE, FLOOR[:3], "got 4 in the image and 3 on the floor"),
    ],
)
def test_points_that_give_no_usable_map_are_named(image: list[Point], floor: list[Point], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fit_floor(image, floor)


def test_two_pairs_of_neighbours_say_too_little() -> None:
    image = [(100.0, 100.0), (100.5, 100.0), (400.0, 400.0), (400.0, 400.5)]
    with pytest.raises(ValueError, match=r"condition number \d+, at most 300"):
        fit_floor(image, FLOOR)


def test_a_plan_far_from_its_origin_is_no_degenerate_one() -> None:
    far = [(x / 10 + 300.0, y / 10 + 200.0) for x, y in FLOOR]
    found = floor_point(fit_floor(IMAGE, far), IMAGE[2])
    assert found == pytest.approx(far[2], abs=1e-6)


def test_four_points_fit_exactly_and_say_nothing_of_their_own_errors() -> None:
    quality = floor_quality(IMAGE, FLOOR)
    assert quality.rms_m == pytest.approx(0, abs=1e-9)
    assert quality.left_out_m == (None,) * 4
    assert 1 < quality.condition_number < 50
    assert not quality.is_mirrored
    assert 0.01 < quality.error_m < 0.3


@pytest.mark.parametrize("lens", [None, LENS])
def test_of_many_points_the_wrong_one_is_found(lens: Lens | None) -> None:
    image, floor = grid(lens)
    good = floor_quality(image, floor, lens)
    assert good.rms_m == pytest.approx(0, abs=1e-6)
    floor[5] = (floor[5][0] + 0.6, floor[5][1])
    bad = floor_quality(image, floor, lens)
    assert bad.worst == 5
    assert bad.left_out_m[5] == pytest.approx(0.6, abs=0.01)
    assert bad.rms_m > 0.1
    assert bad.error_m > good.error_m


def test_without_the_lens_its_points_do_not_fit() -> None:
    image, floor = grid(LENS)
    assert floor_quality(image, floor).rms_m > 0.05


def test_a_point_without_which_there_is_no_map_has_no_left_out_error() -> None:
    image = [(0.0, 300.0), (200.0, 300.0), (400.0, 300.0), (300.0, 450.0), (500.0, 420.0)]
    truth = fit_floor(IMAGE, FLOOR)
    quality = floor_quality(image, [found for point in image if (found := floor_point(truth, point))])
    assert quality.left_out_m[3] is None
    assert quality.left_out_m[4] is None
    assert quality.left_out_m[0] is not None


def test_a_mirrored_plan_is_noticed() -> None:
    assert floor_quality(IMAGE, [(x, -y) for x, y in FLOOR]).is_mirrored
    assert not floor_quality(IMAGE[::-1], FLOOR[::-1]).is_mirrored


def test_the_expected_error_is_the_one_that_happens() -> None:
    noise = np.random.default_rng(7)
    places = [(320.0, 300.0), (200.0, 220.0), (600.0, 440.0)]
    expected = expected_errors(IMAGE, FLOOR, None, places)
    truth = fit_floor(IMAGE, FLOOR)
    for place, told in zip(places, expected, strict=True):
        misses = []
        for _ in range(600):
            clicked = [tuple((np.array(p) + noise.normal(0, CLICK_ERROR_PX, 2)).tolist()) for p in IMAGE]
            x, y = (np.array(place) + noise.normal(0, FOOT_ERROR_PX, 2)).tolist()
            found = floor_point(fit_floor(clicked, FLOOR), (x, y))
            meant = floor_point(truth, place)
            assert found is not None
            assert meant is not None
            misses.append(np.subtract(found, meant))
        happened = float(np.sqrt(np.mean(np.square(misses))))
        assert told is not None
        assert happened == pytest.approx(told, rel=0.12)


def test_of_eight_points_the_wrong_one_is_mostly_named() -> None:
    noise = np.random.default_rng(0)
    truth = fit_floor(IMAGE, FLOOR)
    trials, hits = 40, 0
    for _ in range(trials):
        clicked = noise.uniform((60, 200), (600, 460), (8, 2))
        floor = [floor_point(truth, (x, y)) or (0.0, 0.0) for x, y in clicked.tolist()]
        wrong, angle = int(noise.integers(8)), float(noise.uniform(0, 6.28))
        floor[wrong] = (floor[wrong][0] + 0.6 * np.cos(angle), floor[wrong][1] + 0.6 * np.sin(angle))
        image = [(x, y) for x, y in (clicked + noise.normal(0, 1.5, (8, 2))).tolist()]
        hits += floor_quality(image, floor).worst == wrong
    assert hits >= 0.7 * trials


def test_where_there_is_no_floor_there_is_no_error() -> None:
    assert expected_errors(IMAGE, FLOOR, None, [(320.0, -500.0), (320.0, 300.0)])[0] is None
