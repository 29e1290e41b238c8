"""An audit's figures agree with published ones, and with another way to work them out."""

from collections.abc import Iterator
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core import audit_scores
from edge.core.audit_scores import (
    LineCrossing,
    Matching,
    agreement,
    certified_level,
    match,
    paired_difference,
    score,
    share_of,
    slices,
    trials_needed,
    wilson,
)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_as_newcombe_1998_prints_it(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson(hits, trials) == pytest.approx((low, high), abs=5e-5)


def test_wilsons_interval_as_scipy_works_it_out() -> None:
    stats = pytest.importorskip("scipy.stats", reason="an oracle of the extra dev")
    for trials in (1, 2, 7, 35, 400):
        for hits in {0, 1, trials // 3, trials - 1, trials}:
            interval = stats.binomtest(hits, trials).proportion_ci(0.95, method="wilson")
            assert wilson(hits, trials) == pytest.approx((interval.low, interval.high), abs=1e-12)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_bounds_are_where_the_score_test_just_does_not_reject(counts: tuple[int, int]) -> None:
    hits, trials = counts
    for bound in wilson(hits, trials):
        if 0 < bound < 1:
            z = (hits / trials - bound) / (bound * (1 - bound) / trials) ** 0.5
            assert abs(z) == pytest.approx(audit_scores.Z_95, rel=1e-6)


@pytest.mark.parametrize(("hits", "trials"), [(1, 0), (0, 0), (-1, 5), (6, 5)])
def test_what_is_no_share_is_refused(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match=f"got {hits} of {trials}"):
        wilson(hits, trials)


def test_a_paired_difference_as_newcombe_1998_prints_it() -> None:
    assert paired_difference(36, 12, 2) == pytest.approx((0.2, 0.0569, 0.3404), abs=5e-5)


def test_a_strong_positive_correlation_is_corrected_for_continuity() -> None:
    difference, low, high = paired_difference(40, 5, 5, 50)
    wide = paired_difference(20, 25, 25, 30)
    assert difference == 0
    assert -low == pytest.approx(high)
    assert high < wide[2]
    assert paired_difference(3, 0, 0, 1)[0] == 0


@given(*(st.integers(0, 60),) * 3)
def test_a_paired_difference_lies_in_its_interval_and_turns_round(both: int, first: int, second: int) -> None:
    if both + first + second == 0:
        return
    difference, low, high = paired_difference(both, first, second)
    assert -1 - 1e-9 <= low - 1e-9 <= difference <= high + 1e-9 <= 1 + 1e-8
    turned = paired_difference(both, second, first)
    assert turned == pytest.approx((-difference, -high, -low), abs=1e-9)


def test_figures_follow_from_three_counts() -> None:
    found = score(matched=90, missed=6, invented=4)
    assert (found.labelled, found.counted) == (96, 94)
    assert found.accuracy.value == 0.9
    assert found.precision.value == pytest.approx(90 / 94)
    assert found.recall.value == pytest.approx(90 / 96)
    assert found.net_error.value == pytest.approx(-2 / 96)
    assert found.net_error.low is not None
    assert found.net_error.high is not None
    assert found.net_error.low < -2 / 96 < found.net_error.high


def test_without_crossings_there_are_no_figures() -> None:
    nothing = score(0, 0, 0)
    assert (nothing.accuracy.value, nothing.net_error.value, nothing.recall.low) == (None, None, None)
    assert certified_level(nothing) is None
    made_up = score(0, 0, 3)
    assert (made_up.precision.value, made_up.recall.value, made_up.accuracy.value) == (0.0, None, 0.0)


def crossing(time_ms: int, direction: str = "in", line: str = "door", people: int = 1) -> LineCrossing:
    return LineCrossing(time_ms, line, direction, people)  # type: ignore[arg-type]


def test_as_many_pairs_as_possible_are_made_even_where_a_nearer_one_is_given_up() -> None:
    found = match([crossing(0), crossing(10)], [crossing(9), crossing(24)], 15)
    assert [(true.time_ms, told.time_ms) for true, told in found.pairs] == [(0, 9), (10, 24)]


def test_line_direction_and_tolerance_must_fit() -> None:
    truth = [crossing(0), crossing(100, "out"), crossing(200, line="side"), crossing(300)]
    told = [crossing(5, "out"), crossing(100, line="side"), crossing(206, line="side"), crossing(320), crossing(305)]
    found = match(truth, told, 10)
    assert [(true.time_ms, other.time_ms) for true, other in found.pairs] == [(200, 206), (300, 305)]
    assert [one.time_ms for one in found.missed] == [0, 100]
    assert [one.time_ms for one in found.invented] == [5, 100, 320]


times = st.lists(st.integers(0, 60), max_size=5)


@given(times, times, st.integers(0, 20))
def test_matching_is_optimal(truth: list[int], told: list[int], tolerance: int) -> None:
    found = match([crossing(t) for t in truth], [crossing(t) for t in told], tolerance)
    assert len(found.pairs) + len(found.missed) == len(truth)
    assert len(found.pairs) + len(found.invented) == len(told)
    pairs = [abs(true.time_ms - other.time_ms) for true, other in found.pairs]
    assert (-len(pairs), sum(pairs)) == min(_every_matching(truth, told, tolerance))


def _every_matching(truth: list[int], told: list[int], tolerance: int) -> Iterator[tuple[int, int]]:
    for size in range(min(len(truth), len(told)) + 1):
        for some in combinations(truth, size):
            for others in permutations(told, size):
                apart = [abs(one - other) for one, other in zip(some, others, strict=True)]
                if all(gap <= tolerance for gap in apart):
                    yield -size, sum(apart)


@given(times, times)
def test_the_parts_add_up_to_the_whole(truth: list[int], told: list[int]) -> None:
    found = match([crossing(t, people=t % 3) for t in truth], [crossing(t, people=t % 2) for t in told], 5)
    parts = slices(found, lambda one: one.people)
    for name in ("labelled", "matched", "missed", "invented"):
        assert sum(getattr(part, name) for part in parts.values()) == getattr(found.score(), name)
    twice = found.plus(found).score()
    assert (twice.matched, twice.counted) == (2 * found.score().matched, 2 * found.score().counted)
    assert Matching().plus(found) == found


@pytest.mark.parametrize(
    ("right", "wrong", "level"),
    [(35, 0, 0.9), (34, 0, 0.85), (10, 0, None), (381, 0, 0.99), (95, 5, 0.85), (0, 50, None)],
)
def test_a_level_is_certified_only_where_the_lower_bound_reaches_it(
    right: int, wrong: int, level: float | None
) -> None:
    assert certified_level(score(right, wrong, 0)) == level


@pytest.mark.parametrize(("share", "level"), [(1.0, 0.9), (0.97, 0.9), (0.95, 0.9)])
def test_so_many_crossings_are_just_enough(share: float, level: float) -> None:
    needed = trials_needed(share, level)
    assert needed is not None
    assert wilson(int(share * needed), needed)[0] >= level
    assert wilson(int(share * (needed - 1)), needed - 1)[0] < level


def test_no_number_of_crossings_makes_a_camera_better_than_it_is() -> None:
    assert trials_needed(0.9, 0.9) is None
    assert trials_needed(0.90001, 0.9) is None
    assert trials_needed(1.0, 0.9) == 35


def test_labellers_agree_as_cohen_worked_it_out() -> None:
    first = [crossing(t) for t in range(0, 2500, 100)]
    second = [crossing(t) for t in range(500, 3500, 100)]
    found = agreement(first, second, 10, 50)  # 20 both, 5 and 10 alone, 15 neither: the textbook's table
    assert (found.both, found.first_only, found.second_only) == (20, 5, 10)
    assert found.kappa == pytest.approx(0.4)
    assert found.positive == pytest.approx(40 / 55)


def test_where_chance_decides_there_is_no_kappa() -> None:
    assert agreement([], [], 10, 0) == audit_scores.Agreement(0, 0, 0, None, None)
    assert agreement([], [], 10, 9).kappa is None
    assert agreement([crossing(0)], [crossing(0)], 10, 9).kappa == pytest.approx(1.0)
    assert share_of(0, 0).low is None
