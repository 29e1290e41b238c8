"""What an audit keeps in its folder: footage, who recorded it and why, the configuration, labels.

Every file is written as a whole and can be read by its owner alone.
"""

import hashlib
import os
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge.camera_settings import CameraConfig
from edge.config import BrokerSettings
from edge.core.audit_scores import LineCrossing
from edge.core.tripwire import Direction
from edge.errors import EdgeError

MANIFEST_FILE, CONFIG_FILE, VIDEO_FILE = "manifest.json", "config.json", "video.mp4"
_LABELS = "labels"
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700

StructT = TypeVar("StructT", bound=Struct)


class AuditError(EdgeError):
    """An audit's folder cannot be used."""


class Manifest(Struct, frozen=True, kw_only=True):
    """Who keeps which footage, and why.

    Attributes:
        kind: `recording`: made by an operator, deletes itself; `footage`: lay there before and is only referred to.
        operator: Who recorded it.
        reason: Why.
        device: Tenant, store and camera.
        started_ms: Time of the first frame, Unix milliseconds.
        planned_until_ms: When the recording would end at the latest.
        ended_ms: When it ended; None: it goes on, or was broken off by a power cut.
        delete_after_ms: When the video is deleted; None: never.
        deleted_ms: When it was.
        config_sha256: SHA-256 of config.json.
        video: The video's path, from this folder.
        video_sha256: Its SHA-256; None while it is written.
        frame_wh_px: Width and height.
        frame_times_ms: When each frame was taken, Unix milliseconds.
    """

    kind: Literal["recording", "footage"]
    operator: str
    reason: str
    device: str
    started_ms: int
    planned_until_ms: int | None = None
    ended_ms: int | None = None
    delete_after_ms: int | None = None
    deleted_ms: int | None = None
    config_sha256: str
    video: str = VIDEO_FILE
    video_sha256: str | None = None
    frame_wh_px: tuple[int, int] = (0, 0)
    frame_times_ms: tuple[int, ...] = ()
    version: Literal[1] = 1


class LabelledCrossing(Struct, frozen=True, kw_only=True):
    """A crossing as somebody saw it, at a frame of the footage."""

    frame: int
    tripwire_id: str
    direction: Direction


class DensityMark(Struct, frozen=True, kw_only=True):
    """From this frame on so many people are in view."""

    frame: int
    people: int


class Labels(Struct, frozen=True, kw_only=True):
    """What one person saw in the footage.

    Attributes:
        labeller: Who.
        crossings: In order of frames.
        density: In order of frames; without any, the camera's own count of people is taken.
        looked_until_frame: How far the footage was looked at; what lies behind it is not judged. None: all of it.
    """

    labeller: str
    crossings: tuple[LabelledCrossing, ...] = ()
    density: tuple[DensityMark, ...] = ()
    looked_until_frame: int | None = None
    version: Literal[1] = 1


