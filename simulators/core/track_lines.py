"""What cameras write of whom they find: where, and how sure they are."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import UNSET, Struct

from simulators.core.crowd import Flags, Floats
from simulators.core.layout import Camera
from simulators.core.lines import TrackLine, TrackPoint, TrackSignature
from simulators.core.sightings import Sightings

_CONFIDENCE = (0.88, 0.98)
_LESS_WHEN_FAR = 0.1
_LESS_WHEN_HIDDEN = 0.5
_POSITION_DECIMALS = 3
_CONFIDENCE_DECIMALS = 2


class _Lasting(Struct, frozen=True):
    """What is the same of some sightings as long as nobody else is found.

    Attributes:
        sightings: Of these.
        ids: Their track ids.
        ends: Where each camera's sightings begin, and where the last one's end.
        lenses: Where the lens hangs that finds each, m, shape (N, 2).
        ranges_m: How far that camera sees, shape (N,).
        less_sure: How much less sure it is because of what hides them, shape (N,).
    """

    sightings: Sightings
    ids: list[str]
    ends: list[int]
    lenses: Floats
    ranges_m: Floats
    less_sure: Floats


class TrackLines:
    """Writes the lines of cameras.

    Args:
        cameras: The cameras, C in all.
        tell_time: What each camera's own clock tells at a true time.
        position_m: Standard deviation of each coordinate that is written, m.
        sure: What confidences are drawn from.
        aside: What the errors of positions are drawn from.
    """

    def __init__(
        self,
        cameras: Sequence[Camera],
        tell_time: Sequence[Callable[[int], int]],
        position_m: float,
        sure: np.random.Generator,
        aside: np.random.Generator,
    ) -> None:
        self._ids, self._tell_time = [camera.id for camera in cameras], tell_time
        self._position_m, self._sure, self._aside = position_m, sure, aside
        self._numbers = np.arange(len(cameras) + 1)
        self._lenses: Floats = np.array([camera.position for camera in cameras], dtype=np.float64)
        self._ranges_m: Floats = np.array([camera.range_m for camera in cameras])
        self._lasting: _Lasting | None = None

    def write(
        self, sightings: Sightings, awake: Flags, signs: Mapping[int, list[TrackSignature]], now_ms: int
    ) -> list[tuple[str, TrackLine]]:
        """Return the id and the line of each camera that delivers one.

        Args:
            sightings: Who is found. Where the same ones are given again, at most their positions have changed.
            awake: Which cameras deliver a line, shape (C,).
            signs: Appearance signatures, by camera.
            now_ms: The true time.
        """
        lasting = self._lasting
        if lasting is None or lasting.sightings is not sightings:
            lasting = self._lasting = self._look(sightings)
        points, ends = self._points(sightings.positions, lasting), lasting.ends
        lines = []
        for camera in awake.nonzero()[0].tolist():
            seen = tuple(points[ends[camera] : ends[camera + 1]])
            looks = tuple(signs[camera]) if camera in signs else UNSET
            lines.append((self._ids[camera], TrackLine(self._tell_time[camera](now_ms), seen, looks)))
        return lines

    def _look(self, sightings: Sightings) -> _Lasting:
        cameras = sightings.cameras
        return _Lasting(
            sightings,
            sightings.names.tolist(),
            cameras.searchsorted(self._numbers).tolist(),
            self._lenses[cameras],
            self._ranges_m[cameras],
            _LESS_WHEN_HIDDEN * (1 - sightings.shares),
        )

    def _points(self, positions: Floats, lasting: _Lasting) -> list[TrackPoint]:
        away = positions - lasting.lenses
        far = np.minimum(np.hypot(away[:, 0], away[:, 1]) / lasting.ranges_m, 1.0)
        confidences = self._sure.uniform(*_CONFIDENCE, size=len(positions))
        confidences -= _LESS_WHEN_FAR * far + lasting.less_sure
        if self._position_m:
            positions = positions + self._aside.normal(0.0, self._position_m, size=positions.shape)
        x_m, y_m = positions.round(_POSITION_DECIMALS).T.tolist()
        rounded = confidences.round(_CONFIDENCE_DECIMALS).tolist()
        return list(map(TrackPoint, lasting.ids, x_m, y_m, rounded))
