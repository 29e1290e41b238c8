"""A covered, blinded, frozen or silent camera is told after a while, and good again after a while."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.tamper import TamperRules, TamperState, Thumbnail, initial_state, look, same_shape, silence

RULES = TamperRules()


def grey(value: int) -> Thumbnail:
    return np.full((24, 32), value, dtype=np.uint8)


SHOP = np.tile(np.arange(32, dtype=np.uint8) * 5 + 40, (24, 1))


def watch(
    thumbnails: list[Thumbnail],
    state: TamperState | None = None,
    *,
    start_ms: int = 0,
    repeated: bool = False,
    rules: TamperRules = RULES,
) -> TamperState:
    """Return the state after pictures that come ten times a second."""
    state = state or initial_state()
    for index, thumbnail in enumerate(thumbnails):
        state = look(rules, state, thumbnail, start_ms + 100 * index, is_repeated=repeated)
    return state


@pytest.mark.parametrize(("value", "told"), [(0, "black"), (24, "black"), (255, "bright"), (240, "bright")])
def test_a_covered_or_blinded_camera_is_told_after_three_seconds_and_since_when(value: int, told: str) -> None:
    before = watch([grey(value)] * 30, start_ms=5000)
    assert before.told == "good"
    after = watch([grey(value)], before, start_ms=8000)
    assert (after.told, after.since_ms) == (told, 5000)


@pytest.mark.parametrize("value", [25, 128, 239])
def test_an_even_picture_between_black_and_bright_is_a_picture(value: int) -> None:
    assert watch([grey(value)] * 100).told == "good"


def test_a_single_lamp_in_a_dark_shop_is_a_picture() -> None:
    night = grey(8)
    night[3, 4] = 60
    assert watch([night] * 100).told == "good"


def test_somebody_who_passes_close_before_the_lens_covers_nothing() -> None:
    state = watch([SHOP, *[grey(0)] * 29, SHOP, *[grey(0)] * 29, SHOP])
    assert state.told == "good"


def test_a_picture_is_good_again_only_when_it_stays_good() -> None:
    covered = watch([grey(0)] * 40)
    flash = watch([SHOP, grey(0), SHOP, grey(0)], covered, start_ms=4000)
    assert flash.told == "black"
    assert watch([SHOP] * 5, covered, start_ms=4000).told == "black"
    assert watch([SHOP] * 6, covered, start_ms=4000).told == "good"


def test_a_picture_that_does_not_change_by_one_bit_for_half_a_minute_is_frozen() -> None:
    assert watch([SHOP] * 300, repeated=True).told == "good"
    frozen = watch([SHOP] * 301, repeated=True)
    assert (frozen.told, frozen.since_ms) == ("frozen", 0)
    assert watch([SHOP] * 10, frozen, start_ms=40_000).told == "good"


def test_a_key_frame_every_ten_seconds_keeps_a_still_stream_from_being_frozen() -> None:
    state = initial_state()
    for index in range(2000):
        state = look(RULES, state, SHOP, index * 100, is_repeated=index % 100 != 0)
        assert state.told == "good"


def test_where_frozen_is_not_looked_for_a_still_picture_is_good() -> None:
    assert watch([SHOP] * 2000, repeated=True, rules=TamperRules(frozen_s=None)).told == "good"


def test_a_black_picture_that_stays_the_same_is_black_and_then_a_still_one_is_good_at_once() -> None:
    black = watch([grey(0)] * 400, repeated=True)
    assert black.told == "black"
    assert watch([SHOP] * 6, black, start_ms=40_000, repeated=False).told == "good"


def test_silence_is_told_at_once_and_ends_with_the_first_picture() -> None:
    silent = silence(initial_state(), 7000)
    assert (silent.told, silent.since_ms) == ("silent", 7000)
    assert silence(silent, 9000) is silent
    assert watch([SHOP], silent, start_ms=10_000).told == "good"
    assert watch([grey(0)], silent, start_ms=10_000).told == "black"


@given(st.lists(st.tuples(st.integers(0, 255), st.booleans(), st.integers(1, 5000)), max_size=60))
def test_what_is_said_was_seen_and_never_changes_within_its_while(pictures: list[tuple[int, bool, int]]) -> None:
    state, now_ms = initial_state(), 0
    for value, is_repeated, gap_ms in pictures:
        now_ms += gap_ms
        before, state = state, look(RULES, state, grey(value), now_ms, is_repeated=is_repeated)
        assert state.since_ms <= now_ms
        if state.told != before.told:
            assert state.told == state.seems
            assert now_ms - state.since_ms >= 500


def test_a_shape_is_the_ratio_of_the_sides_to_a_hundredth() -> None:
    assert same_shape((640, 480), (320, 240))
    assert same_shape((1920, 1080), (640, 360))
    assert same_shape((704, 576), (352, 288))
    assert not same_shape((640, 480), (640, 360))
    assert not same_shape((640, 480), (480, 640))
