"""A simulated store's feeds go through the real edge and gateway cores, and their events through the scorer."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zstandard
from typer.testing import CliRunner

from contracts.events import EventDraft, Source, encode_event
from contracts.payloads import VisitSegment
from contracts.privacy import UplinkPayload
from edge.camera_config import load_camera_config
from edge.camera_rules import pipeline_rules
from edge.core.pipeline import Person, finish, initial_state, step
from gateway.core.stitching import revise
from shopthread.simulate_commands import app
from simulators.core.scoring import Scorecard

GATEWAY = Source("demo", "corner-shop", "gateway")


def _invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    return result.exit_code, result.output


def _camera_events(config_file: Path) -> Iterator[tuple[Source, EventDraft[UplinkPayload]]]:
    """Yield what the camera's agent would send, and what the gateway makes of it."""
    rules = pipeline_rules(load_camera_config(config_file))
    state = initial_state()
    drafts: list[EventDraft[UplinkPayload]] = []
    feed = config_file.parent / f"tracks-{rules.source.device}.jsonl"
    for line in feed.read_text(encoding="utf-8").splitlines()[:-1]:
        seen = json.loads(line)
        people = [Person(each["id"], (each["x_m"], each["y_m"]), each["confidence"]) for each in seen["tracks"]]
        state, more = step(rules, state, people, seen["t_ms"])
        drafts += more
    drafts += finish(rules, state)[1]
    for draft in drafts:
        yield rules.source, draft
        if isinstance(draft.data, VisitSegment) and (visit := revise(GATEWAY, rules.source, draft.data)):
            yield GATEWAY, EventDraft(id=visit.id, time_ms=visit.time_ms, data=visit.data)


@pytest.fixture(scope="module", name="shop")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    start = ("--speed", "0", "--start", "2026-03-02T09:00:00Z", "--duration-s", "900")
    code, output = _invoke("run", "corner_shop", "--out", str(folder), *start)
    assert code == 0, output
    lines = [
        encode_event(draft.numbered(source, number))
        for config_file in sorted(folder.glob("camera-*.toml"))
        for number, (source, draft) in enumerate(_camera_events(config_file), 1)
    ]
    raw = b"\n".join([*lines, *lines[::-7]]) + b"\n"  # Some come twice, and out of order.
    (folder / "events.ndjson").write_bytes(raw)
    (folder / "events.ndjson.gz").write_bytes(gzip.compress(raw))
    (folder / "events.ndjson.zst").write_bytes(zstandard.compress(raw))
    return folder


def _card(folder: Path, events: str, *more: str) -> Scorecard:
    card = folder / "card.json"
    code, output = _invoke(
        "score", str(folder / "truth.json"), "--events", str(folder / events), "--json", str(card), *more
    )
    assert code == 0, output
    return msgspec.json.decode(card.read_bytes(), type=Scorecard)


def test_a_store_with_good_cameras_gets_good_marks(shop: Path) -> None:
    card = _card(shop, "events.ndjson", "--html", str(shop / "page.html"))
    assert card.counting is not None
    door = next(each for each in card.counting.tripwires if each.tripwire_id == "door")
    assert abs(door.crossed_in.error) <= 1  # A crossing settles; the last one may not have.
    assert abs(door.crossed_out.error) <= 1
    store = card.occupancy[0]
    assert store.place is None
    assert store.mean_absolute_error.value is not None
    assert store.mean_absolute_error.value < 0.5
    assert card.visits is not None
    assert card.tracking is not None
    assert card.visits.recall.value is not None
    assert card.visits.recall.value > 0.8
    assert card.tracking.id_recall.value is not None
    assert card.tracking.id_recall.value > 0.95  # Precision is less: the cashier's visit is taken for a customer's.
    assert card.dwell[0].of == "visit"
    assert card.dwell[0].median_error.value is not None
    assert abs(card.dwell[0].median_error.value) < 15
    assert {each.queue_zone_id for each in card.waits} >= {"queue"}
    page = (shop / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 5
    assert "http" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize("packed", ["events.ndjson.gz", "events.ndjson.zst"])
def test_compressed_events_score_the_same(shop: Path, packed: str) -> None:
    assert _card(shop, packed) == _card(shop, "events.ndjson")


def test_links_may_name_visits_of_the_events(shop: Path) -> None:
    truth = json.loads((shop / "truth.json").read_text(encoding="utf-8"))
    touch = next(each for each in truth["touches"] if each["expected"] in {"link", "abstain"})
    person = next(each for each in truth["people"] if each["person_id"] == touch["person_id"])
    tracks = {(each["camera_id"], each["track_id"]) for each in person["tracks"]}
    segments, visits = {}, []
    for line in (shop / "events.ndjson").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["type"].startswith("org.shopthread.visit.segment"):
            device = event["source"].rpartition("/")[2]
            segments[event["data"]["segment_id"]] = (device, event["data"]["track_id"])
        elif event["type"].startswith("org.shopthread.visit.revised"):
            visits.append(event["data"])
    visit_id = next(v["visit_id"] for v in visits if {segments[each] for each in v["segment_ids"]} <= tracks)
    link = {"device_id": touch["device_id"], "t_ms": touch["t_ms"], "visit_id": visit_id, "posterior": 0.9}
    links = shop / "mine.jsonl"
    links.write_text(json.dumps(link) + "\n", encoding="utf-8")
    card = _card(shop, "events.ndjson", "--links", str(links))
    assert (card.links[0].name, card.links[0].linked, card.links[0].exact) == ("mine", 1, 1)
    code, output = _invoke("score", str(shop / "truth.json"), "--links", str(links))
    assert code == 1
    assert f"names visit {visit_id}, which no event tells of; give the events of the same run" in output


def test_events_of_another_day_are_refused(shop: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    code, output = _invoke(
        "run",
        "corner_shop",
        "--out",
        str(other),
        "--speed",
        "0",
        "--start",
        "2026-03-03T09:00:00Z",
        "--duration-s",
        "5",
    )
    assert code == 0, output
    code, output = _invoke("score", str(other / "truth.json"), "--events", str(shop / "events.ndjson"))
    assert code == 1
    assert "from 2026-03-02T09:00" in output
    assert "give the events of the same run" in output
