"""`shopthread edge calibrate` and the warnings of `shopthread edge check`, on real files."""

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from edge.camera_config import load_camera_config
from shopthread import cli

POINTS = """\
image_x,image_y,floor_x,floor_y
20,60,0,0
300,60,6,0
319,230,6,4
0,230,0,4
160,120,3.0,1.9
"""


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    writer = cv2.VideoWriter(str(tmp_path / "people.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for _ in range(3):
        writer.write(np.full((240, 320, 3), 90, dtype=np.uint8))
    writer.release()
    path = tmp_path / "camera.toml"
    text = '# Ask Ada.\n[device]\ntenant = "acme"\nstore = "north"\nid = "camera-1"\ndata_dir = "data"\n'
    path.write_text(f'{text}[camera]\nsource = "file:people.avi"\n', encoding="utf-8")
    return path


def test_points_of_a_file_are_judged_and_saved(config: Path) -> None:
    points = config.with_name("points.csv")
    points.write_text(POINTS, encoding="utf-8")
    before = config.read_text(encoding="utf-8")
    tried = _run("edge", "calibrate", config, "--points", points, "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "root mean square" in tried.output
    assert config.read_text(encoding="utf-8") == before
    saved = _run("edge", "calibrate", config, "--points", points)
    assert f"{config}.bak holds what was there before" in saved.output
    assert config.read_text(encoding="utf-8").startswith(before)
    floor = load_camera_config(config).floor
    assert floor is not None
    assert len(floor.image_px) == 5
    assert re.search(r"floor: positions are expected to be \d+ cm off", _run("edge", "check", config).output)


def test_four_points_say_that_they_test_nothing_and_a_mirrored_plan_is_warned_of(config: Path) -> None:
    points = config.with_name("points.csv")
    points.write_text("20,60,0,4\n300,60,6,4\n319,230,6,0\n0,230,0,0\n", encoding="utf-8")
    told = _run("edge", "calibrate", config, "--points", points)
    assert "a fifth one tests them" in told.output
    assert "warning: floor: the points go round the other way" in told.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,1,0,0\n2,2,1,0\n3,3,1,1\n4,4,0,1\n", "points 1, 2, 3 and 4 lie on a line in the picture"),
        ("1,1,0,0\n", "floor"),
        ("1,1,0\n", "points.csv:1: need image_x"),
    ],
)
def test_points_that_give_no_floor_change_nothing(config: Path, text: str, said: str) -> None:
    points, before = config.with_name("points.csv"), config.read_bytes()
    points.write_text(text, encoding="utf-8")
    told = _run("edge", "calibrate", config, "--points", points)
    assert told.exit_code == 1
    assert said in told.output
    assert config.read_bytes() == before


def test_a_mask_over_a_tripwire_is_warned_of_by_check(config: Path) -> None:
    drawn = '[[tripwire]]\nid = "door"\npoints = [[100, 120], [220, 120]]\n'
    mask = "[[mask]]\npoints = [[100, 60], [160, 60], [160, 200], [100, 200]]\n"
    config.write_text(config.read_text(encoding="utf-8") + drawn + mask, encoding="utf-8")
    told = _run("edge", "check", config)
    assert told.exit_code == 0, told.output
    assert "warning: tripwire 'door': masks hide 50% of it" in told.output
    assert "warning: mask: set camera.picture_size = [320, 240]" in told.output


def test_the_page_is_served_until_it_is_stopped(config: Path) -> None:
    command = [sys.executable, "-m", "shopthread", "edge", "calibrate", str(config), "--plan", "corner_shop"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:(\d+)(/\?token=\S+)", process.stdout.readline())
        assert address is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(address[1]), timeout=10)
        connection.request("GET", address[2])
        assert b"Set up a camera" in connection.getresponse().read()
        connection.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--plan", "no_such_store"), "no_such_store"),
        (("--points", "none.csv"), "none.csv cannot be read"),
    ],
)
def test_what_is_missing_is_one_line(config: Path, arguments: tuple[str, ...], said: str) -> None:
    told = _run("edge", "calibrate", config, *arguments)
    assert told.exit_code == 1
    assert said in told.output
