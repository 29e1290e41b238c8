"""Draws what an agent sees over its picture, heads hidden: boxes and numbers, lines, zones."""

from collections.abc import Sequence

import cv2
import numpy as np

from edge.adapters.hidden_heads import head_regions, hide_parts
from edge.adapters.moving_parts import Region
from edge.core.geometry import Point
from edge.core.pipeline import PipelineRules
from edge.core.tracker import TrackedBox
from edge.ports import Boxes, Image

WIDEST_PX = 960
_QUALITY = 75
_LINE_BGR, _ZONE_BGR = (0, 214, 255), (255, 190, 90)
_BOX_BGR, _FORETOLD_BGR, _DOUBTFUL_BGR = (120, 230, 120), (160, 160, 160), (110, 110, 110)
_SHADE_BGR = (40, 40, 40)
_ARROW_PX = 34
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def paint(
    image_bgr: Image,
    told: Sequence[TrackedBox],
    detections_xyxy_px: Boxes,
    recent_xyxy_px: Boxes,
    rules: PipelineRules | None,
    moving: Sequence[Region] = (),
) -> bytes:
    """Return a JPEG of a picture as people may see it.

    Args:
        image_bgr: What the agent sees, masks applied; it stays as it is.
        told: Its tracks, the foretold ones too.
        detections_xyxy_px: Everything that the detector found, doubtful people too, shape (N, 4).
        recent_xyxy_px: Where people were a moment ago: whom the detector loses for a frame stays hidden, shape (M, 4).
        rules: Tripwires and zones, drawn in the picture; None: they are drawn on the floor.
        moving: What moves and may be somebody whom the detector does not find; it is hidden as a whole.
    """
    tracks = np.array([box.box_xyxy_px for box in told], dtype=np.float64).reshape(-1, 4)
    height_px, width_px = image_bgr.shape[:2]
    heads = head_regions(np.concatenate([tracks, detections_xyxy_px, recent_xyxy_px]), (width_px, height_px))
    shown = hide_parts(image_bgr, [*moving, *heads])
    scale = min(1.0, WIDEST_PX / width_px)
    if scale < 1:
        size = (WIDEST_PX, max(1, round(height_px * scale)))
        shown = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if rules is not None:
        _paint_places(shown, rules, scale)
    for box in detections_xyxy_px.tolist():
        _rectangle(shown, box, scale, _DOUBTFUL_BGR, 1)
    for each in told:
        colour = _FORETOLD_BGR if each.is_foretold else _BOX_BGR
        _rectangle(shown, each.box_xyxy_px, scale, colour, 1 if each.is_foretold else 2)
        left, top = each.box_xyxy_px[:2]
        _write(shown, str(each.number), (left * scale, top * scale - 4), colour)
    _, encoded = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return np.asarray(encoded).tobytes()


def _paint_places(shown: Image, rules: PipelineRules, scale: float) -> None:
    for zone in rules.zones:
        _polyline(shown, zone.polygon, scale, _ZONE_BGR, is_closed=True)
        _write(shown, zone.id, (zone.polygon[0][0] * scale + 4, zone.polygon[0][1] * scale + 14), _ZONE_BGR)
    for wire in rules.tripwires:
        _polyline(shown, wire.points, scale, _LINE_BGR, is_closed=False)
        (x1, y1), (x2, y2) = wire.points[(len(wire.points) - 1) // 2 :][:2]
        length = max(1e-6, ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5)
        middle = ((x1 + x2) / 2 * scale, (y1 + y2) / 2 * scale)
        tip = (middle[0] - (y2 - y1) / length * _ARROW_PX, middle[1] + (x2 - x1) / length * _ARROW_PX)
        cv2.arrowedLine(shown, _whole(middle), _whole(tip), _LINE_BGR, 2, cv2.LINE_AA, tipLength=0.35)
        _write(shown, wire.id, (wire.points[0][0] * scale + 4, wire.points[0][1] * scale - 6), _LINE_BGR)


def _polyline(
    shown: Image, points: Sequence[Point], scale: float, colour: tuple[int, int, int], *, is_closed: bool
) -> None:
    drawn = np.rint(np.array(points) * scale).astype(np.int32)
    cv2.polylines(shown, [drawn], is_closed, colour, 2, cv2.LINE_AA)


def _rectangle(shown: Image, box: Sequence[float], scale: float, colour: tuple[int, int, int], thickness: int) -> None:
    left, top, right, bottom = (value * scale for value in box)
    cv2.rectangle(shown, _whole((left, top)), _whole((right, bottom)), colour, thickness, cv2.LINE_AA)


def _write(shown: Image, text: str, place: tuple[float, float], colour: tuple[int, int, int]) -> None:
    height_px, width_px = shown.shape[:2]
    x, y = min(max(2, place[0]), width_px - 12), min(max(14, place[1]), height_px - 4)
    (wide, tall), below = cv2.getTextSize(text, _FONT, 0.5, 1)
    cv2.rectangle(shown, _whole((x - 2, y - tall - 2)), _whole((x + wide + 2, y + below)), _SHADE_BGR, cv2.FILLED)
    cv2.putText(shown, text, _whole((x, y)), _FONT, 0.5, colour, 1, cv2.LINE_AA)


def _whole(point: tuple[float, float]) -> tuple[int, int]:
    return round(point[0]), round(point[1])
