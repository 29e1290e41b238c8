"""What cannot be simulated is refused, with the key, the value and what is allowed."""

import tomllib
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import simulators
from simulators.adapters.scenario_files import parse_scenario
from simulators.core.check import check_scenario
from simulators.core.errors import ScenarioError

FOLDER = Path(simulators.__file__).parent / "scenarios"
Way = tuple[str | int, ...]


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _changed(name: str, path: Way, value: object) -> dict[str, Any]:
    raw = deepcopy(_read(name))
    place: Any = raw
    for step in path[:-1]:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    place[path[-1]] = value
    return raw


def _refusal(raw: dict[str, Any]) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        check_scenario(parse_scenario(raw))
    return caught.value


CAMERA = {"id": "cam-1", "position": [5.0, 4.0], "height_m": 2.6, "looks_at": [5.0, 4.5]}


@pytest.mark.parametrize(
    ("path", "value", "key", "allowed"),
    [
        (("shelf", 0, "products", 1, "gtin"), "09521230000017", "product gtin", "each one once"),
        (("staff", 0, "door_id"), "back", "staff[0].door_id", "front"),
        (("staff", 0, "shift"), [9.0, 9.0], "staff[0].shift", "two different local hours"),
        (("staff", 0, "break_spot"), [5.0, 6.9], "staff[0].break_spot", "a zone of kind staff"),
        (("staff", 0, "break_spot"), [9.95, 5.0], "staff[0].break_spot", "0.25 m from every wall"),
        (("delivery",), {"door_id": "back", "spot": [5, 6.9], "per_day": 1}, "delivery.door_id", "front"),
        (("delivery",), {"door_id": "front", "spot": [8.3, 5], "per_day": 1}, "delivery.spot", "0.25 m"),
        (
            ("delivery",),
            {"door_id": "front", "spot": [5, 6.9], "per_day": 1, "hours": [9.0, 7.0]},
            "delivery.hours",
            "the earlier one first",
        ),
        (
            ("delivery",),
            {"door_id": "front", "spot": [5, 6.9], "per_day": 1, "stays_s": [9.0, 7.0]},
            "delivery.stays_s",
            "smaller value first",
        ),
        (("outage",), [{"what": "wan", "per_day": 1, "lasts_s": [9, 7]}], "outage[0].lasts_s", "smaller value first"),
        (
            ("outage",),
            [{"what": "camera", "device_id": "till-1", "per_day": 1, "lasts_s": [7, 9]}],
            "outage[0].device_id",
            "cam-1, cam-2",
        ),
        (
            ("outage",),
            [{"what": "broker", "device_id": "cam-1", "per_day": 1, "lasts_s": [7, 9]}],
            "outage[0].device_id",
            "the broker is no camera",
        ),
        (("purposes", "try_on"), 0.1, "purposes.try_on", "no [[fitting_room]]"),
        (("pavement",), [], "traffic.passers_by_per_hour", "no [[pavement]]"),
        (("pavement", 0, "end"), [-0.9, 9.7], "pavement[0].end", "another point than start"),
        (
            ("purposes",),
            dict.fromkeys(("browse", "buy", "scan", "refund"), 0.0),
            "purposes",
            "at least one value above 0",
        ),
        (("traffic", "by_weekday"), [0.0] * 7, "traffic.by_weekday", "above 0"),
        (("traffic", "opens"), [20.0, 9.0], "traffic.opens", "the earlier one first"),
        (("door", 0, "weight"), 0.0, "door.weight", "above 0"),
        (("door", 0, "leave_weight"), 0.0, "door.leave_weight", "above 0"),
        (("door", 0, "centre"), [2.9, 8.0], "door[0].centre", "free floor"),
        (("door", 0, "centre"), [0.1, 8.0], "door[0].centre", "free floor"),
        (("tripwire", 0, "points"), [[1.2, 8.0], [2.8, 8.0]], "door[0].centre", "inside on the right"),
        (("tripwire", 0, "kind"), "passby", "door[0].centre", "a [[tripwire]] of kind entrance"),
        (("tripwire", 1, "points"), [[40.0, 8.0], [42.8, 8.0]], "tripwire[1].points", "at least one camera sees"),
        (("behaviour", "try_on_s"), [9.0, 3.0], "behaviour.try_on_s", "smaller value first"),
        (("behaviour", "patience_s"), [9.0, 3.0], "behaviour.patience_s", "smaller value first"),
        (("behaviour", "reenter_after_s"), [9.0, 3.0], "behaviour.reenter_after_s", "smaller value first"),
        (("codes", "home_after_s"), [9.0, 3.0], "codes.home_after_s", "smaller value first"),
        (("noise", "false_track_s"), [9.0, 3.0], "noise.false_track_s", "smaller value first"),
        (("messages", "late_s"), [9.0, 3.0], "messages.late_s", "smaller value first"),
        (("till", 0, "opens_at"), 2, "till.opens_at", "0 for at least one till"),
        (("camera",), [CAMERA | {"distortion_k1": -0.5}], "camera[0]", "folds"),
        (
            ("camera",),
            [CAMERA | {"looks_at": [300.0, 4.5], "horizontal_fov_deg": 12.0}],
            "camera[0]",
            "shows no floor within",
        ),
        (("zone", 10, "polygon"), [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], "zone[10].polygon", "corners round an area"),
        (("door",), "twice", "door id", "each one once"),
    ],
)
def test_what_cannot_be_in_a_shop_is_refused(path: Way, value: object, key: str, allowed: str) -> None:
    if value == "twice":
        value = _read("corner_shop")["door"] * 2
    refusal = _refusal(_changed("corner_shop", path, value))
    assert refusal.key == key
    assert allowed in refusal.allowed


