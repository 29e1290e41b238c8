"""Tracks of nobody: reflections, mannequins and shadows that a camera takes for people."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulators.core.geometry import Point, Polygon, contains
from simulators.core.scenario import Noise
from simulators.core.tracking import track_name
from simulators.core.truth import TrueFalseTrack

_MS_PER_S = 1000
_MS_PER_MINUTE = 60_000
_STEP_M = 0.3  # Standard deviation of each coordinate of the way walked in a second.
_TRIES = 64


class FalseTrack:
    """One track of nobody.

    Attributes:
        camera: Index of the camera that sees it.
        position: Where it is seen, m.
        number: Its number among the camera's tracks, 0 as long as no line has told of it.
        due_ms: When its next appearance signature is due.
        look: What it looks like, if appearance signatures are asked for.
    """

    def __init__(self, camera: int, position: Point, until_ms: float) -> None:
        self.camera = camera
        self.position = position
        self.until_ms = until_ms
        self.number = 0
        self.due_ms = 0
        self.look: NDArray[np.float64] | None = None
        self.from_ms = 0
        self.to_ms = 0

    @property
    def name(self) -> str:
        """The track's id as lines carry it."""
        return track_name(self.number)


class FalseTracks:
    """The false tracks of several cameras: they begin as a Poisson process, anywhere in view, and walk at random.

    Args:
        camera_ids: The cameras, C in all.
        views: The part of the floor that each camera sees.
        noise: How many there are, and how long they live.
        tick_hz: Ticks per second.
        rng: What everything is drawn from.
    """

    def __init__(
        self,
        camera_ids: Sequence[str],
        views: Sequence[Polygon],
        noise: Noise,
        tick_hz: float,
        rng: np.random.Generator,
    ) -> None:
        self._camera_ids, self._views, self._rng = camera_ids, views, rng
        self._shortest_ms, self._longest_ms = (bound * _MS_PER_S for bound in noise.false_track_s)
        self._missed = noise.missed_detections
        per_min = noise.false_tracks_per_min * len(camera_ids)
        self._gap_ms = _MS_PER_MINUTE / per_min if per_min else np.inf
        self._step_m = _STEP_M / float(np.sqrt(tick_hz))
        self._next_ms: float | None = None
        self._alive: list[FalseTrack] = []
        self._ended: list[TrueFalseTrack] = []

    def see(self, awake: NDArray[np.bool_], number: Callable[[int], int], now_ms: int) -> list[FalseTrack]:
        """Return the false tracks that cameras find at this tick.

        Args:
            awake: Which cameras deliver a line, shape (C,).
            number: Takes the next number of a camera's tracks.
            now_ms: The time of the tick.
        """
        if self._gap_ms == np.inf:
            return []
        self._end(now_ms)
        for track in self._alive:
            self._walk(track)
        self._begin(now_ms)
        found = [track for track in self._alive if awake[track.camera] and self._is_found()]
        for track in found:
            if not track.number:
                track.number, track.from_ms, track.due_ms = number(track.camera), now_ms, now_ms
            track.to_ms = now_ms
        return found

    def lose(self, camera: int) -> None:
        """End all false tracks of a camera."""
        for track in [track for track in self._alive if track.camera == camera]:
            track.until_ms = 0.0
        self._end(0)

    def truth(self) -> tuple[TrueFalseTrack, ...]:
        """Return all that any line told of, those that are going on as they are so far."""
        return (*self._ended, *(self._truth_of(track) for track in self._alive if track.number))

    def _end(self, now_ms: int) -> None:
        over = [track for track in self._alive if track.until_ms <= now_ms]
        if over:
            self._ended += [self._truth_of(track) for track in over if track.number]
            self._alive = [track for track in self._alive if track.until_ms > now_ms]

    def _truth_of(self, track: FalseTrack) -> TrueFalseTrack:
        return TrueFalseTrack(
            camera_id=self._camera_ids[track.camera],
            track_id=track.name,
            from_ms=track.from_ms,
            to_ms=track.to_ms,
        )

    def _begin(self, now_ms: int) -> None:
        if self._next_ms is None:
            self._next_ms = now_ms + float(self._rng.exponential(self._gap_ms))
        while self._next_ms <= now_ms:
            camera = int(self._rng.integers(len(self._views)))
            position = _anywhere(self._rng, self._views[camera])
            lives_ms = float(self._rng.uniform(self._shortest_ms, self._longest_ms))
            self._alive.append(FalseTrack(camera, position, now_ms + lives_ms))
            self._next_ms += float(self._rng.exponential(self._gap_ms))

    def _walk(self, track: FalseTrack) -> None:
        step_x, step_y = self._rng.normal(0.0, self._step_m, size=2).tolist()
        there = (track.position[0] + step_x, track.position[1] + step_y)
        if contains(self._views[track.camera], there):
            track.position = there

    def _is_found(self) -> bool:
        return not self._missed or float(self._rng.random()) >= self._missed


def _anywhere(rng: np.random.Generator, polygon: Polygon) -> Point:
    """Return a point drawn evenly from a polygon, by rejection; a corner of one that has next to no area."""
    low, high = np.min(polygon, axis=0), np.max(polygon, axis=0)
    for x, y in rng.uniform(low, high, size=(_TRIES, 2)).tolist():
        if contains(polygon, (x, y)):
            return x, y
    return polygon[0]
