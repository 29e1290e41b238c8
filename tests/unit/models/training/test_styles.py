"""Colours of real cameras as statistics."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.errors import ModelError
from models.training.styles import FLOOR, NUMBERS, measure, opponents, read_styles, statistics, write_styles

BUNDLED = Path("models/training/styles_of/retail02.json")


def pictures(count: int, seed: int = 2) -> NDArray[np.uint8]:
    """Return pictures of one colour each, with grain, that differ in brightness."""
    rng = np.random.default_rng(seed)
    colours = rng.uniform(20, 230, (count, 3, 1, 1))
    return np.clip(colours + rng.normal(0, 12, (count, 3, 16, 8)), 0, 255).astype(np.uint8)


def test_grey_has_no_opponent_colours_and_brightness_rises() -> None:
    greys = np.broadcast_to(np.array([20, 90, 220], np.uint8)[:, None, None, None], (3, 3, 8, 4))
    found = statistics(greys)
    assert found[:, 0].tolist() == sorted(found[:, 0])
    assert found[:, 1:3] == pytest.approx(np.zeros((3, 2)), abs=0.01)


def test_channels_vary_apart_from_each_other() -> None:
    _, axes, gamma = opponents()
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-12)
    assert gamma > 1
    assert np.isfinite(statistics(np.zeros((1, 3, 4, 4), np.uint8))).all()
    assert FLOOR > 0


def test_what_is_drawn_from_styles_is_like_what_was_measured(tmp_path: Path) -> None:
    shown = pictures(200)
    path = tmp_path / "new" / "styles.json"
    write_styles(path, measure(shown, "a film", "CC0-1.0"))
    styles = read_styles(path)
    assert (styles.source, styles.licence, styles.pictures) == ("a film", "CC0-1.0", 200)
    drawn = np.array(styles.mean) + np.random.default_rng(1).normal(0, 1, (4000, NUMBERS)) @ np.array(styles.root).T
    found = statistics(shown)
    assert drawn.mean(axis=0) == pytest.approx(found.mean(axis=0), abs=0.05)
    assert drawn.std(axis=0) == pytest.approx(found.std(axis=0), abs=0.05)


def test_too_few_people_are_refused() -> None:
    with pytest.raises(ModelError, match="5 boxes of people are too few"):
        measure(pictures(5), "a film", "CC0-1.0")


@pytest.mark.parametrize(
    "content", [None, "{}", '{"source": "", "licence": "", "pictures": 9, "mean": [0], "root": []}']
)
def test_other_files_are_refused_with_what_makes_one(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "styles.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match="measure-styles"):
        read_styles(path)


def test_the_bundled_styles_say_whence_and_hold_statistics_alone() -> None:
    styles = read_styles(BUNDLED)
    assert styles.licence == "Apache-2.0"
    assert styles.pictures > 100
    assert len(BUNDLED.read_bytes()) < 2000
