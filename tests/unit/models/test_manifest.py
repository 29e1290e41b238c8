from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ManifestError
from models.manifest import (
    DetectorSettings,
    ModelManifest,
    Preprocessing,
    Task,
    TensorSpec,
    parse_manifest,
    read_manifest,
    render_manifest,
)
from models.registry import BUNDLED_DIR

DETECTOR = (BUNDLED_DIR / "manifests" / "nanodet-g-person.toml").read_text(encoding="utf-8")

texts = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() or "\n" in text)
dimensions = st.one_of(st.integers(1, 4096), st.sampled_from("NHWA"))
tensors = st.builds(
    TensorSpec,
    name=st.sampled_from(["images", "out:0", 'a "quoted" name']),
    dtype=st.sampled_from(["uint8", "float32"]),
    shape=st.lists(dimensions, min_size=1, max_size=5).map(tuple),
)
preprocessings = st.builds(
    Preprocessing,
    layout=st.sampled_from(["NHWC", "NCHW"]),
    channel_order=st.sampled_from(["BGR", "RGB"]),
    mean=st.tuples(*[st.floats(-300, 300)] * 3),
    std=st.tuples(*[st.floats(0.001, 300)] * 3),
    size_multiple_px=st.integers(1, 256),
)


@st.composite
def manifests(draw: st.DrawFn) -> ModelManifest:
    task = draw(st.sampled_from(Task))
    return ModelManifest(
        name=draw(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)),
        version=draw(texts),
        task=task,
        file="model.onnx",
        sha256=draw(st.text("0123456789abcdef", min_size=64, max_size=64)),
        licence=draw(texts),
        provenance=draw(texts),
        inputs=(draw(tensors),),
        outputs=(draw(tensors), draw(tensors)) if task is Task.DETECTOR else (draw(tensors),),
        preprocessing=draw(preprocessings),
        detector=DetectorSettings(0.3, 0.6) if task is Task.DETECTOR else None,
    )


@given(manifests())
def test_a_written_manifest_reads_back_equal(manifest: ModelManifest) -> None:
    assert parse_manifest(render_manifest(manifest), source="here") == manifest


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('version = "1"', 'verzion = "1"', "verzion"),
        ('task = "detector"', 'task = "oracle"', "oracle"),
        ('file = "nanodet_g_person.onnx"', 'file = "../secret.onnx"', r"\$\.file"),
        ('name = "nanodet-g-person"', 'name = "Nano Det"', r"\$\.name"),
        ("score_threshold = 0.42", "score_threshold = 42.0", "score_threshold"),
        ("std = [1.0, 1.0, 1.0]", "std = [1.0, 0.0, 1.0]", "std must be above 0"),
        ('sha256 = "0', 'sha256 = "X0', r"\$\.sha256"),
        ("[detector]\n", "[detectors]\n", "detectors"),
        ('task = "detector"', 'task = "embedder"', "1 output"),
        ('[[outputs]]\nname = "scores"', '[[inputs]]\nname = "scores"', "exactly one image tensor"),
        ('name = "nanodet-g-person"', "name = ", "here"),
    ],
)
def test_a_manifest_that_says_something_impossible_is_refused(before: str, after: str, said: str) -> None:
    assert before in DETECTOR
    with pytest.raises(ManifestError, match=said):
        parse_manifest(DETECTOR.replace(before, after, 1), source="here")


def test_a_detector_without_its_settings_is_refused() -> None:
    with pytest.raises(ManifestError, match=r"\[detector\] is required"):
        parse_manifest(DETECTOR[: DETECTOR.index("[detector]")], source="here")


def test_a_manifest_that_cannot_be_read_names_its_path(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"absent\.toml cannot be read"):
        read_manifest(tmp_path / "absent.toml")
