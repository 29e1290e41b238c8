"""A picture in overlapping tiles, and the boxes found in them as boxes of the picture. Pure.

Small people fill more of a tile than of the picture, so a detector finds them (F. C. Akyon, S. O. Altinuc and
A. Temizel, "Slicing aided hyper inference", ICIP 2022). Whoever stands across a border is found in pieces, which
are put together.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.core.boxes import areas, common_areas, overlaps

Boxes = NDArray[np.float64]  # (N, 4) as (x1, y1, x2, y2) in frame pixels
Scores = NDArray[np.float64]  # (N,)
Tile = tuple[int, int, int, int]  # left, top, right, bottom in frame pixels

OVERLAP = 0.25
"""Of a tile's side: people narrower than this share of a tile are whole in one tile at least."""
_CUT_PX = 0.02  # of a tile's side: a box that ends nearer to an inner border was cut by it
_SAME_SPAN = 0.5
_PIECE_SHARE = 0.7
_SIDES = 4


class Found(msgspec.Struct, frozen=True):
    """What a detector found in one tile, in pixels of the picture."""

    tile: Tile
    boxes: Boxes
    scores: Scores


def tiles_of(frame_wh_px: tuple[int, int], columns: int, rows: int) -> list[Tile]:
    """Return equal tiles that cover a picture and overlap by `OVERLAP`, row by row; one tile is the whole picture."""
    across, down = (_spans(size_px, count) for size_px, count in zip(frame_wh_px, (columns, rows), strict=True))
    return [(left, top, right, bottom) for top, bottom in down for left, right in across]


def merge(found: Sequence[Found], frame_wh_px: tuple[int, int], nms_iou: float) -> tuple[Boxes, Scores]:
    """Return everybody found in any tile once.

    Pieces of one person on both sides of a border become one box. Then each box suppresses those that overlap it more
    than `nms_iou`, whole ones before cut ones and better ones before worse ones; a cut one goes, too, that lies in
    another for the most part.

    Args:
        found: By tile; the whole picture may be one of them.
        frame_wh_px: Width and height of the picture.
        nms_iou: Two boxes that overlap more are one person, 0 to 1.

    Returns:
        Boxes, shape (N, 4), and scores, shape (N,), best first.
    """
    boxes = np.concatenate([np.zeros((0, 4)), *(one.boxes for one in found)])
    scores = np.concatenate([np.zeros(0), *(one.scores for one in found)])
    cuts = np.concatenate([np.zeros((0, _SIDES), dtype=np.bool_), *(_cut_sides(one, frame_wh_px) for one in found)])
    boxes, scores, cuts = _joined(boxes, scores, cuts)
    is_cut: NDArray[np.bool_] = np.asarray(cuts.any(axis=1))
    order = np.lexsort((-scores, is_cut))
    kept = _kept(boxes, is_cut, order, nms_iou)
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    return boxes[kept], scores[kept]


def _spans(size_px: int, count: int) -> list[tuple[int, int]]:
    """Return where tiles begin and end along one side of a picture."""
    length = round(size_px / (count - (count - 1) * OVERLAP))
    starts = [round(place * (size_px - length) / max(1, count - 1)) for place in range(count)]
    return [(start, start + length) for start in starts]


def _cut_sides(found: Found, frame_wh_px: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which sides of boxes lie at a border of the tile that is none of the picture, shape (N, 4)."""
    left, top, right, bottom = found.tile
    width_px, height_px = frame_wh_px
    near = _CUT_PX * np.array([right - left, bottom - top, right - left, bottom - top])
    is_inner = np.array([left > 0, top > 0, right < width_px, bottom < height_px])
    cut: NDArray[np.bool_] = (np.abs(found.boxes - np.array(found.tile)) <= near) & is_inner
    return cut


def _joined(boxes: Boxes, scores: Scores, cuts: NDArray[np.bool_]) -> tuple[Boxes, Scores, NDArray[np.bool_]]:
    """Put pieces together that face each other across a border: side by side first, then one above the other."""
    boxes, scores, cuts = boxes.copy(), scores.copy(), cuts.copy()
    alive = np.ones(len(boxes), dtype=np.bool_)
    for axis in (0, 1):
        for first in np.argsort(-scores, kind="stable").tolist():
            while alive[first] and (second := _facing(first, axis, boxes, cuts, alive)) is not None:
                low, high = np.minimum(boxes[first], boxes[second])[:2], np.maximum(boxes[first], boxes[second])[2:]
                is_before = boxes[first, axis] <= boxes[second, axis]
                boxes[first] = [*low, *high]
                scores[first] = max(scores[first], scores[second])
                cuts[first] = _open_sides((first, second) if is_before else (second, first), axis, cuts)
                alive[second] = False
    return boxes[alive], scores[alive], cuts[alive]


def _facing(first: int, axis: int, boxes: Boxes, cuts: NDArray[np.bool_], alive: NDArray[np.bool_]) -> int | None:
    """Return the piece that goes on where another was cut: cut on the facing side, meeting it, as wide or as high."""
    low, high = axis, axis + 2
    after = boxes[:, low] >= boxes[first, low]
    faces = np.where(after, cuts[first, high] & cuts[:, low], cuts[first, low] & cuts[:, high])
    meets = (boxes[:, low] <= boxes[first, high]) & (boxes[:, high] >= boxes[first, low])
    low, high = 1 - axis, 3 - axis
    common = np.minimum(boxes[:, high], boxes[first, high]) - np.maximum(boxes[:, low], boxes[first, low])
    whole = np.maximum(boxes[:, high], boxes[first, high]) - np.minimum(boxes[:, low], boxes[first, low])
    candidates = alive & faces & meets & (common > _SAME_SPAN * whole)
    candidates[first] = False
    return int(np.flatnonzero(candidates)[0]) if candidates.any() else None


def _open_sides(pieces: tuple[int, int], axis: int, cuts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the sides that are still cut where two pieces were put together: all but those that faced each other."""
    first, second = (cuts[piece].copy() for piece in pieces)
    first[axis + 2] = second[axis] = False
    left: NDArray[np.bool_] = first | second
    return left


def _kept(boxes: Boxes, is_cut: NDArray[np.bool_], order: NDArray[np.intp], nms_iou: float) -> NDArray[np.intp]:
    kept: list[int] = []
    share = overlaps(boxes, boxes)
    inside = common_areas(boxes, boxes) / np.maximum(areas(boxes), np.finfo(float).tiny)[:, None]
    for index in order.tolist():
        is_double = (share[index, kept] > nms_iou).any()
        is_piece = is_cut[index] and (inside[index, kept] > _PIECE_SHARE).any()
        if not (is_double or is_piece):
            kept.append(index)
    return np.array(kept, dtype=np.intp)
