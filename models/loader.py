"""Turns a registered model into a session that runs, and refuses any file that is not it."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

from models.errors import ModelRefusedError
from models.manifest import Dimension, ModelManifest, TensorSpec
from models.registry import RegisteredModel, read_verified

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}


@dataclass(frozen=True, slots=True)
class FoundTensor:
    """An input or output as the model file itself declares it."""

    name: str
    dtype: str
    shape: tuple[Dimension | None, ...]


class DeclaredTensor(Protocol):
    """What ONNX Runtime says of an input or output."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def type(self) -> str:
        """Return its element type, such as `tensor(float)`."""

    @property
    def shape(self) -> "list[int | str | None]":
        """Return its dimensions: numbers, names, or None."""


class Session(Protocol):
    """The part of an ONNX Runtime session that the project uses."""

    def get_inputs(self) -> Sequence[DeclaredTensor]:
        """Return the inputs."""

    def get_outputs(self) -> Sequence[DeclaredTensor]:
        """Return the outputs."""

    def run(self, names: list[str], feeds: "dict[str, NDArray[Any]]") -> "list[NDArray[Any]]":
        """Return the named outputs."""


class LoadedModel:
    """A verified model, ready to run; several threads may, each on its own core."""

    def __init__(self, manifest: ModelManifest, session: Session) -> None:
        """Hold a session that `load_model` or `open_session` made."""
        self.manifest = manifest
        self._session = session
        self._outputs = [tensor.name for tensor in manifest.outputs]

    def run(self, batch: "NDArray[Any]") -> "list[NDArray[np.float32]]":
        """Return the model's outputs for a batch, in the manifest's order.

        Args:
            batch: Input with the manifest's dtype and shape.

        Raises:
            ModelRefusedError: The batch's dtype or shape is not the manifest's.
        """
        wanted = self.manifest.inputs[0]
        if batch.dtype.name != wanted.dtype or not _fits(wanted.shape, batch.shape):
            msg = (
                f"model {self.manifest.name!r} takes {wanted.dtype} {_text(wanted.shape)}, "
                f"got {batch.dtype.name} {_text(batch.shape)}"
            )
            raise ModelRefusedError(msg)
        found: list[NDArray[np.float32]] = self._session.run(self._outputs, {wanted.name: batch})
        return found


_sharing = threading.Lock()
_shared: "WeakValueDictionary[tuple[str, str, str], LoadedModel]" = WeakValueDictionary()


def load_model(model: RegisteredModel) -> LoadedModel:
    """Verify a model's file, open it and compare what it declares with its manifest.

    The file is read once: the bytes that were verified are the bytes that run.

    Raises:
        ModelRefusedError: The file cannot be read, is another file, is no ONNX model, or declares
            other inputs or outputs than the manifest.
    """
    manifest = model.manifest
    session = open_session(read_verified(model.path, manifest.sha256), source=str(model.path))
    found_inputs, found_outputs = declared_tensors(session)
    _compare("input", manifest.name, manifest.inputs, found_inputs)
    _compare("output", manifest.name, manifest.outputs, found_outputs)
    return LoadedModel(manifest, session)


def load_shared_model(model: RegisteredModel) -> LoadedModel:
    """Return a model as `load_model` does, the same one to all who ask for it while somebody holds it.

    A session keeps no state between runs and may be run from several threads (ONNX Runtime says so), so that
    several cameras need the memory of one model.

    Raises:
        ModelRefusedError: As in `load_model`.
    """
    key = (str(model.path), model.manifest.name, model.manifest.sha256)
    with _sharing:
        found = _shared.get(key)
        if found is None or found.manifest != model.manifest:
            found = _shared[key] = load_model(model)
        return found


def open_session(content: bytes, *, source: str) -> Session:
    """Return an ONNX Runtime session: CPU, one thread, nodes one after the other.

    One camera is one thread: two threads for one model on a busy two-core machine ran twice as
    slow as one.

    Args:
        content: The model file's bytes.
        source: Where they came from, for the error message.

    Raises:
        ModelRefusedError: ONNX Runtime cannot open them.
    """
    import onnxruntime  # noqa: PLC0415 - heavy: only who runs a model pays for it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    try:
        session: Session = onnxruntime.InferenceSession(
            content, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's errors share no public base class
        msg = f"{source} is not a model that ONNX Runtime can open: {error}"
        raise ModelRefusedError(msg) from error
    return session


def declared_tensors(session: Session) -> tuple[list[FoundTensor], list[FoundTensor]]:
    """Return what a session says of its inputs and of its outputs."""

    def found(tensors: Sequence[DeclaredTensor]) -> list[FoundTensor]:
        return [
            FoundTensor(tensor.name, _DTYPES.get(tensor.type, tensor.type), tuple(tensor.shape)) for tensor in tensors
        ]

    return found(session.get_inputs()), found(session.get_outputs())


def _compare(kind: str, model: str, wanted: Sequence[TensorSpec], found: Sequence[FoundTensor]) -> None:
    by_name = {tensor.name: tensor for tensor in found}
    if set(by_name) != {tensor.name for tensor in wanted}:
        msg = (
            f"model {model!r} should have {kind}s {sorted(tensor.name for tensor in wanted)}, "
            f"the file has {sorted(by_name)}; add the file under a name of its own"
        )
        raise ModelRefusedError(msg)
    for tensor in wanted:
        other = by_name[tensor.name]
        if tensor.dtype != other.dtype or not _same(tensor.shape, other.shape):
            msg = (
                f"model {model!r}: {kind} {tensor.name!r} should be {tensor.dtype} "
                f"{_text(tensor.shape)}, the file has {other.dtype} {_text(other.shape)}; "
                "add the file under a name of its own"
            )
            raise ModelRefusedError(msg)


def _same(wanted: Sequence[Dimension], found: Sequence[Dimension | None]) -> bool:
    """Tell whether fixed dimensions are equal and variable ones are variable in both."""
    return len(wanted) == len(found) and all(
        ours == theirs if isinstance(ours, int) else not isinstance(theirs, int)
        for ours, theirs in zip(wanted, found, strict=True)
    )


def _fits(wanted: Sequence[Dimension], shape: Sequence[int]) -> bool:
    return len(wanted) == len(shape) and all(
        isinstance(ours, str) or ours == theirs for ours, theirs in zip(wanted, shape, strict=True)
    )


def _text(shape: Sequence[Dimension | None]) -> str:
    return "[" + ", ".join("?" if dim is None else str(dim) for dim in shape) + "]"
