"""The models at hand: those that come with the project and those that a user added."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.errors import ManifestError, ModelExistsError, ModelRefusedError, UnknownModelError
from models.manifest import ModelManifest, read_manifest, render_manifest

BUNDLED_DIR = Path(__file__).parent
DEFAULT_DETECTOR = "nanodet-g-person-int8"
DEFAULT_EMBEDDER = "reid-shop-mnv2-int8"


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A manifest, the file that it speaks of, and who put it there."""

    manifest: ModelManifest
    path: Path
    origin: Literal["bundled", "user"]


class ModelRegistry:
    """Finds models by name. A name is unique over bundled and user models together."""

    def __init__(self, user_dir: Path | None = None, bundled_dir: Path = BUNDLED_DIR) -> None:
        """Look into two directories, each with `manifests/` and `weights/`.

        Args:
            user_dir: Where added models live; it need not exist. None: bundled models only.
            bundled_dir: Where the project's own models live.
        """
        self._user_dir = user_dir
        self._bundled_dir = bundled_dir

    def list(self) -> list[RegisteredModel]:
        """Return every model, bundled ones first, by name.

        Raises:
            ManifestError: A manifest is unusable, or its file has another name than its model.
        """
        return [*self._scan(self._bundled_dir, "bundled"), *self._scan(self._user_dir, "user")]

    def get(self, name: str) -> RegisteredModel:
        """Return the model of that name.

        Raises:
            UnknownModelError: There is none.
            ManifestError: Its manifest is unusable.
        """
        known = self.list()
        for model in known:
            if model.manifest.name == name:
                return model
        names = ", ".join(model.manifest.name for model in known)
        msg = f"no model is called {name!r}; known are {names}; `shopthread models add` adds one"
        raise UnknownModelError(msg)

    def add(self, manifest: ModelManifest, source: Path) -> RegisteredModel:
        """Copy a model file into the user's directory and write its manifest beside it.

        The manifest is written last, so that an interrupted addition leaves no half model.

        Args:
            manifest: What the file is; its sha256 is checked against the file.
            source: The file to copy.

        Raises:
            ModelExistsError: The name is taken.
            ModelRefusedError: The file cannot be read or has another sha256, or there is no user
                directory to write to.
        """
        if self._user_dir is None:
            msg = f"model {manifest.name!r} cannot be added: this registry has no user directory"
            raise ModelRefusedError(msg)
        if any(model.manifest.name == manifest.name for model in self.list()):
            msg = f"a model called {manifest.name!r} exists already; choose another --name"
            raise ModelExistsError(msg)
        content = read_verified(source, manifest.sha256)
        path = self._user_dir / "weights" / manifest.file
        if path.exists():
            msg = f"a model file {path} exists already; choose another --name"
            raise ModelExistsError(msg)
        _write_whole(path, content)
        rendered = render_manifest(manifest).encode()
        _write_whole(self._user_dir / "manifests" / f"{manifest.name}.toml", rendered)
        return RegisteredModel(manifest, path, "user")

    def remove(self, name: str) -> None:
        """Forget a user's model and delete its file.

        Raises:
            UnknownModelError: There is no such model.
            ModelRefusedError: The model came with the project.
        """
        model = self.get(name)
        if model.origin != "user" or self._user_dir is None:
            msg = f"model {name!r} came with the project and cannot be removed"
            raise ModelRefusedError(msg)
        (self._user_dir / "manifests" / f"{name}.toml").unlink()
        model.path.unlink(missing_ok=True)

    @staticmethod
    def _scan(directory: Path | None, origin: Literal["bundled", "user"]) -> Iterator[RegisteredModel]:
        if directory is None:
            return
        for path in sorted((directory / "manifests").glob("*.toml"), key=lambda file: file.stem):
            manifest = read_manifest(path)
            if manifest.name != path.stem:
                msg = f"manifest {path} must be called {manifest.name}.toml, like its model"
                raise ManifestError(msg)
            yield RegisteredModel(manifest, directory / "weights" / manifest.file, origin)


def read_verified(path: Path, sha256: str) -> bytes:
    """Return a file's content after checking what it is.

    Raises:
        ModelRefusedError: The file cannot be read, or its SHA-256 differs.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"model file {path} cannot be read: {error}; check the path and its permissions"
        raise ModelRefusedError(msg) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        msg = (
            f"model file {path} has sha256 {found}, expected {sha256}; "
            "it was changed or damaged: restore it, or add it under a name of its own"
        )
        raise ModelRefusedError(msg)
    return content


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that no reader ever sees a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
