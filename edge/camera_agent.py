"""The agent of a camera: from pictures or tracks to events, until the input ends or it is stopped."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from edge.adapters.camera import CameraClock, LiveCamera, VideoFile
from edge.adapters.line_source import FileLines
from edge.adapters.onnx_detector import OnnxDetector
from edge.adapters.onnx_embedder import OnnxEmbedder
from edge.adapters.track_feed import BadLine, TrackFeed
from edge.camera_config import (
    CameraConfig,
    check_placement,
    floor_map,
    parse_source,
    pipeline_rules,
    tracker_rules,
)
from edge.core import pipeline, tracker
from edge.core.appearance import colour_stripes
from edge.core.gallery import GalleryRules
from edge.core.geometry import apply_homography
from edge.core.pipeline import Person, PipelineRules
from edge.health import Vitals
from edge.ports import Detector, EventSink, Frame, FrameSource, Observation, ObservationSource, Stopped
from edge.recognition import Recognition
from models.loader import load_model
from models.registry import ModelRegistry

logger = logging.getLogger(__name__)

OnTracked: TypeAlias = Callable[[Frame, Sequence[tracker.TrackedBox]], None]

_FPS_WINDOW_S = 10.0


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model looks at the pictures."""

    name: str
    version: str


class VideoObservations:
    """Who is where in a camera's pictures: detector, tracker, foot points.

    Args:
        source: Where pictures come from.
        detector: Finds people; it should give doubtful ones too, which keep tracks alive.
        config: The camera's configuration.
        epoch: Begins the names of tracks, so that no other run of the device gives the same. Without it the first
            frame's time does.
        on_tracked: Called with each frame and its tracks, the foretold ones too.
        recognition: Knows people again who come back; None: nobody is known again.
    """

    def __init__(
        self,
        source: FrameSource,
        detector: Detector,
        config: CameraConfig,
        epoch: str | None = None,
        on_tracked: OnTracked | None = None,
        recognition: Recognition | None = None,
    ) -> None:
        self.name = source.name
        self._on_tracked, self._recognition = on_tracked, recognition
        self._source, self._detector, self._config, self._epoch = source, detector, config, epoch
        self._rules = tracker_rules(config)
        self._to_plane = floor_map(config) if config.camera.plane == "floor" else None

    def observations(self, stopped: Stopped) -> Iterator[Observation]:
        """See `ObservationSource.observations`.

        Raises:
            ConfigurationError: A tripwire can never fire in pictures of this size.
        """
        state = tracker.initial_state()
        epoch = self._epoch
        is_first = True
        for frame in self._source.frames(stopped):
            if is_first:
                height_px, width_px = frame.image_bgr.shape[:2]
                check_placement(self._config, (width_px, height_px))
                is_first = False
            epoch = epoch or f"{frame.time_ms:x}"
            boxes, scores = self._detector.detect(frame.image_bgr)
            looks = colour_stripes(frame.image_bgr, boxes)
            state, told = tracker.track(self._rules, state, boxes, scores, frame.time_ms, looks)
            if self._on_tracked is not None:
                self._on_tracked(frame, told)
            seen = [box for box in told if not box.is_foretold]
            people = {}
            if self._recognition is not None:
                people = self._recognition.people(frame, seen, boxes, state.numbers.tolist())
            yield self._observation(frame, epoch, seen, people)

    def _observation(
        self, frame: Frame, epoch: str, seen: list[tracker.TrackedBox], people_of: Mapping[int, int]
    ) -> Observation:
        people = []
        for box in seen:
            position = box.foot_px if self._to_plane is None else apply_homography(self._to_plane, box.foot_px)
            if position is not None:
                person = people_of.get(box.number)
                group = None if person is None else f"{epoch}-{person}"
                people.append(Person(f"{epoch}-{box.number}", position, box.score, group))
        return Observation(time_ms=frame.time_ms, people=tuple(people), dropped=frame.dropped)


