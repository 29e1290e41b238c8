"""Models that are rolled out: their files beside the devices' file, each under its SHA-256."""

import hashlib
from pathlib import Path

from contracts.device_model import CHUNK_BYTES, MAX_MODEL_BYTES, ModelChunk, ModelRequest, WantedModel
from gateway.errors import ConfigurationError
from models.errors import ModelError
from models.manifest import render_manifest
from models.registry import RegisteredModel, read_verified


class ModelFiles:
    """A folder of models.

    Args:
        folder: Made where it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, model: RegisteredModel) -> WantedModel:
        """Copy a model into the folder. Return it as devices are told of it.

        Raises:
            ConfigurationError: It cannot be read, is too large, or is not what its manifest says.
        """
        try:
            content = read_verified(model.path, model.manifest.sha256)
            if len(content) > MAX_MODEL_BYTES:
                msg = f"a model may have {MAX_MODEL_BYTES} bytes, {model.path} has {len(content)}"
                raise ConfigurationError(msg)
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f"{model.manifest.sha256}.part"
            part.write_bytes(content)
            part.replace(self._path(model.manifest.sha256))
        except (OSError, ModelError) as error:
            raise ConfigurationError(str(error)) from error
        sha256 = hashlib.sha256(content).hexdigest()
        return WantedModel(manifest=render_manifest(model.manifest), sha256=sha256, size=len(content))

    def piece(self, request: ModelRequest) -> ModelChunk | None:
        """Return the piece of a model that a device asks for; None where there is none."""
        try:
            with self._path(request.sha256).open("rb") as file:
                file.seek(request.offset)
                data = file.read(CHUNK_BYTES)
        except OSError:
            return None
        return ModelChunk(sha256=request.sha256, offset=request.offset, data=data) if data else None

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.onnx"
