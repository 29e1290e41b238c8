"""Funnels: chains of steps, with their probabilities."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.analytics.funnel import count_reached, reach_of
from cloud.analytics.parts import PPM

HALF = PPM // 2
JOURNEY = [(0, "entry", PPM), (0, "shelf", PPM), (5000, "scan", HALF), (9000, "purchase", PPM), (20_000, "scan", PPM)]


@pytest.mark.parametrize(
    ("wanted", "order", "window_ms", "reached"),
    [
        (["entry", "shelf", "scan", "purchase"], "strict", None, [PPM, PPM, PPM, HALF]),
        (["shelf", "entry"], "strict", None, [PPM, PPM]),
        (["purchase", "shelf"], "strict", None, [PPM, 0]),
        (["purchase", "shelf"], "any", None, [PPM, PPM]),
        (["entry", "scan"], "strict", 6000, [PPM, HALF]),
        (["purchase", "scan"], "any", 6000, [PPM, HALF]),
        (["purchase", "scan"], "any", 11_000, [PPM, PPM]),
        (["queue"], "any", None, [0]),
        (["scan", "purchase"], "strict", 1000, [PPM, 0]),
    ],
)
def test_how_far_one_visit_comes(wanted: list[str], order: str, window_ms: int | None, reached: list[int]):
    assert reach_of(JOURNEY, wanted, order, window_ms) == reached  # type: ignore[arg-type]  # a test's plain text


def test_expected_numbers_and_their_bands():
    found = count_reached([JOURNEY[:3], JOURNEY[:1]], ["entry", "scan"], "strict", None)
    assert [step.value for step in found] == [2.0, 0.5]
    assert [step.spread for step in found] == [0.0, pytest.approx(1.96 * 0.5)]


STEPS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.integers(1, PPM)), max_size=7)


@given(STEPS, st.permutations("abc"), st.sampled_from(["strict", "any"]), st.none() | st.integers(1, 9))
def test_it_is_what_trying_every_choice_finds(
    journey: list[tuple[int, str, int]], wanted: list[str], order: str, window_ms: int | None
):
    for length in range(1, 4):
        best = 0
        for chosen in combinations(journey, length):
            times = {step[1]: step[0] for step in chosen}
            if len(times) < length or set(times) != set(wanted[:length]):
                continue
            in_order = [times[name] for name in wanted[:length]]
            span = max(in_order) - min(in_order)
            if (order == "any" or in_order == sorted(in_order)) and (window_ms is None or span <= window_ms):
                best = max(best, min(step[2] for step in chosen))
        assert reach_of(journey, wanted, order, window_ms)[length - 1] == best  # type: ignore[arg-type]  # plain text
