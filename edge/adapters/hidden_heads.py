"""Makes heads and faces in a picture unrecognizable: a few coarse squares, blurred.

Coarser than any face recognition can use: of a face below 16 pixels nothing is left to recognize, and of a head
no more than 6 x 6 mean colours stay here, smoothed.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from edge.ports import Boxes, Image

MOST_BLOCKS = 6
"""A head becomes at most so many squares wide and high."""

_HEAD_SHARE = 0.3  # of a box from its top: head, and shoulders where a person bends
_ABOVE_SHARE = 0.2  # of a box's height: a doubtful box may begin at the neck
_BESIDE_SHARE = 0.25  # of a box's width, on either side
_LEAST_MARGIN_PX = 6.0


def head_regions(boxes_xyxy_px: Boxes, frame_wh_px: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Return where heads may be, as (x1, y1, x2, y2) in whole pixels inside the frame; none is empty.

    Args:
        boxes_xyxy_px: People, doubtful and foretold ones too, shape (N, 4).
        frame_wh_px: Width and height of the picture.
    """
    width_px, height_px = frame_wh_px
    regions = []
    for left, top, right, bottom in boxes_xyxy_px.tolist():
        beside = max(_LEAST_MARGIN_PX, _BESIDE_SHARE * (right - left))
        above = max(_LEAST_MARGIN_PX, _ABOVE_SHARE * (bottom - top))
        x1, x2 = max(0, int(left - beside)), min(width_px, int(right + beside) + 1)
        y1, y2 = max(0, int(top - above)), min(height_px, int(top + _HEAD_SHARE * (bottom - top)) + 1)
        if x1 < x2 and y1 < y2:
            regions.append((x1, y1, x2, y2))
    return regions


def hide_heads(image_bgr: Image, boxes_xyxy_px: Boxes) -> Image:
    """Return a copy of a picture in which nobody in a box can be recognized by the face.

    Args:
        image_bgr: Shape (H, W, 3), uint8; it stays as it is.
        boxes_xyxy_px: People, doubtful and foretold ones too, shape (N, 4).
    """
    height_px, width_px = image_bgr.shape[:2]
    return hide_parts(image_bgr, head_regions(boxes_xyxy_px, (width_px, height_px)))


def hide_parts(image_bgr: Image, regions: Sequence[tuple[int, int, int, int]]) -> Image:
    """Return a copy of a picture in which some parts are `MOST_BLOCKS` squares wide and high at most.

    Args:
        image_bgr: Shape (H, W, 3), uint8; it stays as it is.
        regions: (x1, y1, x2, y2) in whole pixels inside the picture, none empty.
    """
    hidden = image_bgr.copy()
    for x1, y1, x2, y2 in regions:
        part = hidden[y1:y2, x1:x2]
        size = (x2 - x1, y2 - y1)
        blocks = (min(MOST_BLOCKS, size[0]), min(MOST_BLOCKS, size[1]))
        coarse = cv2.resize(
            cv2.resize(part, blocks, interpolation=cv2.INTER_AREA), size, interpolation=cv2.INTER_NEAREST
        )
        spread = max(size) / MOST_BLOCKS / 2
        hidden[y1:y2, x1:x2] = np.asarray(cv2.GaussianBlur(coarse, (0, 0), spread), dtype=np.uint8)
    return hidden
