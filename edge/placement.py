"""Watches a camera or a recording for a while, and tells of each tripwire whether people reach it."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from edge.adapters.camera import CameraClock
from edge.camera_building import build_camera_agent
from edge.camera_config import parse_source
from edge.camera_floor import floor_map
from edge.camera_rules import tripwires
from edge.camera_settings import CameraConfig
from edge.core.floor import floor_point
from edge.core.placement import LineReport, PlacementWatch
from edge.core.tracker import TrackedBox
from edge.errors import ConfigurationError
from edge.ports import Frame
from edge.replay import RecordedEvents
from models.registry import ModelRegistry

_FIRST_PICTURE_S = 15.0


def watch_placement(
    config: CameraConfig,
    clock: CameraClock,
    registry: ModelRegistry,
    *,
    video: Path | None = None,
    seconds: float | None = None,
) -> list[LineReport]:
    """Return what people do at each tripwire. Nothing is sent, and no picture is kept.

    Args:
        config: The camera's configuration.
        clock: The device's time.
        registry: Where the model is found.
        video: A recording to watch in place of the camera.
        seconds: Watch so long; None: to the end of the recording.

    Raises:
        EdgeError: The configuration or the input cannot be used.
        ModelError: There is no such model, or it is refused.
    """
    if video is not None:
        config = replace(config, camera=replace(config.camera, source=f"file:{video}", start=None))
    kind, _ = parse_source(config.camera.source)
    if kind == "tracks":
        msg = f"camera.source {config.camera.source!r} shows no pictures to watch; name a recording with --watch"
        raise ConfigurationError(msg)
    if kind != "file" and seconds is None:
        msg = "a camera never ends: say for how long to watch with --seconds"
        raise ConfigurationError(msg)
    camera = replace(config.camera, realtime=False, loop=False, reentry_s=0.0, signatures=False)
    config = replace(config, camera=camera)
    watching = _Watching(config, clock, seconds, is_live=kind != "file")
    build_camera_agent(
        config,
        RecordedEvents(config.device.source),
        clock,
        registry=registry,
        on_bad_line=lambda _: None,
        on_tracked=watching.take,
    ).run(watching.is_enough)
    return [watch.report() for watch in watching.lines]


class _Watching:
    """Every tripwire of a camera, and how long they were watched."""

    def __init__(self, config: CameraConfig, clock: CameraClock, seconds: float | None, *, is_live: bool) -> None:
        self.lines = [PlacementWatch(wire) for wire in tripwires(config)]
        self._to_plane = floor_map(config) if config.camera.plane == "floor" else None
        self._clock, self._seconds = clock, seconds
        self._until_s = clock.monotonic_s() + _FIRST_PICTURE_S + (seconds or 0.0) if is_live else float("inf")
        self._first_ms: int | None = None
        self._last_ms = 0

    def take(self, frame: Frame, told: Sequence[TrackedBox]) -> None:
        """Take in the tracks of a frame."""
        self._first_ms = frame.time_ms if self._first_ms is None else self._first_ms
        self._last_ms = frame.time_ms
        for box in told:
            point = box.foot_px if self._to_plane is None else floor_point(self._to_plane, box.foot_px)
            if not box.is_foretold and point is not None:
                for line in self.lines:
                    line.see(str(box.number), point, frame.time_ms)

    def is_enough(self) -> bool:
        """Return whether it was watched for long enough, or no picture came."""
        if self._seconds is None:
            return False
        has_seen = self._first_ms is not None and self._last_ms - self._first_ms >= self._seconds * 1000
        return has_seen or self._clock.monotonic_s() >= self._until_s
