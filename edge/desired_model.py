"""Takes a model from the gateway: piece by piece, checked by its SHA-256, tried, and given up where it cannot run."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from contracts.device_model import (
    MODEL_REPORTED_NAME,
    MODEL_REQUEST_NAME,
    DesiredModel,
    ModelChunk,
    ModelRequest,
    ReportedModel,
    WantedModel,
    decode_model_message,
    encode_model_message,
)
from edge.adapters.device_link import Answer, Say
from edge.camera_settings import CameraConfig
from edge.errors import EdgeError
from models.errors import ModelError
from models.manifest import ModelManifest, Task, parse_manifest
from models.registry import ModelRegistry

logger = logging.getLogger(__name__)

DESIRED_MODEL_FILE = "desired-model.json"
_MOST_ERROR = 2000
_MOST_STARTS = 3


class _Models(Struct, frozen=True):
    """The models that the gateway wants; None: those of the camera's own file."""

    detector: str | None = None
    embedder: str | None = None


class _Kept(Struct, frozen=True, kw_only=True):
    """What is kept on disk.

    Attributes:
        version: The last one that was dealt with.
        error: What was wrong with it.
        models: In force.
        good: The last with which the camera ran.
        starts: How often it was started with `models` without coming to run.
    """

    version: int = 0
    error: str | None = None
    models: _Models = _Models()
    good: _Models = _Models()
    starts: int = 0


class ModelKeeper:
    """Keeps what model the gateway wants of a camera.

    Args:
        data_dir: The camera's folder.
        registry: Where models lie.
        ask_restart: Makes the camera start again.
    """

    def __init__(self, data_dir: Path, registry: ModelRegistry, ask_restart: Callable[[], None]) -> None:
        self._folder, self._registry, self._ask_restart = data_dir, registry, ask_restart
        self._kept = self._read()
        self._wanted: tuple[int, WantedModel] | None = None

    def in_force(self, config: CameraConfig) -> CameraConfig:
        """Return a camera's configuration with the models that the gateway wants, to start with it."""
        kept = self._kept
        if kept.models != kept.good:
            if kept.starts >= _MOST_STARTS:
                self.failed(f"the camera ended {kept.starts} times before it ran with it")
            else:
                self._keep(replace(kept, starts=kept.starts + 1))
        camera, models = config.camera, self._kept.models
        changed = replace(camera, model=models.detector or camera.model, embedder=models.embedder or camera.embedder)
        return replace(config, camera=changed)

    def started(self) -> None:
        """Take note that the camera runs: its models can be used."""
        if self._kept.models != self._kept.good:
            self._keep(replace(self._kept, good=self._kept.models, starts=0))

    def failed(self, error: str) -> bool:
        """Give models up with which the camera cannot start. Return whether there was anything to give up."""
        if self._kept.models == self._kept.good:
            return False
        logger.error("the model from the gateway cannot be used, the one before stays: %s", error)
        self._keep(replace(self._kept, models=self._kept.good, error=error[:_MOST_ERROR], starts=0))
        return True

    def take_desired(self, body: bytes, say: Say) -> None:
        """Begin to get the model that the gateway wants, or say that it is there.

        Raises:
            ContractError: The message is none.
        """
        desired = decode_model_message(body, DesiredModel)
        if desired.version == self._kept.version:
            self._report(say)
        elif desired.model is None:
            self._try(desired.version, _Models())
        else:
            self._wanted = (desired.version, desired.model)
            self._go_on(say)

    def take_chunk(self, body: bytes, say: Say) -> None:
        """Take a piece of the model in; one that was not asked for is passed over.

        Raises:
            ContractError: The message is none.
        """
        chunk = decode_model_message(body, ModelChunk)
        if self._wanted is None or chunk.sha256 != self._wanted[1].sha256:
            return
        part = self._part(chunk.sha256)
        if chunk.offset == _size(part):
            with part.open("ab") as file:
                file.write(chunk.data)
            self._go_on(say)

    def _go_on(self, say: Say) -> None:
        """Ask for the next piece; where all are there, check them and try the model."""
        if self._wanted is None:
            return
        version, model = self._wanted
        try:
            offset = self._install(model)
            if offset is not None:
                say(Answer(MODEL_REQUEST_NAME, encode_model_message(ModelRequest(sha256=model.sha256, offset=offset))))
                return
            manifest = _manifest(model)
            self._wanted = None
            key = "detector" if manifest.task is Task.DETECTOR else "embedder"
            self._try(version, replace(self._kept.models, **{key: manifest.name}))
        except (EdgeError, ModelError, OSError) as error:
            logger.error("the model from the gateway cannot be used: %s", error)  # noqa: TRY400 - one line
            self._wanted = None
            self._keep(replace(self._kept, version=version, error=str(error)[:_MOST_ERROR]))
            self._report(say)

    def _install(self, model: WantedModel) -> int | None:
        """Bring a model among the others. Return the offset of the piece that is needed first; None: it is there.

        Raises:
            EdgeError: Another model has its name, or it came damaged.
            ModelError: Its manifest cannot be used.
        """
        manifest = _manifest(model)
        known = {each.manifest.name: each.manifest.sha256 for each in self._registry.list()}
        if manifest.name in known:
            if known[manifest.name] != model.sha256:
                msg = f"another model called {manifest.name!r} is here; give the new one a name of its own"
                raise EdgeError(msg)
            return None
        part = self._part(model.sha256)
        if (size := _size(part)) < model.size:
            return size
        self._check(part, model)
        self._registry.add(replace(manifest, sha256=model.sha256, file=f"{manifest.name}.onnx"), part)
        part.unlink()
        return None

    def _try(self, version: int, models: _Models) -> None:
        self._keep(replace(self._kept, version=version, error=None, models=models, starts=0))
        self._ask_restart()

    def _check(self, part: Path, model: WantedModel) -> None:
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != model.sha256:
            part.unlink()
            msg = f"the model came damaged: sha256 {found}, expected {model.sha256}"
            raise EdgeError(msg)

    def _part(self, sha256: str) -> Path:
        return self._folder / f"model-{sha256}.part"

    def _report(self, say: Say) -> None:
        reported = ReportedModel(version=self._kept.version, error=self._kept.error)
        say(Answer(MODEL_REPORTED_NAME, encode_model_message(reported), retain=True))

    def _read(self) -> _Kept:
        try:
            return msgspec.json.decode((self._folder / DESIRED_MODEL_FILE).read_bytes(), type=_Kept)
        except FileNotFoundError:
            return _Kept()
        except (OSError, msgspec.DecodeError) as error:
            logger.error("cannot read %s: %s; the camera's own model is used", DESIRED_MODEL_FILE, error)  # noqa: TRY400 - one line
            return _Kept()

    def _keep(self, kept: _Kept) -> None:
        self._kept = kept
        path = self._folder / DESIRED_MODEL_FILE
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(kept))
        part.replace(path)


def _manifest(model: WantedModel) -> ModelManifest:
    return parse_manifest(model.manifest, source="from the gateway")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
