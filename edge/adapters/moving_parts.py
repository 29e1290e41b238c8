"""Finds what moves in a picture and is in nobody's box: perhaps a person whom the detector does not find."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.ports import Boxes, Image

Region = tuple[int, int, int, int]  # x1, y1, x2, y2 in whole pixels

_CELL_PX = 8
_CHANGE = 14.0  # of 255, in the mean brightness of a cell
_RATE = 0.01  # of a frame in the calm picture: who stands still for some ten seconds becomes part of it
_LEAST_CELLS = 10
_AROUND_SHARE = 0.25  # arms, bags and shadows around a box
_ALL_CHANGES_SHARE = 0.6  # the light, not people
_HELD_MS = 1000


class MovingParts:
    """Compares pictures with a calm one that follows them slowly. It keeps cells of brightness, not pictures."""

    def __init__(self) -> None:
        self._calm: NDArray[np.float32] | None = None
        self._held: list[tuple[int, Region]] = []

    def regions(self, image_bgr: Image, boxes_xyxy_px: Boxes, time_ms: int) -> list[Region]:
        """Return where something moves outside of all boxes; the whole picture while nothing is known yet.

        Args:
            image_bgr: Shape (H, W, 3), uint8.
            boxes_xyxy_px: Everybody who was found, shape (N, 4).
            time_ms: When it was taken, Unix milliseconds.
        """
        height_px, width_px = image_bgr.shape[:2]
        size = (max(1, width_px // _CELL_PX), max(1, height_px // _CELL_PX))
        small = cv2.cvtColor(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        cells = np.asarray(small, dtype=np.float32)
        if self._calm is None or self._calm.shape != cells.shape:
            self._calm = cells
            return [(0, 0, width_px, height_px)]
        changed = np.abs(cells - self._calm) > _CHANGE
        if changed.mean() > _ALL_CHANGES_SHARE:
            self._calm = cells
            return [(0, 0, width_px, height_px)]
        self._calm += _RATE * (cells - self._calm)
        scale = width_px / size[0], height_px / size[1]
        self._held = [(until_ms, region) for until_ms, region in self._held if until_ms > time_ms]
        for region in _parts(changed & ~_inside(boxes_xyxy_px, scale, changed.shape), scale):
            self._held.append((time_ms + _HELD_MS, region))
        return [region for _, region in self._held]


def _inside(boxes_xyxy_px: Boxes, scale: tuple[float, float], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the cells in and around boxes, shape (H, W)."""
    covered = np.zeros(shape, dtype=bool)
    for left, top, right, bottom in boxes_xyxy_px.tolist():
        x_px, y_px = _AROUND_SHARE * (right - left), _AROUND_SHARE * (bottom - top)
        x1, x2 = (max(0, round(x / scale[0])) for x in (left - x_px, right + x_px))
        y1, y2 = (max(0, round(y / scale[1])) for y in (top - y_px, bottom + y_px))
        covered[y1:y2, x1:x2] = True
    return covered


def _parts(moves: NDArray[np.bool_], scale: tuple[float, float]) -> list[Region]:
    """Return the frames around cells that move together, in pixels."""
    joined = cv2.dilate(moves.astype(np.uint8), np.ones((3, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    found = []
    for left, top, width, height, cells in np.asarray(stats)[1:].tolist():
        if cells >= _LEAST_CELLS:
            x1, y1 = int(left * scale[0]), int(top * scale[1])
            found.append((x1, y1, int((left + width) * scale[0]), int((top + height) * scale[1])))
    return found
