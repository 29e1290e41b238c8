"""What is known of a terminal: where its users stand, and how wrong its clock goes. Pure.

Nobody surveys terminals, so both are learned from the store's own touches: whoever made them stood at one place at
the times that the terminal's clock tells, less one offset, and left it soon after (`leaving`). Touches with one person
near the terminal tell most; the others are weighed by how well each person near fits (expectation maximization:
Dempster, Laird and Rubin 1977, Journal of the Royal Statistical Society B 39(1)).
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from cloud.linking.evidence import NOWHERE_M, SLACK_MS, Motion, Point
from cloud.linking.leaving import LOOK_AHEAD_S, Leaving, leaves_after_s, leaving_ratio

Array = NDArray[np.float64]

LONGEST_OFFSET_MS = 30_000
_STEP_MS = 250
_LATER = LOOK_AHEAD_S * 1000 // _STEP_MS
_DRIFTS_PPM = tuple(range(-100, 101, 10))
_MS_PER_DAY = 86_400_000
_ROUNDS = 4
_NULL = 0.05
_CROWD_PER_M2 = 0.3
_COMPARED_SPREAD_M = 0.3
_SPREADS_M = (0.1, 0.6)
_PLACE_GRID_M = 0.25
_MOST_PLACES = 6
_FAR_M = 4.0
_USUAL_OFFSET_MS = 5000.0
_USUAL_MEASURED_OFFSET_MS = 500.0
_OWN_CLOCK = 0.1
"""Share of terminals whose software dates what it tells by another clock than the one that was measured."""
MEASURED_SIGMA_MS = 1000.0
"""Of a terminal of which nothing is known but what was measured of its clock."""
_TEMPER = 0.5
_FLAT = 1e-12


class Terminal(Struct, frozen=True, kw_only=True):
    """What is known of a terminal over some time.

    Attributes:
        place_m: Where its users stand; None: not known.
        spread_m: Standard deviation of where they stand, per axis.
        since_ms: The clock's time from which drift counts.
        offset_ms: How far its clock is ahead of the cameras' at `since_ms`, beyond what the gateway measured of it.
        drift_ppm: How much it goes ahead, in millionths.
        sigma_ms: Standard deviation of the offset.
        touches: How many touches told it.
    """

    place_m: Point | None = None
    spread_m: float = 0.25
    since_ms: int = 0
    offset_ms: float = 0.0
    drift_ppm: float = 0.0
    sigma_ms: float = 5000.0
    touches: int = 0

    def true_ms(self, device_ms: int) -> float:
        """Return when something happened that the terminal's clock, as far as it was measured, dates so."""
        return device_ms - self.offset_ms - self.drift_ppm * 1e-6 * (device_ms - self.since_ms)


class Near(Struct, frozen=True):
    """A touch and whoever was near enough to have made it, whatever the clock's offset.

    Attributes:
        t_ms: When, as the terminal's clock tells it.
        motions: Where those visits were.
        in_zone_ms: When each of them was in the terminal's zone, from and to: whoever stands in line behind it is at
            one place too, but not there. Without any, whoever is near counts at all times.
        usual_s: After how long who made such a touch has left, the median.
    """

    t_ms: int
    motions: tuple[Motion, ...]
    in_zone_ms: tuple[tuple[tuple[int, int], ...], ...] = ()
    usual_s: float = Leaving().receipt_s


