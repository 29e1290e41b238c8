"""A policy says what goes, and refuses by name what must stay."""

import re

import pytest

from cloud.config import ConfigError, load_settings
from cloud.retention.policy import MS_PER_DAY, parse_policy, short_name
from contracts.payloads import VisitSegment, ZoneOccupancy


def test_a_policy_names_days_by_type():
    assert parse_policy("") == {}
    assert parse_policy(" visit.segment = 90 ,zone.occupancy=400,") == {
        VisitSegment.TYPE: 90 * MS_PER_DAY,
        ZoneOccupancy.TYPE: 400 * MS_PER_DAY,
    }
    assert short_name(VisitSegment.TYPE) == "visit.segment"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pos.sale=400", "pos.sale is kept for ever"),
        ("code.scanned=x", "code.scanned is kept for ever"),
        ("correction=9999", "correction is kept for ever"),
        ("visit.segment=6", "'visit.segment=6' is not TYPE=DAYS with at least 7 days"),
        ("visit.segment=\u0661\u0661", "is not TYPE=DAYS"),
        ("visit.segment", "is not TYPE=DAYS"),
        ("footfall=90", "a type of alert, coverage, delivery, "),
        ("appearance.signature=90", "is not TYPE=DAYS"),
    ],
)
def test_what_cannot_be_named_is_told(text: str, told: str):
    with pytest.raises(ValueError, match=re.escape(told)):
        parse_policy(text)
    with pytest.raises(ConfigError, match="retention: "):
        load_settings({"SHOPTHREAD_CLOUD_RETENTION": text}, {})
