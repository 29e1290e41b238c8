"""Runs a recording through a camera's configuration again: the same recording gives the same bytes.

A release that counts differently shows it here before it counts in a store.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from msgspec.structs import replace

from contracts.errors import ContractError
from contracts.events import Event, EventDraft, Source, decode_event, encode_event
from contracts.payloads import FootfallCrossing, VisitSegment
from contracts.privacy import Payload, UplinkPayload
from edge.adapters.camera import CameraClock
from edge.camera_building import build_camera_agent
from edge.camera_config import parse_source
from edge.camera_settings import CameraConfig
from edge.core.tracker import TrackedBox
from edge.errors import FeedError
from edge.ports import Drafts, Frame, FrameSource
from edge.video_observations import OnTracked
from models.registry import ModelRegistry

SAME_CROSSING_MS = 1000


@dataclass
class RecordedEvents:
    """A sink that keeps events as they would go out, numbered from 1."""

    source: Source
    events: list[Event[UplinkPayload]] = field(default_factory=list)

    def emit(self, drafts: Drafts, resume_offset_bytes: int | None = None) -> None:
        """See `EventSink.emit`; a recording is never resumed."""
        del resume_offset_bytes
        for draft in drafts:
            self.events.append(_number(draft, self.source, len(self.events) + 1))

    def ndjson(self) -> bytes:
        """Return one event a line."""
        return b"".join(encode_event(event) + b"\n" for event in self.events)


def _number(draft: EventDraft[UplinkPayload], source: Source, sequence: int) -> Event[UplinkPayload]:
    return draft.numbered(source, sequence)


@dataclass(frozen=True, slots=True)
class MotWriter:
    """Writes tracks as MOTChallenge text: frame, id, left, top, width, height, confidence, -1, -1, -1.

    Frames count from 1. A box that is foretold is written while its middle is in the picture, with
    confidence 0.
    """

    file: TextIO

    def write(self, frame: Frame, told: Sequence[TrackedBox]) -> None:
        """Write the tracks of one frame."""
        height_px, width_px = frame.image_bgr.shape[:2]
        for box in told:
            left, top, right, bottom = box.box_xyxy_px
            is_inside = 0 < (left + right) / 2 < width_px and 0 < (top + bottom) / 2 < height_px
            if is_inside or not box.is_foretold:
                size = f"{left:.2f},{top:.2f},{right - left:.2f},{bottom - top:.2f}"
                self.file.write(f"{frame.index + 1},{box.number},{size},{box.score:.3f},-1,-1,-1\n")


def replay(
    config: CameraConfig,
    video: Path,
    clock: CameraClock,
    registry: ModelRegistry,
    mot: TextIO | None = None,
    *,
    frames: FrameSource | None = None,
    on_tracked: OnTracked | None = None,
) -> RecordedEvents:
    """Return the events of a recording.

    Args:
        config: The camera's configuration; its source is replaced. Without `camera.start` the
            recording begins at 1970-01-01T00:00:00Z, so that no two runs differ.
        video: The recording: a video, or a feed of tracks where the configuration's source is `tracks:`.
        clock: Only its steady time is used, and not for any event.
        registry: Where the models are found.
        mot: Where tracks are written as MOTChallenge text, None: nowhere.
        frames: The recording's pictures with times of their own; None: the video's, evenly spaced.
        on_tracked: Called with each frame and its tracks, where no `mot` is written.

    Raises:
        EdgeError: The configuration or the recording cannot be used.
        ModelError: There is no such model, or it is refused.
    """
    kind = "tracks" if parse_source(config.camera.source)[0] == "tracks" else "file"
    camera = replace(config.camera, source=f"{kind}:{video}", realtime=False, loop=False, follow=False)
    events = RecordedEvents(config.device.source)
    still = CameraClock(lambda: 0, clock.monotonic_s, clock.sleep)
    agent = build_camera_agent(
        replace(config, camera=camera),
        events,
        still,
        registry=registry,
        on_bad_line=lambda _: None,
        on_tracked=on_tracked if mot is None else MotWriter(mot).write,
        frames=frames,
    )
    agent.run(lambda: False)
    return events


def read_events(path: Path) -> list[Event[Payload]]:
    """Return the events in a file that an earlier replay wrote.

    Raises:
        FeedError: The file cannot be read, or a line of it is no event.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        msg = f"events {path} cannot be read: {error.strerror}"
        raise FeedError(msg) from error
    events = []
    for number, line in enumerate(lines, start=1):
        try:
            events.append(decode_event(line))
        except ContractError as error:
            msg = f"events {path}:{number} is no event: {error}; compare with a file that `edge replay` wrote"
            raise FeedError(msg) from error
    return events


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that two runs count differently."""

    what: str
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Change:
    """What two runs of one recording count differently.

    Attributes:
        figures: Totals that differ.
        gained: Crossings that only the later run has: tripwire, direction, time in ms.
        lost: Crossings that only the earlier run had.
    """

    figures: tuple[Difference, ...]
    gained: tuple[tuple[str, str, int], ...]
    lost: tuple[tuple[str, str, int], ...]


def compare_events(before: Iterable[Event[Payload]], now: Iterable[Event[Payload]]) -> Change:
    """Return what would be counted differently.

    Crossings of one tripwire in one direction within a second of each other are the same one.
    """
    before, now = list(before), list(now)
    totals_before, totals_now = _totals(before), _totals(now)
    figures = tuple(
        Difference(what, totals_before[what], totals_now[what])
        for what in sorted({*totals_before, *totals_now})
        if totals_before[what] != totals_now[what]
    )
    gained, lost = _unmatched(_crossings(before), _crossings(now))
    return Change(figures, tuple(gained), tuple(lost))


def _totals(events: Iterable[Event[Payload]]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for event in events:
        data = event.data
        if isinstance(data, FootfallCrossing):
            totals[f"crossings of {data.tripwire_id} {data.direction}"] += 1
        elif isinstance(data, VisitSegment) and data.phase == "closed":
            totals["visit segments"] += 1
            for stay in data.stays:
                totals[f"stays in {stay.zone_id}"] += 1
                totals[f"milliseconds in {stay.zone_id}"] += (stay.left_ms or data.updated_ms) - stay.entered_ms
    return totals


def _crossings(events: Iterable[Event[Payload]]) -> list[tuple[str, str, int]]:
    return [
        (event.data.tripwire_id, event.data.direction, event.time_ms)
        for event in events
        if isinstance(event.data, FootfallCrossing)
    ]


def _unmatched(
    before: list[tuple[str, str, int]], now: list[tuple[str, str, int]]
) -> tuple[list[tuple[str, str, int]], list[tuple[str, str, int]]]:
    """Return crossings that have no counterpart: those of `now`, and those of `before`."""
    free = list(before)
    gained = []
    for wire, direction, time_ms in now:
        near = [
            other for other in free if other[:2] == (wire, direction) and abs(other[2] - time_ms) <= SAME_CROSSING_MS
        ]
        if near:
            free.remove(min(near, key=lambda other: abs(other[2] - time_ms)))
        else:
            gained.append((wire, direction, time_ms))
    return gained, free
