"""Hand-written cameras, detectors, sinks and clocks for tests."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from contracts.events import EventDraft
from contracts.privacy import UplinkPayload
from edge.adapters.camera import CameraClock
from edge.ports import Boxes, Drafts, Frame, Image, Scores, Signatures, Silence, Stopped

if TYPE_CHECKING:
    from numpy.typing import NDArray

Place = tuple[int, int]  # left, top
_PERSON_WH_PX = (20, 50)
_BRIGHT = 200


def picture(places: Sequence[Place], wh_px: tuple[int, int] = (320, 240)) -> Image:
    """Return a black picture with a white upright rectangle for each person."""
    image = np.zeros((wh_px[1], wh_px[0], 3), np.uint8)
    for left, top in places:
        image[top : top + _PERSON_WH_PX[1], left : left + _PERSON_WH_PX[0]] = 255
    return image


class FakeCamera:
    """Gives prepared pictures ten times a second."""

    def __init__(self, pictures: Sequence[Image], start_ms: int = 1_772_442_000_000) -> None:
        self.name = "fake"
        self._pictures, self._start_ms = pictures, start_ms

    def frames(self, stopped: Stopped) -> Iterator[Frame]:
        for index, image in enumerate(self._pictures):
            if stopped():
                return
            yield Frame(image, self._start_ms + 100 * index, index)


class BrightDetector:
    """Finds white rectangles that do not share a column of the picture."""

    def detect(self, image_bgr: Image) -> tuple[Boxes, Scores]:
        bright: NDArray[np.bool_] = (image_bgr > _BRIGHT).all(axis=2)  # type: ignore[assignment]
        columns = np.flatnonzero(np.diff(np.concatenate([[0], bright.any(axis=0), [0]])))
        boxes = []
        for left, right in columns.reshape(-1, 2).tolist():
            rows = np.flatnonzero(bright[:, left:right].any(axis=1))
            boxes.append([left, rows[0], right, rows[-1] + 1])
        return np.array(boxes, float).reshape(-1, 4), np.full(len(boxes), 0.9)


class ColourEncoder:
    """Tells people apart by the mean colour of the middle of their box."""

    def encode(self, image_bgr: Image, boxes_xyxy_px: Boxes) -> Signatures:
        found = []
        for left, top, right, bottom in np.clip(boxes_xyxy_px, 0, None).astype(int).tolist():
            part = image_bgr[top : max(top + 1, bottom), left : max(left + 1, right)]
            found.append(part.reshape(-1, 3).mean(axis=0) + 1e-3)
        signatures = np.array(found, float).reshape(-1, 3)
        unit: Signatures = signatures / np.linalg.norm(signatures, axis=1, keepdims=True)
        return unit


@dataclass
class MemorySink:
    """Keeps what is emitted."""

    drafts: list[EventDraft[UplinkPayload]] = field(default_factory=list)
    offsets: list[int | None] = field(default_factory=list)

    def emit(self, drafts: Drafts, resume_offset_bytes: int | None = None) -> None:
        self.drafts += drafts
        self.offsets.append(resume_offset_bytes)


@dataclass
class FakeClock:
    """Time that passes only while somebody sleeps, and a little at each look."""

    now_s: float = 1000.0
    look_s: float = 0.0
    slept_s: list[float] = field(default_factory=list)

    def monotonic_s(self) -> float:
        self.now_s += self.look_s
        return self.now_s

    def wall_ms(self) -> int:
        return 1_772_442_000_000 + round(self.now_s * 1000)

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_s += seconds
        time.sleep(0.001)  # lets other threads work

    def as_camera_clock(self) -> CameraClock:
        return CameraClock(self.wall_ms, self.monotonic_s, self.sleep)


class FakeCapture:
    """Stands in for OpenCV's VideoCapture: gives pictures until there are none."""

    def __init__(self, pictures: Sequence[Image], fps: float = 10.0) -> None:
        self._pictures, self._fps, self._next, self.is_released = pictures, fps, 0, False

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return bool(self._pictures)

    def grab(self) -> bool:
        self._next += 1
        return self._next <= len(self._pictures)

    def retrieve(self) -> tuple[bool, object]:
        return True, self._pictures[self._next - 1]

    def get(self, property_id: int, /) -> float:
        assert property_id in (5, 7), "only the frame rate and the number of frames are asked for"
        return self._fps if property_id == 5 else float(len(self._pictures))

    def release(self) -> None:
        self.is_released = True


class Played:
    """A camera that gives prepared pictures and silences."""

    name = "played"

    def __init__(self, looks: list[Frame | Silence]) -> None:
        self._looks = looks

    def looks(self, stopped: Stopped) -> Iterator[Frame | Silence]:
        yield from (look for look in self._looks if not stopped())

    def frames(self, stopped: Stopped) -> Iterator[Frame]:
        yield from (look for look in self.looks(stopped) if isinstance(look, Frame))
