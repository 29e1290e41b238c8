"""A network camera (RTSP, HTTP) or a USB camera: the newest picture counts, and it comes back after every silence.

Frames live in memory only: nothing here writes one anywhere.
"""

import logging
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

import cv2

from edge.adapters.camera import CameraClock, Capture, OpenCapture, decode, open_capture
from edge.core import event_clock
from edge.ports import Frame, Image, Silence, SourceCondition, Stopped

logger = logging.getLogger(__name__)

_LOOK_S = 0.2
_TELL_SILENCE_S = 1.0
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_JITTER = 0.5
_END_S = 10.0
_TORN_IN_A_ROW = 5
_MOST_ABANDONED = 4


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture and when it was taken, by both clocks."""

    image_bgr: Image
    taken_s: float
    wall_ms: int
    index: int


class Mailbox:
    """Holds one picture, the newest, and numbers them all; safe between threads."""

    def __init__(self) -> None:
        self._fresh = threading.Condition()
        self._newest: Shot | None = None
        self._next_index = 0

    def put(self, reader: "Reader", image_bgr: Image | None, taken_s: float, wall_ms: int) -> None:
        """Leave a picture, None for one that cannot be decoded. One of a reader that was told to end is not taken."""
        with self._fresh:
            if reader.ended.is_set():
                return
            if image_bgr is not None:
                self._newest = Shot(image_bgr, taken_s, wall_ms, self._next_index)
                self._fresh.notify()
            self._next_index += 1

    def take(self, timeout_s: float) -> Shot | None:
        """Return the newest picture once, None where none comes in time."""
        with self._fresh:
            self._fresh.wait_for(lambda: self._newest is not None, timeout=timeout_s)
            newest, self._newest = self._newest, None
            return newest


class Reader:
    """Reads a camera in a thread of its own, connecting again after each silence, until it is told to end.

    Args:
        name: The camera, without its password.
        source: An address or an index.
        clock: The device's time.
        opener: Opens the camera.
        mailbox: Where pictures go.
        least_gap_s: Pictures that come sooner after another are passed over.
    """

    def __init__(
        self,
        name: str,
        source: str | int,
        clock: CameraClock,
        opener: OpenCapture,
        mailbox: Mailbox,
        least_gap_s: float,
    ) -> None:
        self._name, self._source, self._clock, self._opener = name, source, clock, opener
        self._mailbox, self._least_gap_s = mailbox, least_gap_s
        self._busy_since_s: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"camera {name}", daemon=True)
        self.ended = threading.Event()
        self.bad_pictures = 0

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def end(self, timeout_s: float) -> None:
        """Tell it to end, and wait for that."""
        self.ended.set()
        self._thread.join(timeout_s)

    def is_alive(self) -> bool:
        """Tell whether its thread still runs."""
        return self._thread.is_alive()

    def is_stuck(self, now_s: float, stall_s: float) -> bool:
        """Tell whether it is of no more use: a call to the camera does not return, or the thread is gone."""
        busy_since_s = self._busy_since_s
        return not self.is_alive() or (busy_since_s is not None and now_s - busy_since_s > stall_s)

    def _run(self) -> None:
        wait_s = _FIRST_WAIT_S / 2
        while not self.ended.is_set():
            wait_s = _FIRST_WAIT_S if self._read() else min(wait_s * 2, _LONGEST_WAIT_S)
            self._busy_since_s = None
            if self.ended.is_set():
                return
            logger.warning("camera %s gives no picture; trying again in %.0f s", self._name, wait_s)
            self._wait(wait_s * (1 + _JITTER * (2 * self._clock.random() - 1)))

    def _read(self) -> int:
        """Read until the camera is silent; return how many pictures it gave."""
        self._busy_since_s = self._clock.monotonic_s()
        try:
            capture = self._opener(self._source)
        except cv2.error:
            return 0
        try:
            return self._read_until_silent(capture)
        except cv2.error:
            return 0
        finally:
            capture.release()

    def _read_until_silent(self, capture: Capture) -> int:
        taken, torn, taken_before_s = 0, 0, -self._least_gap_s
        while torn < _TORN_IN_A_ROW and not self.ended.is_set() and capture.isOpened() and capture.grab():
            taken_s, wall_ms = self._clock.monotonic_s(), self._clock.wall_ms()
            self._busy_since_s = taken_s
            if taken_s - taken_before_s < self._least_gap_s:
                continue
            taken_before_s = taken_s
            image = decode(capture)
            self._mailbox.put(self, image, taken_s, wall_ms)
            if image is None:
                torn += 1
                self.bad_pictures += 1
            else:
                taken, torn = taken + 1, 0
        return taken

    def _wait(self, seconds: float) -> None:
        until_s = self._clock.monotonic_s() + seconds
        while not self.ended.is_set() and (left_s := until_s - self._clock.monotonic_s()) > 0:
            self._clock.sleep(min(left_s, _LOOK_S))


class LiveCamera:
    """A camera of which the newest frame counts; those that nobody had time for are dropped and counted.

    It connects again, for ever, when the camera falls silent; a call to the camera that does not return is left to
    itself and another connection made, while few calls hang. Time is steady and follows the wall clock slowly.

    Args:
        source: An address such as rtsp://host/stream, or the index of a USB camera.
        clock: The device's time.
        max_fps: Take at most so many frames a second; the others are passed over.
        silent_s: Without a picture for so long the camera is silent.
        stall_s: A call to the camera that takes longer does not return.
        look_s: How long to wait for a picture before looking whether to stop.
        opener: Opens the camera.
    """

    def __init__(
        self,
        source: str | int,
        clock: CameraClock,
        *,
        max_fps: float | None = None,
        silent_s: float = 5.0,
        stall_s: float = 25.0,
        look_s: float = _LOOK_S,
        opener: OpenCapture = open_capture,
    ) -> None:
        self.name = without_password(source)
        self._source, self._clock, self._opener = source, clock, opener
        self._least_gap_s = 0.0 if max_fps is None else 1 / max_fps
        self._silent_s, self._stall_s, self._look_s = silent_s, stall_s, look_s
        self._abandoned: list[Reader] = []
        self._told_bound = False
        self._bad_before = 0
        self._offset_ms: float | None = None
        self._reader: Reader | None = None

    def frames(self, stopped: Stopped) -> Iterator[Frame]:
        """See `FrameSource.frames`. It ends only when it is told to."""
        with closing(self.looks(stopped)) as looks:
            for look in looks:
                if isinstance(look, Frame):
                    yield look

    def looks(self, stopped: Stopped) -> Generator[Frame | Silence, None, None]:
        """See `LiveSource.looks`."""
        mailbox = Mailbox()
        reader = self._start(mailbox)
        time = event_clock.start(self._clock.wall_ms(), self._clock.monotonic_s())
        heard_ms, heard_s, told_s, last = round(time.time_ms), time.monotonic_s, time.monotonic_s, -1
        try:
            while not stopped():
                shot = mailbox.take(self._look_s)
                now_s = self._clock.monotonic_s()
                if shot is not None:
                    time = event_clock.advance(time, shot.wall_ms, shot.taken_s)
                    self._offset_ms = time.offset_ms
                    heard_ms, heard_s, told_s = round(time.time_ms), now_s, now_s
                    yield Frame(shot.image_bgr, heard_ms, shot.index, shot.index - last - 1)
                    last = shot.index
                elif now_s - heard_s >= self._silent_s and now_s - told_s >= _TELL_SILENCE_S:
                    time, told_s = event_clock.advance(time, self._clock.wall_ms(), now_s), now_s
                    yield Silence(round(time.time_ms), heard_ms)
                if reader.is_stuck(now_s, self._stall_s):
                    reader = self._replace(reader, mailbox)
        finally:
            reader.end(0.0 if reader.is_stuck(self._clock.monotonic_s(), self._stall_s) else _END_S)

    def condition(self) -> SourceCondition:
        """See `ConditionedSource.condition`."""
        bad = self._bad_before + (0 if self._reader is None else self._reader.bad_pictures)
        return SourceCondition(clock_offset_ms=self._offset_ms, bad_pictures=bad)

    def abandoned(self) -> int:
        """Return how many threads hang in a call to the camera that does not return."""
        self._abandoned = [reader for reader in self._abandoned if reader.is_alive()]
        return len(self._abandoned)

    def _start(self, mailbox: Mailbox) -> Reader:
        reader = Reader(self.name, self._source, self._clock, self._opener, mailbox, self._least_gap_s)
        self._reader = reader
        reader.start()
        return reader

    def _replace(self, stuck: Reader, mailbox: Mailbox) -> Reader:
        """Leave a reader that is stuck to itself and start another; at the bound, keep waiting for the stuck one."""
        if stuck.is_alive() and self.abandoned() >= _MOST_ABANDONED:
            if not self._told_bound:
                logger.error(
                    "camera %s: %d calls to it do not return; restart the agent or the camera",
                    self.name,
                    _MOST_ABANDONED + 1,
                )
            self._told_bound = True
            return stuck
        logger.warning("camera %s does not answer for %.0f s; a new connection is made", self.name, self._stall_s)
        self._told_bound = False
        stuck.ended.set()
        self._bad_before += stuck.bad_pictures
        self._abandoned.append(stuck)
        return self._start(mailbox)


def without_password(source: str | int) -> str:
    """Return what may be shown of a source."""
    if isinstance(source, int):
        return f"usb:{source}"
    parts = urlsplit(source)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