def learn(
    touches: Sequence[Near],
    places: Sequence[Point],
    most_offset_ms: int = LONGEST_OFFSET_MS,
    *,
    is_measured: bool = False,
) -> Terminal:
    """Return what touches tell of their terminal.

    Args:
        touches: All of one terminal, of a few days at most.
        places: Where its users may stand, such as `standing_places` or the one place that is known.
        most_offset_ms: The clock is wrong by at most this much.
        is_measured: The touches' times are put right by what the gateway measured of the clock: little is left to
            learn, but for a till whose software has a clock of its own. What was measured is not put in doubt by how
            soon people leave, for stores differ in that.
    """
    usable = [touch for touch in touches if touch.motions]
    if not usable or not places:
        return Terminal(touches=len(usable))
    offsets_ms = np.arange(-most_offset_ms, most_offset_ms + 1, _STEP_MS, dtype=np.float64)
    since_ms = usable[0].t_ms
    around = [_positions(touch, np.concatenate([_later(offsets_ms), offsets_ms])) for touch in usable]
    seen = [positions[:, _LATER:] for positions in around]
    ages_ms = np.array([touch.t_ms - since_ms for touch in usable], dtype=np.float64)
    prior = _prior(offsets_ms, is_measured=is_measured)
    fitted = []
    for start in places:
        weights = [np.ones(1)] * len(usable) if is_measured else _leaving(usable, around, start)
        fitted.append(_fit(seen, weights, ages_ms, prior, np.array(start)))
    _, place, spread_m, drift_ppm, by_offset = max(fitted, key=lambda fit: fit[0])
    share = np.exp(by_offset - by_offset.max())
    share /= share.sum()
    mean_ms = float(share @ offsets_ms)
    sigma_ms = float(np.sqrt(share @ (offsets_ms - mean_ms) ** 2 + _STEP_MS**2 / 12))
    x_m, y_m = place.tolist()
    return Terminal(
        place_m=(round(x_m, 2), round(y_m, 2)),
        spread_m=round(spread_m, 2),
        since_ms=since_ms,
        offset_ms=round(mean_ms / 50) * 50.0,
        drift_ppm=drift_ppm,
        sigma_ms=max(_STEP_MS / 2, round(sigma_ms / 50) * 50.0),
        touches=len(usable),
    )


def _prior(offsets_ms: Array, *, is_measured: bool) -> Array:
    """Return the log of how probable each offset is before any touch is looked at, but for a constant."""
    unmeasured: Array = -np.abs(offsets_ms) / _USUAL_OFFSET_MS - np.log(_USUAL_OFFSET_MS)
    if not is_measured:
        return unmeasured
    measured = -np.abs(offsets_ms) / _USUAL_MEASURED_OFFSET_MS - np.log(_USUAL_MEASURED_OFFSET_MS)
    either: Array = np.logaddexp(np.log(1 - _OWN_CLOCK) + measured, np.log(_OWN_CLOCK) + unmeasured)
    return either


def standing_places(motions: Sequence[Motion], from_to_ms: Sequence[tuple[int, int]]) -> list[Point]:
    """Return where visits stood longest during their stays at a terminal, the longest first, `_MOST_PLACES` at most.

    Args:
        motions: Where the visits were.
        from_to_ms: The stay of each.
    """
    dwell: dict[tuple[int, int], float] = {}
    for motion, (from_ms, to_ms) in zip(motions, from_to_ms, strict=True):
        for x_m, y_m in motion.positions(np.arange(from_ms, to_ms, 1000.0)).tolist():
            cell = (round(x_m / _PLACE_GRID_M), round(y_m / _PLACE_GRID_M))
            dwell[cell] = dwell.get(cell, 0.0) + 1
    peaks = [cell for cell in dwell if dwell[cell] >= max(dwell.get(near, 0.0) for near in _around(cell))]
    best = sorted(peaks, key=lambda cell: (-dwell[cell], cell))[:_MOST_PLACES]
    return [(x * _PLACE_GRID_M, y * _PLACE_GRID_M) for x, y in best]


