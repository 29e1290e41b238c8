"""What a replay shows: events by type, crossings, dwell, waits and heat, from a feed of tracks too."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.replay import read_events
from edge.replay_summary import Figure, summarize
from shopthread.edge_commands import app

CONFIG = """
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"
[camera]
source = "tracks:live.jsonl"
plane = "floor"
follow = true
[[tripwire]]
id = "door"
points = [[-1.0, 1.0], [-1.0, 0.0]]
[[zone]]
id = "line"
kind = "queue"
points = [[0.0, 0.0], [5.0, 0.0], [5.0, 1.0], [0.0, 1.0]]
[[zone]]
id = "till"
kind = "checkout"
points = [[5.0, 0.0], [7.0, 0.0], [7.0, 1.0], [5.0, 1.0]]
"""


def feed() -> str:
    """Return tracks of somebody who comes in, waits in line for 20 s and stands at the till for 10 s."""
    xs = [-3 + 0.1 * step for step in range(60)] + [3.0] * 200 + [3 + 0.1 * step for step in range(30)] + [6.0] * 100
    lines = [
        json.dumps({"t_ms": 1_772_442_000_000 + 100 * index, "tracks": [{"id": "a", "x_m": x, "y_m": 0.5}]})
        for index, x in enumerate(xs)
    ]
    return "\n".join(lines) + "\n"


def test_a_feed_of_tracks_can_be_replayed_and_is_summed_up(tmp_path: Path) -> None:
    (tmp_path / "camera.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "feed.jsonl").write_text(feed(), encoding="utf-8")
    events = tmp_path / "events.ndjson"
    arguments = ["replay", str(tmp_path / "feed.jsonl"), "--config", str(tmp_path / "camera.toml")]
    result = CliRunner().invoke(app, [*arguments, "--events", str(events)], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert result.exit_code == 0, result.output
    figures = {figure.what: figure for figure in summarize(read_events(events))}
    assert figures["events visit.segment.v1"].count > 5
    assert figures["crossings of door in"] == Figure("crossings of door in", 1)
    assert figures["stays in line"].count == figures["stays in till"].count == 1
    assert figures["waits in line, served"].count == 1
    assert figures["squares of floor where people stood"].note == "38.9 person-seconds"
    for figure in figures.values():
        assert figure.what in result.output
        assert figure.note in result.output


def test_nothing_has_no_summary() -> None:
    assert summarize([]) == []
