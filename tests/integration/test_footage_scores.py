"""The tracker keeps its scores on labelled footage, where that lies beside the project or SHOPTHREAD_PETS names it.

The bounds leave a little room below what docs/tracking.md tells: other processors round INT8 otherwise.
"""

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

BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "pets09-s2l1"
FOLDER = Path(os.environ.get("SHOPTHREAD_PETS", BESIDE))
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


@pytest.mark.skipif(not (FOLDER / "gt.txt").exists(), reason="no PETS09-S2L1 in ../shared/data or SHOPTHREAD_PETS")
def test_scores_and_counts_on_pets09_s2l1(tmp_path: Path) -> None:
    config, tracks = tmp_path / "camera.toml", tmp_path / "tracks.txt"
    config.write_text(CONFIG, encoding="utf-8")
    text = io.StringIO()
    events = replay(load_camera_config(config), FOLDER / "vtest.avi", CAMERA_CLOCK, ModelRegistry(), text).events
    tracks.write_text(text.getvalue(), encoding="utf-8")
    scores = score_tracks(read_mot(FOLDER / "gt.txt", only_counted=True), read_mot(tracks))
    assert scores.hota >= 0.58
    assert scores.idf1 >= 0.80
    assert scores.mota >= 0.80
    assert scores.switches <= 20
    directions = [event.data.direction for event in events if isinstance(event.data, FootfallCrossing)]
    assert 12 <= directions.count("in") <= 14
    assert 9 <= directions.count("out") <= 11
    closed = [event.data for event in events if isinstance(event.data, VisitSegment) and event.data.phase == "closed"]
    assert sum(one.reentry_hint != one.track_id for one in closed) >= 5
    numbers = [row[1] for row in csv.reader(text.getvalue().splitlines())]
    assert len(set(numbers)) <= 30
