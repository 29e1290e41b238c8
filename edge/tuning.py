"""Tries input sizes and tiles on a camera's own pictures. Nothing of the pictures is kept but boxes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from edge.core.tuning import Candidate, Look
from edge.errors import FeedError
from edge.ports import Detector, Frame, FrameSource

DetectorFor = Callable[[Candidate], Detector]
_PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What was tried.

    Attributes:
        candidates: In the order of the looks at each picture.
        indices: Each picture's number in its source.
        looks: By picture, then by candidate.
    """

    candidates: list[Candidate]
    indices: list[int]
    looks: list[list[Look]]


def spread(source: FrameSource, count: int, seconds: float, monotonic_s: Callable[[], float]) -> Iterator[Frame]:
    """Yield pictures at even times of a source's first seconds.

    Args:
        source: A camera or a recording.
        count: How many pictures at most.
        seconds: How long to look, in the pictures' own time.
        monotonic_s: Seconds that never go back: a camera that falls silent ends it, too.
    """
    until_s = monotonic_s() + seconds + _PATIENCE_S
    began_ms: int | None = None
    taken = 0
    for frame in source.frames(lambda: monotonic_s() >= until_s):
        began_ms = frame.time_ms if began_ms is None else began_ms
        gone_s = (frame.time_ms - began_ms) / 1000
        if gone_s >= seconds:
            return
        if gone_s * count >= taken * seconds:
            taken += 1
            yield frame


def try_candidates(
    frames: Iterable[Frame],
    candidates_of: Callable[[tuple[int, int]], Sequence[Candidate]],
    detector_for: DetectorFor,
    monotonic_s: Callable[[], float],
) -> Trial:
    """Return what each candidate found in each picture, and how long it took there.

    Args:
        frames: The pictures, all of one size.
        candidates_of: What to try on pictures of a size.
        detector_for: Makes a candidate's detector.
        monotonic_s: Seconds that never go back.

    Raises:
        FeedError: There is no picture.
    """
    trial = Trial([], [], [])
    detectors: list[Detector] = []
    for frame in frames:
        if not detectors:
            height_px, width_px = frame.image_bgr.shape[:2]
            trial.candidates.extend(candidates_of((width_px, height_px)))
            detectors = [detector_for(candidate) for candidate in trial.candidates]
            for detector in detectors:
                detector.detect(frame.image_bgr)  # The first look of a model is slower than all others.
        trial.indices.append(frame.index)
        trial.looks.append([_timed(detector, frame, monotonic_s) for detector in detectors])
    if not trial.looks:
        msg = "camera.source: no picture came, so that nothing can be tried; check the source"
        raise FeedError(msg)
    return trial


def _timed(detector: Detector, frame: Frame, monotonic_s: Callable[[], float]) -> Look:
    began_s = monotonic_s()
    boxes, _ = detector.detect(frame.image_bgr)
    return Look(boxes, 1000 * (monotonic_s() - began_s))
