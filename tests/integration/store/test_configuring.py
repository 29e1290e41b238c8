"""A running camera is configured and restarted from the gateway, over a real broker and the command line."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.camera_config import load_camera_config
from edge.config_watch import ReloadBell, Reloading
from edge.main import run_camera
from gateway.config import load_config
from gateway.main import run_gateway
from models.registry import DEFAULT_DETECTOR, ModelRegistry
from shopthread import rollout_commands
from shopthread.cli import app
from tests.servers import free_port, wait_for_socket, wait_until

ZONE = '[[zone]]\nid = "shelf"\nkind = "shelf"\npoints = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]]\n'
LINE = '[[tripwire]]\nid = "{}"\npoints = [[0.0, 2.0], [4.0, 2.0]]\n'
BAD = '[[tripwire]]\nid = "door"\npoints = [[1.0, 2.0], [1.0, 2.0]]\n'


class Shop:
    """A gateway and a camera that follows people by itself."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.stop = folder, free_port(), threading.Event()
        (folder / "key").write_text("secret")
        (folder / "feed.jsonl").write_text('{"t_ms": 1772442000000, "tracks": []}\n')
        self.gateway = folder / "gateway.toml"
        self.gateway.write_text(
            '[gateway]\ntenant = "acme"\nstore = "store-1"\ndata_dir = "gateway"\nhealth_interval_s = 0.2\n'
            f"[broker]\nport = {self.port}\nembedded = true\n[devices]\nclock_interval_s = 1.0\n"
            f'[cloud]\nurl = "http://127.0.0.1:{free_port()}"\napi_key_file = "key"\n'
        )
        self.camera = folder / "camera.toml"
        self.camera.write_text(
            '[device]\ntenant = "acme"\nstore = "store-1"\nid = "cam-1"\ndata_dir = "cam"\nhealth_interval_s = 0.3\n'
            '[camera]\nsource = "tracks:feed.jsonl"\nplane = "floor"\nfollow = true\n'
            f"[broker]\nport = {self.port}\n{LINE.format('door')}"
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=run_gateway, args=(load_config(self.gateway), stop))
        thread.start()
        try:
            wait_for_socket(self.port)
            with self.camera_running():
                yield
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()

    @contextmanager
    def camera_running(self) -> Iterator[None]:
        stop, config = threading.Event(), load_camera_config(self.camera)
        reloading = Reloading(self.camera, ReloadBell())
        thread = threading.Thread(
            target=run_camera, args=(config, self.folder, stop), kwargs={"reloading": reloading}, name="camera"
        )
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()

    def command(self, *words: str, succeeds: bool = True) -> str:
        result = CliRunner().invoke(app, ["gateway", words[0], str(self.gateway), *words[1:]], env={"COLUMNS": "200"})
        assert (result.exit_code == 0) == succeeds, result.output
        return result.stdout if succeeds else result.output

    def configure(self, text: str) -> str:
        (self.folder / "wanted.toml").write_text(text)
        return self.command("configure", "cam-1", str(self.folder / "wanted.toml"))

    def device(self) -> dict[str, Any]:
        found = json.loads(self.command("devices", "--json"))
        return found[0] if found else {}

    def waits_for(self, told: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        wait_until(lambda: told(self.device()), 120, what)
        return self.device()


def test_a_camera_is_configured_refuses_what_is_wrong_and_starts_again(tmp_path: Path):
    shop = Shop(tmp_path)
    with shop.running():
        assert "version 1 is wanted" in shop.configure(LINE.format("inner") + ZONE)
        shop.waits_for(lambda it: it.get("config_reported") == 1, "version 1 in force")
        assert "version 1 is wanted" in shop.configure(LINE.format("inner") + ZONE), "the same is no new version"
        shop.configure(BAD)
        told = shop.waits_for(lambda it: it.get("config_error") is not None, "the refusal of version 2")
        assert (told["config_desired"], told["config_reported"]) == (2, 1)
        assert "tripwire 'door'" in told["config_error"]
        shop.waits_for(lambda it: "it cannot use its configuration" in it["reasons"], "the light's reason")
        shop.configure(LINE.format("inner") + '[camera]\nmodel = "another"\n')
        told = shop.waits_for(lambda it: it.get("restart_needed") == "camera.model", "the need for a restart")
        assert (told["config_reported"], told["config_error"]) == (3, None)
        shop.configure(LINE.format("inner"))
        shop.waits_for(lambda it: it.get("config_reported") == 4, "version 4 in force")
        shop.command("restart", "cam-1", "--reason", "a test")
        shop.waits_for(lambda it: it.get("restart_needed") == "" and it.get("light") == "green", "the restart")
        told = shop.waits_for(lambda it: it.get("restart") == "done", "that it started")
        assert told["restarted_ms"] > 1_700_000_000_000
        shop.waits_for(lambda it: it.get("offset_ms") is not None, "the clock")
        wait_until(lambda: "green" in shop.command("devices"), 120, "the camera, which may be about to start again")
    kept = json.loads((tmp_path / "cam" / "desired-config.json").read_text())
    assert kept["version"] == 4
    with shop.running():
        shop.waits_for(lambda it: it.get("light") == "green", "the camera after a restart of all")
        assert shop.device()["config_reported"] == 4
    wait_until(lambda: shop.device()["light"] == "red", what="red where it is gone")


def test_a_model_is_rolled_out_and_taken_back_where_it_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The camera follows people by itself: it takes the model, and does not need it to run."""
    shop = Shop(tmp_path)
    monkeypatch.setattr(rollout_commands, "default_models_dir", lambda: tmp_path / "models")
    registry = ModelRegistry(tmp_path / "models")
    bundled = registry.get(DEFAULT_DETECTOR)
    content = bundled.path.read_bytes()
    for name, extra in (("better", b""), ("other", b" ")):
        source = tmp_path / f"{name}.onnx"
        source.write_bytes(content + extra)
        sha256 = hashlib.sha256(content + extra).hexdigest()
        registry.add(replace(bundled.manifest, name=name, file=f"{name}.onnx", sha256=sha256), source)
    assert "No model was rolled out" in shop.command("rollout")
    assert "needs a canary" in shop.command("rollout", "better", succeeds=False)
    with shop.running():
        shop.waits_for(lambda it: it.get("light") == "green", "the camera")
        shop.command("rollout", "better", "--canary", "cam-1", "--soak-minutes", "0")
        wait_until(lambda: "better: done" in shop.command("rollout"), 120, "the roll-out")
        got = ModelRegistry(tmp_path).get("better")
        assert got.path.read_bytes() == content
        assert json.loads((tmp_path / "cam" / "desired-model.json").read_text())["models"]["detector"] == "better"
        (tmp_path / "weights" / "other.onnx").write_bytes(b"in the way")
        shop.command("rollout", "other", "--canary", "cam-1", "--device", "cam-2")
        wait_until(lambda: "rolled back cam-1: " in shop.command("rollout"), 120, "the fall-back")

        def falls_back() -> bool:
            kept = json.loads((tmp_path / "cam" / "desired-model.json").read_text())
            return bool(kept["version"] == 3 and kept["models"]["detector"] == "better")

        wait_until(falls_back, 120, "the model of before")


def test_what_is_no_configuration_is_told_at_once(tmp_path: Path):
    shop = Shop(tmp_path)
    wanted = tmp_path / "wanted.toml"
    wanted.write_text("[[[")
    assert "this is no TOML" in shop.command("configure", "cam-1", str(wanted), succeeds=False)
    wanted.write_text(f"# {'x' * 200_001}")
    assert "200000 characters" in shop.command("configure", "cam-1", str(wanted), succeeds=False)
    wanted.write_text("")
    assert "the device's name" in shop.command("configure", "Cam 1", str(wanted), succeeds=False)
    assert "the device's name" in shop.command("restart", "Cam 1", succeeds=False)
    assert "the gateway's own name" in shop.command("register", "gateway", succeeds=False)
