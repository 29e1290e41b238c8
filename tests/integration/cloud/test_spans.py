"""Spans as one parameter: a join finds each row in the spans that hold it, on either database."""

from sqlalchemy import select

from cloud.spans import Spans
from cloud.tables import crossings
from tests.integration.cloud.support import TENANT, Cloud

FAR_MS = 1 << 45


def test_each_row_is_found_with_the_span_that_holds_it(cloud: Cloud):
    times = [0, 9, 10, 19, 20, FAR_MS]
    kept = {"tenant": TENANT, "store": "a", "device": "cam", "tripwire_id": "door", "tripwire_kind": "entrance"}
    rows = [
        {**kept, "event_id": str(time_ms), "track_id": 1, "direction": "in", "confidence": 1.0, "time_ms": time_ms}
        for time_ms in times
    ]
    columns = {column.name for column in crossings.c}
    with cloud.database.write() as session:
        session.insert(crossings, [{name: row[name] for name in row if name in columns} for row in rows])
    with cloud.database.read() as session:
        for asked in ([], [(0, 10)], [(9, 20), (FAR_MS, FAR_MS + 1)], [(0, 10), (5, 11)]):
            spans = Spans(asked)
            held = spans.table.join(crossings, spans.hold(crossings.c.time_ms))
            found = session.rows(select(spans.start, crossings.c.time_ms).select_from(held))
            assert sorted(map(tuple, found)) == sorted((s, t) for s, e in asked for t in times if s <= t < e)
