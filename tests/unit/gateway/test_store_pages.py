"""Health, figures and the manager's page, with everything behind them made up."""

from pathlib import Path

import pytest

from contracts.events import Source, draft_event, encode_event
from contracts.payloads import Coverage, ZoneCount, ZoneOccupancy
from contracts.topics import event_topic
from gateway.adapters.http_server import Handlers, Reply, Request
from gateway.adapters.live_zones import STALE_MS, LiveZones
from gateway.adapters.store_pages import PAGES_DIR, StoreFacts, StoreNow, operation_handlers, page_handlers
from gateway.core.judging import Delivery, judge
from gateway.core.metrics import single

CAMERA = Source("acme", "store-1", "cam-1")
T = 1_772_442_000_000
EMPTY = StoreNow(store="s", now_ms=T, people=None, went_in=None, went_out=None, waiting=0, zones=[], devices=[])


class Gateway:
    def __init__(self) -> None:
        self.is_alive, self.missing, self.key = True, list[str](), "secret-key"

    def handlers(self) -> Handlers:
        facts = StoreFacts(
            lambda: self.is_alive, lambda: self.missing, lambda: [single("x", "gauge", "x", 1)], lambda: EMPTY
        )
        return {**operation_handlers(facts), **page_handlers(facts, lambda: self.key or None)}

    def get(self, path: str, cookie: str = "", **query: str) -> Reply:
        return self.handlers()["GET", path](Request("GET", path, query, cookie, "10.0.0.1", b""))


def test_health_and_readiness_are_told_apart():
    gateway = Gateway()
    assert [gateway.get(path).status for path in ("/livez", "/readyz")] == [200, 200]
    gateway.missing = ["the broker is not there", "disk full"]
    assert gateway.get("/livez").status == 200
    assert (gateway.get("/readyz").status, gateway.get("/readyz").body) == (
        503,
        b"the broker is not there; disk full\n",
    )
    gateway.is_alive = False
    assert gateway.get("/livez").status == 503
    assert gateway.get("/metrics").body.endswith(b"x 1\n")


@pytest.mark.parametrize("path", ["/", "/store.json", "/store.js", "/store.css"])
def test_only_who_has_the_key_sees_the_page(path: str):
    gateway = Gateway()
    assert gateway.get(path).status == 403
    assert gateway.get(path, "shopthread_store=wrong").status == 403
    assert gateway.get(path, "\x00;=").status == 403
    assert gateway.get(path, key="wrong").status == 403
    let_in = gateway.get(path, key="secret-key")
    assert (let_in.status, let_in.headers["Location"]) == (303, "/")
    cookie = let_in.headers["Set-Cookie"]
    assert "HttpOnly; SameSite=Strict" in cookie
    assert gateway.get(path, cookie.partition(";")[0]).status == 200
    gateway.key = ""
    assert gateway.get(path, cookie.partition(";")[0]).status == 404


def test_the_page_needs_nothing_from_elsewhere():
    for path in PAGES_DIR.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "//" not in text.replace("http://www.w3.org", "") or path.suffix == ".js", path
        assert "http:" not in text, path
        assert "https:" not in text, path


def _told(payload: Coverage | ZoneOccupancy, received_ms: int) -> Delivery:
    body = encode_event(draft_event(CAMERA, payload, 5).numbered(CAMERA, 1))
    return judge(event_topic(CAMERA, type(payload)), body, {}, received_ms)


def test_zones_are_as_last_told_and_old_samples_say_nothing():
    zones = LiveZones()
    queue = ZoneCount(zone_id="till", zone_kind="queue", people=3, waiting=2, longest_wait_s=40.0)
    zones.note(_told(ZoneOccupancy(zones=(queue,)), T))
    zones.note(
        _told(Coverage(interval_start_ms=1, interval_end_ms=2, observed_s=0, frames_processed=1, frames_dropped=0), T)
    )
    zones.note(judge("x", b"?", {}, T))
    (found,) = zones.now(T + STALE_MS)
    assert (found.device, found.zone, found.people, found.waiting, found.longest_wait_s) == (
        "cam-1",
        "till",
        3,
        2,
        40.0,
    )
    assert zones.now(T + STALE_MS + 1) == []


def test_the_pages_are_installed_with_the_package():
    assert {path.name for path in Path(PAGES_DIR).iterdir()} == {"index.html", "store.css", "store.js"}
