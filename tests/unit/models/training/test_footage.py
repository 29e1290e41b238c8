"""People are cut out of footage in memory."""

from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed here")

from models.errors import ModelError  # noqa: E402
from models.registry import ModelRegistry  # noqa: E402
from models.training.footage import cut_people  # noqa: E402

FILM = Path("simulators/footage/entrance")


def film(path: Path, frames: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 5, (320, 240))
    for _ in range(frames):
        writer.write(np.full((240, 320, 3), 90, np.uint8))
    writer.release()
    return path


def test_people_are_cut_out_at_one_size() -> None:
    video = next(each for each in sorted(FILM.rglob("*")) if each.suffix in {".mp4", ".mkv", ".avi"})
    found = cut_people(video, ModelRegistry(), every=60)
    assert found.shape[1:] == (3, 128, 64)
    assert len(found) > 0
    assert found.std() > 10
    assert np.array_equal(found, cut_people(video, ModelRegistry(), every=60))


def test_footage_without_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nobody was found in .*empty.mp4 \(3 frames\)"):
        cut_people(film(tmp_path / "empty.mp4", 3), ModelRegistry(), every=1)
