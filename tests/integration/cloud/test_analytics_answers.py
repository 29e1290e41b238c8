"""How metrics are answered: formats, tags, comparisons, estimates, opening hours, and the live stream."""

import asyncio
import csv
import io
import itertools
import json
import sys
from collections.abc import Iterator

import msgspec
import pyarrow.parquet as pq
import pytest

from cloud.analytics.live import events
from cloud.app import create_app
from cloud.config import Settings
from contracts.payloads import ZoneCount, ZoneOccupancy
from tests.integration.cloud.support import STORE, T0, Cloud, NewCloud, Shop, ms, serving
from tests.integration.cloud.test_analytics_http import Client, fill

DAY = {"from_": "2026-03-02", "to": "2026-03-03"}
DAY_S = 86_400


@pytest.fixture
def settings(new_cloud: NewCloud) -> Settings:
    return new_cloud().settings


@pytest.fixture
def client(cloud: Cloud, settings: Settings) -> Iterator[Client]:
    quick = msgspec.structs.replace(settings, live_interval_s=0.02, live_lifetime_s=30.0)
    app = create_app(quick, cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as http:
        yield Client(http, cloud)


def test_csv_and_parquet_hold_what_json_holds(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    rows = client.metric("linked_visits", grain="hour")["rows"]
    table = client.ask("/v1/metrics/linked_visits", grain="hour", limit=10, format="csv", **DAY)
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["x-next-cursor"] == "10"
    read = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["start"] for row in read] == [row["start"] for row in rows[:10]]
    assert [row["value"] for row in read] == ["" if row["value"] is None else str(row["value"]) for row in rows[:10]]
    assert {row["is_estimated"] for row in read} == {"false"}
    accept = {**client.headers, "Accept": "application/vnd.apache.parquet"}
    asked = {"from": "2026-03-02", "to": "2026-03-03", "grain": "hour"}
    parquet = client.http.get("/v1/metrics/linked_visits", params=asked, headers=accept)
    found = pq.read_table(io.BytesIO(parquet.content)).to_pylist()
    assert [row["value"] for row in found] == [row["value"] for row in rows]
    assert [row["is_partial"] for row in found] == [row["is_partial"] for row in rows]


def test_a_text_is_no_formula_of_a_spreadsheet(client: Client, cloud: Cloud, shop: Shop):
    cloud.take_in(shop.crossing(T0))
    client.put_store(STORE, region="=1+1")
    assert ",'=1+1," in client.ask("/v1/metrics/heads", format="csv", **DAY).text


def test_formats_that_there_are_not(client: Client, monkeypatch: pytest.MonkeyPatch):
    refused = client.ask("/v1/metrics/heads", format="xml", **DAY)
    assert (refused.status_code, "json, csv, parquet" in refused.json()["detail"]) == (422, True)
    asked = {"from": "2026-03-02", "to": "2026-03-03"}
    picture = client.http.get("/v1/metrics/heads", params=asked, headers={**client.headers, "Accept": "image/png"})
    assert (picture.status_code, "text/csv" in picture.json()["detail"]) == (406, True)
    text = client.http.get("/v1/metrics/heads", params=asked, headers={**client.headers, "Accept": "image/png, text/*"})
    assert text.headers["content-type"].startswith("text/csv")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    missing = client.ask("/v1/metrics/heads", format="parquet", **DAY)
    assert (missing.status_code, "shopthread[parquet]" in missing.json()["detail"]) == (501, True)


def test_a_tag_tells_whether_anything_changed(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    first = client.ask("/v1/metrics/footfall_in", **DAY)
    held = {**client.headers, "If-None-Match": f'"other", {first.headers["etag"]}'}
    asked = {"from": "2026-03-02", "to": "2026-03-03"}
    again = client.http.get("/v1/metrics/footfall_in", params=asked, headers=held)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    cloud.take_in(shop.crossing(ms(5)))
    changed = client.http.get("/v1/metrics/footfall_in", params=asked, headers=held)
    assert (changed.status_code, changed.json()["rows"][0]["value"]) == (200, 4)


def test_comparisons(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    cloud.now_ms = T0 + 30 * DAY_S * 1000
    cloud.take_in(
        *(shop.crossing(ms(-7 * DAY_S + at)) for at in (1, 2)),
        shop.crossing(ms(-364 * DAY_S)),
        *(shop.crossing(ms(-DAY_S + at)) for at in range(4)),
        *(shop.crossing(ms(-365 * DAY_S + at)) for at in range(6)),
    )

    def compared(compare: str, **query: str) -> tuple[object, object, object]:
        found = client.metric("footfall_in", compare=compare, **query)["rows"][0]["compared"]
        return found["start"][:10], found["value"], found["change"]

    assert compared("week_before") == ("2026-02-23", 2, 0.5)
    assert compared("period_before") == ("2026-03-01", 4, -0.25)
    assert compared("year_before") == ("2025-03-03", 1, 2.0)
    assert compared("year_before", grain="total") == ("2025-03-02", 6, -0.5)
    month = {"from_": "2026-03-01", "to": "2026-04-01", "grain": "month"}
    assert compared("period_before", **month) == ("2026-02-01", 2, 2.5)
    assert compared("year_before", **month) == ("2025-03-01", 7, 0.0)
    refused = client.ask("/v1/metrics/footfall_in", compare="week_before", **month)
    assert refused.status_code == 422
    hours = client.metric("footfall_in", compare="week_before", grain="hour")["rows"]
    assert [row["compared"]["value"] for row in hours[8:10]] == [None, 2]
    by_table = client.ask("/v1/metrics/footfall_in", compare="week_before", format="csv", **DAY).text
    assert by_table.splitlines()[1].endswith(",2,0.0,0.5") or ",2," in by_table.splitlines()[1]


def test_gaps_are_estimated_only_when_asked(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    plain = client.metric("footfall_in", grain="hour")["rows"][9]
    assert (plain["value"], plain["is_estimated"]) == (3, False)
    filled = client.metric("footfall_in", grain="hour", estimate=True)["rows"]
    assert [(row["value"], row["is_estimated"]) for row in filled[8:11]] == [(None, False), (4.0, True), (0.0, True)]
    # Of a whole day hardly anything was observed: too little to say more.
    assert client.metric("footfall_in", estimate=True)["rows"][0]["is_estimated"] is False
    assert client.metric("capture_rate", grain="hour", estimate=True)["rows"][9]["is_estimated"] is False


def test_coverage_counts_opening_hours_alone(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    weekly = {"monday": [["09:00", "10:30"], ["12:00", "12:30"]]}
    assert client.put_store(STORE, opening_hours={"weekly": weekly}).status_code == 200
    row = client.metric("footfall_in")["rows"][0]
    assert row["coverage"] == pytest.approx(1.5 * 0.75 / 2)
    hours = client.metric("footfall_in", grain="hour")["rows"]
    assert [(row["value"], row["coverage"]) for row in hours[9:12]] == [(3, 0.75), (0, 0.75), (None, None)]
    assert client.metric("occupancy")["rows"][0]["value"] == 400 / 7200
    closed = {"weekly": weekly, "exceptions": {"2026-03-02": []}}
    answer = client.put_store(STORE, opening_hours=closed)
    assert answer.json()["opening_hours"]["exceptions"] == {"2026-03-02": []}
    row = client.metric("footfall_in")["rows"][0]
    assert (row["value"], row["coverage"]) == (3, None)
    listed = client.ask("/v1/stores").json()[0]
    assert (listed["region"], listed["opening_hours"]["weekly"]) == (None, weekly)


@pytest.mark.parametrize(
    "hours",
    [
        [["9:00", "18:00"]],
        [["18:00", "09:00"]],
        [["09:00"]],
        [["09:00", "25:00"]],
        [["09:00", "12:00"], ["11:00", "13:00"]],
    ],
)
def test_impossible_opening_hours(client: Client, hours: list[list[str]]):
    answer = client.put_store(STORE, opening_hours={"weekly": {"monday": hours}})
    assert (answer.status_code, "opening_hours of monday" in answer.json()["detail"]) == (422, True)


def queue(shop: Shop, time_ms: int, waiting: int) -> bytes:
    line = ZoneCount(zone_id="line", zone_kind="queue", people=waiting, waiting=waiting, longest_wait_s=12.5)
    return shop.event("cam-1", ZoneOccupancy(zones=(line,)), time_ms)


def test_the_live_stream_tells_what_changed(client: Client, cloud: Cloud, shop: Shop):
    cloud.take_in(queue(shop, T0, 2), shop.crossing(T0))
    with client.http.stream("GET", f"/v1/stores/{STORE}/live", headers=client.headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
        first = next(told)
        assert first["queues"][0]["waiting"] == 2
        assert first["occupancy"]["inside_by_tripwires"] == 1
        cloud.take_in(queue(shop, T0 + 1000, 5))
        assert next(told)["queues"][0]["waiting"] == 5
    unknown = client.http.get("/v1/stores/nowhere/live", headers=client.headers)
    assert unknown.status_code == 404


def test_a_stream_says_that_it_is_alive_and_ends():
    looks = itertools.chain(["a"] * 40, itertools.repeat("b"))

    async def collect() -> list[str]:
        return [event async for event in events(lambda: next(looks), "a", 0.5, 30.0)]

    async def at_once(_seconds: float) -> None:
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloud.analytics.live.asyncio.sleep", at_once)
        found = asyncio.run(collect())
    assert found == [
        "retry: 3000\nevent: live\ndata: a\n\n",
        ": nothing changed\n\n",
        "event: live\ndata: b\n\n",
    ]
