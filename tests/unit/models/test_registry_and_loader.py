import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.errors import (
    ManifestError,
    ModelExistsError,
    ModelRefusedError,
    UnknownModelError,
)
from models.inspection import describe_file
from models.loader import load_model, load_shared_model
from models.manifest import ModelManifest, Task
from models.registry import DEFAULT_DETECTOR, ModelRegistry, RegisteredModel
from tests.unit.models.helpers import (
    TINY_DETECTOR,
    TINY_EMBEDDER,
    add_detector,
    describe,
)


def changed(model: RegisteredModel, **fields: object) -> RegisteredModel:
    raw = {**msgspec.to_builtins(model.manifest), **fields}
    return replace(model, manifest=msgspec.convert(raw, ModelManifest))


@pytest.mark.parametrize("model", ModelRegistry().list(), ids=lambda model: model.manifest.name)
def test_bundled_models_are_what_their_manifests_say(model: RegisteredModel) -> None:
    load_model(model)
    assert model.origin == "bundled"
    assert "Apache-2.0" in model.manifest.licence


def test_the_default_detector_is_bundled() -> None:
    assert ModelRegistry().get(DEFAULT_DETECTOR).manifest.task is Task.DETECTOR


def test_an_added_model_is_listed_after_the_bundled_ones_and_runs(tmp_path: Path) -> None:
    added = add_detector(tmp_path)
    registry = ModelRegistry(tmp_path)
    assert registry.list()[-1] == added == registry.get("tiny")
    boxes, scores = load_model(added).run(np.full((1, 32, 32, 3), 255, np.uint8))
    assert boxes.shape == (1, 3, 4)
    assert scores[0] == pytest.approx([0.9, 0.8, 0.7])


def test_an_embedder_can_be_added(tmp_path: Path) -> None:
    manifest = describe_file(TINY_EMBEDDER, describe("colour", Task.EMBEDDER))
    assert manifest.preprocessing.layout == "NCHW"
    model = load_model(ModelRegistry(tmp_path).add(manifest, TINY_EMBEDDER))
    assert model.run(np.ones((2, 3, 64, 32), np.float32))[0].shape == (2, 3)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownModelError, match=f"no model is called 'yolo'.*{DEFAULT_DETECTOR}"):
        ModelRegistry().get("yolo")


def test_a_name_is_given_once(tmp_path: Path) -> None:
    add_detector(tmp_path)
    with pytest.raises(ModelExistsError, match="'tiny' exists already"):
        add_detector(tmp_path)


def test_a_file_that_lies_there_already_is_not_overwritten(tmp_path: Path) -> None:
    add_detector(tmp_path)
    (tmp_path / "manifests" / "tiny.toml").unlink()
    with pytest.raises(ModelExistsError, match=r"weights/tiny\.onnx exists already"):
        add_detector(tmp_path)


def test_a_registry_without_a_user_directory_takes_no_models() -> None:
    manifest = describe_file(TINY_DETECTOR, describe("tiny", Task.DETECTOR))
    with pytest.raises(ModelRefusedError, match="no user directory"):
        ModelRegistry().add(manifest, TINY_DETECTOR)


def test_an_added_model_can_be_removed_and_a_bundled_one_cannot(tmp_path: Path) -> None:
    added = add_detector(tmp_path)
    registry = ModelRegistry(tmp_path)
    registry.remove("tiny")
    assert not added.path.exists()
    with pytest.raises(UnknownModelError):
        registry.get("tiny")
    with pytest.raises(ModelRefusedError, match="came with the project"):
        registry.remove(DEFAULT_DETECTOR)


def test_a_manifest_under_another_name_is_refused(tmp_path: Path) -> None:
    add_detector(tmp_path)
    (tmp_path / "manifests" / "tiny.toml").rename(tmp_path / "manifests" / "other.toml")
    with pytest.raises(ManifestError, match=r"must be called tiny\.toml"):
        ModelRegistry(tmp_path).list()


