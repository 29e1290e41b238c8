"""What cameras make of the people on the floor: tracks in floor metres, perfect unless noise is asked for.

All cameras look at once, with whole arrays. Each kind of noise has a random stream of its own, so that to ask for one
more leaves the others as they were.
"""

from collections.abc import Callable, Mapping
from math import ceil

import numpy as np

from simulators.core.area_index import AreaIndex
from simulators.core.crowd import Crowd, Flags, Floats, Indices, People, carried
from simulators.core.false_tracks import FalseTrack, FalseTracks
from simulators.core.lines import TrackLine, TrackSignature
from simulators.core.occlusion import LinesOfSight
from simulators.core.scenario import Noise, Scenario
from simulators.core.sightings import Sightings, order, with_ghosts
from simulators.core.signatures import (
    DIMENSIONS,
    EVERY_MS,
    anybody,
    camera_offsets,
    quantized,
    sampled,
    true_signature,
)
from simulators.core.track_lines import TrackLines
from simulators.core.tracking import OnTrack, Tracks
from simulators.core.truth import TrueFalseTrack
from simulators.core.views import view_of

FOUND_SHARE = 0.2
"""Someone of whom a camera sees less than this share is not found: head and shoulders are a little more."""
CLEAR_SHARE = 0.7
"""Only of someone of whom a camera sees at least this share it takes an appearance signature."""

_STREAM = 4
_TRACKS, _TICKS, _DETECTIONS, _POSITIONS, _CONFIDENCES, _FALSE, _SIGNATURES = range(7)
_MS_PER_S = 1000


