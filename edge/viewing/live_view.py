"""The live picture of an agent, for whoever looks: drawn only then, and never kept."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from edge.adapters.local_page import PAGES_DIR, Handler, Reply, Request, json_reply, page_files, text_reply
from edge.adapters.moving_parts import MovingParts
from edge.camera_rules import pipeline_rules
from edge.camera_settings import CameraConfig
from edge.core.tracker import TrackedBox
from edge.health import Vitals
from edge.ports import Boxes, Drafts, EventSink, Frame, Image
from edge.viewing.painting import paint
from edge.viewing.tally import LineCounts, Tally, ZoneFigures

MOST_WATCHERS = 4
HIDDEN_FOR_MS = 1500
"""So long a place stays hidden at which the detector saw somebody."""

_BOUNDARY = "picture"
_STREAM_TYPE = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
_LEAST_GAP_S = 1 / 15
_LOOK_S = 0.5


class ViewFigures(Struct, frozen=True, kw_only=True):
    """What the page tells beside the picture.

    Attributes:
        device: Tenant, store and camera.
        source: The camera's address, without a password.
        sends_events: Whether events go to the gateway, or nowhere.
        fps: Frames a second, None where it is not known.
        picture: What the picture shows, such as good or black; None where nothing is known.
        frames: Frames seen since the agent began.
        people: People in view.
        visits: People who have come and gone.
        is_drawn: Whether lines and zones are in the picture; they are not where they are drawn on the floor.
        watchers: How many look.
        lines: Counts of the tripwires.
        zones: Figures of the zones.
    """

    device: str
    source: str
    sends_events: bool
    fps: float | None
    picture: str | None
    frames: int
    people: int
    visits: int
    is_drawn: bool
    watchers: int
    lines: tuple[LineCounts, ...]
    zones: tuple[ZoneFigures, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One frame and what was seen in it."""

    number: int
    time_ms: int
    image_bgr: Image
    told: tuple[TrackedBox, ...]
    detections: Boxes
    recent: Boxes


class LiveView:
    """Takes frames and events from an agent, and shows them on a page.

    Args:
        config: The camera's configuration.
        source_name: The camera, without a password.
        wait: Waits some seconds between two pictures of a stream.
        sink: Where events go besides; None: nowhere.
    """

    def __init__(
        self, config: CameraConfig, source_name: str, wait: Callable[[float], None], sink: EventSink | None = None
    ) -> None:
        self._config, self._source_name, self._wait = config, source_name, wait
        self.sink = sink
        self.vitals: Callable[[], Vitals] = Vitals
        self._rules = pipeline_rules(config)
        self._tally = Tally(
            [(line.id, line.kind) for line in config.tripwires], [(zone.id, zone.kind) for zone in config.zones]
        )
        self._fresh = threading.Condition()
        self._painting = threading.Lock()
        self._detections: Boxes = np.zeros((0, 4))
        self._hidden: deque[tuple[int, Boxes]] = deque()
        self._seen: _Seen | None = None
        self._painted: tuple[int, bytes] | None = None
        self._moving = MovingParts()
        self._frames = self._people = self._watchers = 0
        self._has_ended = False

    def on_detected(self, detections_xyxy_px: Boxes) -> None:
        """Take everything that the detector found in the frame that `on_tracked` gets next."""
        self._detections = detections_xyxy_px

    def on_tracked(self, frame: Frame, told: Sequence[TrackedBox]) -> None:
        """Take a frame and its tracks. Where nobody looks, the picture is let go at once."""
        while self._hidden and frame.time_ms - self._hidden[0][0] > HIDDEN_FOR_MS:
            self._hidden.popleft()
        recent = np.concatenate([np.zeros((0, 4)), *(boxes for _, boxes in self._hidden)])
        self._hidden.append((frame.time_ms, self._detections))
        with self._fresh:
            self._frames += 1
            self._people = sum(not box.is_foretold for box in told)
            if self._watchers:
                self._seen = _Seen(self._frames, frame.time_ms, frame.image_bgr, tuple(told), self._detections, recent)
                self._fresh.notify_all()
            else:
                self._seen = self._painted = None
                self._moving = MovingParts()

    def emit(self, drafts: Drafts, resume_offset_bytes: int | None = None) -> None:
        """See `EventSink.emit`: the events are added up, and go on to the sink if there is one."""
        if self.sink is not None:
            self.sink.emit(drafts, resume_offset_bytes)
        with self._fresh:
            self._tally.take(drafts)

    def end(self) -> None:
        """End every stream."""
        with self._fresh:
            self._has_ended = True
            self._fresh.notify_all()

    def handlers(self) -> dict[tuple[str, str], Handler]:
        """Return what the page asks for."""
        return {
            **page_files(PAGES_DIR / "view"),
            ("GET", "/figures"): lambda _: json_reply(self.figures()),
            ("GET", "/stream"): self._stream,
        }

    def figures(self) -> ViewFigures:
        """Return what the page tells beside the picture."""
        vitals = self.vitals()
        with self._fresh:
            return ViewFigures(
                device=str(self._config.device.source),
                source=self._source_name,
                sends_events=self.sink is not None,
                fps=vitals.fps,
                picture=vitals.picture,
                frames=self._frames,
                people=self._people,
                visits=self._tally.visits,
                is_drawn=self._config.camera.plane == "image",
                watchers=self._watchers,
                lines=self._tally.lines(),
                zones=self._tally.zones(),
            )

    def _stream(self, _: Request) -> Reply:
        with self._fresh:
            is_full = self._watchers >= MOST_WATCHERS
        if is_full:
            return text_reply(f"{MOST_WATCHERS} people look already; close another page and reload this one", 503)
        return Reply(self._pieces(), _STREAM_TYPE)

    def _pieces(self) -> Iterator[bytes]:
        with self._fresh:
            self._watchers += 1
        try:
            shown = 0
            while (seen := self._next(shown)) is not None:
                shown = seen.number
                picture = self._paint(seen)
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                yield head.encode() + picture + b"\r\n"
                self._wait(_LEAST_GAP_S)
        finally:
            with self._fresh:
                self._watchers -= 1

    def _next(self, after: int) -> _Seen | None:
        """Wait for a frame behind a number; None when there will be no more."""
        with self._fresh:
            while not self._has_ended:
                if self._seen is not None and self._seen.number > after:
                    return self._seen
                self._fresh.wait(_LOOK_S)
        return None

    def _paint(self, seen: _Seen) -> bytes:
        """Return a frame's picture, drawn once for all who look."""
        with self._painting:
            painted = self._painted
            if painted is None or painted[0] != seen.number:
                rules = self._rules if self._config.camera.plane == "image" else None
                tracks = np.array([box.box_xyxy_px for box in seen.told], dtype=np.float64).reshape(-1, 4)
                people = np.concatenate([tracks, seen.detections, seen.recent])
                moving = self._moving.regions(seen.image_bgr, people, seen.time_ms)
                picture = paint(seen.image_bgr, seen.told, seen.detections, seen.recent, rules, moving)
                painted = (seen.number, picture)
                self._painted = painted
            return painted[1]
