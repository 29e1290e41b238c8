"""Spans as one parameter: a join finds each row in the spans that hold it, on either database."""

from sqlalchemy import select

from cloud.spans import Spans
from cloud.tables import crossings
from tests.integration.cloud.support import TENANT, Cloud

FAR_MS = 1 << 45


def test_each_row_is_found_with_the_span_that_holds_it(cloud: Cloud):
    times = [0, 9, 10, 19, 20, FAR_MS]
    came = {"tenant": TENANT, "store": "a", "device": "cam", "tripwire_id": "door", "tripwire_kind": "entrance"}
    rows = [{**came, "direction": "in", "event_id": str(time_ms), "time_ms": time_ms} for time_ms in times]
    with cloud.database.write() as session:
        session.insert(crossings, rows)
    with cloud.database.read() as session:
        for asked in ([], [(0, 10)], [(9, 20), (FAR_MS, FAR_MS + 1)], [(0, 10), (5, 11)]):
            spans = Spans(asked)
            held = [(start, time_ms) for start, end in asked for time_ms in times if start <= time_ms < end]
            inner = spans.table.join(crossings, spans.hold(crossings.c.time_ms))
            outer = spans.find_in(crossings, spans.hold(crossings.c.time_ms), crossings.c.store == "a")
            for joined in (inner, outer):
                found = session.rows(select(spans.start, crossings.c.time_ms).select_from(joined))
                assert sorted(tuple(row) for row in found if row.time_ms is not None) == sorted(held)