class CameraAgent:
    """Turns what a source observes into events, in order, each emitted once it is decided.

    Args:
        source: Who is where.
        rules: What decides which events come out.
        sink: Where events go.
        monotonic_s: Seconds that never go back, to tell the frame rate.
        model: Which model looks, for the health report.
        resumed: The source goes on where an earlier run left it.
    """

    def __init__(
        self,
        source: ObservationSource,
        rules: PipelineRules,
        sink: EventSink,
        monotonic_s: Callable[[], float],
        *,
        model: ModelIdentity | None = None,
        resumed: bool = False,
    ) -> None:
        self._source, self._rules, self._sink, self._monotonic_s = source, rules, sink, monotonic_s
        self._model, self._resumed = model, resumed
        self._processed_s: deque[float] = deque(maxlen=1000)
        self.frames_processed = 0
        self.frames_dropped = 0

    def run(self, stopped: Stopped) -> None:
        """Work until the source ends or `stopped` says so; then close what is open.

        Raises:
            FeedError: The source can never be opened.
            ConfigurationError: A tripwire can never fire.
            OutboxError: The sink cannot keep events.
        """
        state = pipeline.initial_state(resumed=self._resumed)
        for seen in self._source.observations(stopped):
            state, drafts = pipeline.step(self._rules, state, seen.people, seen.time_ms, seen.dropped)
            self._count(seen)
            if drafts:
                self._sink.emit(drafts, None if state.tracks else seen.end_offset_bytes)
        if stopped() and _can_resume(self._source):
            return  # the next run goes on in the midst of these visits
        _, drafts = pipeline.finish(self._rules, state)
        if drafts:
            self._sink.emit(drafts)

    def vitals(self) -> Vitals:
        """Return frame rate and model, for the health report. Safe to call from another thread."""
        now_s = self._monotonic_s()
        recent = [at_s for at_s in self._processed_s.copy() if now_s - at_s <= _FPS_WINDOW_S]
        span_s = now_s - recent[0] if recent else 0.0
        return Vitals(
            fps=round((len(recent) - 1) / span_s, 1) if len(recent) > 1 and span_s > 0 else 0.0,
            model_name=None if self._model is None else self._model.name,
            model_version=None if self._model is None else self._model.version,
        )

    def _count(self, seen: Observation) -> None:
        self.frames_processed += 1
        self.frames_dropped += seen.dropped
        self._processed_s.append(self._monotonic_s())


def _can_resume(source: ObservationSource) -> bool:
    return isinstance(source, TrackFeed)


def build_camera_agent(
    config: CameraConfig,
    sink: EventSink,
    clock: CameraClock,
    *,
    registry: ModelRegistry,
    on_bad_line: Callable[[BadLine], None],
    resume_offset_bytes: int = 0,
    on_tracked: OnTracked | None = None,
) -> CameraAgent:
    """Return the agent that a configuration describes.

    Args:
        config: From `load_camera_config`.
        sink: Where events go.
        clock: The device's time.
        registry: Where the detector's model is found.
        on_bad_line: Called with each line of a track feed that could not be used.
        resume_offset_bytes: What the sink was last told for this input, 0 for none.
        on_tracked: Called with each frame of a camera and its tracks.

    Raises:
        ConfigurationError: The configuration cannot be used.
        ModelError: There is no such model, or it is refused.
    """
    kind, place = parse_source(config.camera.source)
    rules = pipeline_rules(config)
    if kind == "tracks":
        lines = FileLines(Path(str(place)), follow=config.camera.follow)
        feed = TrackFeed(lines, on_bad_line, resume_offset_bytes)
        return CameraAgent(feed, rules, sink, clock.monotonic_s, resumed=resume_offset_bytes > 0)
    model = load_model(registry.get(config.camera.model))
    following = tracker_rules(config)
    detector = OnnxDetector(model, config.camera.input_size, following.doubtful_score, following.detector_nms_iou)
    identity = ModelIdentity(model.manifest.name, model.manifest.version)
    source = VideoObservations(
        frame_source(config, clock),
        detector,
        config,
        on_tracked=on_tracked,
        recognition=_recognition(config, registry),
    )
    return CameraAgent(source, rules, sink, clock.monotonic_s, model=identity)


def _recognition(config: CameraConfig, registry: ModelRegistry) -> Recognition | None:
    if config.camera.reentry_s == 0:
        return None
    encoder = OnnxEmbedder(load_model(registry.get(config.camera.embedder)))
    return Recognition(encoder, GalleryRules(window_s=config.camera.reentry_s))


def feed_name(config: CameraConfig) -> str | None:
    """Return the name under which a sink keeps how far the input was read, None where it cannot be resumed."""
    kind, place = parse_source(config.camera.source)
    return FileLines(Path(str(place)), follow=False).name if kind == "tracks" else None


def frame_source(config: CameraConfig, clock: CameraClock) -> FrameSource:
    """Return where a configuration's pictures come from.

    Raises:
        ConfigurationError: `camera.source` names no pictures.
    """
    camera = config.camera
    kind, place = parse_source(camera.source)
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
