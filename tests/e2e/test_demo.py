"""The demo as a stranger runs it; its gateway is killed by SIGKILL in the middle, and every hop ends equal."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from contracts.events import decode_event
from contracts.payloads import VisitRevised, VisitSegment
from tests.servers import free_port

GATEWAY = "gateway-corner-shop"
_RUN_S = 45
_LIMIT_S = 240


@contextmanager
def _demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        "-m",
        "shopthread",
        "demo",
        "--headless",
        "--dir",
        str(folder),
        "--port",
        str(free_port()),
    ]
    environment = {**os.environ, "COLUMNS": "120"}
    with subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as demo:
        try:
            yield demo
        finally:
            if demo.poll() is None:
                demo.send_signal(signal.SIGINT)
                demo.communicate(timeout=_LIMIT_S)


def _processes(folder: Path) -> dict[str, int]:
    try:
        found: dict[str, int] = json.loads((folder / "processes.json").read_text())
    except FileNotFoundError:
        return {}
    return found


def _await_delivery(folder: Path, at_least: int) -> None:
    """Wait until the shop's gateway has taken events in, so that the kill comes in the midst of work."""
    status = [
        sys.executable,
        "-m",
        "shopthread",
        "gateway",
        "status",
        "--json",
        str(folder / "corner-shop" / "gateway.toml"),
    ]
    until = time.monotonic() + 60
    while time.monotonic() < until:
        done = subprocess.run(status, capture_output=True, text=True, check=False)
        if done.returncode == 0 and sum(each["received"] for each in json.loads(done.stdout)["sources"]) >= at_least:
            return
        time.sleep(0.5)
    pytest.fail(f"the gateway did not take in {at_least} events in time")


def _summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


def _total(summary: dict[str, Any], hop: str) -> int:
    return sum(int(each[hop]) for each in summary["counts"]["hops"])


@pytest.mark.e2e
def test_every_hop_ends_with_equal_counts_though_the_gateway_is_killed(tmp_path: Path):
    folder = tmp_path / "demo"
    with _demo(folder, "--seconds", str(_RUN_S)) as demo:
        _await_delivery(folder, 100)
        os.kill(_processes(folder)[GATEWAY], signal.SIGKILL)
        output, _ = demo.communicate(timeout=_LIMIT_S)
    assert demo.returncode == 0, output
    summary = _summary(folder)
    assert summary["restarts"] == {GATEWAY: 1}
    assert summary["equal"]
    assert len({_total(summary, hop) for hop in ("made", "received", "uploaded", "stored")}) == 1
    assert _total(summary, "made") > 500
    figures = {each["store"]: each for each in summary["counts"]["figures"]}
    shop = figures["corner-shop"]
    assert shop["visits"] > 0
    assert shop["links"]["linked"] > 0, "somebody who stood alone at a terminal must be linked"
    assert summary["counts"]["profiles"] > 0
    _assert_counts_are_true(folder, shop)
    _assert_links_are_true(folder, shop["links"]["linked"])
    assert figures["filmed-shop"]["visits"] > 0, "the camera on the footage must see visits"
    _assert_nobody_is_named_and_no_picture_kept(folder)
    _assert_nothing_runs(folder)


@pytest.mark.e2e
def test_interrupting_ends_cleanly_and_a_second_run_resumes(tmp_path: Path):
    folder = tmp_path / "demo"
    totals: list[int] = []
    for arguments in (("--video", "none"), ("--video", "none", "--resume")):
        with _demo(folder, *arguments) as demo:
            _await_delivery(folder, 1 + sum(totals))
            demo.send_signal(signal.SIGINT)
            output, _ = demo.communicate(timeout=_LIMIT_S)
        assert demo.returncode == 0, output
        totals.append(_total(_summary(folder), "stored"))
        _assert_nothing_runs(folder)
    assert totals[1] > totals[0], "a resumed run keeps what the first one gathered"


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--video", "none.avi"), "there is no video file none.avi"),
        (("--resume",), "there is no demo to resume"),
    ],
)
def test_what_cannot_work_is_one_clear_line(tmp_path: Path, arguments: tuple[str, ...], words: str):
    with _demo(tmp_path / "demo", *arguments) as demo:
        output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert words in output
    assert "Traceback" not in output


