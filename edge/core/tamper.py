"""Whether a camera still shows its shop: a black, a blinding bright or a frozen picture, or none. Pure.

A picture is judged by a thumbnail of grey means. It is frozen when every picture for a while is the
same as the one before, to the last bit. A camera's noise changes bits even in an empty shop at
night; a stream that leaves out what does not change still changes them with each key frame, so the
while must be longer than the time between two of them. A picture that froze before it was encoded
anew cannot be told from an empty shop.
"""

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from contracts.fields import PictureState

_SHAPE_TOLERANCE = 0.01

Thumbnail: TypeAlias = NDArray[np.uint8]  # (rows, columns), mean grey of each cell, 0 to 255


class TamperRules(msgspec.Struct, frozen=True, kw_only=True):
    """When a picture shows nothing.

    Attributes:
        black_below: A picture is black where no cell is brighter, 0 to 255.
        bright_above: A picture is blinding bright where no cell is darker, 0 to 255.
        covered_s: So long it must be black or bright before that is said.
        frozen_s: So long every picture must be the same before that is said; None: it is not looked for.
        good_s: So long it must be good again before that is said.
    """

    black_below: int = 24
    bright_above: int = 240
    covered_s: float = 3.0
    frozen_s: float | None = 30.0
    good_s: float = 0.5


class TamperState(msgspec.Struct, frozen=True):
    """What is said of the picture, what it seems to be, and since when.

    Attributes:
        told: What is said; it changes only after a while.
        seems: What the last picture was.
        since_ms: When it began to be so.
        repeated_since_ms: The first picture of those that were all the same, None: the last one was new.
    """

    told: PictureState = "good"
    seems: PictureState = "good"
    since_ms: int = 0
    repeated_since_ms: int | None = None


def same_shape(one_wh: tuple[int, int], other_wh: tuple[int, int]) -> bool:
    """Tell whether the sides of two pictures have the same ratio, to a hundredth."""
    return abs(one_wh[0] * other_wh[1] / (one_wh[1] * other_wh[0]) - 1) <= _SHAPE_TOLERANCE


def initial_state() -> TamperState:
    """Return the state before the first picture: good until there is a reason to say otherwise."""
    return TamperState()


def look(
    rules: TamperRules, state: TamperState, thumbnail: Thumbnail, now_ms: int, *, is_repeated: bool
) -> TamperState:
    """Take a picture into account.

    Args:
        rules: When a picture shows nothing.
        state: After the picture before.
        thumbnail: Mean grey of each part of the picture, shape (rows, columns).
        now_ms: When it was taken.
        is_repeated: It equals the picture before in every bit.
    """
    repeated_since_ms = None
    if is_repeated:
        repeated_since_ms = now_ms if state.repeated_since_ms is None else state.repeated_since_ms
    seems, since_ms = _seems(rules, thumbnail), now_ms
    if seems == "good" and repeated_since_ms is not None and _lasts(rules.frozen_s, repeated_since_ms, now_ms):
        seems, since_ms = "frozen", repeated_since_ms
    if seems == state.seems:
        since_ms = state.since_ms
    told = seems if _is_sure(rules, state.told, seems, since_ms, now_ms) else state.told
    return TamperState(told, seems, since_ms, repeated_since_ms)


def silence(state: TamperState, now_ms: int) -> TamperState:
    """Take into account that no picture came for so long that the camera is silent, or none that can be used."""
    return state if state.seems == "silent" else TamperState("silent", "silent", now_ms)


def _seems(rules: TamperRules, thumbnail: Thumbnail) -> PictureState:
    if thumbnail.max() <= rules.black_below:
        return "black"
    return "bright" if thumbnail.min() >= rules.bright_above else "good"


def _is_sure(rules: TamperRules, told: PictureState, seems: PictureState, since_ms: int, now_ms: int) -> bool:
    if seems == "frozen" or told == "silent":  # both took their while already
        return True
    return _lasts(rules.good_s if seems == "good" else rules.covered_s, since_ms, now_ms)


def _lasts(wanted_s: float | None, since_ms: int, now_ms: int) -> bool:
    return wanted_s is not None and now_ms - since_ms >= wanted_s * 1000
