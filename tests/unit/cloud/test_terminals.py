"""What touches tell of their terminal: known places and clock offsets are found again."""

import numpy as np
import pytest

from cloud.linking.evidence import Motion
from cloud.linking.terminals import Near, Terminal, learn, standing_places

SPOT = (3.0, 4.0)
QUEUE = (3.0, 2.4)


def shoppers(count: int, seed: int, every_s: float = 60.0) -> tuple[list[Motion], list[int]]:
    """Return customers who wait, stand at the spot for half a minute, and leave; and when each one paid."""
    rng = np.random.default_rng(seed)
    motions, paid_ms = [], []
    for number in range(count):
        arrives = round(1000 * (number * every_s + rng.uniform(0, 15)))
        x_m, y_m = rng.normal(SPOT, 0.1)
        stays_ms = round(1000 * rng.uniform(15, 40))
        points: list[tuple[int, float, float]] = [
            (arrives - 30_000, *rng.normal(QUEUE, 0.1).tolist()),
            (arrives, x_m, y_m),
            (arrives + stays_ms, x_m + 0.3, y_m + 0.5),
            (arrives + stays_ms + 8_000, 3.0, 9.0),
        ]
        motions.append(Motion(points, arrives - 30_000, arrives + stays_ms + 9_000))
        paid_ms.append(arrives + round(rng.uniform(0.2, 0.8) * stays_ms))
    return motions, paid_ms


def told(motions: list[Motion], paid_ms: list[int], offset_ms: float, drift_ppm: float = 0.0) -> list[Near]:
    """Return the touches as a terminal tells them whose clock goes wrong."""
    return [
        Near(round(t_ms + offset_ms + drift_ppm * 1e-6 * t_ms), tuple(near(motions, t_ms))) for t_ms in sorted(paid_ms)
    ]


def near(motions: list[Motion], t_ms: int) -> list[Motion]:
    return [motion for motion in motions if motion.opened_ms - 35_000 <= t_ms <= motion.ended_ms + 35_000]


@pytest.mark.parametrize("offset_ms", [-15_000, -5_000, -2_000, 0, 2_000, 5_000, 15_000])
def test_a_clocks_offset_is_found(offset_ms: int):
    motions, paid_ms = shoppers(40, seed=abs(offset_ms))
    found = learn(told(motions, paid_ms, offset_ms), [QUEUE, SPOT])
    assert found.place_m == pytest.approx(SPOT, abs=0.08)
    assert abs(found.offset_ms - offset_ms) < max(2_500, 3 * found.sigma_ms)
    assert found.spread_m <= 0.2
    assert found.touches == 40


def a_busy_till(seed: int, packs_s: tuple[float, float], count: int = 30) -> tuple[list[Motion], list[int]]:
    """Return customers who take each other's place at once; each pays when counted and leaves when packed."""
    rng = np.random.default_rng(seed)
    motions, paid_ms, comes_s = [], [], 0.0
    for _ in range(count):
        pays_s = comes_s + rng.uniform(18, 32)
        goes_s = pays_s + rng.uniform(*packs_s)
        (x_m, y_m), waits = rng.normal(SPOT, 0.1), rng.normal(QUEUE, 0.1)
        points = [(comes_s - 30, *waits), (comes_s, x_m, y_m), (goes_s, x_m + 0.3, y_m + 0.5), (goes_s + 8, 3.0, 9.0)]
        path = [(round(t_s * 1000), float(x), float(y)) for t_s, x, y in points]
        motions.append(Motion(path, path[0][0], path[-1][0] + 1000))
        paid_ms.append(round(pays_s * 1000))
        comes_s = goes_s + 2.5
    return motions, paid_ms


@pytest.mark.parametrize("packs_s", [(6.0, 11.0), (4.0, 8.0), (10.0, 18.0)])
@pytest.mark.parametrize("offset_ms", [15_000, 0])
def test_at_a_busy_till_the_next_customer_is_not_taken_for_the_one_who_paid(
    offset_ms: int, packs_s: tuple[float, float]
):
    motions, paid_ms = a_busy_till(3, packs_s)
    found = learn(told(motions, paid_ms, offset_ms), [QUEUE, SPOT])
    stays_s = [(motion.opened_ms / 1000 + 30, motion.ended_ms / 1000 - 9) for motion in motions]
    true_s = [found.true_ms(t_ms + offset_ms) / 1000 for t_ms in paid_ms]
    own = [comes_s <= t_s <= goes_s for t_s, (comes_s, goes_s) in zip(true_s, stays_s, strict=True)]
    assert sum(own) >= 0.95 * len(own)
    assert found.offset_ms == pytest.approx(offset_ms, abs=7_000)


def test_what_was_measured_of_a_clock_leaves_little_to_learn():
    motions, paid_ms = shoppers(6, seed=5)
    touches = told(motions, paid_ms, 0)
    guessed, measured = learn(touches, [SPOT]), learn(touches, [SPOT], is_measured=True)
    assert abs(measured.offset_ms) < 500
    assert measured.sigma_ms < guessed.sigma_ms / 2


def test_a_till_with_a_clock_of_its_own_is_found_though_its_device_was_measured():
    motions, paid_ms = shoppers(40, seed=6)
    found = learn(told(motions, paid_ms, 15_000), [QUEUE, SPOT], is_measured=True)
    assert found.offset_ms == pytest.approx(15_000, abs=4_000)


def test_drift_is_found_over_a_day():
    motions, paid_ms = shoppers(200, seed=3, every_s=400)
    found = learn(told(motions, paid_ms, 1_000, drift_ppm=100), [SPOT])
    assert found.drift_ppm >= 50
    for t_ms in (paid_ms[0], paid_ms[-1]):
        assert abs(found.true_ms(round(t_ms * (1 + 100e-6) + 1_000)) - t_ms) < 4_000


def test_few_touches_say_little():
    motions, paid_ms = shoppers(40, seed=1)
    few, many = learn(told(motions, paid_ms[:3], 0), [SPOT]), learn(told(motions, paid_ms, 0), [SPOT])
    assert few.sigma_ms > many.sigma_ms


def test_without_anybody_near_nothing_is_known():
    assert learn([Near(5, ())], [SPOT]) == Terminal()
    motions, paid_ms = shoppers(3, seed=1)
    assert learn(told(motions, paid_ms, 0), []) == Terminal(touches=3)


def test_the_order_of_places_does_not_matter():
    motions, paid_ms = shoppers(30, seed=8)
    touches = told(motions, paid_ms, 4_000)
    assert learn(touches, [QUEUE, SPOT]) == learn(touches, [SPOT, QUEUE])


def test_places_are_where_visits_stood_longest():
    motions, _ = shoppers(20, seed=2)
    spans = [(motion.opened_ms, motion.ended_ms) for motion in motions]
    places = standing_places(motions, spans)
    assert any(np.hypot(x_m - SPOT[0], y_m - SPOT[1]) < 0.3 for x_m, y_m in places)
    assert any(np.hypot(x_m - QUEUE[0], y_m - QUEUE[1]) < 0.3 for x_m, y_m in places)
    assert len(places) <= 6