@pytest.mark.e2e
def test_a_folder_that_is_no_demos_is_not_touched(tmp_path: Path):
    (tmp_path / "precious").write_text("mine")
    with _demo(tmp_path) as demo:
        output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert "holds files that no demo made" in output
    assert (tmp_path / "precious").read_text() == "mine"


def _assert_counts_are_true(folder: Path, shop: dict[str, Any]) -> None:
    """Compare the cloud's count at the door with what really happened there, where one day saw all of it.

    A passage in the last seconds may be undecided when the shop closes.
    """
    truth = json.loads((folder / "feeds" / "run-1" / "truth.json").read_text())
    days = {time.localtime(at_s).tm_yday for at_s in (truth["start_ms"] / 1000, truth["until_ms"] / 1000, time.time())}
    if len(days) > 1:
        return
    for direction, counted in (("in", shop["entered"]), ("out", shop["left"])):
        passages_ms = [
            passage["t_ms"]
            for person in truth["people"]
            for passage in person["crossings"]
            if (passage["tripwire_kind"], passage["direction"]) == ("entrance", direction)
        ]
        decided = [at_ms for at_ms in passages_ms if at_ms < truth["until_ms"] - 3000]
        assert len(decided) <= counted <= len(passages_ms)
        assert decided


def _assert_links_are_true(folder: Path, linked: int) -> None:
    """Compare each link with who really made the touch, by way of visit, segment and track."""
    gateway = sqlite3.connect(folder / "corner-shop" / "gateway" / "gateway.sqlite")
    events = [decode_event(body).data for (body,) in gateway.execute("SELECT body FROM event")]
    gateway.close()
    track_of = {event.segment_id: event.track_id for event in events if isinstance(event, VisitSegment)}
    tracks_of = {
        event.visit_id: {track_of[segment] for segment in event.segment_ids}
        for event in events
        if isinstance(event, VisitRevised)
    }
    cloud = sqlite3.connect(folder / "cloud" / "cloud.sqlite")
    links = cloud.execute(
        "SELECT touches.device, touches.time_ms, link_decisions.visit_id FROM link_decisions"
        " JOIN touches USING (tenant, touch_id) WHERE decision = 'linked' AND retracted_ms IS NULL"
    ).fetchall()
    cloud.close()
    truth = json.loads((folder / "feeds" / "run-1" / "truth.json").read_text())
    tracks_of_person = {
        person["person_id"]: {track["track_id"] for track in person["tracks"] if track["camera_id"] == "cam-1"}
        for person in truth["people"]
    }
    maker_of = {(touch["device_id"], touch["t_ms"]): touch["person_id"] for touch in truth["touches"]}
    assert len(links) == linked
    for device, time_ms, visit_id in links:
        assert tracks_of[visit_id] <= tracks_of_person[maker_of[device, time_ms]], "a wrong link poisons a profile"


def _assert_nobody_is_named_and_no_picture_kept(folder: Path) -> None:
    """Search every file that an outbox, a gateway, the cloud or a log left: no member's number, no picture."""
    members = [json.loads(line) for line in (folder / "feeds" / "run-1" / "members.jsonl").read_text().splitlines()]
    numbers = re.compile("|".join(re.escape(each["value"]) for member in members for each in member["identifiers"]))
    assert len(numbers.pattern) > 1000
    pictures = (b"\x89PNG\r\n\x1a\n", b"JFIF", b"Exif", b"RIFF", b"ftyp")
    searched = [path for path in folder.rglob("*") if path.is_file() and folder / "feeds" not in path.parents]
    assert {path.name for path in searched} >= {"outbox.sqlite", "gateway.sqlite", "cloud.sqlite"}
    for path in searched:
        content = path.read_bytes()
        named = numbers.search(content.decode("latin-1"))
        assert not named, f"{path} holds a member's number"
        assert not [mark for mark in pictures if mark in content], f"{path} holds a picture"


def _assert_nothing_runs(folder: Path) -> None:
    left = [pid for pid in _processes(folder).values() if psutil.pid_exists(pid)]
    assert not left, "the demo must leave nothing running"
