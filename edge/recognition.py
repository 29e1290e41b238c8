"""Looks at people: knows those again who come back to one camera, and tells what they look like to whoever asks.

Views stay in this object and die with it. What it tells stays in memory until the day's rotation.
"""

import logging
from collections.abc import Sequence

import numpy as np

from edge.core import gallery, signatures
from edge.core.appearance import sharpness, uncovered
from edge.core.gallery import GalleryRules
from edge.core.gallery_calibration import Calibration
from edge.core.signatures import SignatureRules
from edge.core.tracker import TrackedBox
from edge.ports import Boxes, Encoder, Frame, Signature

logger = logging.getLogger(__name__)


class Recognition:
    """Gives each track the number of its person: its own, or that of who left and came back.

    Args:
        encoder: Tells people apart.
        rules: When somebody is taken for somebody who was here before. With a window of 0 nobody is.
        telling: When a track's looks are told; None: never.
    """

    def __init__(self, encoder: Encoder, rules: GalleryRules, telling: SignatureRules | None = None) -> None:
        self._encoder, self._rules, self._telling = encoder, rules, telling
        self._state = gallery.initial_state()
        self._collected = signatures.nothing_collected()
        self._to_tell: dict[int, Signature] = {}

    def people(
        self, frame: Frame, seen: Sequence[TrackedBox], boxes_xyxy_px: Boxes, alive: Sequence[int]
    ) -> dict[int, int]:
        """Return the person of each track that was seen; of none where nobody is to be known again.

        Args:
            frame: The picture.
            seen: The confirmed tracks seen in it.
            boxes_xyxy_px: The frame's detections, shape (N, 4).
            alive: Numbers of all tracks that still wait for their person.
        """
        numbers = {box.number for box in seen}
        self._state = gallery.see(self._rules, self._state, numbers, set(alive), frame.time_ms)
        self._collected = signatures.keep(self._collected, set(alive))
        self._look(frame, seen, boxes_xyxy_px)
        if self._rules.window_s == 0:
            return {}
        return {number: self._state.present[number].person for number in numbers}

    def take_signatures(self) -> dict[int, Signature]:
        """Return the signatures to tell since the last call, by the number of the track, and forget them."""
        told, self._to_tell = self._to_tell, {}
        return told

    def calibration(self) -> Calibration | None:
        """Return the threshold in force and how often it is expected to be wrong; None where nobody is known again.

        Safe to call from another thread.
        """
        return None if self._rules.window_s == 0 else gallery.calibration(self._rules, self._state)

    def _look(self, frame: Frame, seen: Sequence[TrackedBox], boxes_xyxy_px: Boxes) -> None:
        alone = uncovered(boxes_xyxy_px, self._rules.covered_share)
        good = [
            (box, box.detection)
            for box in seen
            if box.detection is not None and alone[box.detection] and box.score >= self._rules.least_score
        ]
        boxes = boxes_xyxy_px[np.array([detection for _, detection in good], dtype=np.intp)]
        height_px, width_px = frame.image_bgr.shape[:2]
        tracks = [box.number for box, _ in good]
        due = gallery.wanted(self._rules, self._state, tracks, boxes, (width_px, height_px))
        if not due:
            return
        views = self._encoder.encode(frame.image_bgr, boxes[due])
        sharp = sharpness(frame.image_bgr, boxes[due])
        for row, place in enumerate(due):
            number = tracks[place]
            self._collect(number, views[row])
            before = self._state.present[number].person
            quality = good[place][0].score * float(sharp[row])
            self._state, person = gallery.remember(self._rules, self._state, number, views[row], quality)
            if person != before:
                found = gallery.calibration(self._rules, self._state)
                logger.info(
                    "track %d is person %d again: threshold %.2f, %.1f%% of strangers expected to reach it, %d pairs",
                    number,
                    person,
                    found.threshold,
                    100 * found.false_match_rate,
                    found.pairs,
                )

    def _collect(self, number: int, view: Signature) -> None:
        if self._telling is None:
            return
        self._collected, told = signatures.collect(self._telling, self._collected, number, view)
        if told is not None:
            self._to_tell[number] = told
