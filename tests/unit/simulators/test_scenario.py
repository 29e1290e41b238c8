"""Scenario files: what is refused, and how it is said."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

import simulators
from simulators.adapters.scenario_files import load_scenario, parse_scenario, scenario_names
from simulators.core.check import check_scenario
from simulators.core.errors import ScenarioError
from simulators.core.lines import TrackLine
from simulators.core.store import Store
from tests.unit.simulators.runs import START_MS

FILE = Path(simulators.__file__).parent / "scenarios" / "corner_shop.toml"


def _raw() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def test_every_scenario_of_the_project_can_be_simulated() -> None:
    assert "corner_shop" in scenario_names()
    for name in scenario_names():
        scenario = load_scenario(name)
        check_scenario(scenario)
        assert scenario.name == name


@pytest.mark.parametrize("name", scenario_names())
def test_people_walk_in_every_scenario_and_every_camera_says_so(name: str) -> None:
    scenario = load_scenario(name)
    store = Store(scenario, 1, START_MS + (5 * 24 + 8) * 3_600_000)  # Saturday afternoon.
    outputs = [output for _ in range(round(200 * scenario.tick_hz)) for output in store.step()]
    tracks = [output for output in outputs if isinstance(output.line, TrackLine) and output.line.tracks]
    busy = {output.device_id for output in tracks}
    assert busy <= {camera.id for camera in scenario.cameras}
    assert len(busy) >= len(scenario.cameras) / 2
    totals = store.truth().totals
    assert totals.entered >= 2
    for wire in totals.tripwires:
        if wire.tripwire_id == "door-exit":
            assert wire.crossed_in == 0, "nobody comes in where people only go out"


def test_a_scenario_of_ones_own_is_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(FILE.read_bytes())
    assert load_scenario(str(path)) == load_scenario("corner_shop")


def test_an_unknown_field_is_named_with_the_fields_that_exist() -> None:
    raw = _raw()
    raw["kiosk"][0]["colour"] = "red"
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(raw)
    assert caught.value.key == "kiosk[0].colour"
    assert caught.value.value == "red"
    assert "waiting_spots" in caught.value.allowed


def test_a_wrong_value_is_named_with_what_is_allowed() -> None:
    raw = _raw()
    raw["behaviour"]["members"] = 1.5
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(raw)
    assert caught.value.key == "behaviour.members"
    assert caught.value.value == 1.5
    assert "<= 1" in caught.value.allowed


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (("kiosk", 0, "zone_id"), "nowhere", "kiosk[0].zone_id"),
        (("till", 0, "queue_zone_id"), "checkout", "till[0].queue_zone_id"),
        (("shelf", 1, "zone_id"), "queue", "shelf[1].zone_id"),
        (("kiosk", 0, "spot"), [9.9, 0.9], "kiosk[0].spot"),
        (("kiosk", 0, "spot"), [5.0, 6.9], "kiosk[0].spot"),
        (("till", 0, "spot"), [8.2, 5.0], "till[0].spot"),
        (("staff", 0, "posts"), [[20.0, 20.0], [8.3, 5.0]], "staff[0].posts[1]"),
        (("zone", 0, "id"), "queue", "zone id"),
        (("camera", 0, "id"), "till-1", "camera, kiosk or till id"),
        (("door", 0, "outward"), [0.0, 2.0], "door[0].outward"),
        (("behaviour", "browse_s"), [9.0, 3.0], "behaviour.browse_s"),
        (("tripwire", 0, "points"), [[1.0, 1.0], [1.0, 1.0]], "tripwire[0].points"),
        (("wall", 0, "polygon"), [[0, 0], [2, 0], [1, 0.2], [2, 2]], "wall[0].polygon"),
        (("shelf", 0, "products", 0, "gtin"), "09521230000011", "shelf[0].products[0].gtin"),
        (("traffic", "party_size_weights"), [0.0], "traffic.party_size_weights"),
        (("zone", 1, "polygon"), [[0.6, 0.6], [0.9, 0.6], [0.9, 0.9]], "shelf[0].zone_id"),
        (("till",), [], "purposes.buy"),
        (("kiosk",), [], "purposes.scan"),
    ],
)
def test_what_cannot_be_simulated_is_refused(path: tuple[str | int, ...], value: object, key: str) -> None:
    raw = _raw()
    place: Any = raw
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ScenarioError) as caught:
        check_scenario(parse_scenario(raw))
    assert caught.value.key == key


def test_places_that_cannot_be_reached_are_refused() -> None:
    raw = _raw()
    raw["wall"].append({"polygon": [[7.0, 1.6], [10.0, 1.6], [10.0, 1.8], [7.0, 1.8]]})
    raw["wall"].append({"polygon": [[6.8, 0.0], [7.0, 0.0], [7.0, 1.8], [6.8, 1.8]]})
    with pytest.raises(ScenarioError, match="reached from the door") as caught:
        check_scenario(parse_scenario(raw))
    assert caught.value.key == "kiosk[0].spot"


@pytest.mark.parametrize("text", ["name = ", "\x00"])
def test_what_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="a TOML file"):
        load_scenario(str(path))


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match="corner_shop, fashion_store, supermarket, or the path"):
        load_scenario("corner_shp")
