"""Constant-velocity Kalman filters of many boxes at once. Pure.

A box is (centre x, centre y, width, height) in pixels. Its four numbers move independently, so the
filter of one box is four filters of a place and a speed, and all of them are arrays of shape
(N, 4). Noise is in proportion to the box's height, as people far away move fewer pixels, and to
time, so that the frame rate does not matter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# In box heights: a person is some 1.7 m tall, walks 1.4 m/s and turns within half a second.
_MEASUREMENT_STD = 0.05
_START_SPEED_STD_PER_S = 1.0
_ACCELERATION_STD_PER_S2 = 1.5
_SIZE_ACCELERATION_SHARE = 0.3  # boxes change their size less than their place


@dataclass(frozen=True, slots=True)
class Motion:
    """Places, speeds per second, and their covariances, each of shape (N, 4)."""

    place: Array
    speed: Array
    place_variance: Array
    covariance: Array
    speed_variance: Array


def start(boxes_cxcywh_px: Array) -> Motion:
    """Return filters of boxes seen for the first time, shape (N, 4)."""
    height_px = boxes_cxcywh_px[:, 3:4]
    variance = np.broadcast_to((_MEASUREMENT_STD * height_px) ** 2, boxes_cxcywh_px.shape)
    speed_variance = np.broadcast_to((_START_SPEED_STD_PER_S * height_px) ** 2, boxes_cxcywh_px.shape)
    zero = np.zeros_like(boxes_cxcywh_px)
    return Motion(boxes_cxcywh_px, zero, variance.copy(), zero, speed_variance.copy())


def predict(motion: Motion, elapsed_s: float) -> Motion:
    """Return the filters some seconds later, nothing seen meanwhile."""
    height_px = np.maximum(motion.place[:, 3:4], 1.0)
    shares = np.array([1.0, 1.0, _SIZE_ACCELERATION_SHARE, _SIZE_ACCELERATION_SHARE])
    acceleration = (_ACCELERATION_STD_PER_S2 * height_px * shares) ** 2
    t = elapsed_s
    return Motion(
        place=motion.place + motion.speed * t,
        speed=motion.speed,
        place_variance=motion.place_variance
        + 2 * t * motion.covariance
        + t**2 * motion.speed_variance
        + acceleration * t**4 / 4,
        covariance=motion.covariance + t * motion.speed_variance + acceleration * t**3 / 2,
        speed_variance=motion.speed_variance + acceleration * t**2,
    )


def update(motion: Motion, boxes_cxcywh_px: Array) -> Motion:
    """Return the filters after each box was measured, shape (N, 4)."""
    noise = (_MEASUREMENT_STD * boxes_cxcywh_px[:, 3:4]) ** 2
    innovation = boxes_cxcywh_px - motion.place
    place_gain = motion.place_variance / (motion.place_variance + noise)
    speed_gain = motion.covariance / (motion.place_variance + noise)
    return Motion(
        place=motion.place + place_gain * innovation,
        speed=motion.speed + speed_gain * innovation,
        place_variance=(1 - place_gain) * motion.place_variance,
        covariance=(1 - place_gain) * motion.covariance,
        speed_variance=motion.speed_variance - speed_gain * motion.covariance,
    )


def select(motion: Motion, rows: NDArray[np.intp]) -> Motion:
    """Return some of the filters, in the order of `rows`."""
    return Motion(
        motion.place[rows],
        motion.speed[rows],
        motion.place_variance[rows],
        motion.covariance[rows],
        motion.speed_variance[rows],
    )


def join(first: Motion, second: Motion) -> Motion:
    """Return the filters of both."""
    return Motion(
        np.vstack([first.place, second.place]),
        np.vstack([first.speed, second.speed]),
        np.vstack([first.place_variance, second.place_variance]),
        np.vstack([first.covariance, second.covariance]),
        np.vstack([first.speed_variance, second.speed_variance]),
    )
