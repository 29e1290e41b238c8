"""How soon people leave a terminal after a touch, and what that says of the terminal's clock. Pure.

Where one customer follows another, somebody stands at a till at nearly all times, so a clock that is wrong by the time
from one receipt to the next customer's arrival seems as good as a right one. But who has the receipt leaves soon, and
who has just come does not.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from cloud.linking.evidence import Point

Array = NDArray[np.float64]

LOOK_AHEAD_S = 60
"""Who stays longer has stayed long enough."""
_SIGMA = 0.8
"""Standard deviation of the logarithm: stores and people differ by a factor of two and more."""
_NEAR_M = 1.0
_SHORTEST_S, _LONGEST_S = 0.25, 120.0
_LEAST = 0.05
"""However unusual, so much is left of what the place says."""


class Leaving(Struct, frozen=True, kw_only=True):
    """After how long whoever made a touch has left the terminal, medians."""

    receipt_s: float = 10.0
    scan_s: float = 15.0


def leaves_after_s(positions: Array, place: Point, step_ms: int) -> Array:
    """Return after how long each visit leaves a place, in seconds; as long as is known where it does not.

    Args:
        positions: Where each visit is, shape (visits, times, 2), the latest time first.
        place: The place.
        step_ms: From one time to the next.

    Returns:
        Shape (visits, times); 0 where it is not there.
    """
    is_away = ((positions - np.asarray(place)) ** 2).sum(axis=2) > _NEAR_M**2
    times = np.arange(positions.shape[1])
    left = np.maximum.accumulate(np.where(is_away, times, -1), axis=1)
    return np.asarray((times - left) * step_ms / 1000, dtype=np.float64)


def leaving_ratio(after_s: Array, usual_s: float) -> Array:
    """Return how much more likely whoever made a touch leaves so soon than anybody else there, at least `_LEAST`.

    A maker's time is log-normal; of the others any factor is as likely as any other.

    Args:
        after_s: Times until somebody leaves.
        usual_s: The median after such a touch.
    """
    away = np.log(np.maximum(after_s, _SHORTEST_S) / usual_s) / _SIGMA
    most = np.log(_LONGEST_S / _SHORTEST_S) / (_SIGMA * np.sqrt(2 * np.pi))
    return np.asarray(np.maximum(_LEAST, most * np.exp(-(away**2) / 2)), dtype=np.float64)
