"""A gateway that runs tells how it is, shows the store, and is saved and brought back."""

import json
import sqlite3
import stat
import tarfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.delivery import Presence
from contracts.events import Source, draft_event
from contracts.operations import DeviceHealth
from contracts.payloads import FootfallCrossing, ZoneCount, ZoneOccupancy
from edge.adapters.outbox import Outbox
from edge.adapters.publisher import Publisher
from edge.config import BrokerSettings
from gateway.config import load_config
from gateway.main import run_gateway
from shopthread.cli import app
from tests.servers import free_port, wait_for_socket, wait_until

CAMERA = Source("acme", "store-1", "cam-1")


class Shop:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.http_port, self.beats = folder, free_port(), free_port(), 0
        folder.mkdir(exist_ok=True)
        (folder / "key").write_text("secret")
        self.config = folder / "gateway.toml"
        self.config.write_text(
            '[gateway]\ntenant = "acme"\nstore = "store-1"\ndata_dir = "data"\nhealth_interval_s = 0.2\n'
            f"[broker]\nport = {self.port}\nembedded = true\n[http]\nport = {self.http_port}\n"
            "[occupancy]\nenabled = true\ntell_s = 1\n"
            f'[cloud]\nurl = "http://127.0.0.1:{free_port()}"\napi_key_file = "key"\n'
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()

        def beat() -> None:
            self.beats += 1

        thread = threading.Thread(target=run_gateway, args=(load_config(self.config), stop, beat))
        thread.start()
        try:
            wait_for_socket(self.http_port)
            yield
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()

    def get(self, path: str, cookie: str = "") -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", headers={"Cookie": cookie})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def command(self, *words: str, succeeds: bool = True) -> str:
        result = CliRunner().invoke(app, ["gateway", words[0], str(self.config), *words[1:]], env={"COLUMNS": "200"})
        assert (result.exit_code == 0) == succeeds, result.output
        return result.stdout if succeeds else result.output

    def sends(self, *payloads: DeviceHealth | ZoneOccupancy | FootfallCrossing) -> None:
        outbox = Outbox(self.folder / "outbox.sqlite", CAMERA, lambda: "a1")
        now_ms = int(json.loads(self.get("/store.json", self.cookie())[1])["now_ms"])
        outbox.append([draft_event(CAMERA, payload, now_ms, number) for number, payload in enumerate(payloads)])
        presence = Presence(online=True, kind="camera", software_version="x")
        publisher = Publisher(outbox, CAMERA, BrokerSettings(port=self.port), presence)
        publisher.start()
        assert publisher.drain(20)
        publisher.stop()
        outbox.close()

    def cookie(self) -> str:
        return f"shopthread_store={self.command('page').strip().partition('key=')[2]}"


def test_the_store_is_shown_without_the_cloud(tmp_path: Path):
    shop = Shop(tmp_path)
    with shop.running():
        wait_until(lambda: shop.get("/livez") == (200, "alive\n"), what="life")
        wait_until(lambda: shop.get("/readyz")[0] == 200, what="readiness")
        assert shop.get("/")[0] == 404, "there is no key yet"
        cookie = shop.cookie()
        assert shop.get("/")[0] == 403
        assert "<title>Store now</title>" in shop.get("/", cookie)[1]
        queue = ZoneCount(zone_id="till", zone_kind="queue", people=3, waiting=2, longest_wait_s=40.0)
        crossing = FootfallCrossing(
            tripwire_id="door", tripwire_kind="entrance", direction="in", track_id="1", confidence=1.0, rule_version="x"
        )
        health = DeviceHealth(uptime_s=1.0, software_version="x", queue_depth=0, fps=9.5, model_name="m")
        shop.sends(ZoneOccupancy(zones=(queue,)), crossing, health)
        wait_until(lambda: json.loads(shop.get("/store.json", cookie)[1])["people"] == 1, what="the person")
        store = json.loads(shop.get("/store.json", cookie)[1])
        assert [(each["zone"], each["waiting"]) for each in store["zones"]] == [("till", 2)]
        assert [(each["device"], each["light"], each["fps"]) for each in store["devices"]] == [("cam-1", "red", 9.5)]
        assert store["waiting"] > 0
        assert store["storage"]["state"] == "roomy"
        text = shop.get("/metrics")[1]
        for line in (
            "shopthread_gateway_up 1",
            "shopthread_gateway_broker_connected 1",
            "shopthread_store_people 1",
            'shopthread_gateway_storage{state="roomy"} 1',
            'shopthread_device_light{device="cam-1",light="red"} 1',
            'shopthread_device_fps{device="cam-1"} 9.5',
            'shopthread_gateway_events_total{device="cam-1",outcome="received"} 3',
        ):
            assert line in text
        assert shop.command("page", "--new").strip().partition("key=")[2] not in cookie
        assert shop.get("/", cookie)[0] == 403
        assert "a gateway runs with the data" in shop.command("run", succeeds=False)
    assert shop.beats > 1


def test_a_broker_that_is_gone_makes_the_gateway_unready(tmp_path: Path):
    shop = Shop(tmp_path)
    shop.config.write_text(shop.config.read_text().replace("embedded = true", "embedded = false"))
    with shop.running():
        wait_until(lambda: shop.get("/livez")[0] == 200, what="life")
        assert shop.get("/readyz") == (503, "the broker is not there\n")


def test_a_clock_that_is_not_set_makes_the_gateway_unready_and_devices_keep_their_events(tmp_path: Path):
    shop = Shop(tmp_path)
    shop.config.write_text(shop.config.read_text() + "[intake]\nnot_before = 2999-01-01\n")
    with shop.running():
        wait_until(lambda: "before 2999-01-01" in shop.get("/readyz")[1], what="the reason")
        wait_until(lambda: shop.get("/livez")[0] == 200, what="the parts that start after the page")
        outbox = Outbox(tmp_path / "outbox.sqlite", CAMERA, lambda: "a1")
        outbox.append([draft_event(CAMERA, DeviceHealth(uptime_s=1.0, software_version="x", queue_depth=0), 1)])
        publisher = Publisher(
            outbox, CAMERA, BrokerSettings(port=shop.port), Presence(online=True, kind="camera", software_version="x")
        )
        publisher.start()
        assert not publisher.drain(1.0)
        publisher.stop()
        assert outbox.counts().depth == 1
        outbox.close()
    status = json.loads(shop.command("status", "--json"))
    assert (status["storage"]["waiting"], status["dead_letters"]) == (0, 0)


def test_what_a_gateway_knows_is_saved_while_it_runs_and_brought_back(tmp_path: Path):
    shop = Shop(tmp_path / "shop")
    archive = tmp_path / "gateway.tar"
    assert "has this gateway run yet" in shop.command("backup", str(archive), succeeds=False)
    with shop.running():
        shop.sends(DeviceHealth(uptime_s=1.0, software_version="x", queue_depth=0))
        shop.command("register", "cam-9")
        assert "gateway.sqlite, devices.sqlite of /acme/store-1/gateway" in shop.command("backup", str(archive))
        assert "a gateway runs" in shop.command("restore", str(archive), "--force", succeeds=False)
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert "--force replaces it" in shop.command("restore", str(archive), succeeds=False)
    other = Shop(tmp_path / "other")
    assert "is as it was at" in other.command("restore", str(archive))
    received = {each["source"]: each["received"] for each in json.loads(other.command("status", "--json"))["sources"]}
    assert received[str(CAMERA)] == 1
    with sqlite3.connect(tmp_path / "other" / "data" / "devices.sqlite") as db:
        assert db.execute("SELECT device FROM enrolment").fetchall() == [("cam-9",)]
    db.close()
    assert "is as it was at" in other.command("restore", str(archive), "--force")
    with other.running():
        other.sends(DeviceHealth(uptime_s=1.0, software_version="x", queue_depth=0))


def _rewritten(archive: Path, target: Path, change: dict[str, bytes | None]) -> Path:
    with tarfile.open(archive) as old, tarfile.open(target, "w") as new:
        for entry in old.getmembers():
            content = change.get(entry.name, old.extractfile(entry).read())  # type: ignore[union-attr]
            if content is not None:
                (target.parent / entry.name).write_bytes(content)
                new.add(target.parent / entry.name, entry.name)
    return target


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"devices.sqlite": b"other"}, "devices.sqlite in the backup is damaged"),
        ({"devices.sqlite": None}, "lacks devices.sqlite"),
        ({"manifest.json": None}, "is no backup"),
        ({"manifest.json": b"[]"}, "is no backup"),
        ({"manifest.json": b'{"source":"/a/b/c","made_ms":1,"software_version":"x","files":{}}'}, "is of /a/b/c"),
    ],
)
def test_a_backup_that_is_damaged_or_of_another_store_changes_nothing(
    tmp_path: Path, change: dict[str, bytes | None], reason: str
):
    shop, archive = Shop(tmp_path / "shop"), tmp_path / "gateway.tar"
    shop.command("register", "cam-9")
    shop.command("backup", str(archive))
    bad = _rewritten(archive, tmp_path / "bad.tar", change)
    assert reason in shop.command("restore", str(bad), "--force", succeeds=False)
    (tmp_path / "none.tar").write_bytes(b"no archive")
    assert "cannot bring" in shop.command("restore", str(tmp_path / "none.tar"), "--force", succeeds=False)
    assert json.loads(shop.command("devices", "--json")) == []
    shop.command("register", "cam-9")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path):
    shop = Shop(tmp_path)
    shop.command("register", "cam-9")
    assert "cannot save to" in shop.command("backup", str(tmp_path / "no" / "where.tar"), succeeds=False)
    shop.config.write_text(shop.config.read_text().replace(f"[http]\nport = {shop.http_port}\n", ""))
    assert "set port under" in shop.command("page", succeeds=False)
