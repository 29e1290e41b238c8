"""Whether somebody wears the uniform, by the colours of the clothes on the upper body. Pure.

A model is a few mean looks of the uniform, enrolled in this camera's own colours. A track's likeness to it is compared
with that of the enrolled views and with that of everybody else whom this camera has seen: the logarithm of the ratio of
two normal densities. What others look like is learned while the camera runs, from the least alike quarter of many
tracks: nobody knows which of them are staff's, and before a desk half of them may be. A look is a histogram of colours:
nothing of it can be turned back into a picture, and none leaves the device.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from math import log

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from edge.core.appearance import LOOK_SIZE, STRIPES

Array = NDArray[np.float64]

_BINS = LOOK_SIZE // STRIPES
_UPPER = slice(1 * _BINS, 4 * _BINS)  # The second to the fourth of eight stripes: shoulders to waist.
UNIFORM_SIZE = 3 * _BINS
_LEAST_SD = 0.04
_LOW, _QUARTER = 0.05, 0.25
_LOW_SD, _QUARTER_SD = -1.6449, -0.6745  # Where these quantiles of a normal distribution lie, in standard deviations.
_ROUNDS = 20
_FOLDS = 10


class UniformModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the uniform looks like to one camera.

    Attributes:
        looks: Mean looks of the upper body, rows of length 1, shape (K, UNIFORM_SIZE).
        mean: Mean likeness of a view in the uniform to the nearest of them, 0 to 1, each view left out in turn.
        sd: Its standard deviation.
        views: How many views were enrolled.
    """

    looks: tuple[tuple[float, ...], ...]
    mean: float
    sd: float
    views: int


class UniformRules(msgspec.Struct, frozen=True, kw_only=True):
    """When clothes say something.

    Attributes:
        least_views: Views of a track before they do.
        view_gap_s: Time between two views, so that they differ.
        least_tracks: Others that must have been seen before.
        most_tracks: The latest so many others are remembered.
        least: The most that clothes may say against staff, below 0: one in five wears something over the uniform.
        most: The most that they may say for it.
    """

    least_views: int = 3
    view_gap_s: float = 0.5
    least_tracks: int = 20
    most_tracks: int = 500
    least: float = -1.5
    most: float = 4.5


class Likeness(msgspec.Struct, frozen=True):
    """How alike a track's clothes are to the uniform: the sum over its views, how many, and when the last one was."""

    total: float
    views: int
    viewed_ms: int

    @property
    def mean(self) -> float:
        """Return the mean likeness, 0 to 1."""
        return self.total / self.views


class UniformState(msgspec.Struct, frozen=True):
    """Live tracks by number, and the likeness of the latest tracks that ended."""

    tracks: Mapping[int, Likeness] = msgspec.field(default_factory=dict)
    others: tuple[float, ...] = ()


def upper_body(looks: Array) -> Array:
    """Return the part of looks that shows the upper body, rows of length 1.

    Args:
        looks: From `appearance.colour_stripes`, shape (N, LOOK_SIZE).

    Returns:
        Shape (N, UNIFORM_SIZE).
    """
    part = looks[:, _UPPER]
    scaled: Array = part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-12)
    return scaled


def enrol(views: Array, kinds: int = 2) -> UniformModel:
    """Return the model of a uniform: k-means on the sphere (Dhillon and Modha, Machine Learning 42, 2001).

    How alike views in the uniform are is found by cross-validation (Stone, JRSS B 36, 1974): each view is compared with
    looks found without it. Views are more alike to looks found from themselves than anybody's later ones will be.

    Args:
        views: Upper bodies in the uniform, rows of length 1, shape (N, UNIFORM_SIZE).
        kinds: How many mean looks at most, as of front and back.

    Raises:
        ValueError: There are no views.
    """
    if not len(views):
        msg = "a uniform needs at least one view of somebody who wears it, got none"
        raise ValueError(msg)
    centres = _mean_looks(views, kinds)
    alike = _left_out(views, kinds) if len(views) > 1 else _nearest(centres, views)
    return UniformModel(
        looks=tuple(tuple(round(float(value), 4) for value in row) for row in centres),
        mean=round(float(alike.mean()), 4),
        sd=round(float(alike.std()), 4),
        views=len(views),
    )


