"""Finds people in tiles of a picture and in the whole of it."""

import numpy as np

from edge.core.tiling import Found, merge, tiles_of
from edge.ports import Boxes, Detector, Image, Scores


class TiledDetector:
    """A detector that looks at overlapping tiles one after the other, and at the whole picture for those who are near.

    Args:
        detector: Looks at each tile and at the whole.
        tiles: Columns and rows.
        nms_iou: Two boxes that overlap more are one person, 0 to 1.
    """

    def __init__(self, detector: Detector, tiles: tuple[int, int], nms_iou: float) -> None:
        self._detector, self._tiles, self._nms_iou = detector, tiles, nms_iou

    def detect(self, image_bgr: Image) -> tuple[Boxes, Scores]:
        """See `Detector.detect`."""
        height_px, width_px = image_bgr.shape[:2]
        found = []
        for left, top, right, bottom in (
            (0, 0, width_px, height_px),
            *tiles_of((width_px, height_px), *self._tiles),
        ):
            boxes, scores = self._detector.detect(image_bgr[top:bottom, left:right])
            found.append(Found((left, top, right, bottom), boxes + np.array([left, top, left, top]), scores))
        return merge(found, (width_px, height_px), self._nms_iou)


def tiled(detector: Detector, tiles: tuple[int, int], nms_iou: float) -> Detector:
    """Return a detector that looks at tiles of the picture, or the detector itself where there is one tile."""
    return detector if tiles == (1, 1) else TiledDetector(detector, tiles, nms_iou)