class CameraViews:
    """The cameras of a store.

    Args:
        scenario: The cameras, what stands in their way, and what they get wrong.
        seed: What everything random is drawn from.
        clocks: What each camera's own clock tells at a true time, by camera id; the true time for the others.
        on_track: Told of each person's track: once it ends, and at each `tell`.

    Raises:
        ValueError: A camera shows no floor.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        clocks: Mapping[str, Callable[[int], int]],
        on_track: OnTrack,
    ) -> None:
        self._noise = scenario.noise
        cameras, noise = scenario.cameras, scenario.noise
        self._ids = [camera.id for camera in cameras]
        self._all_awake = np.ones(len(cameras), dtype=np.bool_)
        views = [view_of(camera) for camera in cameras]
        self._random = [np.random.default_rng([seed, _STREAM, kind]) for kind in range(_SIGNATURES + 1)]
        self._views = AreaIndex(dict(enumerate(views)))
        self._seen_by: list[tuple[int, ...]] = []
        self._in_view: Flags = np.zeros((len(cameras), 0), dtype=np.bool_)
        self._sight = LinesOfSight(scenario, views) if noise.occlusion else None
        self._tracks = Tracks(self._ids, noise, scenario.tick_hz, self._random[_TRACKS], on_track)
        self._false = FalseTracks(self._ids, views, noise, scenario.tick_hz, self._random[_FALSE])
        tell_time = [clocks.get(name, int) for name in self._ids]
        self._lines = TrackLines(
            cameras, tell_time, noise.position_m, self._random[_CONFIDENCES], self._random[_POSITIONS]
        )
        self._crowd = Crowd()
        self._others_left = False
        self._is_steady = _is_steady(noise, scenario.tick_hz)
        self._sightings = self._find(np.ones(len(cameras), dtype=np.bool_), 0)
        self._down: frozenset[str | None] = frozenset()
        self._signs = _Signs(seed, scenario, self._random[_SIGNATURES]) if _has_signatures(scenario) else None

    def look(
        self, people: People, now_ms: int, down: frozenset[str | None] = frozenset()
    ) -> list[tuple[str, TrackLine]]:
        """Return each camera's id and line of one tick, without those that deliver none.

        Args:
            people: Who is on the floor.
            now_ms: The time of the tick.
            down: Which cameras see nothing now; their tracks have ended.
        """
        is_as_before = self._take_in(people, now_ms) and down == self._down
        awake = self._awake(down)
        if is_as_before and self._is_steady:
            self._tracks.go_on(self._sightings.at, now_ms)
            self._sightings.positions = self._crowd.positions.take(self._sightings.persons, axis=0)
        else:
            self._sightings = self._find(awake, now_ms)
        ghosts = self._false.see(awake, self._tracks.number, now_ms)
        sightings = with_ghosts(self._sightings, ghosts)
        signs = self._signs.taken(sightings, self._tracks, ghosts, now_ms) if self._signs is not None else {}
        return self._lines.write(sightings, awake, signs, now_ms)

    def tell(self) -> None:
        """Tell of the tracks that are going on as they are so far."""
        self._tracks.tell()

    @property
    def false_tracks(self) -> tuple[TrueFalseTrack, ...]:
        """The tracks of nobody so far."""
        return self._false.truth()

    def _find(self, awake: Flags, now_ms: int) -> Sightings:
        """Return who is found, and take note of it."""
        shares = self._shares()
        at = np.flatnonzero((shares >= FOUND_SHARE) & awake[:, None])
        if self._noise.missed_detections:
            at = at[self._random[_DETECTIONS].random(len(at)) >= self._noise.missed_detections]
        self._tracks.see(at, self._crowd.positions, now_ms)
        cameras, persons = np.divmod(at, max(1, len(self._crowd.people)))
        numbers = self._tracks.numbers.take(at)
        places = order(cameras, numbers)
        at, persons = at[places], persons[places]
        return Sightings(
            at,
            cameras[places],
            numbers[places],
            self._tracks.names.take(at),
            persons,
            self._crowd.positions.take(persons, axis=0),
            shares.take(at),
        )

    def _take_in(self, people: People, now_ms: int) -> bool:
        """Take note of where everyone is now. Return whether the same people are in the same views as before."""
        crowd = self._crowd
        before = crowd.update(people)
        if before is not None:
            self._tracks.follow(crowd, before)
            self._in_view = carried(self._in_view, before, fill=False)
            if self._sight is not None:
                self._sight.follow(before)
            if self._signs is not None:
                self._signs.follow(crowd, before, now_ms)
            self._seen_by = [self._seen_by[index] if index >= 0 else () for index in before.tolist()]
        self._others_left = before is not None
        is_as_before = before is None
        areas_at = self._views.areas_at
        for person in crowd.movers:
            seen_by, was_seen_by = areas_at(crowd.places[person]), self._seen_by[person]
            if seen_by != was_seen_by and set(seen_by) != set(was_seen_by):
                self._seen_by[person], is_as_before = seen_by, False
                self._in_view[:, person] = False
                self._in_view[seen_by, person] = True
        return is_as_before

    def _shares(self) -> Floats:
        """Return which share of everyone each camera sees now, shape (C, P)."""
        if self._sight is None:
            return self._in_view.astype(np.float64)
        return self._sight.shares(self._crowd, self._in_view, others_left=self._others_left)

    def _awake(self, down: frozenset[str | None]) -> Flags:
        if not (down or self._down or self._noise.missed_ticks):
            return self._all_awake
        awake = self._all_awake.copy()
        if down or self._down:
            for camera, name in enumerate(self._ids):
                awake[camera] = name not in down
                if name in down and name not in self._down:
                    self._tracks.lose(camera)
                    self._false.lose(camera)
        self._down = down
        if self._noise.missed_ticks:
            awake &= self._random[_TICKS].random(len(self._ids)) >= self._noise.missed_ticks
        return awake


def _has_signatures(scenario: Scenario) -> bool:
    return bool(scenario.noise.signature_sd or scenario.noise.signature_camera_sd)


def _is_steady(noise: Noise, tick_hz: float) -> bool:
    """Return whether the same people in the same views are found again, under the same track ids."""
    by_chance = (noise.missed_ticks, noise.missed_detections, noise.fragments_per_min, noise.switches_per_min)
    return not (any(by_chance) or noise.occlusion) and noise.lost_after_s * _MS_PER_S >= ceil(_MS_PER_S / tick_hz)


class _Signs:
    """Takes appearance signatures of tracks now and then."""

    def __init__(self, seed: int, scenario: Scenario, rng: np.random.Generator) -> None:
        self._seed, self._rng, self._sd = seed, rng, scenario.noise.signature_sd
        self._offsets = camera_offsets(seed, len(scenario.cameras), scenario.noise.signature_camera_sd)
        self._true: Floats = np.zeros((DIMENSIONS, 0))

    def follow(self, crowd: Crowd, before: Indices, now_ms: int) -> None:
        """Take note that others are on the floor than before."""
        self._true = carried(self._true, before, 0.0)
        for person in np.flatnonzero(before < 0).tolist():
            self._true[:, person] = true_signature(self._seed, crowd.people[person], now_ms)

    def taken(
        self, sightings: Sightings, tracks: Tracks, ghosts: list[FalseTrack], now_ms: int
    ) -> dict[int, list[TrackSignature]]:
        """Return the signatures that are due, by camera, in the order of the sightings."""
        cameras, persons = sightings.cameras, sightings.persons
        is_person = persons >= 0
        due_ms = np.empty(len(cameras), dtype=np.int64)
        due_ms[is_person] = tracks.due_ms[cameras[is_person], persons[is_person]]
        due_ms[~is_person] = [ghosts[person].due_ms for person in persons[~is_person].tolist()]
        due = np.flatnonzero((due_ms <= now_ms) & (sightings.shares >= CLEAR_SHARE))
        if not len(due):
            return {}
        true = np.empty((len(due), DIMENSIONS))
        for row, place in enumerate(due.tolist()):
            person = int(persons[place])
            if person >= 0:
                tracks.due_ms[cameras[place], person] = now_ms + EVERY_MS
                true[row] = self._true[:, person]
            else:
                true[row] = self._look_of(ghosts[person], now_ms)
        samples = quantized(sampled(true, self._offsets[cameras[due]], self._sd, self._rng))
        signs: dict[int, list[TrackSignature]] = {}
        for place, sample in zip(due.tolist(), samples, strict=True):
            sign = TrackSignature(str(sightings.names[place]), sample.tobytes())
            signs.setdefault(int(cameras[place]), []).append(sign)
        return signs

    def _look_of(self, ghost: FalseTrack, now_ms: int) -> Floats:
        ghost.due_ms = now_ms + EVERY_MS
        if ghost.look is None:
            ghost.look = anybody(self._rng)
        return ghost.look
