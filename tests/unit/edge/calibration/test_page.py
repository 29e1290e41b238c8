"""The calibration page's answers over HTTP: what it shows, what it says of a drawing, what it saves."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cv2", reason="cameras need the extra edge")
pytest.importorskip("tomlkit", reason="calibration needs the extra edge")

import cv2

from edge.adapters.local_page import LocalPage
from edge.adapters.masked_source import MaskedSource
from edge.adapters.still import png, take_still
from edge.calibration.page import CalibrationPage, PlanShape
from edge.camera_settings import CameraConfig
from edge.errors import ConfigurationError, FeedError
from edge.ports import Image
from tests.fakes.cameras import FakeCamera

TOKEN = "token"  # of a page that nobody else sees
TEXT = """\
# Ask Ada.
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"

[camera]
source = "usb:0"

[[tripwire]]
id = "door"
points = [[100.0, 120.0], [220.0, 120.0]]

[[mask]]
points = [[0, 0], [40, 0], [40, 40], [0, 40]]
"""
IMAGE_PX = [[20.0, 60.0], [300.0, 60.0], [319.0, 230.0], [0.0, 230.0]]
FLOOR_M = [[0.0, 0.0], [6.0, 0.0], [6.0, 4.0], [0.0, 4.0]]
WALL = PlanShape(kind="wall", name="wall", points=((0.0, 0.0), (6.0, 0.0), (6.0, 0.2)))


@dataclass
class White:
    """A camera that gives white pictures, and notes what it was asked for."""

    wh_px: tuple[int, int] = (320, 240)
    asked: list[int] = field(default_factory=list)
    is_broken: bool = False

    def __call__(self, config: CameraConfig, number: int) -> Image:
        self.asked.append(number)
        if self.is_broken:
            msg = "camera.source: the cable is out"
            raise FeedError(msg)
        picture = np.full((self.wh_px[1], self.wh_px[0], 3), 255, np.uint8)
        masks = [mask.points for mask in config.masks]
        source = MaskedSource(FakeCamera([picture]), masks, config.camera.picture_size)
        return take_still(source, lambda: 0.0)


@dataclass
class Browser:
    page: LocalPage

    def ask(self, method: str, path: str, value: object = None) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.page.port, timeout=10)
        body = None if value is None else json.dumps(value)
        connection.request(method, path, body, {"Cookie": f"page_{self.page.port}={TOKEN}"})
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        return reply.status, text

    def json(self, method: str, path: str, value: object = None) -> Any:  # noqa: ANN401 - whatever the page tells
        status, text = self.ask(method, path, value)
        assert status == 200, text
        return json.loads(text)

    def picture(self) -> Image:
        _, encoded = self.ask("GET", "/still.png")
        return np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR), np.uint8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "camera.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def camera() -> White:
    return White()


@pytest.fixture
def browser(path: Path, camera: White) -> Iterator[Browser]:
    with LocalPage(CalibrationPage(path, camera, png, (WALL,)).handlers(), token=TOKEN) as page:
        yield Browser(page)


def test_the_page_and_its_files_are_served(browser: Browser) -> None:
    status, text = browser.ask("GET", "/")
    assert status == 200
    for name in ("calibration.css", "drawing.js", "lists.js", "calibration.js", "common.js", "common.css"):
        assert f'"/{name}"'.encode() in text
        assert browser.ask("GET", f"/{name}")[0] == 200


def test_the_still_is_masked_and_nothing_of_it_is_written(browser: Browser, path: Path) -> None:
    picture = browser.picture()
    assert picture.shape == (240, 320, 3)
    assert picture[:40, :40].max() == 0
    assert picture[41:, 41:].min() == 255
    assert [each.name for each in path.parent.iterdir()] == ["camera.toml"]


def test_the_state_is_what_the_file_draws(browser: Browser) -> None:
    state = browser.json("GET", "/state")
    assert state["picture_size"] == [320, 240]
    assert state["drawn_size"] is None
    assert state["drawing"]["tripwires"] == [
        {"id": "door", "kind": "entrance", "points": [[100.0, 120.0], [220.0, 120.0]], "was": "door"}
    ]
    assert state["plan"][0]["name"] == "wall"
    assert "entrance" in state["tripwire_kinds"]
    assert "checkout" in state["zone_kinds"]


def test_a_floor_is_judged_in_centimetres_and_its_grid_is_drawn(browser: Browser) -> None:
    drawing = browser.json("GET", "/state")["drawing"]
    found = browser.json("POST", "/check", {**drawing, "image_px": IMAGE_PX, "floor_m": FLOOR_M})
    assert found["errors"] == []
    assert found["floor"]["rms_cm"] == 0
    assert 1 < found["floor"]["error_cm"] < 20
    labels = [line["label"] for line in found["floor"]["grid"]]
    assert {"x 0 m", "x 6 m", "y 0 m", "y 4 m"} <= set(labels)
    middle = next(line for line in found["floor"]["grid"] if line["label"] == "x 3 m")
    assert all(0 <= x <= 320 and 0 <= y <= 240 for x, y in middle["points"])
    near, far = (min(found["floor"]["places"], key=lambda place: abs(place["px"][1] - y)) for y in (230, 60))
    assert 0 < near["error_cm"] < far["error_cm"] < 500
    assert found["tripwires"] == [{"id": "door", "usable_share": 1.0}]
    bent = [[20.0, 20.0], [160.0, 14.0], [300.0, 20.0]]
    lens = browser.json("POST", "/check", {**drawing, "lines": [bent]})["lens"]
    assert lens["k1"] < 0
    assert lens["left_px"] < 0.01 < lens["crooked_px"]
    assert lens["k1_error"] is None


def test_each_mistake_is_told_and_the_rest_is_still_judged(browser: Browser) -> None:
    drawing = browser.json("GET", "/state")["drawing"]
    bad = {
        **drawing,
        "tripwires": [
            {"id": "edge", "points": [[0.0, 2.0], [300.0, 2.0]]},
            {"id": "dot", "points": [[9.0, 9.0], [9.0, 9.0]]},
        ],
        "zones": [{"id": "bow", "kind": "shelf", "points": [[0, 0], [90, 90], [90, 0], [0, 90]]}],
        "masks": [{"points": [[900, 0], [950, 0], [950, 90]]}],
        "lines": [[[20.0, 120.0], [160.0, 120.0], [300.0, 120.0]]],
        "image_px": [[0, 0], [100, 100], [200, 200], [300, 300]],
        "floor_m": FLOOR_M,
    }
    found = browser.json("POST", "/check", bad)
    said = "\n".join(found["errors"])
    for part in ("'edge'", "'dot'", "'bow'", "mask 1", "lens: ", "floor: points 1, 2, 3 and 4 lie on a line"):
        assert part in said
    assert found["floor"] is found["lens"] is None
    assert [line["usable_share"] for line in found["tripwires"] if line["id"] == "edge"] == [0.0]
    twice = browser.json("POST", "/check", {**drawing, "tripwires": drawing["tripwires"] * 2})
    assert "unique" in twice["errors"][0]


def test_what_is_saved_is_in_the_file_with_its_comments(browser: Browser, path: Path) -> None:
    drawing = browser.json("GET", "/state")["drawing"]
    drawing["masks"].append({"points": [[100, 0], [140, 0], [140, 40], [100, 40]], "was": None})
    done = browser.json("POST", "/save", {**drawing, "image_px": IMAGE_PX, "floor_m": FLOOR_M})
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Ask Ada.\n")
    assert "picture_size = [320, 240]" in text
    assert "[floor]" in text
    assert Path(done["backup"]).read_text(encoding="utf-8") == TEXT
    assert [mask["was"] for mask in done["state"]["drawing"]["masks"]] == [0, 1]
    assert browser.picture()[:40, 100:140].max() == 0
    again = browser.json("POST", "/save", {**done["state"]["drawing"], "image_px": [], "floor_m": []})
    assert again["state"]["drawing"]["image_px"] == []
    assert "[floor]" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["", "top shelf"])
def test_a_name_that_cannot_be_is_refused_and_the_file_stays(browser: Browser, path: Path, name: str) -> None:
    drawing = browser.json("GET", "/state")["drawing"]
    zones = [{"id": name, "kind": "shelf", "points": [[0, 0], [90, 0], [90, 90]]}]
    status, said = browser.ask("POST", "/save", {**drawing, "zones": zones})
    assert status == 400
    assert b"zone" in said
    assert path.read_text(encoding="utf-8") == TEXT


def test_another_hand_on_the_file_is_told(browser: Browser, path: Path) -> None:
    drawing = browser.json("GET", "/state")["drawing"]
    path.write_text(TEXT + "# Bob.\n", encoding="utf-8")
    status, said = browser.ask("POST", "/save", drawing)
    assert (status, b"somebody else" in said) == (400, True)


def test_what_is_no_drawing_is_refused(browser: Browser) -> None:
    status, said = browser.ask("POST", "/check", {"circles": []})
    assert (status, b"load the page again" in said) == (400, True)


def test_another_picture_is_taken_and_a_camera_that_fails_after_saving_is_no_loss(
    browser: Browser, camera: White, path: Path
) -> None:
    assert browser.ask("POST", "/still")[0] == 200
    assert camera.asked == [0, 1]
    camera.is_broken = True
    status, said = browser.ask("POST", "/still")
    assert (status, b"the cable is out" in said) == (400, True)
    drawing = browser.json("GET", "/state")["drawing"]
    browser.json("POST", "/save", {**drawing, "masks": []})
    assert "[[mask]]" not in path.read_text(encoding="utf-8")
    assert browser.picture().shape == (240, 320, 3)


def test_masks_of_another_shape_of_picture_hide_their_pixels_until_they_are_drawn_again(path: Path) -> None:
    path.write_text(TEXT.replace('"usb:0"', '"usb:0"\npicture_size = [320, 180]'), encoding="utf-8")
    with LocalPage(CalibrationPage(path, White(), png).handlers(), token=TOKEN) as page:
        browser = Browser(page)
        assert browser.picture()[:40, :40].max() == 0
        state = browser.json("GET", "/state")
        assert (state["picture_size"], state["drawn_size"]) == ([320, 240], [320, 180])
        assert state["drawing"]["picture_size"] == [320, 240]
        browser.json("POST", "/save", state["drawing"])
    assert "picture_size = [320, 240]" in path.read_text(encoding="utf-8")


def test_lines_on_the_floor_are_shown_and_stay_as_they_are(path: Path) -> None:
    zone = '[[zone]]\nid = "z"\nkind = "shelf"\npoints = [[1, 1], [2, 1], [2, 2]]\n'
    floor = f"{zone}[floor]\nimage_px = {IMAGE_PX}\nfloor_m = {FLOOR_M}\n"
    text = TEXT.replace('"usb:0"', '"usb:0"\nplane = "floor"')
    text = text.replace("[[100.0, 120.0], [220.0, 120.0]]", "[[0, 0], [6, 4]]")
    path.write_text(text + floor, encoding="utf-8")
    with LocalPage(CalibrationPage(path, White(), png).handlers(), token=TOKEN) as page:
        browser = Browser(page)
        state = browser.json("GET", "/state")
        line, area = state["on_floor"]
        assert line == [pytest.approx(IMAGE_PX[0]), pytest.approx(IMAGE_PX[2])]
        assert len(area) == 4
        found = browser.json("POST", "/check", state["drawing"])
        assert (found["errors"], found["tripwires"]) == ([], [])
    for broken in (text, text + floor.replace(str(IMAGE_PX[2]), "[150.0, 60.0]")):
        path.write_text(broken, encoding="utf-8")
        with LocalPage(CalibrationPage(path, White(), png).handlers(), token=TOKEN) as page:
            state = Browser(page).json("GET", "/state")
            assert state["on_floor"] == []
            assert Browser(page).json("POST", "/check", state["drawing"])["errors"]


def test_a_camera_without_a_picture_is_named(path: Path) -> None:
    with pytest.raises(FeedError, match="the cable is out"):
        CalibrationPage(path, White(is_broken=True), png)
    with pytest.raises(ConfigurationError, match="cannot read"):
        CalibrationPage(path.parent / "none.toml", White(), png)


def test_a_still_is_the_one_asked_for_or_the_last() -> None:
    pictures = [np.full((20, 20, 3), value, np.uint8) for value in (10, 20, 30)]
    assert take_still(FakeCamera(pictures), lambda: 0.0).max() == 10
    assert take_still(FakeCamera(pictures), lambda: 0.0, 1).max() == 20
    assert take_still(FakeCamera(pictures), lambda: 0.0, 9).max() == 30
    with pytest.raises(FeedError, match="no picture came from fake"):
        take_still(FakeCamera([]), lambda: 0.0)
