"""The day's secret: it changes when the store closes, after a day at most, and never comes back."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, timezone
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.key_schedule import MOST_MS, current_key, next_closing_ms

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
CLOSES = time(22)


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _draw() -> Callable[[int], bytes]:
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


def test_a_key_holds_until_the_store_closes_as_its_clocks_show_it():
    key = current_key(None, CLOSES, SHANGHAI, _ms("2026-03-05T09:30:00+08:00"), _draw())
    assert key.valid_until_ms == _ms("2026-03-05T22:00:00+08:00")
    assert not key.is_valid(key.valid_until_ms)


def test_within_the_day_it_stays_and_afterwards_it_is_another():
    draw, opens_ms = _draw(), _ms("2026-03-05T09:30:00+08:00")
    first = current_key(None, CLOSES, SHANGHAI, opens_ms, draw)
    assert current_key(first, CLOSES, SHANGHAI, first.valid_until_ms - 1, draw) is first
    second = current_key(first, CLOSES, SHANGHAI, first.valid_until_ms, draw)
    assert (second.valid_from_ms, second.valid_until_ms) == (first.valid_until_ms, first.valid_until_ms + MOST_MS)
    assert (second.key_id, second.secret) != (first.key_id, first.secret)
    assert len(second.secret) == len(first.secret) == 32


def test_a_clock_that_goes_back_before_the_keys_begin_ends_it():
    draw = _draw()
    first = current_key(None, CLOSES, UTC, 10**12, draw)
    assert current_key(first, CLOSES, UTC, 10**12 - 1, draw) is not first


def test_a_day_of_25_hours_has_a_key_of_24():
    before = _ms("2026-10-24T22:00:00+02:00")
    assert next_closing_ms(CLOSES, BERLIN, before) - before == MOST_MS + 3_600_000
    key = current_key(None, CLOSES, BERLIN, before, _draw())
    assert key.valid_until_ms - before == MOST_MS


@pytest.mark.parametrize(
    ("closes", "now", "expected"),
    [
        (time(2, 30), "2026-03-29T00:00:00+01:00", "2026-03-29T03:30:00+02:00"),  # left out
        (time(2, 30), "2026-10-25T00:00:00+02:00", "2026-10-25T02:30:00+02:00"),  # comes twice
        (time(0), "2026-03-05T00:00:00+01:00", "2026-03-06T00:00:00+01:00"),
    ],
)
def test_closing_hours_where_clocks_change(closes: time, now: str, expected: str):
    assert next_closing_ms(closes, BERLIN, _ms(now)) == _ms(expected)


@given(
    st.integers(min_value=0, max_value=4 * 10**12),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.integers(min_value=-14, max_value=14),
)
def test_the_next_closing_is_ahead_and_at_the_hour(now_ms: int, closes: time, offset_h: int):
    zone = timezone(timedelta(hours=offset_h))
    closing_ms = next_closing_ms(closes, zone, now_ms)
    assert 0 < closing_ms - now_ms <= MOST_MS
    assert datetime.fromtimestamp(closing_ms / 1000, zone).time() == closes


def test_no_text_of_a_key_tells_its_secret():
    key = current_key(None, CLOSES, UTC, 10**12, lambda size: b"secret!!" * (size // 8) or b"123456")
    assert "secret!" not in f"{key} {key!r}"
