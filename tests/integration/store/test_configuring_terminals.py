"""A running terminal and a running till are configured and restarted from the gateway, over a real broker."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("cv2", reason="the edge's composition needs the extra edge")

from contracts.events import Event, decode_event
from contracts.payloads import CodeScanned, PosSale
from contracts.privacy import Payload
from edge.config import PosConfig, ScanTerminalConfig, load_toml
from edge.terminals import run_pos_tap, run_scan_terminal
from gateway.config import load_config
from gateway.main import open_event_store, run_gateway
from shopthread.cli import app
from tests.servers import free_port, wait_for_socket, wait_until

SALE = '{{"receipt_id":"r{}","lines":[],"total_minor":0,"currency":"EUR"}}\n'


@contextmanager
def _running(run: Callable[[threading.Event], None]) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


class Shop:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        (folder / "key").write_text("k" * 32)
        self.gateway = folder / "gateway.toml"
        self.gateway.write_text(
            '[gateway]\ntenant = "acme"\nstore = "store-1"\ndata_dir = "gateway"\n'
            f"[broker]\nport = {self.port}\nembedded = true\n"
            f'[cloud]\nurl = "http://127.0.0.1:{free_port()}"\napi_key_file = "key"\n'
        )
        for name, table in (("kiosk", "terminal"), ("till", "pos")):
            (folder / f"{name}.lines").write_text("")
            self.own_file(name).write_text(
                f'[device]\ntenant = "acme"\nstore = "store-1"\nid = "{name}"\ndata_dir = "{name}"\n'
                f'[pseudonyms]\nkey_file = "key"\n[broker]\nport = {self.port}\n'
                f'[{table}]\ninput = "follow:{folder}/{name}.lines"\nzone_id = "own"\n'
            )

    @contextmanager
    def running(self) -> Iterator[None]:
        kiosk, till = self.folder / "kiosk.toml", self.folder / "till.toml"
        with _running(lambda stop: run_gateway(load_config(self.gateway), stop)):
            wait_for_socket(self.port)
            scan = load_toml(kiosk, ScanTerminalConfig)
            with (
                _running(lambda stop: run_scan_terminal(scan, stop, lambda: load_toml(kiosk, ScanTerminalConfig))),
                _running(
                    lambda stop: run_pos_tap(load_toml(till, PosConfig), stop, lambda: load_toml(till, PosConfig))
                ),
            ):
                yield

    def own_file(self, name: str) -> Path:
        return self.folder / f"{name}.toml"

    def line(self, name: str, text: str) -> None:
        with (self.folder / f"{name}.lines").open("a") as file:
            file.write(text)

    def configure(self, device: str, text: str) -> None:
        (self.folder / "wanted.toml").write_text(text)
        words = ["gateway", "configure", str(self.gateway), device, str(self.folder / "wanted.toml")]
        assert CliRunner().invoke(app, words).exit_code == 0

    def device(self, name: str) -> dict[str, Any]:
        result = CliRunner().invoke(app, ["gateway", "devices", str(self.gateway), "--json"])
        return next((each for each in json.loads(result.stdout) if each["device"] == name), {})

    def restart(self, name: str) -> None:
        words = ["gateway", "restart", str(self.gateway), name]
        assert CliRunner().invoke(app, words).exit_code == 0

    def events(self) -> list[Event[Payload]]:
        store = open_event_store(load_config(self.gateway))
        events = [decode_event(each.body) for each in store.waiting(999)]
        store.close()
        return events

    def zones(self) -> list[str | None]:
        data = [each.data for each in self.events()]
        return [each.zone_id for each in data if isinstance(each, CodeScanned | PosSale)]


def test_a_terminal_and_a_till_are_configured_while_they_run(tmp_path: Path):
    shop = Shop(tmp_path)
    with shop.running():
        shop.line("kiosk", "4006381333931\n")
        wait_until(lambda: shop.zones() == ["own"], 60, "a scan")
        shop.configure("kiosk", '[terminal]\nzone_id = "shelf-7"\n')
        shop.configure("till", '[pos]\nzone_id = "checkout-2"\n')
        for name in ("kiosk", "till"):
            wait_until(lambda name=name: shop.device(name).get("config_reported") == 1, 60, f"{name} in force")
        shop.line("kiosk", "4006381333931\n")
        wait_until(lambda: shop.zones() == ["own", "shelf-7"], 60, "a scan in the other zone")
        shop.line("till", SALE.format(1))
        wait_until(lambda: shop.zones()[2:] == ["checkout-2"], 60, "a sale in the other zone")
        shop.configure("kiosk", '[terminal]\ninput = "file:/etc/hostname"\n')
        wait_until(lambda: shop.device("kiosk").get("config_error") is not None, 60, "the refusal")
        told = shop.device("kiosk")
        assert (told["config_desired"], told["config_reported"]) == (2, 1)
        assert "it cannot use its configuration" in told["reasons"]
        assert "unknown field `input`" in told["config_error"]
        kiosk = tmp_path / "kiosk.toml"
        kiosk.write_text(kiosk.read_text().replace(f"port = {shop.port}", "port = 1"))
        shop.configure("kiosk", '[terminal]\nzone_id = "shelf-8"\n')
        wait_until(lambda: shop.device("kiosk").get("restart_needed") == "broker.port", 60, "the need for a restart")
        kiosk.write_text(kiosk.read_text().replace("port = 1\n", f"port = {shop.port}\n"))
    with shop.running():
        shop.line("kiosk", "4006381333931\n")
        wait_until(lambda: shop.zones()[3:] == ["shelf-8"], 60, "what was kept over the restart")


def test_a_terminal_and_a_till_start_again_and_keep_what_waits(tmp_path: Path):
    shop = Shop(tmp_path)
    shop.restart("till")
    with shop.running():
        wait_until(lambda: shop.device("till").get("restart") == "done", 60, "the restart asked while it was away")
        shop.line("kiosk", "4006381333931\n")
        wait_until(lambda: shop.zones() == ["own"], 60, "a scan")
        kiosk, till = shop.own_file("kiosk"), shop.own_file("till")
        kiosk.write_text(kiosk.read_text().replace('"own"', '"moved"'))
        till.write_text("[[[")
        for name in ("kiosk", "till"):
            shop.restart(name)
            shop.line("kiosk", "4006381333931\n" * 20)
            shop.line("till", "".join(SALE.format(f"{name}-{number}") for number in range(20)))
        for name in ("kiosk", "till"):
            wait_until(lambda name=name: shop.device(name).get("restart") == "done", 60, f"{name}'s start")
        shop.line("kiosk", "4006381333931\n")
        wait_until(lambda: len(shop.zones()) == 82, 60, "all scans and sales")
    events = shop.events()
    scans = [each.data for each in events if isinstance(each.data, CodeScanned)]
    assert (scans[0].zone_id, scans[-1].zone_id) == ("own", "moved"), "the last one with what its file says now"
    for name in ("kiosk", "till"):
        numbers = [each.sequence_number for each in events if each.origin.device == name]
        assert numbers == list(range(1, len(numbers) + 1)), "one outbox, none doubled or lost"
    words = CliRunner().invoke(app, ["gateway", "devices", str(shop.gateway)], env={"COLUMNS": "300"}).stdout
    assert words.count("started again 20") == 2
