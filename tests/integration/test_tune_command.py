"""`shopthread edge tune` on real footage: the bundled clip, and footage beside the project where it lies there."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.camera_config import load_camera_config
from shopthread import cli
from shopthread.demo.configs import FOOTAGE

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
SHOP_DOOR = SHARED / "shop-door" / "OneLeaveShopReenter1front.mpg"
CONFIG = '[device]\ntenant = "a"\nstore = "b"\nid = "c"\ndata_dir = "d"\n[camera] # the door\nsource = "usb:0"\n'


def _tune(config: Path, *arguments: str | Path) -> Result:
    texts = ["edge", "tune", str(config), *(str(argument) for argument in arguments)]
    return CliRunner().invoke(cli.app, texts)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "camera.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def _scores(output: str) -> dict[tuple[str, str], float]:
    """Return the score of each input and tiles."""
    rows = re.findall(r"│ (\d+x\d+) +│ (\dx\d) +│ \d+/\d+ +│ \d+ +│ ([\d.]+)", output)
    return {(size, tiles): float(score) for size, tiles, score in rows}


def test_a_recommendation_is_made_and_written(config: Path) -> None:
    told = _tune(config, "--video", FOOTAGE, "--frames", "1", "--seconds", "1", "--write")
    assert told.exit_code == 0, told.output
    assert len(_scores(told.output)) == 8
    size, tiles = (re.search(rf"{key} = \[(\d+), (\d+)\]", told.output) for key in ("input_size", "tiles"))
    assert size is not None
    assert tiles is not None
    camera = load_camera_config(config).camera
    assert camera.input_size == tuple(map(int, size.groups()))
    assert camera.tiles == tuple(map(int, tiles.groups()))
    assert "# the door" in config.read_text(encoding="utf-8")


def test_where_nobody_is_nothing_is_recommended(config: Path, tmp_path: Path) -> None:
    truth = tmp_path / "gt.txt"
    truth.write_text("1,1,0,0,9,9,0\n", encoding="utf-8")
    told = _tune(config, "--video", FOOTAGE, "--frames", "1", "--seconds", "1", "--truth", truth)
    assert told.exit_code == 1
    assert "nobody was seen in 1 pictures" in told.output


@pytest.mark.skipif(not SHOP_DOOR.exists(), reason="no shop-door footage in ../shared/data")
def test_small_people_are_found_in_tiles(config: Path) -> None:
    told = _tune(config, "--video", SHOP_DOOR, "--frames", "8", "--seconds", "15")
    scores = _scores(told.output)
    assert scores["416x320", "2x2"] > scores["320x256", "1x1"] + 0.15
    assert scores["416x320", "2x2"] > scores["416x320", "1x1"]
