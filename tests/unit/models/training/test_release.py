"""A trained model beside its manifest and card, quantized without losing what it says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from models.loader import load_model
from models.registry import ModelRegistry

pytest.importorskip("onnx", reason="models are written with the package onnx, which developers and `training` have")

from models.building.calibrate import ranges_over
from models.building.graph import FLOAT, GraphBuilder, tensor_info
from models.building.quantize import calibrated_tensors, quantize
from models.training.release import (
    Footage,
    Origin,
    card,
    held_out_told,
    manifest_of,
    named,
    provenance,
    without_colours,
    write_release,
)
from models.training.styles import measure
from models.training.worn import Weights

NONE = Weights(0.0, 0.0)
ORIGIN = Origin(
    begun_from="weights of a test",
    pictures=72_000,
    people=3000,
    steps=2500,
    minutes=44.4,
    assets=(("mine", "CC0-1.0"),),
)


def model(seed: int = 0):
    """Return a convolution that is clipped, pooled, and reduced to vectors: the form of the exported embedder."""
    rng = np.random.default_rng(seed)
    graph = GraphBuilder()
    limits = [graph.constant("zero", np.array(0.0)), graph.constant("six", np.array(6.0))]
    for name, shape in (("a", (8, 3, 3, 3)), ("b", (5, 8, 1, 1))):
        graph.constant(f"{name}.weight", rng.normal(0, 0.4, shape))
        graph.constant(f"{name}.bias", rng.normal(0, 0.4, shape[0]))
    graph.add("Conv", ["x", "a.weight", "a.bias"], "a.out", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    graph.add("Clip", ["a.out", *limits], "a.clipped")
    graph.add("ReduceMean", ["a.clipped"], "pooled", axes=[2, 3], keepdims=1)
    graph.add("Conv", ["pooled", "b.weight", "b.bias"], "b.out", kernel_shape=[1, 1])
    graph.add("Flatten", ["b.out"], "emb", axis=1)
    shapes = [tensor_info("x", FLOAT, ["N", 3, 16, 8])], [tensor_info("emb", FLOAT, ["N", 5])]
    return graph.model("tiny", *shapes)


def written(folder: Path, name: str, built: Any) -> ModelRegistry:  # noqa: ANN401
    content = built.SerializeToString(deterministic=True)
    write_release(folder, manifest_of(name, "1", built, content, ORIGIN.told()), content)
    return ModelRegistry(folder)


def test_what_is_written_is_found_and_opened(tmp_path: Path) -> None:
    found = written(tmp_path, "reid-mine", model()).get("reid-mine")
    assert found.manifest.file == "reid_mine.onnx"
    assert found.manifest.inputs[0].shape == ("N", 3, 16, 8)
    assert "72,000 rendered pictures of 3,000 synthetic people in 2,500 steps" in found.manifest.provenance
    assert "mine (CC0-1.0)" in found.manifest.provenance
    vectors = load_model(found).run(np.zeros((2, 3, 16, 8), np.float32))[0]
    assert vectors.shape == (2, 5)


def test_what_is_clipped_at_once_needs_no_range_of_its_own() -> None:
    assert calibrated_tensors(model()) == ["x", "a.clipped", "pooled", "b.out"]


def test_integers_say_nearly_the_same_in_a_quarter_of_the_room(tmp_path: Path) -> None:
    pictures = np.random.default_rng(1).normal(0, 1, (64, 3, 16, 8)).astype(np.float32)
    built = model()
    integer = quantize(built, ranges_over(built, "x", [pictures[:32], pictures[32:]]))
    registry = written(tmp_path, "one", built)
    written(tmp_path, "other", integer)
    one, other = (load_model(registry.get(name)).run(pictures)[0] for name in ("one", "other"))
    assert np.abs(one - other).max() < 0.05 * np.abs(one).max()
    kinds = {tensor.data_type for tensor in integer.graph.initializer if tensor.name.endswith("weight.integer")}
    assert kinds == {3}  # int8


def test_what_was_measured_by_weight_is_told() -> None:
    assert held_out_told("{}", {}) == "Of rendered people who were held out, by the network alone: `{}`."
    found = held_out_told("{}", {Weights(0.0, 0.0): 0.5, Weights(0.3, 0.55): 0.625})
    assert found.endswith("how much colours and textures count: 0 and 0: 50.0%, 0.3 and 0.55: 62.5%.")
    assert not held_out_told("", {})


def test_a_mean_of_weights_names_all_it_is_made_of() -> None:
    assert provenance([(1.0, ORIGIN.told())], 0, NONE) == ORIGIN.told()
    told = provenance([(0.6, "One."), (0.4, "Another.")], 128, Weights(0.5, 0.4))
    assert told.startswith("The mean of weights: 0.6 of One; 0.4 of Another. A linear discriminant, learned from")
    assert told.endswith(" where the picture shows the person, all learned from such people, count 0.5 and 0.4.")
    assert without_colours(told) == told.partition(" A linear")[0]
    assert without_colours(told, keeps_discriminant=True) == told.partition(" Colours")[0]


def test_footage_and_styles_are_told_beside_what_was_learned() -> None:
    styles = measure(np.random.default_rng(0).integers(0, 255, (20, 3, 8, 4), dtype=np.uint8), "a film", "CC0-1.0")
    assert "Half took colours by statistics of a film (CC0-1.0)." in replace(ORIGIN, styles=styles).told()
    footage = Footage(path=Path("shop.mp4"), licence="CC0-1.0", share=0.25)
    told = provenance([(1.0, "One.")], 0, NONE, footage)
    turned = provenance([(1.0, "One.")], 128, NONE, None, styles)
    assert "from rendered people, half in colours by statistics of a film (CC0-1.0), leaves 128 numbers." in turned
    assert told.startswith("One. Normalization was measured on boxes of people in shop.mp4 (CC0-1.0), who were not")


def test_an_embedder_that_weights_were_begun_from_is_named_by_its_bytes() -> None:
    built = model()
    manifest = manifest_of("reid-mine", "2", built, built.SerializeToString(deterministic=True), "A test.")
    assert named(manifest) == f"reid-mine 2 (SHA-256 {manifest.sha256[:16]})"


def test_a_card_names_files_origin_and_limits() -> None:
    built = model()
    manifest = manifest_of("reid-mine", "2", built, built.SerializeToString(deterministic=True), ORIGIN.told())
    text = card({"32-bit floats": (manifest, 12_800_000)}, ORIGIN.minutes, "Held out: rank 1 was 90 %.")
    assert "# reid-mine, version 2" in text
    assert f"| `reid_mine.onnx` | 32-bit floats | 12.8 MB | `{manifest.sha256}` |" in text
    assert "N x 3 x 16 x 8" in text
    assert "Training took 44 minutes." in text
    assert "Held out: rank 1 was 90 %." in text
    assert "Not for: naming anybody" in text
