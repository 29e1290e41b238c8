"""Looks at clothes: scores tracks against an enrolled uniform, and enrols one. Looks stay in memory and die with it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from edge.core import uniform
from edge.core.appearance import colour_stripes, uncovered
from edge.core.tracker import TrackedBox
from edge.core.uniform import UNIFORM_SIZE, UniformModel, UniformRules, UniformState
from edge.errors import ConfigurationError
from edge.ports import Boxes, Frame

_LEAST_SCORE = 0.5
_COVERED_SHARE = 0.1
_MARGIN_PX = 3.0
_GAP_MS = 500


def load_uniform(path: Path) -> UniformModel:
    """Return the model of a uniform that `shopthread edge staff-uniform` wrote.

    Raises:
        ConfigurationError: The file cannot be read, or is none.
    """
    remedy = "make it with: shopthread edge staff-uniform VIDEO --config FILE --out FILE"
    try:
        model = msgspec.json.decode(path.read_bytes(), type=UniformModel)
    except OSError as error:
        msg = f"staff.uniform_file: cannot read {path}: {error.strerror}; {remedy}"
        raise ConfigurationError(msg) from error
    except msgspec.MsgspecError as error:
        msg = f"staff.uniform_file: {path} is no model of a uniform: {error}; {remedy}"
        raise ConfigurationError(msg) from error
    if not model.looks or any(len(look) != UNIFORM_SIZE for look in model.looks):
        msg = f"staff.uniform_file: {path} has looks of another size than {UNIFORM_SIZE}; {remedy}"
        raise ConfigurationError(msg)
    return model


class UniformWatch:
    """Says of each track what its clothes say of staff.

    Args:
        model: What the uniform looks like to this camera.
        rules: When clothes say something.
    """

    def __init__(self, model: UniformModel, rules: UniformRules | None = None) -> None:
        self._model, self._rules = model, rules or UniformRules()
        self._state = UniformState()

    def log_odds(
        self, frame: Frame, seen: Sequence[TrackedBox], boxes_xyxy_px: Boxes, looks: Boxes, alive: Sequence[int]
    ) -> Mapping[int, float]:
        """Return what is known of the tracks that were seen, by number.

        Args:
            frame: The picture.
            seen: The confirmed tracks seen in it.
            boxes_xyxy_px: The frame's detections, shape (N, 4).
            looks: Their colours, shape (N, `appearance.LOOK_SIZE`).
            alive: Numbers of all tracks that go on.
        """
        good = _good_views(frame, seen, boxes_xyxy_px)
        due = [box for box in good if uniform.due(self._rules, self._state, box.number, frame.time_ms)]
        rows = np.array([box.detection for box in due], dtype=np.intp)
        alike = uniform.likeness(self._model, uniform.upper_body(looks[rows])).tolist() if due else []
        views = [(box.number, likeness) for box, likeness in zip(due, alike, strict=True)]
        self._state = uniform.see(self._rules, self._state, views, alive, frame.time_ms)
        said = {box.number: uniform.log_odds(self._rules, self._state, self._model, box.number) for box in seen}
        return {number: each for number, each in said.items() if each is not None}


def _good_views(frame: Frame, seen: Sequence[TrackedBox], boxes_xyxy_px: Boxes) -> list[TrackedBox]:
    """Return who is seen well: sure, whole in the picture, and with nobody in front."""
    alone = uncovered(boxes_xyxy_px, _COVERED_SHARE)
    height_px, width_px = frame.image_bgr.shape[:2]
    inner = np.array([width_px, height_px]) - _MARGIN_PX
    whole = np.all(boxes_xyxy_px[:, :2] >= _MARGIN_PX, axis=1) & np.all(boxes_xyxy_px[:, 2:] <= inner, axis=1)
    good = alone & whole
    return [box for box in seen if box.detection is not None and box.score >= _LEAST_SCORE and good[box.detection]]


class UniformViews:
    """Keeps what the upper bodies of tracks in a recording look like, for an operator to enrol some of them."""

    def __init__(self) -> None:
        self._views: dict[int, list[Boxes]] = {}
        self._viewed_ms: dict[int, int] = {}

    def look(self, frame: Frame, told: Sequence[TrackedBox]) -> None:
        """Take a frame and its tracks in."""
        seen = [box for box in told if not box.is_foretold]
        boxes = np.array([box.box_xyxy_px for box in seen], dtype=np.float64).reshape(-1, 4)
        placed = [TrackedBox(box.number, box.box_xyxy_px, box.score, detection=row) for row, box in enumerate(seen)]
        for box in _good_views(frame, placed, boxes):
            if frame.time_ms - self._viewed_ms.get(box.number, -_GAP_MS) >= _GAP_MS:
                self._viewed_ms[box.number] = frame.time_ms
                look = uniform.upper_body(colour_stripes(frame.image_bgr, np.array([box.box_xyxy_px])))
                self._views.setdefault(box.number, []).append(look[0])

    def counts(self) -> dict[int, int]:
        """Return how many good views there are of each track, by number."""
        return {number: len(views) for number, views in sorted(self._views.items())}

    def enrol(self, tracks: Sequence[int]) -> UniformModel:
        """Return the model of what some tracks wear.

        Raises:
            ConfigurationError: There is no good view of one of them, or none is named.
        """
        missing = [number for number in tracks if number not in self._views]
        if missing or not tracks:
            known = ", ".join(f"{number} ({count} views)" for number, count in self.counts().items()) or "none"
            what = f"no good view of track {missing[0]}" if missing else "no track is in a staff zone"
            msg = f"{what}; name some with --track; tracks that are seen well: {known}"
            raise ConfigurationError(msg)
        return uniform.enrol(np.array([view for number in tracks for view in self._views[number]]))
