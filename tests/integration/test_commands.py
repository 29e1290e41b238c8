"""The commands that integrators type, on real files: what works, and one clear line for what does not."""

import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from contracts.errors import EventRejectedError, RejectReason
from contracts.events import Source, decode_event, draft_event, encode_event
from contracts.operations import DeviceHealth
from contracts.payloads import Coverage, FootfallCrossing, StoreOccupancy
from contracts.privacy import Payload
from contracts.topics import event_topic
from gateway.adapters.event_store import EventStore
from gateway.core.judging import Delivery, judge
from gateway.main import clock_ms
from shopthread import cli
from shopthread.demo.configs import FOOTAGE, write_video_camera
from shopthread.demo.workspace import FILMED, Ports, open_workspace
from tests.servers import free_port

DEVICE = Source("demo", "store-1", "cam-1")


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def _outbox_events(path: Path) -> list[Payload]:
    db = sqlite3.connect(path)
    events = [decode_event(body).data for (body,) in db.execute("SELECT body FROM outbox ORDER BY sequence")]
    db.close()
    return events


def _outbox_types(path: Path) -> set[str]:
    return {type(event).TYPE for event in _outbox_events(path)}


def _wait_for(is_so: Callable[[], bool], timeout_s: float = 30.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.1)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "people.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for _ in range(15):
        writer.write(np.full((240, 320, 3), 90, dtype=np.uint8))
    writer.release()
    return path


def test_a_camera_is_begun_checked_and_run(tmp_path: Path, video: Path):
    config = tmp_path / "camera.toml"
    begin = ("edge", "init", "--source", f"file:{video}", "--store", "store-1", "--device", "cam-1", "--out", config)
    assert _run(*begin).exit_code == 0
    again = _run(*begin)
    assert (again.exit_code, "exists" in again.output) == (1, True)
    checked = _run("edge", "check", config)
    assert "every tripwire can fire in pictures of 320x240" in checked.output
    config.write_text(config.read_text().replace("1883", str(free_port())).replace("realtime = true", ""))
    ran = _run("edge", "run", config)
    assert ran.exit_code == 0, ran.output
    expected = {Coverage.TYPE, DeviceHealth.TYPE}
    assert expected <= _outbox_types(tmp_path / "data" / "cam-1" / "outbox.sqlite"), (
        "nobody there, yet time was observed"
    )


def test_cameras_run_in_one_process_and_one_that_fails_takes_no_other_down(tmp_path: Path, video: Path):
    configs = []
    for name in ("cam-1", "cam-2", "cam-3"):
        configs.append(tmp_path / f"{name}.toml")
        _run("edge", "init", "--source", f"file:{video}", "--store", "s", "--device", name, "--out", configs[-1])
        text = configs[-1].read_text().replace("1883", str(free_port())).replace("realtime = true", "")
        configs[-1].write_text(text.replace("people.avi", "nobody.avi") if name == "cam-2" else text)
    ran = _run("edge", "run", *configs)
    assert ran.exit_code == 1
    assert "nobody.avi" in ran.output
    for name in ("cam-1", "cam-3"):
        assert Coverage.TYPE in _outbox_types(tmp_path / "data" / name / "outbox.sqlite")


def test_a_covered_camera_is_told_in_its_health_and_its_coverage(tmp_path: Path):
    path, config = tmp_path / "covered.avi", tmp_path / "camera.toml"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for index in range(80):
        writer.write(np.full((240, 320, 3), 90 if index < 20 else 0, dtype=np.uint8))
    writer.release()
    _run("edge", "init", "--source", f"file:{path}", "--store", "s", "--device", "cam-1", "--out", config)
    begun = "start = 2026-03-05T09:00:00Z"  # coverage told at a full minute may take in what turns out black later
    config.write_text(config.read_text().replace("1883", str(free_port())).replace("realtime = true", begun))
    assert _run("edge", "run", config).exit_code == 0
    events = _outbox_events(tmp_path / "data" / "cam-1" / "outbox.sqlite")
    assert "black" in [event.picture for event in events if isinstance(event, DeviceHealth)]
    observed_s = sum(event.observed_s for event in events if isinstance(event, Coverage))
    assert observed_s == pytest.approx(1.9, abs=0.2)