def _around(cell: tuple[int, int]) -> list[tuple[int, int]]:
    return [(cell[0] + dx, cell[1] + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]


def _positions(touch: Near, offsets_ms: Array) -> Array:
    """Return where each visit was for each offset, shape (visits, offsets, 2); far away where it was not there."""
    times_ms = touch.t_ms - offsets_ms
    positions = np.stack([motion.positions(times_ms) for motion in touch.motions])
    for found, spans in zip(positions, touch.in_zone_ms, strict=False):
        inside = [(times_ms >= from_ms - SLACK_MS) & (times_ms <= to_ms + SLACK_MS) for from_ms, to_ms in spans]
        found[~np.any(inside, axis=0)] = NOWHERE_M
    return positions


def _later(offsets_ms: Array) -> Array:
    """Return offsets before the least one: the times after the latest one that is asked of, to see who leaves."""
    later: Array = offsets_ms[0] - _STEP_MS * np.arange(_LATER, 0, -1, dtype=np.float64)
    return later


def _leaving(touches: Sequence[Near], around: list[Array], place: Point) -> list[Array]:
    """Return how much more likely each visit leaves a place so soon if it made the touch, shape (visits, offsets)."""
    return [
        leaving_ratio(leaves_after_s(positions, place, _STEP_MS)[:, _LATER:], touch.usual_s)
        for touch, positions in zip(touches, around, strict=True)
    ]


def _fit(
    seen: list[Array], weights: list[Array], ages_ms: Array, prior: Array, place: Array
) -> tuple[float, Array, float, float, Array]:
    """Return log posterior, place, spread, drift and the log posterior of each offset, of which `prior` is known.

    Places are compared under one spread: else the still stand of a line, and a clock as wrong as the wait is long,
    would explain touches better than the terminal does. Most clocks go nearly right, which tells those two apart.
    The likelihood is tempered, for touches are less independent than it takes them to be.
    """
    spread_m, best = _COMPARED_SPREAD_M, (-np.inf, place, _COMPARED_SPREAD_M, 0.0, np.zeros_like(prior))
    for _ in range(_ROUNDS):
        density = [
            _density(positions, place, _COMPARED_SPREAD_M) * weight
            for positions, weight in zip(seen, weights, strict=True)
        ]
        by_touch = np.stack([np.log(_NULL + each.sum(axis=0)) for each in density])
        drift_ppm, likelihood = _drift(by_touch, ages_ms)
        by_offset = _TEMPER * likelihood + prior
        top = float(by_offset.max())
        if top <= best[0] + _FLAT:
            break
        moved, spread_m = _moved(seen, density, ages_ms, drift_ppm, by_offset)
        best, place = (top, place, spread_m, drift_ppm, by_offset), moved
    return best


def _density(positions: Array, place: Array, spread_m: float) -> Array:
    """Return how much more likely the maker stands there than anybody else, shape (visits, offsets)."""
    away2 = ((positions - place) ** 2).sum(axis=2)
    near = np.exp(-away2 / (2 * spread_m**2)) / (2 * np.pi * spread_m**2)
    return np.asarray((1 - _NULL) * near / _CROWD_PER_M2, dtype=np.float64)


def _drift(by_touch: Array, ages_ms: Array) -> tuple[float, Array]:
    """Return the drift under which all touches agree best, and the log likelihood of each first offset under it."""
    best_ppm, best = 0.0, by_touch.sum(axis=0)
    if len(ages_ms) and ages_ms[-1] - ages_ms[0] < _MS_PER_DAY / 8:
        return best_ppm, best
    for ppm in _DRIFTS_PPM:
        shifts = np.rint(ages_ms * ppm * 1e-6 / _STEP_MS).astype(np.intp)
        columns = np.clip(np.arange(by_touch.shape[1]) + shifts[:, None], 0, by_touch.shape[1] - 1)
        total = np.take_along_axis(by_touch, columns, axis=1).sum(axis=0)
        if total.max() > best.max() + _FLAT:
            best_ppm, best = float(ppm), total
    return best_ppm, best


def _moved(
    seen: list[Array], density: list[Array], ages_ms: Array, drift_ppm: float, by_offset: Array
) -> tuple[Array, float]:
    """Return the place and the spread of those who made the touches, under the best offset."""
    top = int(by_offset.argmax())
    where, weights = [], []
    for positions, each, age_ms in zip(seen, density, ages_ms, strict=True):
        column = min(max(top + round(age_ms * drift_ppm * 1e-6 / _STEP_MS), 0), len(by_offset) - 1)
        shares = each[:, column] / (_NULL + each[:, column].sum())
        where.append(positions[:, column])
        weights.append(shares)
    points, share = np.concatenate(where), np.concatenate(weights)
    total = max(float(share.sum()), _FLAT)
    place = (share[:, None] * points).sum(axis=0) / total
    spread_m = float(np.sqrt((share * ((points - place) ** 2).sum(axis=1)).sum() / total / 2))
    return place, min(max(spread_m, _SPREADS_M[0]), _SPREADS_M[1])