def test_a_tampered_file_is_refused(tmp_path: Path) -> None:
    added = add_detector(tmp_path)
    content = bytearray(added.path.read_bytes())
    content[100] ^= 1
    added.path.write_bytes(content)
    with pytest.raises(ModelRefusedError, match=f"has sha256 .* expected {added.manifest.sha256}"):
        load_model(added)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    added = add_detector(tmp_path)
    added.path.unlink()
    with pytest.raises(ModelRefusedError, match="cannot be read"):
        load_model(added)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        add_detector(tmp_path)
    assert list((tmp_path / "weights").iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"inputs": [{"name": "frames", "dtype": "uint8", "shape": ["N", "H", "W", 3]}]}, "inputs"),
        ({"inputs": [{"name": "images", "dtype": "float32", "shape": ["N", "H", "W", 3]}]}, "uint8"),
        ({"inputs": [{"name": "images", "dtype": "uint8", "shape": ["N", 256, "W", 3]}]}, "256"),
        ({"inputs": [{"name": "images", "dtype": "uint8", "shape": ["N", "H", "W"]}]}, r"\[N, H, W\]"),
    ],
)
def test_a_file_that_declares_other_tensors_is_refused(tmp_path: Path, fields: dict[str, object], said: str) -> None:
    with pytest.raises(ModelRefusedError, match=said):
        load_model(changed(add_detector(tmp_path), **fields))


@pytest.mark.parametrize(
    "batch",
    [np.zeros((1, 32, 32, 3), np.float32), np.zeros((1, 3, 32, 32), np.uint8), np.zeros((32, 32, 3), np.uint8)],
)
def test_a_batch_of_another_form_is_refused(
    tmp_path: Path, batch: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
) -> None:
    with pytest.raises(ModelRefusedError, match="takes uint8"):
        load_model(add_detector(tmp_path)).run(batch)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cat.onnx"
    path.write_bytes(b"a picture of a cat")
    with pytest.raises(ModelRefusedError, match="not a model that ONNX Runtime can open"):
        describe_file(path, describe("cat", Task.DETECTOR))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefusedError, match="cannot be read"):
        describe_file(tmp_path / "absent.onnx", describe("cat", Task.DETECTOR))


def test_a_model_of_another_task_is_refused_with_what_is_needed() -> None:
    with pytest.raises(ModelRefusedError, match=r"two float32 outputs.*the file has 'vectors'"):
        describe_file(TINY_EMBEDDER, describe("tiny", Task.DETECTOR))
    with pytest.raises(ModelRefusedError, match="one float32 output"):
        describe_file(TINY_DETECTOR, describe("tiny", Task.EMBEDDER))


def test_an_impossible_description_is_refused() -> None:
    with pytest.raises(ManifestError, match=r"\$\.name"):
        describe_file(TINY_DETECTOR, describe("Tiny!", Task.DETECTOR))
    flat = replace(describe("tiny", Task.DETECTOR), std=(1.0, 0.0, 1.0))
    with pytest.raises(ManifestError, match="std must be above 0"):
        describe_file(TINY_DETECTOR, flat)


def test_a_model_is_shared_by_all_who_use_it_and_gone_when_nobody_does(tmp_path: Path) -> None:
    added = add_detector(tmp_path)
    first = load_shared_model(added)
    assert load_shared_model(ModelRegistry(tmp_path).get("tiny")) is first
    assert load_shared_model(ModelRegistry().get(DEFAULT_DETECTOR)) is not first
    kept = weakref.ref(first)
    del first
    assert kept() is None
    added.path.write_bytes(b"another file")
    with pytest.raises(ModelRefusedError):
        load_shared_model(added)


def test_several_threads_may_run_one_model_at_once() -> None:
    model = load_shared_model(ModelRegistry().get(DEFAULT_DETECTOR))
    random = np.random.default_rng(2)
    batches = [random.integers(0, 256, (1, 128, 160, 3), dtype=np.uint8) for _ in range(12)]
    alone = [model.run(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(model.run, batches))
    for one, other in zip(alone, together, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
