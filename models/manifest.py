"""Model manifests: what a model file is, where it came from and how it must be fed."""

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from contracts.patterns import END
from models.errors import ManifestError

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}" + END

Name = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}" + END)]
FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx" + END)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Channels = tuple[float, float, float]
Dimension = int | str

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Task(StrEnum):
    """What a model does."""

    DETECTOR = "detector"
    EMBEDDER = "embedder"


class TensorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input or output: name, element type and shape.

    A dimension is a number where it is fixed and a name, such as `"H"`, where it may vary.
    """

    name: Text
    dtype: Literal["uint8", "float32"]
    shape: tuple[Dimension, ...]


class Preprocessing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the caller does to an 8-bit image before the model sees it.

    The value given to the model is `(pixel - mean) / std`, channel by channel. A model that holds
    its normalization inside takes mean 0 and std 1. Width and height are multiples of
    `size_multiple_px`.
    """

    layout: Literal["NHWC", "NCHW"]
    channel_order: Literal["BGR", "RGB"]
    mean: Channels = (0.0, 0.0, 0.0)
    std: Channels = (1.0, 1.0, 1.0)
    size_multiple_px: Annotated[int, msgspec.Meta(ge=1, le=256)] = 32

    def __post_init__(self) -> None:
        """Refuse a standard deviation by which nothing can be divided.

        Raises:
            ValueError: A channel's `std` is not above zero.
        """
        if min(self.std) <= 0:
            msg = f"preprocessing.std must be above 0 in every channel, got {list(self.std)}"
            raise ValueError(msg)


class DetectorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a detector's raw boxes become people."""

    score_threshold: Share = 0.42
    nms_iou: Share = 0.5


class ModelManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is known of a model file, and enough to refuse another in its place."""

    name: Name
    version: Text
    task: Task
    file: FileName
    sha256: Sha256
    licence: Text
    provenance: Text
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    preprocessing: Preprocessing
    detector: DetectorSettings | None = None

    def __post_init__(self) -> None:
        """Check what no single field can tell.

        Raises:
            ValueError: The task and the tensors or settings do not fit together.
        """
        if len(self.inputs) != 1:
            msg = f"inputs must name exactly one image tensor, got {len(self.inputs)}"
            raise ValueError(msg)
        wanted = 2 if self.task is Task.DETECTOR else 1
        if len(self.outputs) != wanted:
            msg = f"a {self.task} has {wanted} output(s), got {len(self.outputs)}"
            raise ValueError(msg)
        if (self.detector is not None) != (self.task is Task.DETECTOR):
            msg = "the table [detector] is required for task detector and for no other"
            raise ValueError(msg)


def parse_manifest(text: str, *, source: str) -> ModelManifest:
    """Return the manifest that a TOML text holds.

    Args:
        text: The TOML document.
        source: Where it came from, for the error message.

    Raises:
        ManifestError: The text is no TOML, or a key is unknown, missing or out of range.
    """
    try:
        return msgspec.toml.decode(text, type=ModelManifest)
    except msgspec.MsgspecError as error:
        msg = f"manifest {source} is not usable: {error}; mend that key or add the model again"
        raise ManifestError(msg) from error


def read_manifest(path: Path) -> ModelManifest:
    """Return the manifest in a file.

    Raises:
        ManifestError: The file cannot be read, or holds no usable manifest.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"manifest {path} cannot be read: {error}"
        raise ManifestError(msg) from error
    return parse_manifest(text, source=str(path))


def render_manifest(manifest: ModelManifest) -> str:
    """Return the manifest as TOML that `parse_manifest` reads back to an equal value."""
    plain = msgspec.to_builtins(manifest)
    heads = [f"{key} = {_toml(value)}" for key, value in plain.items() if _is_plain(value)]
    sections: list[str] = []
    for key in ("inputs", "outputs"):
        sections += [_section(f"[[{key}]]", tensor) for tensor in plain[key]]
    sections.append(_section("[preprocessing]", plain["preprocessing"]))
    if plain["detector"] is not None:
        sections.append(_section("[detector]", plain["detector"]))
    return "\n".join([*heads, "", "\n".join(sections)])


def _is_plain(value: object) -> bool:
    return isinstance(value, str)


def _section(header: str, table: dict[str, object]) -> str:
    lines = [f"{key} = {_toml(value)}" for key, value in table.items()]
    return "\n".join([header, *lines, ""])


def _toml(value: object) -> str:
    """Return a string, number or flat list as TOML."""
    if isinstance(value, str):
        # A JSON string is a TOML basic string, but for the control character DEL.
        return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", _json(value))
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
