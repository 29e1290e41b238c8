"""An embedder is fed as its manifest says, and its signatures have length one."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("cv2", reason="pictures need the extra edge")

import cv2
from msgspec.structs import replace

from models.embedding import PersonEmbedder
from models.errors import ModelRefusedError
from models.inspection import describe_file
from models.loader import LoadedModel, load_model
from models.manifest import Task
from models.registry import DEFAULT_DETECTOR, DEFAULT_EMBEDDER, ModelRegistry
from models.video import opencv_resize
from shopthread.models_commands import app
from tests.unit.models.helpers import TINY_EMBEDDER, describe


class Recorder:
    """Stands for a loaded model and keeps what it was fed."""

    def __init__(self, dtype: str, shape: tuple[int | str, ...], layout: str) -> None:
        manifest = ModelRegistry().get(DEFAULT_EMBEDDER).manifest
        tensor = replace(manifest.inputs[0], dtype=dtype, shape=shape)
        fed = replace(manifest.preprocessing, layout=layout, channel_order="BGR")
        self.manifest = replace(manifest, inputs=(tensor,), preprocessing=fed)
        self.fed: np.ndarray = np.zeros(0)

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        self.fed = batch
        return [batch.reshape(len(batch), -1)[:, :4].astype(np.float32)]


def tiny(tmp_path: Path) -> LoadedModel:
    registry = ModelRegistry(tmp_path)
    return load_model(registry.add(describe_file(TINY_EMBEDDER, describe("tiny", Task.EMBEDDER)), TINY_EMBEDDER))


def test_the_mean_colour_of_a_picture_is_its_signature(tmp_path: Path) -> None:
    pictures = [np.full((40 + index, 20, 3), (3, 4, 12 * index), np.uint8) for index in range(20)]
    found = PersonEmbedder(tiny(tmp_path), opencv_resize).embed(pictures)
    assert found.shape == (20, 3)
    assert found[0] == pytest.approx([0.6, 0.8, 0.0])
    assert found[1] == pytest.approx(np.array([3, 4, 12]) / 13)


def test_no_pictures_no_signatures(tmp_path: Path) -> None:
    assert PersonEmbedder(tiny(tmp_path), opencv_resize).embed([]).shape == (0, 3)


def test_bytes_and_channels_last_are_fed_as_they_are() -> None:
    recorder = Recorder("uint8", ("N", 16, 8, 3), "NHWC")
    PersonEmbedder(recorder, opencv_resize).embed([np.full((4, 4, 3), 7, np.uint8)])  # type: ignore[arg-type]
    assert recorder.fed.shape == (2, 16, 8, 3)
    assert recorder.fed.dtype == np.uint8


def test_the_mirror_image_is_cut_out_a_little_lower() -> None:
    recorder = Recorder("uint8", ("N", 32, 16, 3), "NHWC")
    picture = np.arange(32 * 16 * 3).reshape(32, 16, 3).astype(np.uint8)
    PersonEmbedder(recorder, opencv_resize).embed([picture])  # type: ignore[arg-type]
    plain, other = recorder.fed
    assert np.array_equal(plain, picture)
    assert np.array_equal(other[:-1], picture[1:, ::-1])
    assert np.array_equal(other[-1], picture[-1, ::-1])


def test_a_detector_is_no_embedder() -> None:
    with pytest.raises(ModelRefusedError, match="is a detector, need embedder"):
        PersonEmbedder(load_model(ModelRegistry().get(DEFAULT_DETECTOR)), opencv_resize)


def test_an_embedder_must_fix_its_size() -> None:
    with pytest.raises(ModelRefusedError, match="must fix its input's height and width"):
        PersonEmbedder(Recorder("float32", ("N", 3, "H", "W"), "NCHW"), opencv_resize)  # type: ignore[arg-type]


def test_signatures_of_pictures_are_written_with_their_names(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    paths = [tmp_path / f"{name}.png" for name in ("a", "b")]
    for path in paths:
        cv2.imwrite(str(path), random.integers(0, 256, (60, 30, 3), dtype=np.uint8))
    out = tmp_path / "feats.npz"
    result = CliRunner().invoke(app, ["embed", *map(str, paths), "--model", DEFAULT_EMBEDDER, "--out", str(out)])
    assert result.exit_code == 0, result.output
    with np.load(out) as found:
        assert found["name"].tolist() == ["a.png", "b.png"]
        assert found["feat"].shape == (2, 384)
        assert np.linalg.norm(found["feat"], axis=1) == pytest.approx(np.ones(2))


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    result = CliRunner().invoke(app, ["embed", str(tmp_path / "a.png"), "--out", str(tmp_path / "f.npz")])
    assert result.exit_code == 1
    assert "a.png cannot be read" in result.output.replace("\n", "")
