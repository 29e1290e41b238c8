"""Cameras that hang, hang up, or are gone for days: they come back, and nothing piles up meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, pairwise

import numpy as np
import pytest

from tests.fakes.cameras import FakeCapture, picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

import cv2

from edge.adapters.camera import CameraClock, OpenCapture
from edge.adapters.live_camera import LiveCamera
from edge.ports import Frame, Silence

PICTURES = [picture([(index, 0)]) for index in range(20)]
START_MS = 1_772_442_000_000


class QuickClock:
    """Time that passes while somebody sleeps and, when told, at each look; a wall clock that can be set."""

    def __init__(self, look_s: float = 0.0) -> None:
        self._lock = threading.Lock()
        self.now_s, self.set_ms, self.look_s = 1000.0, 0.0, look_s

    def monotonic_s(self) -> float:
        with self._lock:
            self.now_s += self.look_s
            return self.now_s

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now_s += seconds

    def as_camera_clock(self, random: float = 0.5) -> CameraClock:
        wall_ms = lambda: START_MS + round((self.now_s - 1000) * 1000 + self.set_ms)  # noqa: E731
        return CameraClock(wall_ms, self.monotonic_s, self.sleep, lambda: random)


@contextmanager
def hanging(calls: int) -> Iterator[tuple[list[threading.Event], "type[FakeCapture]"]]:
    """Give a kind of capture of which the first so many hang in `grab` until this ends."""
    waiting: list[threading.Event] = []

    class Hanging(FakeCapture):
        def grab(self) -> bool:
            if len(waiting) < calls:
                gate = threading.Event()
                waiting.append(gate)
                gate.wait()
            return super().grab()

    try:
        yield waiting, Hanging
    finally:
        for gate in waiting:
            gate.set()
        for thread in threading.enumerate():
            if thread.name.startswith("camera"):
                thread.join(60)


def camera_of(source: str | int, clock: CameraClock, *, opener: OpenCapture) -> LiveCamera:
    return LiveCamera(source, clock, opener=opener, look_s=0.02)


def threads() -> int:
    return sum(thread.name.startswith("camera") for thread in threading.enumerate())


def test_a_call_that_never_returns_is_left_alone_and_another_connection_made(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with hanging(2) as (waiting, capture):
        clock = QuickClock(look_s=6.0)
        camera = camera_of("rtsp://camera/door", clock.as_camera_clock(), opener=lambda _: capture(PICTURES))
        frames = camera.frames(lambda: False)
        frame = next(frames)
        assert len(waiting) == 2
        assert camera.abandoned() == 2
        assert frame.image_bgr.shape == (240, 320, 3)
        frames.close()  # type: ignore[attr-defined]
    assert "does not answer for 25 s; a new connection is made" in caplog.text


def test_threads_that_hang_are_few_however_long_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    before = threads()
    with hanging(1000) as (waiting, capture):
        clock, looks = QuickClock(look_s=30.0), count()
        camera = camera_of("rtsp://camera/door", clock.as_camera_clock(), opener=lambda _: capture(PICTURES))
        silences = list(camera.looks(lambda: next(looks) >= 15))
        assert all(isinstance(look, Silence) for look in silences)
        assert camera.abandoned() == 4
        assert len(waiting) == 5
        assert threads() - before == 5
    assert caplog.text.count("5 calls to it do not return; restart the agent or the camera") == 1
    assert threads() <= before


def test_what_an_abandoned_connection_gives_late_is_not_taken() -> None:
    old, new = np.full((240, 320, 3), 50, np.uint8), np.full((240, 320, 3), 90, np.uint8)
    with hanging(1) as (waiting, capture):
        clock, made = QuickClock(look_s=6.0), count()
        camera = camera_of(0, clock.as_camera_clock(), opener=lambda _: capture([new if next(made) else old] * 20))
        frames = camera.frames(lambda: False)
        first = next(frames)
        waiting[0].set()
        following = [next(frames) for _ in range(3)]
        assert all((frame.image_bgr == 90).all() for frame in [first, *following])
        frames.close()  # type: ignore[attr-defined]


def test_an_opener_that_raises_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    tries = count()

    def opener(_: str | int) -> FakeCapture:
        if next(tries) < 3:
            raise cv2.error
        return FakeCapture(PICTURES)

    camera = camera_of(0, QuickClock().as_camera_clock(), opener=opener)
    frames = camera.frames(lambda: False)
    assert next(frames).image_bgr.shape == (240, 320, 3)
    frames.close()  # type: ignore[attr-defined]
    assert "trying again in 4 s" in caplog.text


def test_thousands_of_reconnections_leave_no_thread_and_no_capture_behind() -> None:
    before, opened = threads(), []

    class Counted(FakeCapture):
        open_now = 0

        def __init__(self) -> None:
            super().__init__(PICTURES[:2])
            Counted.open_now += 1

        def release(self) -> None:
            Counted.open_now -= 1

    def opener(_: str | int) -> FakeCapture:
        opened.append(Counted.open_now)
        return Counted()

    camera = camera_of(0, QuickClock().as_camera_clock(), opener=opener)
    frames: list[tuple[int, int, int]] = [
        (frame.index, frame.dropped, frame.time_ms) for frame in camera.frames(lambda: len(opened) >= 3000)
    ]
    assert max(opened) <= 1
    assert Counted.open_now == 0
    assert threads() <= before
    assert all(early[0] < late[0] and early[2] <= late[2] for early, late in pairwise(frames))
    assert sum(dropped for _, dropped, _ in frames) + len(frames) == frames[-1][0] + 1


def test_waits_between_tries_are_spread() -> None:
    for random, most_s in ((0.0, 0.5), (0.5, 1.0), (1.0, 1.5)):
        clock, opened = QuickClock(), count()
        times_s: list[float] = []

        def opener(_: str | int, times_s: list[float] = times_s, clock: QuickClock = clock) -> FakeCapture:
            times_s.append(clock.now_s)
            return FakeCapture(PICTURES[:1])

        camera = camera_of(0, clock.as_camera_clock(random), opener=opener)
        list(camera.frames(lambda times_s=times_s: len(times_s) >= 3))  # type: ignore[misc]
        assert times_s[1] - times_s[0] == pytest.approx(most_s)
        del opened


def test_a_silence_is_told_about_every_second_with_when_it_began() -> None:
    clock, looks = QuickClock(look_s=0.5), count()
    camera = camera_of(0, clock.as_camera_clock(), opener=lambda _: FakeCapture([]))
    told = [look for look in camera.looks(lambda: next(looks) >= 40) if isinstance(look, Silence)]
    assert len(told) > 3
    assert {silence.since_ms for silence in told} == {told[0].since_ms}
    assert told[0].time_ms - told[0].since_ms >= 5000
    assert all(early.time_ms < late.time_ms for early, late in pairwise(told))


@pytest.mark.parametrize("step_ms", [-3600_000.0, -5000.0, 5000.0])
def test_a_wall_clock_that_is_set_moves_no_frame_back_and_its_offset_is_told(step_ms: float) -> None:
    turn = threading.Semaphore(1)

    class OneByOne(FakeCapture):
        def grab(self) -> bool:
            return turn.acquire(timeout=10) and super().grab()

    clock = QuickClock(look_s=0.1)
    camera = camera_of(0, clock.as_camera_clock(), opener=lambda _: OneByOne(PICTURES))
    frames: list[Frame] = []
    for frame in camera.frames(lambda: len(frames) >= 12):
        frames.append(frame)
        if len(frames) == 5:
            clock.set_ms = step_ms
        turn.release()
    assert all(0 <= late.time_ms - early.time_ms < 60_000 for early, late in pairwise(frames))
    offset_ms = camera.condition().clock_offset_ms
    assert offset_ms is not None
    assert offset_ms == pytest.approx(-step_ms, abs=1000)


def test_pictures_that_cannot_be_decoded_are_counted_and_a_few_end_nothing() -> None:
    class SomeTorn(FakeCapture):
        def retrieve(self) -> tuple[bool, object]:
            return (False, None) if self._next % 3 else super().retrieve()

    opened = count()

    def opener(_: str | int) -> FakeCapture:
        next(opened)
        return SomeTorn(PICTURES)

    camera = camera_of(0, QuickClock().as_camera_clock(), opener=opener)
    frames = camera.frames(lambda: False)
    next(frames)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert camera.condition().bad_pictures >= 2