class AuditFolder:
    """The files of one audit.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make the folder, for its owner alone.

        Raises:
            AuditError: There is something in it already.
        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            msg = f"{self.path} exists and is not empty; choose another folder"
            raise AuditError(msg)
        self.path.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
        self.path.chmod(_PRIVATE_FOLDER)

    def manifest(self) -> Manifest:
        """Return who keeps what, and why.

        Raises:
            AuditError: There is none.
        """
        return self._read(MANIFEST_FILE, Manifest)

    def save_manifest(self, manifest: Manifest) -> None:
        """Write it."""
        write_private(self.path / MANIFEST_FILE, _pretty(manifest))

    def save_config(self, config: CameraConfig) -> str:
        """Keep the configuration with which the footage was taken, without its addresses; return its SHA-256."""
        write_private(self.path / CONFIG_FILE, _encoded(config))
        return config_sha256(config)

    def config(self) -> CameraConfig:
        """Return it.

        Raises:
            AuditError: There is none.
        """
        return self._read(CONFIG_FILE, CameraConfig)

    def video(self) -> Path:
        """Return the video's path.

        Raises:
            AuditError: It was deleted, is being written, or its bytes are others than those that were recorded.
        """
        manifest = self.manifest()
        path = self.path / manifest.video
        if manifest.deleted_ms is not None or not path.is_file():
            msg = f"{self.path}: the video was deleted; record anew with `shopthread audit record`"
            raise AuditError(msg)
        if manifest.video_sha256 is None:
            msg = f"{self.path}: the recording goes on or was broken off; wait, or delete it with `audit purge --all`"
            raise AuditError(msg)
        if file_sha256(path) != manifest.video_sha256:
            msg = f"{path} is not the video that was recorded: its SHA-256 differs from the manifest's; audit another"
            raise AuditError(msg)
        return path

    def labels(self, labeller: str | None = None) -> Labels | None:
        """Return what a person saw, None where nobody has begun."""
        path = self.labels_path(labeller)
        return self._read(path.name, Labels) if path.exists() else None

    def all_labels(self) -> list[Labels]:
        """Return what everybody saw: first `labels.json`, then the others by name.

        Raises:
            AuditError: Nobody has begun.
        """
        found = [self._read(path.name, Labels) for path in sorted(self.path.glob(f"{_LABELS}*.json"))]
        if not found:
            msg = f"{self.path} holds no labels; run `shopthread audit label {self.path}`"
            raise AuditError(msg)
        return found

    def save_labels(self, labels: Labels, labeller: str | None = None) -> None:
        """Write what a person saw."""
        write_private(self.labels_path(labeller), _pretty(labels))

    def labels_path(self, labeller: str | None) -> Path:
        """Return where a person's labels lie.

        Raises:
            AuditError: The name cannot be part of a file's name.
        """
        if labeller is not None and not (labeller.isascii() and labeller.replace("-", "").isalnum()):
            msg = f"a labeller's name must be letters, digits and '-', got {labeller!r}"
            raise AuditError(msg)
        return self.path / (f"{_LABELS}.json" if labeller is None else f"{_LABELS}-{labeller}.json")

    def _read(self, name: str, kind: type[StructT]) -> StructT:
        path = self.path / name
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind, dec_hook=_convert)
        except OSError as error:
            msg = f"{path} cannot be read: {error.strerror}; name a folder that `shopthread audit record` made"
            raise AuditError(msg) from error
        except msgspec.MsgspecError as error:
            msg = f"{path} is none of an audit: {error}"
            raise AuditError(msg) from error


def config_sha256(config: CameraConfig) -> str:
    """Return the SHA-256 of what config.json holds of a configuration."""
    return hashlib.sha256(_encoded(config)).hexdigest()


def _encoded(config: CameraConfig) -> bytes:
    camera = replace(config.camera, source=f"file:{VIDEO_FILE}")
    return _pretty(msgspec.to_builtins(replace(config, camera=camera, broker=BrokerSettings()), enc_hook=str))


def crossings_of(labels: Labels, frame_times_ms: tuple[int, ...], people: list[int]) -> list[LineCrossing]:
    """Return labelled crossings with their times and how many people were in view.

    Args:
        labels: What a person saw.
        frame_times_ms: When each frame was taken.
        people: How many people were in view at each frame, where nobody marked it.

    Raises:
        AuditError: A label stands at a frame that the footage does not have.
    """
    found = []
    for crossing in labels.crossings:
        if not 0 <= crossing.frame < len(frame_times_ms):
            msg = f"labels of {labels.labeller}: frame {crossing.frame} is none of 0 to {len(frame_times_ms) - 1}"
            raise AuditError(msg)
        marked = people_at(labels, crossing.frame)
        count = people[crossing.frame] if marked is None and crossing.frame < len(people) else marked or 0
        time_ms = frame_times_ms[crossing.frame]
        found.append(LineCrossing(time_ms, crossing.tripwire_id, crossing.direction, count))
    return found


def people_at(labels: Labels, frame: int) -> int | None:
    """Return how many people were marked as in view at a frame, None where nobody marked it."""
    before = [mark for mark in labels.density if mark.frame <= frame]
    return max(before, key=lambda mark: mark.frame).people if before else None


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_private(path: Path, content: bytes) -> None:
    """Write a file as a whole, for its owner alone: a reader sees the old content or the new one."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def _convert(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value)
    msg = f"expected a {wanted.__name__}, got {value!r}"
    raise NotImplementedError(msg)
