"""The agent's floor map of a rendered camera is the simulator's own optics, bent lenses included."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

pytest.importorskip("cv2", reason="rendering needs the extra render")

from edge.camera_config import parse_camera_config
from edge.camera_floor import floor_quality
from edge.camera_rules import pipeline_rules
from edge.core.floor import floor_point
from simulators.adapters.scenario_files import load_scenario
from simulators.core.optics import CameraOptics
from simulators.rendering.camera_files import rendered_camera_toml

SCENARIO = load_scenario("corner_shop")


@pytest.mark.parametrize("k1", [-0.05, 0.0, 0.1])
def test_the_floor_of_a_rendered_camera_is_where_its_optics_say(k1: float) -> None:
    camera = replace(SCENARIO.cameras[0], distortion_k1=k1, horizontal_fov_deg=80.0)
    optics = CameraOptics(camera)
    text = rendered_camera_toml(SCENARIO, camera, "video.mp4", 0)
    config = parse_camera_config(text.encode(), Path("camera.toml"))
    known = pipeline_rules(config).floor
    assert known is not None
    places = np.random.default_rng(5).uniform((0, 0), camera.frame_px, (400, 2))
    truth = optics.floor_point(places)
    near = np.hypot(*(truth - np.array(camera.position)).T) < camera.range_m
    assert near.sum() > 100
    found = [floor_point(known, (x, y)) for x, y in places[near].tolist()]
    misses_m = np.hypot(*(np.array([place or (np.nan, np.nan) for place in found]) - truth[near]).T)
    assert float(misses_m.max()) < 0.02
    quality = floor_quality(config)
    assert quality is not None
    assert not quality.is_mirrored
