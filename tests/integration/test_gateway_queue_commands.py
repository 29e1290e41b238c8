"""`shopthread gateway status`, `dead-letters`, `replay` and `drain` against a store with a past."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import zstandard
from typer.testing import CliRunner, Result

from contracts.delivery import IngestReceipt, encode_message, split_batch
from contracts.events import Source, draft_event, encode_event
from contracts.payloads import FloorHeat, PosSale
from contracts.privacy import UplinkPayload
from contracts.topics import event_topic
from gateway.adapters.event_store import EventStore
from gateway.core.judging import Delivery, judge
from gateway.main import clock_ms
from shopthread import cli
from tests.unit.contracts.samples import SAMPLES

DEVICE = Source("demo", "store-1", "till-1")
SALE, HEAT = (next(each for each in SAMPLES if isinstance(each, kind)) for kind in (PosSale, FloorHeat))


class Cloud(BaseHTTPRequestHandler):
    """Accepts whatever comes with the key."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        lines = split_batch(zstandard.ZstdDecompressor().decompress(body))
        is_known = self.headers["authorization"] == "Bearer secret"
        receipt = IngestReceipt(received=len(lines), inserted=len(lines), duplicate=0, rejected=0)
        self.send_response(200 if is_known else 401)
        self.end_headers()
        self.wfile.write(encode_message(receipt))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def cloud() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Cloud) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _config(folder: Path, url: str) -> Path:
    (folder / "key").write_text("secret")
    config = folder / "gateway.toml"
    config.write_text(
        '[gateway]\ntenant = "demo"\nstore = "store-1"\ndata_dir = "data"\n'
        f'[cloud]\nurl = "{url}"\napi_key_file = "key"\nfirst_retry_s = 0.01\n[storage]\nmax_bytes = 16777216\n'
    )
    return config


def _deliveries(data: UplinkPayload, first: int, count: int) -> list[Delivery]:
    now_ms = clock_ms()
    events = [
        draft_event(DEVICE, data, now_ms, number).numbered(DEVICE, number) for number in range(first, first + count)
    ]
    topic = event_topic(DEVICE, type(data))
    return [
        judge(topic, encode_event(event), {"epoch": "a1", "sequence": str(event.sequence_number)}, now_ms)
        for event in events
    ]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    opened = EventStore(tmp_path / "data" / "gateway.sqlite", Source("demo", "store-1", "gateway"))
    opened.receive([*_deliveries(SALE, 1, 30), *_deliveries(HEAT, 31, 20)], {str(DEVICE): 7})
    yield opened
    opened.close()


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in ("gateway", *arguments)], env={"COLUMNS": "200"})


def test_what_waits_is_sent_and_the_command_says_how_far_it_is(tmp_path: Path, store: EventStore, cloud: str):
    ran = _run("drain", _config(tmp_path, cloud))
    assert (ran.exit_code, "50/50" in ran.output, "sent: 50; nothing waits" in ran.output) == (0, True, True), (
        ran.output
    )
    assert store.queue_depth() == 0


def test_a_cloud_that_does_not_answer_is_given_up_and_nothing_is_lost(tmp_path: Path, store: EventStore):
    ran = _run("drain", _config(tmp_path, "http://127.0.0.1:1"), "--patience-s", "0.05")
    assert (ran.exit_code, "no answer from http://127.0.0.1:1" in ran.output) == (1, True), ran.output
    assert store.queue_depth() == 50


def test_a_key_that_the_cloud_refuses_is_named(tmp_path: Path, store: EventStore, cloud: str):
    config = _config(tmp_path, cloud)
    (tmp_path / "key").write_text("another")
    ran = _run("drain", config, "--patience-s", "0")
    assert (ran.exit_code, "refuses the API key" in ran.output) == (1, True), ran.output
    assert store.queue_depth() == 50


def test_the_state_shows_the_backlog_the_disk_and_what_was_deleted(tmp_path: Path, store: EventStore):
    config = _config(tmp_path, "http://127.0.0.1:1")
    with store._database.transaction():
        store._queue.thin(5)
    shown = _run("status", config).output
    assert "waiting: 45, the oldest for" in shown
    assert "of 16 MiB" in shown
    told = json.loads(_run("status", config, "--json").output)
    (source,) = told["sources"]
    assert (source["received"], source["thinned"], source["limited"], source["waiting"]) == (50, 5, 7, 45)
    assert (told["storage"]["waiting"], told["storage"]["is_full"]) == (45, False)


def test_what_the_cloud_refused_is_listed_and_sent_again(tmp_path: Path, store: EventStore, cloud: str):
    config = _config(tmp_path, cloud)
    store.bury_waiting(store.waiting(1)[0], "cloud_refused", "unknown_type: older cloud", 9)
    assert "cloud_refused" in _run("dead-letters", config).output
    assert "taken in: 1, still unacceptable: 0" in _run("replay", config).output
    assert "sent: 50; nothing waits" in _run("drain", config).output
    assert (store.dead_letter_count(), store.queue_depth()) == (0, 0)


def test_an_empty_store_has_nothing_that_waits(tmp_path: Path, store: EventStore, cloud: str):
    config = _config(tmp_path, cloud)
    store.mark_uploaded(store.waiting(99), {}, 9)
    assert "sent: 0; nothing waits" in _run("drain", config).output
    assert "waiting: 0; disk:" in _run("status", config).output
