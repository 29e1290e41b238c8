"""Lines at tills: textbook queues are the oracle."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.visit_level.queueing import NO_TILL, serve

FOR_EVER = 1e12


def _poisson(rate: float, number: int, seed: int = 1) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate, number))


def _erlang_c(rate: float, mean_s: float, tills: int) -> float:
    """Return the mean wait of an M/M/c queue (Erlang, 1917)."""
    load = rate * mean_s
    top = load**tills / math.factorial(tills) / (1 - load / tills)
    waits = top / (sum(load**k / math.factorial(k) for k in range(tills)) + top)
    return waits * mean_s / (tills - load)


def test_one_till_waits_as_pollaczek_and_khinchine_say() -> None:
    came_s = _poisson(0.02, 60_000)
    service_s = np.random.default_rng(2).uniform(20, 50, len(came_s))
    wait_s = serve(came_s, service_s, np.full(len(came_s), FOR_EVER), [0]).wait_s
    load = 0.02 * 35
    expected = 0.02 * (35**2 + 30**2 / 12) / (2 * (1 - load))
    assert wait_s.mean() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("tills", [2, 4])
def test_several_tills_wait_as_erlang_says(tills: int) -> None:
    came_s = _poisson(0.02 * tills, 60_000)
    service_s = np.random.default_rng(2).exponential(35, len(came_s))
    wait_s = serve(came_s, service_s, np.full(len(came_s), FOR_EVER), [0] * tills).wait_s
    assert wait_s.mean() == pytest.approx(_erlang_c(0.02 * tills, 35, tills), rel=0.08)


@given(st.integers(0, 1000), st.lists(st.sampled_from([0, 0, 1, 2]), max_size=3), st.floats(1, 200))
def test_nobody_is_served_twice_at_once_and_patience_is_kept(seed: int, extra: list[int], patience: float) -> None:
    rng = np.random.default_rng(seed)
    came_s = np.sort(rng.uniform(0, 2000, 80))
    service_s, patience_s = rng.uniform(5, 90, 80), rng.uniform(0, patience, 80)
    service = serve(came_s, service_s, patience_s, [0, *extra])
    assert (service.wait_s >= 0).all()
    assert (service.wait_s <= patience_s).all()
    assert (service.wait_s[service.abandoned] == patience_s[service.abandoned]).all()
    for till in range(1 + len(extra)):
        mine = service.till == till
        begins = (came_s + service.wait_s)[mine]
        assert (np.diff(begins) >= service_s[mine][:-1] - 1e-9).all()


def test_a_second_till_opens_when_enough_wait_and_shuts_when_nobody_does() -> None:
    came_s = np.array([0, 1, 2, 3, 4, 1000, 1001], dtype=float)
    service = serve(came_s, np.full(7, 50.0), np.full(7, FOR_EVER), [0, 2])
    assert service.till.tolist() == [0, 0, 0, 1, 1, 0, 0]
    assert service.wait_s.tolist() == [0, 49, 98, 0, 49, 0, 49]


def test_who_gives_up_is_not_served_and_holds_nobody_up() -> None:
    service = serve(np.array([0.0, 1.0, 2.0]), np.full(3, 60.0), np.array([0.0, 5.0, 90.0]), [0])
    assert service.till.tolist() == [0, NO_TILL, 0]
    assert service.wait_s.tolist() == [0, 5, 58]
    assert service.abandoned.tolist() == [False, True, False]


def test_nobody_comes() -> None:
    assert not len(serve(np.empty(0), np.empty(0), np.empty(0), [0]).till)
