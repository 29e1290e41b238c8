"""The audit's commands from end to end, on a small clip and without a model."""

import json
import os
import re
import signal
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.adapters.local_page import LocalPage
from shopthread.audit_commands import app
from shopthread.edge_commands import app as edge_app
from tests.fakes.cameras import BrightDetector
from tests.unit.edge.auditing.scenes import CONFIG, clip, walk


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOPTHREAD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("edge.camera_building.OnnxDetector", lambda *_: BrightDetector())
    monkeypatch.setattr("edge.adapters.onnx_detector.OnnxDetector", lambda *_: BrightDetector())
    clip(tmp_path / "clip.avi", walk(0, 30, frames=100))
    text = CONFIG.replace("rtsp://user:secret@192.0.2.1/x", "file:clip.avi")
    (tmp_path / "camera.toml").write_text(text, encoding="utf-8")
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def record(place: Path, name: str = "audit", *more: object) -> Result:
    order = ["--minutes", 1, "--operator", "Ana", "--reason", "complaint", "--out", place / name]
    return run("record", place / "camera.toml", *order, *more)


def test_record_label_by_hand_report_and_purge(place: Path) -> None:
    made = record(place)
    assert made.exit_code == 0, made.output
    assert "REC" in made.output
    assert "Recorded 100 frames" in made.output
    assert "complaint" in run("list").output
    crossings = [{"frame": frame, "tripwire_id": "door", "direction": "in"} for frame in (24, 54)]
    (place / "audit" / "labels.json").write_text(json.dumps({"labeller": "Ana", "crossings": crossings}))
    told = run("report", place / "audit", "--out", place / "report.html", "--pictures")
    assert told.exit_code == 0, told.output
    assert "Not certified: 2 of 2 crossings right" in told.output
    assert json.loads((place / "report.json").read_text())["scores"]["matched"] == 2
    assert (place / "report.html").stat().st_mode & 0o777 == 0o600
    assert "0 deleted, 1 left" in run("purge").output
    assert "1 deleted, 0 left" in run("purge", "--all", "--operator", "Bo").output
    assert not (place / "report.html").exists()  # it had pictures
    assert (place / "report.json").exists()
    gone = run("report", place / "audit", "--out", place / "report.html")
    assert gone.exit_code == 1
    assert "the video was deleted; record anew" in gone.output


def test_every_command_deletes_what_is_over(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(place, "audit", "--keep-days", 1)
    monkeypatch.setattr("edge.main.clock_ms", lambda: 4_102_444_800_000)
    told = run("list")
    assert f"Deleted the video in {place / 'audit'}" in told.output
    assert not (place / "audit" / "video.mp4").exists()


def test_an_order_without_limits_is_refused(place: Path) -> None:
    assert "at most 60, got 90" in record(place, "audit", "--minutes", 90).output
    assert run("record", place / "camera.toml", "--out", place / "x").exit_code == 2
    assert not (place / "audit").exists()


def test_truth_is_imported_and_reported(place: Path) -> None:
    table = place / "truth.csv"
    table.write_text("event,frame\nIN,24\nIN,54\nOUT,80\n")
    common = ["import-truth", place / "clip.avi", "--out", place / "a", "--config", place / "camera.toml"]
    assert "3 true crossings in 100 frames" in run(*common, "--crossings", table).output
    told = run("report", place / "a", "--out", place / "report.html")
    assert "2 of 3 crossings right" in told.output
    assert "--out names the page" in run("report", place / "a", "--out", place / "r.json").output
    refused = run("import-truth", place / "clip.avi", "--out", place / "b")
    assert refused.exit_code == 1
    assert "needs --config and one of --boxes and --crossings" in refused.output


def test_a_folder_of_rendered_footage_needs_nothing_else(place: Path) -> None:
    film = place / "film"
    film.mkdir()
    (place / "clip.avi").rename(film / "video.mp4")
    (place / "camera.toml").rename(film / "camera.toml")
    rows = [f"{frame + 1},1,{left},{top},20,50,1" for frame, here in enumerate(walk(0)) for left, top in here]
    (film / "gt.txt").write_text("\n".join(rows))
    assert "1 true crossings" in run("import-truth", film, "--out", place / "a").output


def served(monkeypatch: pytest.MonkeyPatch, look: Callable[[str], None]) -> list[BaseException]:
    """Look at the page that a command serves as soon as it waits, then end it as Ctrl-C does."""
    failed: list[BaseException] = []
    enter = LocalPage.__enter__

    def entered(page: LocalPage) -> LocalPage:
        def visit() -> None:
            try:
                look(page.url)
            except BaseException as error:  # noqa: BLE001 - told by the test's own thread
                failed.append(error)
            finally:
                os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=visit).start()
        return enter(page)

    monkeypatch.setattr(LocalPage, "__enter__", entered)
    return failed


def get(url: str, path: str) -> bytes:
    with urllib.request.urlopen(url.replace("/?", f"{path}{'&' if '?' in path else '?'}"), timeout=10) as reply:
        body: bytes = reply.read()
        return body


def test_label_serves_its_page_until_it_is_ended(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(place)
    sessions = []

    def look(url: str) -> None:
        assert b"Label crossings" in get(url, "/")
        assert get(url, "/frame?i=3").startswith(b"\xff\xd8")
        sessions.append(json.loads(get(url, "/session")))

    failed = served(monkeypatch, look)
    told = run("label", place / "audit", "--labeller", "Bo")
    assert failed == []
    assert told.exit_code == 0, told.output
    assert re.search(r"Open http://127\.0\.0\.1:\d+/\?token=\S{32}", told.output)
    assert sessions[0]["labels"]["labeller"] == "Bo"
    assert "no line to label" not in told.output
    refused = run("label", place / "absent")
    assert refused.exit_code == 1
    assert "audit record" in refused.output


def test_view_serves_its_page_until_it_is_ended(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = []

    def look(url: str) -> None:
        assert b"Heads are hidden" in get(url, "/")
        for _ in range(100):
            figures.append(json.loads(get(url, "/figures")))
            if figures[-1]["frames"] > 3:
                return
            threading.Event().wait(0.05)

    failed = served(monkeypatch, look)
    told = CliRunner().invoke(edge_app, ["view", str(place / "camera.toml")])
    assert failed == []
    assert told.exit_code == 0, told.output
    assert figures[-1]["frames"] > 3
    assert figures[-1]["lines"][0]["id"] == "door"
    assert not (place / "data").exists()


def test_a_camera_without_pictures_cannot_be_looked_at(place: Path) -> None:
    text = (place / "camera.toml").read_text().replace("file:clip.avi", "tracks:feed.jsonl")
    floor = 'plane = "floor"\n'
    (place / "feed.toml").write_text(text.replace("[broker]", f"{floor}[broker]", 1))
    told = CliRunner().invoke(edge_app, ["view", str(place / "feed.toml")])
    assert told.exit_code == 1
    assert "gives tracks and no pictures" in " ".join(told.output.split())
