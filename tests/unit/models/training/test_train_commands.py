"""The commands that train and export, as far as they go without PyTorch."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from models.training.pictures import SETTINGS_FILE, Shard, shard_path, write_shard
from models.training.styles import read_styles
from shopthread import cli
from shopthread.models_commands import app


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "250")
    (tmp_path / SETTINGS_FILE).write_text(json.dumps({"seed": 3}), encoding="utf-8")
    write_shard(
        shard_path(tmp_path, 0),
        Shard([b"a", b"b"], np.array([0, 0], np.int32), np.array([0, 1], np.int32), np.zeros((2, 32, 16), np.uint8)),
    )
    return tmp_path


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--initial", "reid-synth-mnv2"], "give --budget-minutes or --steps"),
        (["--steps", "5"], "give either --initial to begin with, or --resume to go on"),
        (["--steps", "5", "--resume", "--initial", "reid-synth-mnv2"], "give either --initial"),
    ],
)
def test_a_run_that_cannot_begin_is_one_line(data: Path, options: list[str], told: str) -> None:
    found = CliRunner().invoke(app, ["train-reid", "--data", str(data), *options])
    assert found.exit_code == 1
    assert told in found.output


@pytest.mark.parametrize("given", ["reid-synth-mnv2", "=0.5", "reid-synth-mnv2=much", "reid-synth-mnv2=1.5"])
def test_a_mean_without_a_share_is_one_line(data: Path, given: str) -> None:
    found = CliRunner().invoke(app, ["export-reid", "--data", str(data), "--mix", given])
    assert found.exit_code == 1
    assert "write for example --mix reid-synth-mnv2=0.5" in found.output


def test_footage_without_a_licence_is_one_line(data: Path) -> None:
    found = CliRunner().invoke(app, ["export-reid", "--data", str(data), "--footage", "shop.mp4"])
    assert found.exit_code == 1
    assert "--footage needs --footage-licence NAME" in found.output.replace("\n", " ")


def test_styles_are_measured_on_footage(tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="footage needs OpenCV")
    film, path = Path("simulators/footage/entrance/video.mp4"), tmp_path / "styles.json"
    options = ["--source", "a film", "--licence", "CC0-1.0", "--every", "8"]
    found = CliRunner().invoke(app, ["measure-styles", str(film), *options, "--out", str(path)])
    assert found.exit_code == 0, found.output
    assert f"colours of {read_styles(path).pictures} boxes of people" in found.output
    missing = CliRunner().invoke(app, ["measure-styles", str(tmp_path / "none.mp4"), *options])
    assert missing.exit_code == 1
    assert "nobody was found in" in missing.output


@pytest.mark.parametrize("command", [["train-reid", "--steps", "5", "--resume"], ["export-reid"]])
def test_missing_pictures_are_one_line(tmp_path: Path, command: list[str]) -> None:
    found = CliRunner().invoke(app, [*command, "--data", str(tmp_path)])
    assert found.exit_code == 1
    assert "shopthread simulate crops" in found.output.replace("\n", " ")


@pytest.mark.parametrize("command", [["train-reid", "--steps", "5", "--resume"], ["export-reid"]])
def test_missing_packages_are_named_with_the_extra_that_brings_them(
    data: Path, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cv2", reason="pictures need the extra training")
    for name in [name for name in sys.modules if name.startswith("models.training.learning")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(sys, "argv", ["shopthread", "models", *command, "--data", str(data)])
    with pytest.raises(SystemExit):
        cli.main()
    assert "pip install '.[training]'" in capsys.readouterr().err
