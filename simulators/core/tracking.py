"""Under which track ids cameras know people: when tracks begin, break, change places and are lost."""

from collections.abc import Callable, Sequence

import numpy as np

from simulators.core.crowd import Crowd, Floats, Indices, Names, Numbers, People, carried
from simulators.core.scenario import Noise
from simulators.core.truth import TrueTrack

NEAR_M = 0.8
"""Two tracks nearer to each other than this may change places."""

_SECONDS_PER_MINUTE = 60
_MS_PER_S = 1000
_NEVER_MS = -1

OnTrack = Callable[[str, TrueTrack], None]


class Tracks:
    """The tracks of several cameras. Each camera numbers its tracks in the order in which it first sees them.

    Args:
        camera_ids: The cameras, C in all.
        noise: How often tracks break and change places, and when they are lost.
        tick_hz: Ticks per second.
        rng: For breaks and changes of places.
        on_track: Told of each time span in which a track was one person's, once it ends.

    Attributes:
        numbers: The number of each camera's track of each person, 0 where there is none, shape (C, P).
        names: The same as the ids that lines carry, shape (C, P).
        due_ms: When the next appearance signature of each track is due, shape (C, P).
    """

    def __init__(
        self, camera_ids: Sequence[str], noise: Noise, tick_hz: float, rng: np.random.Generator, on_track: OnTrack
    ) -> None:
        self._camera_ids, self._rng, self._on_track = camera_ids, rng, on_track
        self._breaks = noise.fragments_per_min / (_SECONDS_PER_MINUTE * tick_hz)
        self._switches = noise.switches_per_min / (_SECONDS_PER_MINUTE * tick_hz)
        self._lost_after_ms = noise.lost_after_s * _MS_PER_S
        self._counts = [0] * len(camera_ids)
        self._people: People = ()
        self._pairs: tuple[Indices, Indices] = (np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp))
        shape = (len(camera_ids), 0)
        self.numbers: Numbers = np.zeros(shape, dtype=np.int64)
        self.names: Names = np.zeros(shape, dtype=np.object_)
        self.due_ms: Numbers = np.zeros(shape, dtype=np.int64)
        self._since_ms: Numbers = np.zeros(shape, dtype=np.int64)
        self._last_ms: Numbers = np.zeros(shape, dtype=np.int64)

    def follow(self, crowd: Crowd, before: Indices) -> None:
        """Take note that others are on the floor than before. The tracks of those who left end."""
        for person in crowd.gone(before, len(self._people)):
            for camera in np.flatnonzero(self.numbers[:, person]).tolist():
                self._tell(camera, person)
        self._people = crowd.people
        if self._switches:
            ones, others = np.triu_indices(len(before), k=1)
            self._pairs = (ones, others)
        self.numbers, self.names, self.due_ms = (
            carried(self.numbers, before, 0),
            carried(self.names, before, ""),
            carried(self.due_ms, before, 0),
        )
        self._since_ms, self._last_ms = carried(self._since_ms, before, 0), carried(self._last_ms, before, _NEVER_MS)

    def lose(self, camera: int) -> None:
        """End all tracks of a camera; who is still there gets a new one."""
        for person in np.flatnonzero(self.numbers[camera]).tolist():
            self._tell(camera, person)
        self.numbers[camera] = 0

    def see(self, at: Indices, positions: Floats, now_ms: int) -> None:
        """Take note of who is found at this tick.

        Args:
            at: Which camera finds whom: places in arrays of shape (C, P), row by row, shape (N,).
            positions: Where everyone stands, m, shape (P, 2).
            now_ms: The time of the tick.
        """
        fresh = (self.numbers.take(at) == 0) | (now_ms - self._last_ms.take(at) > self._lost_after_ms)
        if self._breaks:
            fresh |= self._rng.random(len(at)) < self._breaks
        for place in at[fresh].tolist():
            camera, person = divmod(place, len(self._people))
            self._begin(camera, person, now_ms)
        if self._switches:
            self._switch(at, positions, now_ms)
        self._last_ms.put(at, now_ms)

    def go_on(self, at: Indices, now_ms: int) -> None:
        """Take note that the same cameras find the same people as a tick ago, and that nothing happens by chance."""
        self._last_ms.put(at, now_ms)

    def number(self, camera: int) -> int:
        """Return the next number of a camera's tracks, and use it up."""
        self._counts[camera] += 1
        return self._counts[camera]

    def tell(self) -> None:
        """Tell of the tracks that are going on as they are so far."""
        for camera, person in np.argwhere(self.numbers).tolist():
            self._tell(camera, person)

    def _begin(self, camera: int, person: int, now_ms: int) -> None:
        if self.numbers[camera, person]:
            self._tell(camera, person)
        number = self.number(camera)
        self.numbers[camera, person], self.names[camera, person] = number, track_name(number)
        self._since_ms[camera, person], self.due_ms[camera, person] = now_ms, now_ms

    def _tell(self, camera: int, person: int) -> None:
        from_ms, to_ms = int(self._since_ms[camera, person]), int(self._last_ms[camera, person])
        if to_ms >= from_ms:  # Else it has just begun, and no line has told of it.
            track = TrueTrack(
                camera_id=self._camera_ids[camera],
                track_id=str(self.names[camera, person]),
                from_ms=from_ms,
                to_ms=to_ms,
            )
            self._on_track(self._people[person].person_id, track)

    def _switch(self, at: Indices, positions: Floats, now_ms: int) -> None:
        ones, others = self._pairs
        x, y = (values.take(ones) - values.take(others) for values in positions.T)
        near = np.flatnonzero(x * x + y * y < NEAR_M * NEAR_M)
        if not len(near):
            return
        ones, others = ones[near], others[near]
        found = np.zeros(self.numbers.shape, dtype=np.bool_)
        found.put(at, True)
        where, which = np.nonzero(found[:, ones] & found[:, others])
        for place in np.flatnonzero(self._rng.random(len(where)) < self._switches).tolist():
            self._swap(int(where[place]), [int(ones[which[place]]), int(others[which[place]])], now_ms)

    def _swap(self, camera: int, pair: list[int], now_ms: int) -> None:
        for person in pair:
            self._tell(camera, person)
        for values in (self.numbers, self.names, self.due_ms):
            values[camera, pair] = values[camera, pair[::-1]]
        self._since_ms[camera, pair] = now_ms


def track_name(number: int) -> str:
    """Return the id of a camera's track as lines carry it."""
    return f"p{number}"
