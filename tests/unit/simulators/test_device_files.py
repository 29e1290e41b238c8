"""Which camera watches what: each tripwire and zone is one camera's alone, and cameras see what they report on."""

import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from simulators.adapters.device_files import camera_file_name, camera_toml, write_device_files
from simulators.adapters.scenario_files import load_scenario, scenario_names
from simulators.core.geometry import contains
from simulators.core.optics import CameraOptics
from simulators.core.scenario import Scenario
from simulators.core.views import middle, view_of, watcher


@pytest.mark.parametrize("name", scenario_names())
def test_each_tripwire_and_zone_is_one_cameras_alone(name: str) -> None:
    scenario = load_scenario(name)
    watched: Counter[str] = Counter()
    for camera in scenario.cameras:
        config = tomllib.loads(camera_toml(scenario, camera))
        watched.update(f"{kind} {each['id']}" for kind in ("tripwire", "zone") for each in config.get(kind, []))
    assert set(watched.values()) == {1}
    assert {f"tripwire {wire.id}" for wire in scenario.tripwires} <= set(watched)
    unwatched = {zone.id for zone in scenario.zones if f"zone {zone.id}" not in watched}
    assert unwatched <= {"staff-room", "office"}, "only where staff is by itself no camera reports"


@pytest.mark.parametrize("name", scenario_names())
def test_what_a_camera_reports_on_is_in_its_picture(name: str) -> None:
    rng = np.random.default_rng(1)
    for camera in load_scenario(name).cameras:
        picture, view = CameraOptics(camera).footprint(camera.range_m), view_of(camera)
        xs, ys = zip(*view, strict=True)
        points = [(float(rng.uniform(min(xs), max(xs))), float(rng.uniform(min(ys), max(ys)))) for _ in range(300)]
        seen = [contains(picture, point) for point in points if contains(view, point)]
        assert np.mean(seen) > 0.97, camera.id


@pytest.mark.parametrize("name", scenario_names())
def test_where_customers_go_some_camera_looks_and_into_cabins_none(name: str) -> None:
    scenario = load_scenario(name)
    spots = [
        *(middle(zone.polygon) for zone in scenario.zones if zone.kind != "staff"),
        *(door.centre for door in scenario.doors),
        *(kiosk.spot for kiosk in scenario.kiosks),
        *(till.spot for till in scenario.tills),
        *(slot for till in scenario.tills for slot in till.queue_slots),
    ]
    for spot in spots:
        assert any(contains(view_of(camera), spot) for camera in scenario.cameras), spot
    for cabin in (cabin for room in scenario.fitting_rooms for cabin in room.cabins):
        assert not any(contains(view_of(camera), cabin) for camera in scenario.cameras), cabin


def test_views_overlap_in_every_scenario_of_several_cameras(scenario: Scenario) -> None:
    entrance = scenario.zones[0].polygon
    assert sum(contains(view_of(camera), middle(entrance)) for camera in scenario.cameras) == 2


def test_the_camera_that_sees_more_watches_and_of_two_alike_the_first(scenario: Scenario) -> None:
    far, door = scenario.cameras
    half = replace(far, id="half", sees=((-0.8, 0.0), (2.9, 0.0), (2.9, 10.6), (-0.8, 10.6)))
    entrance = scenario.zones[0].polygon
    assert watcher([half, door], entrance) == door
    assert watcher([far, door], entrance) == far
    assert watcher([door, far], entrance) == door
    assert watcher([door], scenario.zones[1].polygon) is None


def test_without_a_given_area_a_camera_reports_on_what_its_picture_shows(scenario: Scenario) -> None:
    camera = replace(scenario.cameras[1], sees=None)
    assert view_of(camera) == CameraOptics(camera).footprint(camera.range_m)


@pytest.mark.parametrize("name", scenario_names())
def test_the_camera_agent_takes_the_configuration_of_every_camera(name: str, tmp_path: Path) -> None:
    camera_config = pytest.importorskip("edge.camera_config", reason="needs the edge extra", exc_type=ImportError)
    scenario = load_scenario(name)
    write_device_files(tmp_path, scenario)
    for camera in scenario.cameras:
        config = camera_config.load_camera_config(tmp_path / camera_file_name(camera.id))
        assert {wire.id for wire in config.tripwires} == {
            wire.id for wire in scenario.tripwires if watcher(scenario.cameras, wire.points) == camera
        }
