"""Scores of an embedder: by hand, against another way to work them out, and through the command."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from models.errors import ModelError
from models.reidentification import (
    EmbedderScores,
    Layout,
    PersonPicture,
    embed_pictures,
    read_people,
    score_embedder,
)
from shopthread.models_commands import app
from tests.unit.models.helpers import TINY_EMBEDDER


def picture(person: str, camera: str) -> PersonPicture:
    return PersonPicture(Path(f"{person}_{camera}.png"), person, camera)


def unit(*rows: tuple[float, ...]) -> np.ndarray:
    found = np.array(rows, np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


PEOPLE = [picture("a", "1"), picture("b", "1"), picture("a", "2"), picture("b", "2"), picture("a", "3")]
#          looks for a       looks for b        a, like a         b, like a         a, like b
LOOKS = unit((1, 0), (0, 1), (1, 0.1), (1, 0.3), (0.2, 1))


def test_ranks_and_precision_by_hand() -> None:
    found = score_embedder(PEOPLE, LOOKS)
    assert (found.people, found.queries, found.gallery, found.splits, found.query_camera) == (2, 2, 3, 1, "1")
    assert found.rank_1 == 0.5  # a finds a; b finds a of camera 3
    assert found.rank_5 == found.rank_10 == 1.0
    a, b = (1 / 1 + 2 / 3) / 2, 1 / 2  # a at places 1 and 3, b at place 2
    assert found.mean_average_precision == pytest.approx((a + b) / 2)


def test_another_camera_may_ask() -> None:
    found = score_embedder(PEOPLE, LOOKS, query_camera="3")
    assert (found.people, found.queries, found.gallery) == (1, 1, 4)
    assert found.rank_1 == 0.0


def test_one_gallery_picture_each_as_counted_by_ranks() -> None:
    """With one picture of each in both cameras, the share at rank k is how often fewer than k others are more alike."""
    rng = np.random.default_rng(5)
    people = [f"{n:03}" for n in range(40)]
    pictures = [picture(name, camera) for name in people for camera in ("1", "2")]
    looks = unit(*rng.normal(size=(80, 4)).tolist())
    found = score_embedder(pictures, looks, people=25, splits=4)
    shares, precisions = [], []
    for split in range(4):
        drawn = random.Random(split).sample(people, 25)
        first, second = (np.array([looks[2 * people.index(name) + side] for name in drawn]) for side in (0, 1))
        likeness = first @ second.T
        better = (likeness > np.diag(likeness)[:, None]).sum(axis=1)
        shares.append([(better < rank).mean() for rank in (1, 5, 10)])
        precisions.append((1 / (better + 1)).mean())
    assert (found.rank_1, found.rank_5, found.rank_10) == pytest.approx(np.mean(shares, axis=0))
    assert found.mean_average_precision == pytest.approx(np.mean(precisions))
    assert found == score_embedder(pictures, looks, people=25, splits=4)


def test_who_is_seen_once_stays_among_the_others() -> None:
    pictures = [*PEOPLE[:4], picture("stranger", "2"), picture("lonely", "1")]
    found = score_embedder(pictures, np.concatenate([LOOKS[:4], unit((0, 1), (1, 1))]))
    assert (found.people, found.queries, found.gallery) == (2, 2, 3)
    assert found.rank_1 == 0.5  # b finds the stranger


@pytest.mark.parametrize(
    ("pictures", "options", "said"),
    [
        (PEOPLE[:2], {}, "need pictures of two cameras, one of them '1', got 1"),
        (PEOPLE, {"query_camera": "9"}, "one of them '9', got 1, 2, 3"),
        (PEOPLE, {"people": 3}, "2 people are seen by camera '1' and another one"),
        ([picture("a", "1"), picture("b", "2")], {}, "0 people are seen"),
    ],
)
def test_what_cannot_be_scored_is_refused(pictures: list[PersonPicture], options: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        score_embedder(pictures, LOOKS[: len(pictures)], **options)  # type: ignore[arg-type]


def test_names_of_both_kinds_are_read(tmp_path: Path) -> None:
    for name in ("0002_c1s1_000451_03.jpg", "0002_c2s1_1.jpg", "001_45_1.bmp", "notes.txt", "alone.png", "_c1_.png"):
        (tmp_path / name).touch()
    by_camera = read_people(tmp_path, Layout.ID_CAMERA)
    assert [(one.person, one.camera) for one in by_camera] == [("0002", "c1"), ("0002", "c2"), ("001", "45")]
    by_angle = read_people(tmp_path, Layout.ID_ANGLE_CAMERA)
    assert ("001", "1") in [(one.person, one.camera) for one in by_angle]
    (tmp_path / "x_left_1.png").touch()
    assert read_people(tmp_path, Layout.ID_CAMERA)[-1].camera == "left"
    for folder in (tmp_path / "absent", tmp_path):
        for path in tmp_path.iterdir():
            path.unlink()
        with pytest.raises(ModelError, match="holds no pictures named ID_CAMERA"):
            read_people(folder, Layout.ID_CAMERA)


def test_pictures_are_embedded_in_order_and_a_bad_one_is_named() -> None:
    many = [picture(str(n), "1") for n in range(150)]
    sizes = []

    def embed(images: object) -> np.ndarray:
        sizes.append(len(images))  # type: ignore[arg-type]
        return np.array([[image[0, 0, 0]] for image in images], np.float32)  # type: ignore[attr-defined]

    found = embed_pictures(many, lambda path: np.full((2, 2, 3), int(path.stem.split("_")[0]), np.uint8), embed)
    assert found[:, 0].tolist() == list(range(150))
    assert sizes == [64, 64, 22]
    with pytest.raises(ModelError, match=r"0_1\.png cannot be read"):
        embed_pictures(many, lambda _: None, embed)


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("SHOPTHREAD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def test_the_command_prints_and_writes_the_figures(runner: CliRunner, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="reading pictures needs OpenCV")
    folder = tmp_path / "people"
    folder.mkdir()
    for person, colour in (("a", (255, 0, 0)), ("b", (0, 255, 0)), ("c", (0, 0, 255))):
        for camera, shade in (("1", 1.0), ("2", 0.9)):
            image = np.full((64, 32, 3), np.array(colour) * shade, np.uint8)
            cv2.imwrite(str(folder / f"{person}_{camera}.png"), image)
    add = ["add", str(TINY_EMBEDDER), "--licence", "MIT", "--name", "tiny", "--task", "embedder"]
    assert runner.invoke(app, add).exit_code == 0
    target = tmp_path / "figures.json"
    result = runner.invoke(app, ["evaluate", "--people", str(folder), "--name", "tiny", "--json", str(target)])
    assert result.exit_code == 0, result.output
    figures = json.loads(target.read_text())["tiny"]
    assert set(figures) == set(EmbedderScores.__struct_fields__)
    assert (figures["people"], figures["queries"], figures["splits"]) == (3, 3, 1)
    assert 0 <= figures["rank_1"] <= figures["rank_5"] == 1.0
    assert "tiny" in result.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--video and --truth"),
        (["--video", "a"], "--video and --truth"),
        (["--people", "p", "--truth", "b"], "--video and --truth"),
        (["--people", "p", "--layout", "other"], "--layout must be one of id_camera, id_angle_camera"),
    ],
)
def test_the_command_says_what_it_needs(runner: CliRunner, options: list[str], said: str) -> None:
    result = runner.invoke(app, ["evaluate", *options])
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


def test_a_folder_that_is_not_there_is_one_line(runner: CliRunner) -> None:
    pytest.importorskip("cv2", reason="reading pictures needs OpenCV")
    result = runner.invoke(app, ["evaluate", "--people", "absent"])
    assert result.exit_code == 1
    assert "holds no pictures named ID_CAMERA" in result.output
