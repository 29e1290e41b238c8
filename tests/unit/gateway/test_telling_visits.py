"""Visits are told at their time, and less often where telling them takes long."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import draft_event, encode_event
from gateway.adapters.stitching import Stitching
from gateway.core.staff import StaffRules
from gateway.core.stitching import StitchRules
from tests.unit.gateway.stitch_samples import START_MS, camera, segment, standing, stay

ONE, GATEWAY = camera("cam-1"), camera("gateway")
RULES = StitchRules(enabled=True, settle_share=0.2)


class _Slow:
    """A clock by which telling visits takes as long as is said."""

    def __init__(self) -> None:
        self.takes_s, self._now_s, self._is_running = 0.0, 0.0, False

    def __call__(self) -> float:
        self._now_s += self.takes_s if self._is_running else 0.0
        self._is_running = not self._is_running
        return self._now_s


def _stitching(clock: _Slow) -> Stitching:
    return Stitching(GATEWAY, RULES, StaffRules(), lambda _: True, clock)


@pytest.mark.parametrize(("takes_s", "interval_s"), [(0.5, 10), (2, 10), (4, 20), (24, 120), (300, 120)])
def test_visits_are_told_less_often_where_that_takes_long(takes_s: float, interval_s: int):
    clock = _Slow()
    stitching = _stitching(clock)
    stitching.settle(0)
    clock.takes_s = takes_s
    stitching.settle(10_000)
    assert not stitching.is_due(10_000 + interval_s * 1000 - 1)
    assert stitching.is_due(10_000 + interval_s * 1000)
    clock.takes_s = 0.0
    stitching.settle(300_000)
    assert stitching.is_due(310_000), "once it is quick again, it is done as often again"


def test_reading_the_day_again_after_a_restart_puts_nothing_off():
    clock = _Slow()
    clock.takes_s = 90.0
    stitching = _stitching(clock)
    stitching.settle(0)
    assert stitching.is_due(10_000)


@pytest.mark.parametrize("s_per_s", [0.01, 0.05, 0.1, 0.15])
def test_a_store_that_is_too_full_for_every_ten_seconds_is_told_of_within_its_share(s_per_s: float):
    interval_ms = RULES.interval_ms(0)
    for _ in range(100):
        took_s = s_per_s * (interval_ms / 1000 + 35)
        interval_ms = RULES.interval_ms(took_s)
    assert took_s / (interval_ms / 1000) <= RULES.settle_share + 1e-9 or interval_ms == 120_000
    assert took_s < interval_ms / 1000


@settings(max_examples=10)
@given(random=st.randoms(use_true_random=False), slow=st.lists(st.floats(0, 100), min_size=12, max_size=12))
def test_what_telling_takes_changes_no_decision(random: Random, slow: list[float]):
    seen = []
    for number in range(12):
        stays = (stay("shelf", "shelf", 5 * number + 1, 5 * number + 4),)
        told = segment(ONE, f"p{number}", standing(random.random(), 0.0), (5 * number, 5 * number + 4), stays)
        seen.append(encode_event(draft_event(ONE, told, told.updated_ms, number).numbered(ONE, number + 1)))

    def told_in_the_end(clock: _Slow, takes: list[float]) -> list[tuple[str, tuple[str, ...]]]:
        stitching = _stitching(clock)
        for number, (body, clock.takes_s) in enumerate(zip(seen, takes, strict=True)):
            stitching.read(number, body)
            if stitching.is_due(START_MS + 5000 * number):
                stitching.settle(START_MS + 5000 * number)
        stitching.settle(START_MS + 600_000)
        current = [each for each in stitching.visits.visits() if each.status in {"open", "closed"}]
        return [(each.visit_id, each.segment_ids) for each in current]

    found = told_in_the_end(_Slow(), slow)
    assert found == told_in_the_end(_Slow(), [0.0] * 12)
    assert found
