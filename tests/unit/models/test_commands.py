from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from models.registry import ModelRegistry
from shopthread.models_commands import app, default_models_dir
from tests.unit.models.helpers import TINY_DETECTOR, TINY_EMBEDDER


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("SHOPTHREAD_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def add(runner: CliRunner, path: Path, *options: str) -> Result:
    return runner.invoke(app, ["add", str(path), "--licence", "MIT", *options])


def test_a_user_adds_lists_and_verifies_a_detector(runner: CliRunner, tmp_path: Path) -> None:
    added = add(runner, TINY_DETECTOR, "--name", "mine", "--task", "detector", "--rgb")
    assert added.exit_code == 0, added.output
    assert 'model = "mine"' in added.output
    model = ModelRegistry(default_models_dir()).get("mine")
    assert model.path.is_relative_to(tmp_path)
    assert model.manifest.preprocessing.channel_order == "RGB"
    assert "mine" in runner.invoke(app, ["list"]).output
    assert runner.invoke(app, ["verify", "mine"]).exit_code == 0


def test_normalization_is_given_as_three_numbers(runner: CliRunner) -> None:
    options = ["--name", "e", "--task", "embedder", "--mean", "1,2,3", "--std", "4,5,6.5"]
    assert add(runner, TINY_EMBEDDER, *options).exit_code == 0
    manifest = ModelRegistry(default_models_dir()).get("e").manifest
    assert manifest.preprocessing.mean == (1.0, 2.0, 3.0)
    assert manifest.preprocessing.std == (4.0, 5.0, 6.5)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--name", "mine", "--task", "embedder"], 1, "one float32 output"),
        (["--name", "mine", "--task", "oracle"], 2, "detector, embedder"),
        (["--name", "mine", "--task", "detector", "--mean", "1,2"], 2, "three numbers"),
        (["--name", "Mine!", "--task", "detector"], 1, "$.name"),
        (["--name", "nanodet-g-person", "--task", "detector"], 1, "exists already"),
    ],
)
def test_what_cannot_be_added_is_refused_with_a_reason(
    runner: CliRunner, options: list[str], code: int, said: str
) -> None:
    result = add(runner, TINY_DETECTOR, *options)
    assert result.exit_code == code
    assert said in result.output
    assert not default_models_dir().exists()


def test_verify_finds_a_tampered_file_among_good_ones(runner: CliRunner) -> None:
    add(runner, TINY_DETECTOR, "--name", "mine", "--task", "detector")
    (default_models_dir() / "weights" / "mine.onnx").write_bytes(b"other")
    result = runner.invoke(app, ["verify"])
    assert result.exit_code == 1
    assert "expected" in result.output
    assert "ok       nanodet-g-person" in result.output
    assert runner.invoke(app, ["verify", "absent"]).exit_code == 1


def test_without_the_variable_models_live_in_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOPTHREAD_HOME", raising=False)
    assert default_models_dir().parts[-4:] == (".local", "share", "shopthread", "models")


def test_evaluate_says_what_size_it_needs(runner: CliRunner) -> None:
    result = runner.invoke(app, ["evaluate", "--video", "a", "--truth", "b", "--size", "big"])
    assert result.exit_code == 2
    assert "320x256" in result.output


def test_evaluate_says_which_file_is_missing(runner: CliRunner) -> None:
    result = runner.invoke(app, ["evaluate", "--video", "a.avi", "--truth", "absent.txt"])
    assert result.exit_code == 1
    assert "truth absent.txt cannot be read" in result.output


def test_counting_says_what_is_wrong_with_its_input(runner: CliRunner, tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="counting needs the extra edge")
    options = ["--config", "absent.toml", "--video", "a.avi", "--truth", "gt.txt"]
    result = runner.invoke(app, ["count", *options])
    assert result.exit_code == 1
    assert "absent.toml" in result.output
    plaza = Path(__file__).parents[3] / "shopthread" / "demo" / "plaza.toml"
    result = runner.invoke(app, ["count", "--config", str(plaza), "--video", str(tmp_path / "a.avi"), "--truth", "gt"])
    assert result.exit_code == 1
    assert "there is no file" in result.output


def test_counting_compares_footage_with_its_truth(runner: CliRunner, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="counting needs the extra edge")
    video = tmp_path / "empty.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (768, 576))
    for _ in range(3):
        writer.write(np.zeros((576, 768, 3), np.uint8))
    writer.release()
    truth = tmp_path / "gt.txt"
    truth.write_text("1,1,100,200,30,80,1\n2,1,300,200,30,80,1\n3,1,500,200,30,80,1\n", encoding="utf-8")
    plaza = Path(__file__).parents[3] / "shopthread" / "demo" / "plaza.toml"
    options = ["--config", str(plaza), "--video", str(video), "--truth", str(truth)]
    result = runner.invoke(app, ["count", *options])
    assert result.exit_code == 0, result.output
    assert "1/0" in result.output
    assert "3 frames" in result.output
