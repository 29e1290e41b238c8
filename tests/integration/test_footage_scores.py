"""The tracker keeps its scores on labelled footage, where SHOPTHREAD_PETS names it."""

import csv
import io
import os
from pathlib import Path

import pytest

pytest.importorskip("cv2", reason="cameras need the extra edge")

from contracts.payloads import FootfallCrossing, VisitSegment
from edge.camera_config import load_camera_config
from edge.main import CAMERA_CLOCK
from edge.replay import replay
from edge.tracking_scores import read_mot, score_tracks
from models.registry import ModelRegistry

FOLDER = Path(os.environ.get("SHOPTHREAD_PETS", "none"))
CONFIG = """
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"
[camera]
source = "file:vtest.avi"
input_size = [416, 320]
reentry_s = 300
[[tripwire]]
id = "road"
points = [[345.0, 230.0], [345.0, 420.0]]
"""


@pytest.mark.skipif(not (FOLDER / "gt.txt").exists(), reason="SHOPTHREAD_PETS names no folder with gt.txt")
def test_scores_and_counts_on_pets09_s2l1(tmp_path: Path) -> None:
    config, tracks = tmp_path / "camera.toml", tmp_path / "tracks.txt"
    config.write_text(CONFIG, encoding="utf-8")
    text = io.StringIO()
    events = replay(load_camera_config(config), FOLDER / "vtest.avi", CAMERA_CLOCK, ModelRegistry(), text).events
    tracks.write_text(text.getvalue(), encoding="utf-8")
    scores = score_tracks(read_mot(FOLDER / "gt.txt", only_counted=True), read_mot(tracks))
    assert scores.hota >= 0.60
    assert scores.idf1 >= 0.82
    assert scores.mota >= 0.82
    assert scores.switches <= 15
    directions = [event.data.direction for event in events if isinstance(event.data, FootfallCrossing)]
    assert (directions.count("in"), directions.count("out")) == (13, 10)
    closed = [event.data for event in events if isinstance(event.data, VisitSegment) and event.data.phase == "closed"]
    assert sum(one.group_hint != one.track_id for one in closed) >= 7
    numbers = [row[1] for row in csv.reader(text.getvalue().splitlines())]
    assert len(set(numbers)) <= 30
