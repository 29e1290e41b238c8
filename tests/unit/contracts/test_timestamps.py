"""Instants in UTC with milliseconds, there and back."""

import pytest
from hypothesis import given

from contracts.timestamps import format_time, parse_time
from tests.unit.contracts.samples import times_ms


@given(times_ms)
def test_parsing_undoes_formatting(time_ms: int):
    text = format_time(time_ms)
    assert parse_time(text) == time_ms
    assert len(text) == len("2026-03-01T09:00:00.000Z")


def test_an_offset_is_applied():
    assert parse_time("2026-03-01T10:00:00.000+01:00") == parse_time("2026-03-01T09:00:00.000Z")


def test_an_instant_without_offset_is_refused():
    with pytest.raises(ValueError, match="offset from UTC"):
        parse_time("2026-03-01T10:00:00.000")
