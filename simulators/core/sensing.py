"""What a camera makes of the people on the floor: tracks in floor metres, perfect unless noise is asked for."""

from collections.abc import Callable, Sequence

import numpy as np

from simulators.core.geometry import contains
from simulators.core.layout import Camera
from simulators.core.lines import TrackLine, TrackPoint
from simulators.core.people import Person
from simulators.core.scenario import Noise

_STREAM = 4
_CONFIDENCE = (0.82, 0.98)
_SECONDS_PER_MINUTE = 60


class CameraView:
    """One camera's view. It numbers its tracks in the order in which it first sees them, and knows nothing else.

    Args:
        camera: What it sees.
        noise: What it gets wrong.
        tick_hz: Lines per second.
        seed_parts: What its random stream is drawn from.
        on_track: Told of each sight: the person's id, the camera's id, the track's id, the time.
    """

    def __init__(
        self,
        camera: Camera,
        noise: Noise,
        tick_hz: float,
        seed_parts: Sequence[int],
        on_track: Callable[[str, str, str, int], None],
    ) -> None:
        self.camera_id = camera.id
        self._sees, self._noise = camera.sees or (), noise
        self._breaks = noise.fragments_per_min / (_SECONDS_PER_MINUTE * tick_hz)
        self._rng = np.random.default_rng([*seed_parts, _STREAM])
        self._on_track = on_track
        self._tracks: dict[str, str] = {}
        self._count = 0

    def look(self, people: Sequence[Person], now_ms: int) -> TrackLine | None:
        """Return what the camera sees at one tick, None where it misses the tick."""
        seen = [person for person in people if contains(self._sees, person.position)]
        ids = {person.person_id for person in seen}
        self._tracks = {person_id: track for person_id, track in self._tracks.items() if person_id in ids}
        points = [self._sight(person, now_ms) for person in seen]
        if self._noise.missed_ticks and self._rng.random() < self._noise.missed_ticks:
            return None
        return TrackLine(now_ms, tuple(point for point in points if point is not None))

    def _sight(self, person: Person, now_ms: int) -> TrackPoint | None:
        if self._noise.missed_detections and self._rng.random() < self._noise.missed_detections:
            return None
        if self._breaks and self._rng.random() < self._breaks:
            self._tracks.pop(person.person_id, None)
        x_m, y_m = person.position
        if self._noise.position_m:
            error_x, error_y = self._rng.normal(0.0, self._noise.position_m, size=2)
            x_m, y_m = x_m + float(error_x), y_m + float(error_y)
        confidence = float(self._rng.uniform(*_CONFIDENCE))
        track = self._track_of(person)
        self._on_track(person.person_id, self.camera_id, track, now_ms)
        return TrackPoint(track, round(x_m, 3), round(y_m, 3), round(confidence, 2))

    def _track_of(self, person: Person) -> str:
        track = self._tracks.get(person.person_id)
        if track is None:
            self._count += 1
            track = self._tracks[person.person_id] = f"p{self._count}"
        return track
