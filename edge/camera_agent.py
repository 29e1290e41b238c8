"""The agent of a camera: from observations to events, until the input ends or it is stopped."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.adapters.track_feed import TrackFeed
from edge.camera_rules import pipeline_rules
from edge.camera_settings import CameraConfig
from edge.core import pipeline, rule_change
from edge.core.pipeline import Draft, PipelineRules, PipelineState
from edge.health import Vitals
from edge.ports import (
    ConditionedSource,
    EventSink,
    Observation,
    ObservationSource,
    SignatureSink,
    SourceCondition,
    Stopped,
)
from edge.reconfiguration import restart_keys
from edge.video_observations import PlacedSource

if TYPE_CHECKING:
    from contracts.fields import PictureState

logger = logging.getLogger(__name__)

_FPS_WINDOW_S = 10.0


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model looks at the pictures."""

    name: str
    version: str


class CameraAgent:
    """Turns what a source observes into events, in order, each emitted once it is decided.

    Args:
        source: Who is where.
        rules: What decides which events come out.
        sink: Where events go.
        monotonic_s: Seconds that never go back, to tell the frame rate.
        model: Which model looks, for the health report.
        resumed: The source goes on where an earlier run left it.
        config: What `rules` follow from, to tell what a changed one changes; None: not known.
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
        config: CameraConfig | None = None,
    ) -> None:
        self._source, self._rules, self._sink, self._monotonic_s = source, rules, sink, monotonic_s
        self._model, self._resumed, self._config = model, resumed, config
        self._asked: CameraConfig | None = None
        self._asking = threading.Lock()
        self.on_picture: Callable[[], None] = lambda: None  # called when what the picture shows becomes another
        self._picture: PictureState | None = None
        self._signatures: SignatureSink | None = None
        self._processed_s: deque[float] = deque(maxlen=1000)
        self.frames_processed = 0
        self.frames_dropped = 0

    def tell_looks(self, sink: SignatureSink) -> None:
        """From now on, send appearance signatures there."""
        self._signatures = sink

    def run(self, stopped: Stopped) -> None:
        """Work until the source ends or `stopped` says so; then close what is open.

        Raises:
            FeedError: The source can never be opened.
            ConfigurationError: A tripwire can never fire.
            OutboxError: The sink cannot keep events.
        """
        state = pipeline.initial_state(resumed=self._resumed)
        for seen in self._source.observations(stopped):
            state, ended = self._change_rules(state)
            state, drafts = self._step(state, seen)
            drafts = ended + drafts
            self._count(seen)
            self._send_looks(state, seen)
            if drafts:
                self._sink.emit(drafts, seen.end_offset_bytes if state.is_empty else None)
        if stopped() and _can_resume(self._source):
            return  # the next run goes on in the midst of these visits
        _, drafts = pipeline.finish(self._rules, state)
        if drafts:
            self._sink.emit(drafts)

    def reconfigure(self, config: CameraConfig) -> tuple[str, ...]:
        """Put other tripwires and zones into force from the next picture on. Safe to call from another thread.

        Args:
            config: The whole configuration, checked as `load_camera_config` does.

        Returns:
            The keys that differ too and come into force only at the next start.

        Raises:
            ConfigurationError: A tripwire or zone cannot be where it is drawn, or the points mean something else now;
                nothing was changed.
        """
        pipeline_rules(config)
        with self._asking:
            waiting = () if self._config is None else restart_keys(self._config, config)
            if isinstance(self._source, PlacedSource):
                self._source.check_layout(config)
            self._asked = config
        return waiting

    def _change_rules(self, state: PipelineState) -> tuple[PipelineState, list[Draft]]:
        with self._asking:
            asked, self._asked = self._asked, None
        if asked is None:
            return state, []
        new = pipeline_rules(asked)
        self._rules, state, ended = rule_change.change_rules(self._rules, state, new, state.now_ms or 0)
        logger.info("%s: %d tripwires and %d zones are in force", self._source.name, len(new.tripwires), len(new.zones))
        return state, ended

    def beginning(self) -> str:
        """Return what tells the input from another one of its name, "" where it cannot be resumed."""
        return self._source.beginning if isinstance(self._source, TrackFeed) else ""

    def vitals(self) -> Vitals:
        """Return what only the agent knows, for the health report. Safe to call from another thread."""
        condition = self._source.condition() if isinstance(self._source, ConditionedSource) else SourceCondition()
        now_s = self._monotonic_s()
        recent = [at_s for at_s in self._processed_s.copy() if now_s - at_s <= _FPS_WINDOW_S]
        span_s = now_s - recent[0] if recent else 0.0
        return Vitals(
            fps=round((len(recent) - 1) / span_s, 1) if len(recent) > 1 and span_s > 0 else 0.0,
            model_name=None if self._model is None else self._model.name,
            model_version=None if self._model is None else self._model.version,
            clock_offset_ms=condition.clock_offset_ms,
            picture=self._picture,
            bad_pictures=condition.bad_pictures,
            match_threshold=condition.match_threshold,
            false_match_rate=condition.false_match_rate,
        )

    def _step(self, state: PipelineState, seen: Observation) -> tuple[PipelineState, list[Draft]]:
        if seen.blind_since_ms is None:
            return pipeline.step(self._rules, state, seen.people, seen.time_ms, seen.dropped)
        return pipeline.blind(
            self._rules, state, seen.blind_since_ms, seen.time_ms, frames=seen.frames, frames_dropped=seen.dropped
        )

    def _send_looks(self, state: PipelineState, seen: Observation) -> None:
        """Send the signatures of tracks that the pipeline follows, under the ids of its segments."""
        if self._signatures is None:
            return
        for track_id, signature in seen.looks.items():
            segment_id = pipeline.segment_of(self._rules, state, track_id)
            if segment_id is not None:
                self._signatures.send(segment_id, signature, seen.time_ms)

    def _count(self, seen: Observation) -> None:
        self.frames_processed += seen.frames
        self.frames_dropped += seen.dropped
        if seen.frames:
            self._processed_s.append(self._monotonic_s())
        before, self._picture = self._picture, seen.picture
        if seen.picture == before or (before is None and seen.picture == "good"):
            return
        if seen.picture == "good":
            logger.warning("%s: the picture is good again", self._source.name)
        else:
            logger.warning("%s: the picture is %s; nothing is counted meanwhile", self._source.name, seen.picture)
        self.on_picture()


def _can_resume(source: ObservationSource) -> bool:
    return isinstance(source, TrackFeed)
