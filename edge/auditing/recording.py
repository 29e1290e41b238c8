"""An operator's recording of a camera, for an audit: explicit, limited in time, with who, why and until when.

This is the only place of the whole system that writes pictures, and nothing but an operator's command calls it.
"""

import logging
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
from msgspec.structs import replace

from edge.adapters.camera import CameraClock
from edge.auditing.folder import VIDEO_FILE, AuditError, AuditFolder, Manifest, file_sha256
from edge.auditing.log import AuditLog, LogEntry
from edge.camera_settings import CameraConfig
from edge.ports import Frame, FrameSource, Image, Stopped

logger = logging.getLogger(__name__)

MAX_MINUTES = 60.0
MAX_KEEP_DAYS = 30.0
RESERVE_BYTES = 500_000_000
"""So much of the disk stays free: the outbox needs it."""

_MS_PER_MINUTE = 60_000
_MS_PER_DAY = 86_400_000
_BYTES_PER_PIXEL = 0.06
_USUAL_FPS = 25.0
_FIRST_FRAMES = 10
_LOOK_AT_DISK_EVERY = 100
_LEAST_FPS, _MOST_FPS = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator asks for.

    Attributes:
        operator: Who.
        reason: Why.
        minutes: How long, at most `MAX_MINUTES`.
        keep_days: After how many days the video is deleted, at most `MAX_KEEP_DAYS`.

    Raises:
        AuditError: Something is missing, or too long.
    """

    operator: str
    reason: str
    minutes: float
    keep_days: float = 7.0

    def __post_init__(self) -> None:
        """Check it."""
        for name, text in (("--operator", self.operator), ("--reason", self.reason)):
            if not text.strip():
                msg = f"{name} must say something: a recording shows who made it and why"
                raise AuditError(msg)
        for name, value, most in (
            ("--minutes", self.minutes, MAX_MINUTES),
            ("--keep-days", self.keep_days, MAX_KEEP_DAYS),
        ):
            if not 0 < value <= most:
                msg = f"{name} must be above 0 and at most {most:g}, got {value:g}"
                raise AuditError(msg)


@dataclass
class Progress:
    """How far a recording is."""

    started_ms: int
    until_ms: int
    now_ms: int
    frames: int = 0


def record(  # noqa: PLR0913 - what a recording consists of
    config: CameraConfig,
    order: Order,
    source: FrameSource,
    folder: AuditFolder,
    log: AuditLog,
    *,
    clock: CameraClock,
    stopped: Stopped,
    on_progress: Callable[[Progress], None] = lambda _: None,
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
) -> Manifest:
    """Record a camera until the time is up, the source ends or `stopped` says so; what was recorded is kept.

    Args:
        config: The camera's configuration.
        order: What the operator asks for.
        source: Its pictures, with privacy masks applied.
        folder: Gets the video and its manifest; must be empty.
        log: Gets an entry before the first picture is written.
        clock: The device's time.
        stopped: Tells when to end sooner.
        on_progress: Called after each frame.
        free_bytes: Tells how much of the disk that holds a folder is free.

    Returns:
        The manifest, as it lies in the folder.

    Raises:
        AuditError: The folder is not empty, the disk is short, or no picture came.
        FeedError: The source can never be opened.
    """
    until_s = clock.monotonic_s() + order.minutes * 60
    frames = source.frames(lambda: stopped() or clock.monotonic_s() >= until_s)
    first = next(frames, None)
    if first is None:
        msg = f"no picture came from {source.name}; check address, user and network"
        raise AuditError(msg)
    height_px, width_px = first.image_bgr.shape[:2]
    folder.create()
    _check_disk(folder.path, width_px * height_px * (config.camera.max_fps or _USUAL_FPS), order, free_bytes)
    manifest = Manifest(
        kind="recording",
        operator=order.operator,
        reason=order.reason,
        device=str(config.device.source),
        started_ms=first.time_ms,
        planned_until_ms=first.time_ms + round(order.minutes * _MS_PER_MINUTE),
        delete_after_ms=clock.wall_ms() + round(order.keep_days * _MS_PER_DAY),
        config_sha256=folder.save_config(config),
        frame_wh_px=(width_px, height_px),
    )
    folder.save_manifest(manifest)
    entry = LogEntry(
        time_ms=clock.wall_ms(),
        action="record",
        operator=order.operator,
        folder=str(folder.path.resolve()),
        note=order.reason,
        delete_after_ms=manifest.delete_after_ms,
    )
    log.add(entry)
    video = _VideoWriter(folder.path / VIDEO_FILE, free_bytes)
    try:
        _write(video, first, frames, manifest, on_progress)
    finally:
        video.close()
        manifest = replace(
            manifest,
            ended_ms=video.times_ms[-1],
            video_sha256=file_sha256(video.path),
            frame_times_ms=tuple(video.times_ms),
        )
        folder.save_manifest(manifest)
    return manifest


def _check_disk(folder: Path, pixels_per_s: float, order: Order, free_bytes: Callable[[Path], int]) -> None:
    needed = math.ceil(_BYTES_PER_PIXEL * pixels_per_s * order.minutes * 60) + RESERVE_BYTES
    if (free := free_bytes(folder)) < needed:
        msg = (
            f"{folder}: {order.minutes:g} minutes of this camera need up to {needed // 1_000_000} MB with the reserve, "
            f"and {free // 1_000_000} MB are free; record less, or free some disk"
        )
        raise AuditError(msg)


def _write(
    video: "_VideoWriter",
    first: Frame,
    frames: Iterator[Frame],
    manifest: Manifest,
    on_progress: Callable[[Progress], None],
) -> None:
    until_ms = manifest.planned_until_ms or 0
    video.write(first)
    for frame in frames:
        if frame.time_ms >= until_ms:
            return
        if not video.write(frame):
            logger.warning("the recording ends here: the disk has less than %d MB left", RESERVE_BYTES // 1_000_000)
            return
        on_progress(Progress(manifest.started_ms, until_ms, frame.time_ms, len(video.times_ms)))


@dataclass
class _VideoWriter:
    """Writes an MPEG-4 video. The first frames wait until the frame rate is known from them."""

    path: Path
    free_bytes: Callable[[Path], int]
    times_ms: list[int] = field(default_factory=list)
    _waiting: list[Image] = field(default_factory=list)
    _writer: cv2.VideoWriter | None = None

    def write(self, frame: Frame) -> bool:
        """Write a frame; tell whether there is room for more."""
        if self._writer is None:
            self._waiting.append(frame.image_bgr.copy())
            self.times_ms.append(frame.time_ms)
            if len(self._waiting) == _FIRST_FRAMES:
                self._open()
            return True
        self._writer.write(frame.image_bgr)
        self.times_ms.append(frame.time_ms)
        return len(self.times_ms) % _LOOK_AT_DISK_EVERY != 0 or self.free_bytes(self.path.parent) > RESERVE_BYTES

    def close(self) -> None:
        """Complete the file."""
        if self._writer is None and self._waiting:
            self._open()
        if self._writer is not None:
            self._writer.release()

    def _open(self) -> None:
        height_px, width_px = self._waiting[0].shape[:2]
        span_s = (self.times_ms[-1] - self.times_ms[0]) / 1000
        fps = (len(self.times_ms) - 1) / span_s if span_s > 0 else _LEAST_FPS
        fps = min(max(round(fps, 2), _LEAST_FPS), _MOST_FPS)
        waiting, self._waiting = self._waiting, []
        self.path.touch(mode=0o600, exist_ok=False)
        writer = cv2.VideoWriter(str(self.path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width_px, height_px))
        if not writer.isOpened():
            msg = f"{self.path} cannot be written as MPEG-4 video; choose another --out"
            raise AuditError(msg)
        self._writer = writer
        for image in waiting:
            writer.write(image)
