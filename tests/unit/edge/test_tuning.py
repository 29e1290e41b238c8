"""Every candidate looks at the same pictures, at even times."""

import numpy as np
import pytest

from edge.core.tuning import Candidate
from edge.errors import FeedError
from edge.ports import Boxes, Detector, Image, Scores
from edge.tuning import spread, try_candidates
from tests.fakes.cameras import BrightDetector, FakeCamera, FakeClock, picture

PICTURES = [picture([(10 * index, 60)]) for index in range(20)]


class Slow(BrightDetector):
    """Takes a tenth of a millisecond for each column of the model's input."""

    def __init__(self, candidate: Candidate, clock: FakeClock) -> None:
        self._candidate, self._clock = candidate, clock

    def detect(self, image_bgr: Image) -> tuple[Boxes, Scores]:
        self._clock.now_s += self._candidate.input_wh_px[0] / 10_000
        return super().detect(image_bgr)


def test_pictures_are_taken_at_even_times_of_the_first_seconds() -> None:
    clock = FakeClock()
    taken = [frame.index for frame in spread(FakeCamera(PICTURES), 4, 1.0, clock.monotonic_s)]
    assert taken == [0, 3, 5, 8]
    assert len(list(spread(FakeCamera(PICTURES), 100, 2.0, clock.monotonic_s))) == 20


def test_a_camera_that_falls_silent_ends_it() -> None:
    clock = FakeClock(look_s=10.0)
    assert len(list(spread(FakeCamera(PICTURES), 20, 2.0, clock.monotonic_s))) == 1


def test_each_candidate_finds_and_takes_its_time() -> None:
    clock = FakeClock()

    def detector_for(candidate: Candidate) -> Detector:
        return Slow(candidate, clock)

    frames = spread(FakeCamera(PICTURES), 2, 1.0, clock.monotonic_s)
    trial = try_candidates(
        frames, lambda size: [Candidate((size[0], 256)), Candidate((640, 480))], detector_for, clock.monotonic_s
    )
    assert trial.indices == [0, 5]
    assert [each.input_wh_px[0] for each in trial.candidates] == [320, 640]
    assert [[round(look.took_ms) for look in looks] for looks in trial.looks] == [[32, 64], [32, 64]]
    assert np.array_equal(trial.looks[1][0].boxes, [[50, 60, 70, 110]])


def test_without_a_picture_nothing_can_be_tried() -> None:
    with pytest.raises(FeedError, match="no picture came"):
        try_candidates([], lambda _: [], lambda _: BrightDetector(), lambda: 0.0)
