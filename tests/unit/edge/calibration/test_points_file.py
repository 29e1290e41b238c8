"""Floor points from a text file."""

from pathlib import Path

import pytest

from edge.calibration.points_file import read_points
from edge.errors import FeedError


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "10,20,0,1.5\n30,40,2,3\n",
        "image_x,image_y,floor_x,floor_y\n10, 20, 0, 1.5\n\n# the pillar\n30,40,2,3",
        "\ufeff10,20,0,1.5\r\n30,40,2,3\r\n",
    ],
)
def test_points_are_read(tmp_path: Path, text: str) -> None:
    found = read_points(written(tmp_path, text))
    assert found == (((10.0, 20.0), (30.0, 40.0)), ((0.0, 1.5), (2.0, 3.0)))


def test_an_empty_file_has_no_points(tmp_path: Path) -> None:
    assert read_points(written(tmp_path, "")) == ((), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10,20,0,1\n30,40,2\n", r"points\.csv:2: need image_x,.* got '30,40,2'"),
        ("10,20,0,1\n30,40,2,far\n", r":2: .*got '30,40,2,far'"),
        ("10,20,0,nan\n1,2,3,inf\n", r":2: .*inf"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        read_points(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"none\.csv cannot be read"):
        read_points(tmp_path / "none.csv")
