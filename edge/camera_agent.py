"""The agent of a camera: from observations to events, until the input ends or it is stopped."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edge.adapters.track_feed import TrackFeed
from edge.core import pipeline
from edge.core.pipeline import PipelineRules
from edge.health import Vitals
from edge.ports import EventSink, Observation, ObservationSource, Stopped

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