def test_a_running_camera_reads_its_configuration_again_when_it_is_hung_up(tmp_path: Path, video: Path):
    config = tmp_path / "camera.toml"
    _run("edge", "init", "--source", f"file:{video}", "--store", "s", "--device", "cam-1", "--out", config)
    text = config.read_text().replace("1883", str(free_port()))
    config.write_text(text.replace("realtime = true", "realtime = true\nloop = true"))
    command = [sys.executable, "-m", "shopthread", "edge", "run", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as agent:
        assert agent.stderr is not None
        try:
            _wait_for((tmp_path / "data" / "cam-1" / "outbox.sqlite").exists)
            lines: list[str] = []
            for broken, said in ((True, "the running configuration stays in force"), (False, "was read again")):
                now = config.read_text()
                config.write_text("[device" if broken else now)
                for _ in range(20):
                    agent.send_signal(signal.SIGHUP)
                    lines.append(agent.stderr.readline())
                    if said in lines[-1]:
                        break
                config.write_text(now)
                assert said in lines[-1], lines
        finally:
            agent.terminate()
        agent.stderr.read()
    assert agent.returncode == 0


def test_a_line_that_can_never_fire_is_refused(tmp_path: Path, video: Path):
    config = tmp_path / "camera.toml"
    _run("edge", "init", "--source", f"file:{video}", "--store", "store-1", "--device", "cam-1", "--out", config)
    config.write_text(config.read_text().replace("[160.0, 235.2], [160.0, 4.8]", "[319.0, 235.2], [319.0, 4.8]"))
    refused = _run("edge", "check", config)
    assert refused.exit_code == 1
    assert "tripwire 'middle'" in refused.output
    assert "can never fire" in refused.output


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('id = "cam-1"', 'id = "Cam 1"', "device.id must be"),
        ("file:", "flie:", "camera.source must be"),
        ("people.avi", "nobody.avi", "nobody.avi"),
        ("[camera]", "[camera]\nspeed = 3", "speed"),
        ("[camera]", '[camera]\nmodel = "yolo"', "yolo"),
    ],
)
def test_a_camera_that_cannot_run_says_why_in_one_line(tmp_path: Path, video: Path, old: str, new: str, words: str):
    config = tmp_path / "camera.toml"
    _run("edge", "init", "--source", f"file:{video}", "--store", "store-1", "--device", "cam-1", "--out", config)
    config.write_text(config.read_text().replace(old, new))
    failed = _run("edge", "check", config)
    assert failed.exit_code == 1
    assert words in failed.output
    assert "Traceback" not in failed.output


def _terminal(folder: Path, kind: str, feed: str) -> Path:
    (folder / "feed").write_text(feed)
    (folder / "key").write_text("k" * 32)
    path = folder / f"{kind}.toml"
    path.write_text(
        f'[device]\ntenant = "demo"\nstore = "store-1"\nid = "{kind}-1"\ndata_dir = "data"\n'
        f'[{kind}]\ninput = "file:{folder / "feed"}"\nzone_id = "z"\n'
        f'[pseudonyms]\nkey_file = "key"\n[broker]\nport = {free_port()}\n'
    )
    return path


@pytest.mark.parametrize(
    ("kind", "command", "feed", "event_type"),
    [
        ("terminal", "scan", "4006381333931\n{bad\n", "org.shopthread.code.scanned.v1"),
        (
            "pos",
            "pos",
            '{"receipt_id": "r1", "lines": [], "total_minor": 0, "currency": "EUR"}\nbad\n',
            "org.shopthread.pos.sale.v1",
        ),
    ],
)
def test_terminals_read_their_input_and_keep_what_the_gateway_has_not(
    tmp_path: Path, kind: str, command: str, feed: str, event_type: str
):
    ran = _run("terminal", command, _terminal(tmp_path, kind, feed))
    assert ran.exit_code == 0, ran.output
    assert event_type in _outbox_types(tmp_path / "data" / "outbox.sqlite")


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot read"), ("short", "holds 5 bytes, at least 16 are needed")]
)
def test_a_terminal_without_a_proper_key_does_not_start(tmp_path: Path, content: str | None, words: str):
    config = _terminal(tmp_path, "terminal", "")
    (tmp_path / "key").unlink()
    if content is not None:
        (tmp_path / "key").write_text(content)
    failed = _run("terminal", "scan", config)
    assert failed.exit_code == 1
    assert words in failed.output


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tuple[Path, EventStore]]:
    config = tmp_path / "gateway.toml"
    config.write_text(
        '[gateway]\ntenant = "demo"\nstore = "store-1"\ndata_dir = "data"\n'
        '[cloud]\nurl = "http://127.0.0.1:1"\napi_key_file = "key"\n'
    )
    store = EventStore(tmp_path / "data" / "gateway.sqlite", Source("demo", "store-1", "gateway"))
    yield config, store
    store.close()


