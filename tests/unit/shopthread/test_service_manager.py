"""systemd is told what it waits for, and nobody else anything; logs are lines of JSON where that is asked for."""

import json
import logging
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from shopthread.console import JsonLines
from shopthread.service_manager import ServiceManager

UNITS = Path(__file__).resolve().parents[3] / "deploy" / "systemd"


def _heard(listener: socket.socket) -> list[str]:
    listener.setblocking(False)
    heard = []
    try:
        while True:
            heard.append(listener.recv(100).decode())
    except BlockingIOError:
        return heard


@pytest.mark.parametrize("is_abstract", [False, True])
def test_a_service_says_when_it_is_ready_alive_and_stopping(tmp_path: Path, is_abstract: bool):
    name = "@shopthread-test-" + tmp_path.name if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if is_abstract else name)
        now_s = 0.0
        with ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000000"}, lambda: now_s) as service:
            for second in range(45):
                now_s = float(second)
                service.alive()
        assert _heard(listener) == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


def test_without_a_watchdog_only_the_start_is_told(tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        service = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "x"})
        service.alive()
        service.alive()
        assert _heard(listener) == ["READY=1"]


def test_where_nobody_listens_nothing_happens(tmp_path: Path):
    ServiceManager({}).alive()
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()


@pytest.mark.parametrize("unit", sorted(UNITS.iterdir()), ids=lambda unit: unit.name)
def test_systemd_takes_the_units(unit: Path, tmp_path: Path):
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not here")
    copy = tmp_path / unit.name.replace("@", "@cam-1")
    copy.write_text(unit.read_text().replace("/opt/shopthread/bin/shopthread", sys.executable))
    found = subprocess.run([tool, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False)
    ours = [line for line in found.stderr.splitlines() if copy.name in line]
    assert ours == [], found.stderr


def test_a_log_record_is_one_line_of_json():
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        record = logging.LogRecord("gateway.x", logging.ERROR, "p", 1, "lost %s\nor %d", ("broker", 3), sys.exc_info())
    line = JsonLines().format(record)
    told = json.loads(line)
    assert "\n" not in line
    assert (told["level"], told["logger"], told["message"]) == ("ERROR", "gateway.x", "lost broker\nor 3")
    assert told["time"].endswith("+00:00")
    assert "ZeroDivisionError" in told["error"]
    record.exc_info = None
    assert "error" not in json.loads(JsonLines().format(record))
