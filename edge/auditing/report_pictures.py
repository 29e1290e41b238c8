"""Small pictures of missed and invented crossings, heads hidden, as `data:` addresses for a report."""

from base64 import b64encode
from collections.abc import Sequence

import cv2
import numpy as np

from edge.adapters.hidden_heads import hide_heads
from edge.auditing.footage import FrameReader
from edge.auditing.report import Audited, Report
from edge.camera_rules import pipeline_rules
from edge.ports import Boxes, Detector

PICTURE_WIDTH_PX = 240
_QUALITY = 70
_LINE_BGR = (0, 220, 255)
MOST_PICTURES = 60


def crossing_pictures(
    report: Report, audited: Sequence[Audited], detectors: Sequence[Detector]
) -> dict[tuple[int, int], str]:
    """Return pictures by recording and frame, of the first `MOST_PICTURES` mistakes.

    Args:
        report: Says which frames.
        audited: Its recordings.
        detectors: For each recording one that gives very doubtful people too: all heads are hidden.
    """
    wanted = sorted({(each.recording, each.frame) for each in (*report.missed, *report.invented)})[:MOST_PICTURES]
    found = {}
    for index, each in enumerate(audited):
        frames = [frame for recording, frame in wanted if recording == index]
        if not frames:
            continue
        reader = FrameReader(each.video, each.config)
        try:
            for frame in frames:
                found[index, frame] = _picture(reader, frame, each, detectors[index])
        finally:
            reader.close()
    return found


def _picture(reader: FrameReader, frame: int, audited: Audited, detector: Detector) -> str:
    image = reader.read(frame)
    boxes: Boxes = detector.detect(image)[0]
    hidden = hide_heads(image, boxes)
    if audited.config.camera.plane == "image":
        for wire in pipeline_rules(audited.config).tripwires:
            points = np.rint(np.array(wire.points)).astype(np.int32)
            cv2.polylines(hidden, [points], isClosed=False, color=_LINE_BGR, thickness=2, lineType=cv2.LINE_AA)
    height_px, width_px = hidden.shape[:2]
    size = (PICTURE_WIDTH_PX, max(1, round(height_px * PICTURE_WIDTH_PX / width_px)))
    small = cv2.resize(hidden, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f"data:image/jpeg;base64,{b64encode(np.asarray(encoded).tobytes()).decode('ascii')}"