def _mean_looks(views: Array, kinds: int) -> Array:
    """Return the mean looks of views, rows of length 1, shape (K, UNIFORM_SIZE)."""
    centres = views[:1]
    while len(centres) < min(kinds, len(views)):  # The view that is least like those chosen so far is the next.
        centres = np.vstack([centres, views[np.argmin((views @ centres.T).max(axis=1))]])
    for _ in range(_ROUNDS):
        nearest = np.argmax(views @ centres.T, axis=1)
        sums = np.array([views[nearest == kind].sum(axis=0) for kind in range(len(centres))])
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centres)
    return centres


def _left_out(views: Array, kinds: int) -> Array:
    """Return how alike each view is to looks found without the tenth of views that it is in, shape (N,)."""
    alike = np.empty(len(views))
    folds = np.arange(len(views)) % _FOLDS
    for fold in np.unique(folds):
        is_out = folds == fold
        alike[is_out] = _nearest(_mean_looks(views[~is_out], kinds), views[is_out])
    return alike


def _nearest(centres: Array, views: Array) -> Array:
    """Return how alike views are to the nearest of some looks, shape (N,)."""
    alike: Array = (views @ centres.T).max(axis=1)
    return alike


def likeness(model: UniformModel, views: Array) -> Array:
    """Return how alike views are to the uniform, 0 to 1, shape (N,)."""
    return _nearest(np.array(model.looks), views)


def due(rules: UniformRules, state: UniformState, track: int, now_ms: int) -> bool:
    """Tell whether another view of a track would say something new."""
    known = state.tracks.get(track)
    return known is None or now_ms - known.viewed_ms >= rules.view_gap_s * 1000


def see(
    rules: UniformRules, state: UniformState, seen: Iterable[tuple[int, float]], alive: Sequence[int], now_ms: int
) -> UniformState:
    """Return the state after a frame.

    Args:
        rules: When clothes say something.
        state: Before.
        seen: Numbers of tracks of which a good view was due, and how alike each one is.
        alive: Numbers of all tracks that go on.
        now_ms: The frame's time.
    """
    tracks = dict(state.tracks)
    for number, alike in seen:
        before = tracks.get(number, Likeness(0.0, 0, now_ms))
        tracks[number] = Likeness(before.total + alike, before.views + 1, now_ms)
    gone = [number for number in tracks if number not in alive]
    ended = [tracks.pop(number) for number in gone]
    known = [each.mean for each in ended if each.views >= rules.least_views]
    if not known:
        return replace(state, tracks=tracks)
    return UniformState(tracks, tuple(deque((*state.others, *known), maxlen=rules.most_tracks)))


def log_odds(rules: UniformRules, state: UniformState, model: UniformModel, track: int) -> float | None:
    """Return what a track's clothes say of staff; None where too little was seen of it or of others.

    It never falls as the clothes are more alike to the uniform.
    """
    known = state.tracks.get(track)
    if known is None or known.views < rules.least_views or len(state.others) < rules.least_tracks:
        return None
    return compare(rules, model, state.others, known.mean)


def compare(rules: UniformRules, model: UniformModel, others: Sequence[float], alike: float) -> float:
    """Return what a mean likeness says of staff, given the model and how alike others were: log-odds."""
    low, quarter = (float(each) for each in np.quantile(others, (_LOW, _QUARTER)))
    spread = max(_LEAST_SD, (quarter - low) / (_QUARTER_SD - _LOW_SD))
    middle = quarter - _QUARTER_SD * spread
    if middle >= model.mean:
        return 0.0  # Here everybody looks so: it tells nobody apart.
    uniform_sd = max(_LEAST_SD, model.sd)
    place = min(model.mean, max(middle, alike))
    ratio = (place - middle) ** 2 / spread**2 / 2 - (place - model.mean) ** 2 / uniform_sd**2 / 2
    return min(rules.most, max(rules.least, ratio + log(spread / uniform_sd)))
