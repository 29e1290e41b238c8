"""Constant-velocity Kalman filters of many boxes at once. Pure.

A box is (centre x, centre y, width, height) in pixels. Its four numbers move independently, so the
filter of one box is four filters of a place and a speed. All of them live in one array. Noise is in
proportion to the box's height, as people far away move fewer pixels, and to time, so that the frame
rate does not matter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# In box heights: a person is some 1.7 m tall, walks 1.4 m/s and turns within half a second. A box's
# width and height swing with the gait and are measured less exactly than they change.
_MEASUREMENT_STD = np.array([0.05, 0.05, 0.1, 0.1])
_START_SPEED_STD_PER_S = np.array([1.0, 1.0, 0.3, 0.3])
_ACCELERATION_STD_PER_S2 = np.array([1.5, 1.5, 0.15, 0.15])
_SIZE_SPEED_HALVES_IN_S = 0.5
_PLACE, _SPEED, _PLACE_VARIANCE, _COVARIANCE, _SPEED_VARIANCE = range(5)


@dataclass(frozen=True, slots=True)
class Motion:
    """Filters of N boxes.

    Attributes:
        moments: Shape (5, N, 4): places, speeds per second, variances of the places, covariances,
            variances of the speeds.
    """

    moments: Array

    @property
    def place(self) -> Array:
        """Return the boxes, shape (N, 4)."""
        part: Array = self.moments[_PLACE]
        return part

    @property
    def speed(self) -> Array:
        """Return how fast they change, per second, shape (N, 4)."""
        part: Array = self.moments[_SPEED]
        return part

    @property
    def place_variance(self) -> Array:
        """Return how unsure the boxes are, shape (N, 4)."""
        part: Array = self.moments[_PLACE_VARIANCE]
        return part

    @property
    def speed_variance(self) -> Array:
        """Return how unsure the speeds are, shape (N, 4)."""
        part: Array = self.moments[_SPEED_VARIANCE]
        return part


def start(boxes_cxcywh_px: Array) -> Motion:
    """Return filters of boxes seen for the first time, shape (N, 4)."""
    height_px = boxes_cxcywh_px[:, 3:4]
    moments = np.zeros((5, len(boxes_cxcywh_px), 4))
    moments[_PLACE] = boxes_cxcywh_px
    moments[_PLACE_VARIANCE] = (_MEASUREMENT_STD * height_px) ** 2
    moments[_SPEED_VARIANCE] = (_START_SPEED_STD_PER_S * height_px) ** 2
    return Motion(moments)


def predict(motion: Motion, elapsed_s: float) -> Motion:
    """Return the filters some seconds later, nothing seen meanwhile.

    Places go on at their speed; sizes come to rest.
    """
    t = elapsed_s
    place, speed, place_variance, covariance, speed_variance = motion.moments
    acceleration = (_ACCELERATION_STD_PER_S2 * np.maximum(place[:, 3:4], 1.0)) ** 2
    after = np.empty_like(motion.moments)
    after[_PLACE] = place + speed * t
    after[_SPEED] = speed
    after[_SPEED, :, 2:] *= 0.5 ** (t / _SIZE_SPEED_HALVES_IN_S)
    after[_PLACE_VARIANCE] = place_variance + 2 * t * covariance + t**2 * speed_variance + acceleration * (t**4 / 4)
    after[_COVARIANCE] = covariance + t * speed_variance + acceleration * (t**3 / 2)
    after[_SPEED_VARIANCE] = speed_variance + acceleration * t**2
    return Motion(after)


def update(motion: Motion, rows: NDArray[np.intp], boxes_cxcywh_px: Array) -> Motion:
    """Return the filters after some of them were measured.

    Args:
        motion: All filters.
        rows: Which were measured, shape (K,), each once.
        boxes_cxcywh_px: What was measured, shape (K, 4).
    """
    measured = motion.moments.take(rows, axis=1)
    place, _, place_variance, covariance, _ = measured
    noise = (_MEASUREMENT_STD * place[:, 3:4]) ** 2
    gains = measured[_PLACE_VARIANCE : _COVARIANCE + 1] / (place_variance + noise)  # of place and of speed
    changed = np.empty_like(measured)
    changed[:_PLACE_VARIANCE] = measured[:_PLACE_VARIANCE] + gains * (boxes_cxcywh_px - place)
    changed[_PLACE_VARIANCE : _COVARIANCE + 1] = (1 - gains[0]) * measured[_PLACE_VARIANCE : _COVARIANCE + 1]
    changed[_SPEED_VARIANCE] = measured[_SPEED_VARIANCE] - gains[1] * covariance
    after = motion.moments.copy()
    after[:, rows] = changed
    return Motion(after)


def select(motion: Motion, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Motion:
    """Return some of the filters: by number in the order of `rows`, or those that a mask marks."""
    return Motion(motion.moments[:, rows])


def join(first: Motion, second: Motion) -> Motion:
    """Return the filters of both."""
    return Motion(np.concatenate([first.moments, second.moments], axis=1))
