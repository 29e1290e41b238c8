"""When an event of the log happened, by the store's clock."""

import pytest

from cloud.projections.base import StoredEvent


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"time":"2026-03-05T16:00:00.000Z"}', None),
        (b'{"correctedtime":"2026-03-05T16:00:00.250Z","clockoffset":90}', 1_772_726_400_250),
        (b'{"data":{"note":"\\"correctedtime\\"","correctedtime":"2026-03-05T16:00:00.250Z"}}', None),
    ],
)
def test_only_what_the_gateway_added_corrects_the_time(raw: bytes, expected: int | None):
    event = StoredEvent(
        position=1, event_id="e", tenant="t", store="s", device="d", event_type="x", time_ms=0, sequence=1, raw=raw
    )
    assert event.corrected_ms == expected