@pytest.mark.parametrize(
    ("path", "value", "key", "allowed"),
    [
        (("fitting_room", 0, "zone_id"), "queue-1", "fitting_room[0].zone_id", "of kind fitting_room: fitting"),
        (("fitting_room", 0, "cabins"), [[0.72, 0.8], [8.7, 2.4]], "fitting_room[0].cabins[1]", "inside zone fitting"),
        (("fitting_room", 0, "waiting_spots"), [[1.4, 1.4]], "fitting_room[0].waiting_spots[0]", "0.25 m"),
        (("staff", 0, "door_id"), "back", "staff[0].door_id", "street, mall"),
    ],
)
def test_what_cannot_be_in_a_fashion_store_is_refused(path: Way, value: object, key: str, allowed: str) -> None:
    refusal = _refusal(_changed("fashion_store", path, value))
    assert refusal.key == key
    assert allowed in refusal.allowed


def test_hours_in_which_nobody_comes_are_refused() -> None:
    raw = _changed("corner_shop", ("traffic", "by_hour"), [0.0] * 23 + [1.0])
    raw["traffic"]["opens"] = [9.0, 20.0]
    refusal = _refusal(raw)
    assert refusal.key == "traffic.opens"
    assert "a weight above 0" in refusal.allowed


def test_a_door_that_leads_nowhere_is_refused() -> None:
    raw = _changed("corner_shop", ("tripwire", 0, "points"), [[2.8, 8.0], [1.2, 8.0]])
    raw["door"].append({"id": "back", "centre": [10.2, 1.0], "outward": [1.0, 0.0], "width_m": 1.0})
    raw["wall"] = [wall for wall in raw["wall"] if wall["polygon"][0] != [10.0, -0.2]]
    raw["wall"] += [
        {"polygon": [[8.0, 1.7], [13.0, 1.7], [13.0, 1.9], [8.0, 1.9]]},
        {"polygon": [[7.8, -0.2], [8.0, -0.2], [8.0, 1.9], [7.8, 1.9]]},
        {"polygon": [[12.8, -0.2], [13.0, -0.2], [13.0, 1.9], [12.8, 1.9]]},
        {"polygon": [[10.0, -0.2], [13.0, -0.2], [13.0, 0.0], [10.0, 0.0]]},
    ]
    raw["wall"] = [wall for wall in raw["wall"] if wall["polygon"][0] != [9.6, 0.5]]
    refusal = _refusal(raw)
    assert refusal.key == "door[1].centre"
    assert "reached from door front" in refusal.allowed


def test_a_shelf_that_cannot_be_reached_is_refused() -> None:
    raw = _changed("corner_shop", ("purposes", "scan"), 0.0)
    raw["wall"] += [
        {"polygon": [[0.0, 1.7], [6.6, 1.7], [6.6, 1.9], [0.0, 1.9]]},
        {"polygon": [[6.4, 0.0], [6.6, 0.0], [6.6, 1.9], [6.4, 1.9]]},
    ]
    refusal = _refusal(raw)
    assert refusal.key == "shelf[0].zone_id"
    assert "reached from the door front" in refusal.allowed
