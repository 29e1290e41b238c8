"""Builds the agent that a camera's configuration describes."""

from collections.abc import Callable
from pathlib import Path

from edge.adapters.camera import CameraClock, VideoFile
from edge.adapters.line_source import FileLines
from edge.adapters.live_camera import LiveCamera
from edge.adapters.masked_source import MaskedSource
from edge.adapters.onnx_detector import OnnxDetector
from edge.adapters.onnx_embedder import OnnxEmbedder
from edge.adapters.outbox import FeedPosition
from edge.adapters.tiled_detector import tiled
from edge.adapters.track_feed import BadLine, TrackFeed
from edge.camera_agent import CameraAgent, ModelIdentity
from edge.camera_config import parse_source
from edge.camera_rules import pipeline_rules, tracker_rules
from edge.camera_settings import CameraConfig
from edge.core.gallery import GalleryRules
from edge.core.signatures import SignatureRules
from edge.errors import ConfigurationError
from edge.ports import EventSink, FrameSource
from edge.recognition import Recognition
from edge.uniforms import UniformWatch, load_uniform
from edge.video_observations import OnDetected, OnTracked, VideoObservations
from models.loader import load_shared_model
from models.registry import ModelRegistry


def build_camera_agent(  # noqa: PLR0913 - what an agent is built of
    config: CameraConfig,
    sink: EventSink,
    clock: CameraClock,
    *,
    registry: ModelRegistry,
    on_bad_line: Callable[[BadLine], None],
    resume: FeedPosition | None = None,
    on_tracked: OnTracked | None = None,
    on_detected: OnDetected | None = None,
    frames: FrameSource | None = None,
) -> CameraAgent:
    """Return the agent that a configuration describes.

    Args:
        config: From `load_camera_config`.
        sink: Where events go.
        clock: The device's time.
        registry: Where the detector's model is found.
        on_bad_line: Called with each line of a track feed that could not be used.
        resume: How far an earlier run read this input, None where it did not.
        on_tracked: Called with each frame of a camera and its tracks.
        on_detected: Called before that with everything that the detector found in the frame.
        frames: Where pictures come from, in place of `camera.source`; None: from there. Masks are applied to either.

    Raises:
        ConfigurationError: The configuration cannot be used.
        ModelError: There is no such model, or it is refused.
    """
    kind, place = parse_source(config.camera.source)
    rules = pipeline_rules(config)
    if kind == "tracks":
        lines = FileLines(Path(str(place)), follow=config.camera.follow)
        start = resume or FeedPosition(lines.name, 0)
        feed = TrackFeed(lines, on_bad_line, start.offset_bytes, start.beginning)
        return CameraAgent(feed, rules, sink, clock.monotonic_s, resumed=start.offset_bytes > 0, config=config)
    model = load_shared_model(registry.get(config.camera.model))
    following = tracker_rules(config)
    detector = tiled(
        OnnxDetector(model, config.camera.input_size, following.doubtful_score, following.detector_nms_iou),
        config.camera.tiles,
        following.detector_nms_iou,
    )
    identity = ModelIdentity(model.manifest.name, model.manifest.version)
    source = VideoObservations(
        frame_source(config, clock) if frames is None else masked(config, frames),
        detector,
        config,
        on_tracked=on_tracked,
        recognition=_recognition(config, registry),
        on_detected=on_detected,
        uniform=None if config.staff.uniform_file is None else UniformWatch(load_uniform(config.staff.uniform_file)),
    )
    return CameraAgent(source, rules, sink, clock.monotonic_s, model=identity, config=config)


def encoder_name(config: CameraConfig, registry: ModelRegistry) -> str:
    """Return name and version of what makes a camera's signatures: only those of one encoder are compared.

    Raises:
        ModelError: There is no such model.
    """
    kind, _ = parse_source(config.camera.source)
    if kind == "tracks":
        return "feed"
    manifest = registry.get(config.camera.embedder).manifest
    return f"{manifest.name}-{manifest.version}"


def _recognition(config: CameraConfig, registry: ModelRegistry) -> Recognition | None:
    camera = config.camera
    if camera.reentry_s == 0 and not camera.signatures:
        return None
    encoder = OnnxEmbedder(load_shared_model(registry.get(camera.embedder)))
    return Recognition(
        encoder, GalleryRules(window_s=camera.reentry_s), SignatureRules() if camera.signatures else None
    )


def feed_name(config: CameraConfig) -> str | None:
    """Return the name under which a sink keeps how far the input was read, None where it cannot be resumed."""
    kind, place = parse_source(config.camera.source)
    return FileLines(Path(str(place)), follow=False).name if kind == "tracks" else None


def frame_source(config: CameraConfig, clock: CameraClock) -> FrameSource:
    """Return where a configuration's pictures come from; what masks cover is black in them.

    Raises:
        ConfigurationError: `camera.source` names no pictures.
    """
    return masked(config, _bare_frame_source(config, clock))


def masked(config: CameraConfig, source: FrameSource) -> FrameSource:
    """Return a source in whose pictures everything is black that a configuration masks."""
    if not config.masks:
        return source
    return MaskedSource(source, [mask.points for mask in config.masks], config.camera.picture_size)


def _bare_frame_source(config: CameraConfig, clock: CameraClock) -> FrameSource:
    camera = config.camera
    kind, place = parse_source(camera.source)
    if kind == "tracks":
        msg = f"camera.source {camera.source!r} gives tracks and no pictures; name file:PATH, usb:INDEX or an address"
        raise ConfigurationError(msg)
    if kind != "file":
        return LiveCamera(place, clock, max_fps=camera.max_fps)
    start_ms = clock.wall_ms() if camera.start is None else round(camera.start.timestamp() * 1000)
    return VideoFile(
        Path(str(place)),
        start_ms,
        clock,
        realtime=camera.realtime,
        loop=camera.loop,
        max_fps=camera.max_fps,
    )