def test_the_gateways_state_dead_letters_and_replay(gateway: tuple[Path, EventStore]):
    config, store = gateway
    health = draft_event(DEVICE, DeviceHealth(uptime_s=0.0, software_version="x", queue_depth=0), clock_ms())
    refusal = EventRejectedError(RejectReason.UNKNOWN_TYPE, "no payload type of that name")
    body, origin = encode_event(health.numbered(DEVICE, 1)), event_topic(DEVICE, DeviceHealth)
    store.receive([Delivery(origin=origin, body=body, received_ms=5, refusal=refusal)])
    assert "dead letters: 1" in _run("gateway", "status", config).output
    assert "unknown_type" in _run("gateway", "dead-letters", config).output
    assert "taken in: 1, still unacceptable: 0" in _run("gateway", "replay", config).output
    shown = _run("gateway", "status", config).output
    assert "dead letters: 0" in shown
    assert "/demo/store-1/cam-1" in shown


def test_the_people_in_the_store_are_reset_by_hand_with_a_reason(gateway: tuple[Path, EventStore]):
    config, store = gateway
    failed = _run("gateway", "reset-occupancy", config, "--reason", "alarm")
    assert (failed.exit_code, "set [occupancy] enabled = true" in failed.output) == (1, True)
    config.write_text(config.read_text() + "[occupancy]\nenabled = true\n")
    crossing = FootfallCrossing(
        tripwire_id="door",
        tripwire_kind="entrance",
        direction="in",
        track_id="a",
        confidence=1.0,
        rule_version="crossing-2",
    )
    now_ms = clock_ms()
    event = draft_event(DEVICE, crossing, now_ms).numbered(DEVICE, 1)
    origin = event_topic(DEVICE, FootfallCrossing)
    store.receive([judge(origin, encode_event(event), {"epoch": "a1", "sequence": "1"}, now_ms)])
    reset = _run("gateway", "reset-occupancy", config, "--reason", "alarm")
    assert (reset.exit_code, reset.output) == (0, "counted before: 1; counted now: 0\n")
    (told,) = [e.data for row in store.waiting(9) if isinstance((e := decode_event(row.body)).data, StoreOccupancy)]
    assert (told.reset_reason, told.reset_note) == ("manual", "alarm")


def test_a_gateway_that_never_ran_has_no_state_to_show(tmp_path: Path):
    config = tmp_path / "gateway.toml"
    config.write_text(
        '[gateway]\ntenant = "demo"\nstore = "store-1"\ndata_dir = "data"\n'
        '[cloud]\nurl = "http://127.0.0.1:1"\napi_key_file = "key"\n'
    )
    failed = _run("gateway", "status", config)
    assert (failed.exit_code, "has this gateway run yet?" in failed.output) == (1, True)
    failed = _run("gateway", "run", config)
    assert (failed.exit_code, "cloud.api_key_file: cannot read" in failed.output) == (1, True)


def test_a_broker_whose_port_is_in_use_says_so():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = _run("gateway", "broker", "--port", str(port))
    assert failed.exit_code == 1
    assert f"cannot run a broker on 127.0.0.1:{port}" in failed.output


def test_the_demo_takes_ones_own_video(tmp_path: Path, video: Path):
    workspace = open_workspace(tmp_path / "demo", resume=False)
    config = write_video_camera(workspace, Ports(web=1, broker=2), video)
    assert config == workspace.config(FILMED, "cam-1")
    assert "pictures of 320x240" in _run("edge", "check", config).output


def test_the_demo_shows_the_projects_own_footage(tmp_path: Path):
    workspace = open_workspace(tmp_path / "demo", resume=False)
    config = write_video_camera(workspace, Ports(web=1, broker=2), FOOTAGE)
    assert "pictures of 640x480" in _run("edge", "check", config).output


@pytest.mark.parametrize(
    ("tier", "module", "extra"),
    [("edge", "cv2", "edge"), ("simulate", "numpy", "sim"), ("simulate", "pyarrow.csv", "analysis")],
)
def test_a_part_that_is_not_installed_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tier: str, module: str, extra: str
):
    def missing() -> None:
        message = f"No module named '{module}'"
        raise ModuleNotFoundError(message, name=module)

    monkeypatch.setattr(cli, "app", missing)
    monkeypatch.setattr("sys.argv", ["shopthread", tier, "run"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert f"needs {module}, which is not installed" in said
    assert f"pip install '.[{extra}]'" in said


def test_the_version():
    assert _run("--version").output.startswith("shopthread 0.")
