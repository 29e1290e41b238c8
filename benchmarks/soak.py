"""Twelve simulated hours of a camera: everything that the core does with a frame, and what is left in memory."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmarks.measure import Result
from benchmarks.tracking import FRAME_MS, RULES, crowd
from contracts.events import Source
from contracts.payloads import VisitSegment
from edge.core import pipeline, tamper, tracker
from edge.core.pipeline import Person, PipelineRules
from edge.core.tamper import TamperRules
from edge.core.tripwire import Tripwire
from edge.core.zones import Zone

_HOURS = 12
_FRAMES_AN_HOUR = 3600 * 10
_DARK_FRAMES = 600
_WIRES = tuple(
    Tripwire(id=f"wire-{x}", kind="entrance", points=((x, 0.0), (x, 1080.0)), band=8.0, settle_s=1.0)
    for x in (600.0, 1300.0)
)
_ZONES = tuple(
    Zone(id=f"zone-{x}", kind="shelf", polygon=((x, 0), (x + 400, 0), (x + 400, 1080), (x, 1080)), band=8, min_stay_s=1)
    for x in (0.0, 500.0, 1000.0, 1500.0)
)
_PIPELINE = PipelineRules(source=Source("bench", "store", "cam-1"), tripwires=_WIRES, zones=_ZONES)
_SHOP, _DARK = np.full((24, 32), 90, np.uint8), np.zeros((24, 32), np.uint8)


@dataclass(slots=True)
class Soaked:
    """What hours of frames came to.

    Attributes:
        frames: How many.
        tracks: The most that were alive at once, in the tracker and in the pipeline.
        numbers: How many tracks there were; no number was used twice.
        segments: How many visits were told.
        events: How many events.
        mib: Resident memory at the end of each hour.
    """

    frames: int = 0
    tracks: int = 0
    numbers: int = 0
    segments: int = 0
    events: int = 0
    mib: tuple[float, ...] = ()


def soak(hours: float = _HOURS) -> Soaked:
    """Follow people who walk about, with lines and zones; once an hour the camera is covered for a minute.

    Raises:
        AssertionError: A track's number, or a visit's id, was used twice.
    """
    found, followed, state = Soaked(), tracker.initial_state(), pipeline.initial_state()
    seen, newest, repeated = tamper.initial_state(), 0, crowd(4, 300)
    opened: set[str] = set()
    for index in range(round(hours * _FRAMES_AN_HOUR)):
        now_ms = index * FRAME_MS
        is_dark = index % _FRAMES_AN_HOUR < _DARK_FRAMES
        seen = tamper.look(TamperRules(), seen, _DARK if is_dark else _SHOP, now_ms, is_repeated=False)
        if seen.told != "good":
            followed = tracker.lose(followed, now_ms)
            state, drafts = pipeline.blind(_PIPELINE, state, seen.since_ms, now_ms)
        else:
            boxes, scores, looks = repeated[index % len(repeated)]
            followed, told = tracker.track(RULES, followed, boxes, scores, now_ms, looks)
            people = [Person(str(box.number), box.foot_px, box.score) for box in told if not box.is_foretold]
            state, drafts = pipeline.step(_PIPELINE, state, people, now_ms)
        fresh = followed.numbers[followed.numbers > newest]
        assert len(set(followed.numbers.tolist())) == len(followed.numbers)
        assert len(fresh) <= followed.next_number - 1 - newest
        newest = followed.next_number - 1
        for draft in drafts:
            if isinstance(draft.data, VisitSegment) and draft.data.phase == "open":
                assert draft.data.segment_id not in opened, f"{draft.data.segment_id} was used twice"
                opened.add(draft.data.segment_id)
        found.tracks = max(found.tracks, len(followed.tracks), len(state.tracks))
        found.events += len(drafts)
        if (index + 1) % _FRAMES_AN_HOUR == 0:
            found.mib += (psutil.Process().memory_info().rss / 2**20,)
    found.frames, found.numbers, found.segments = round(hours * _FRAMES_AN_HOUR), newest, len(opened)
    return found


def tracking_soak(_folder: Path) -> Result:
    """Run twelve hours of frames through the core as fast as can be; print what is left in memory."""
    started_s = time.perf_counter()
    found = soak()
    rate = found.frames / (time.perf_counter() - started_s)
    print(
        f"{_HOURS} hours at 10 fps: at most {found.tracks} tracks alive, {found.numbers} numbers and {found.segments} "
        f"visits, none used twice, {found.events} events; resident {found.mib[0]:.0f} MiB after the first hour, "
        f"{found.mib[-1]:.0f} MiB after the last"
    )
    return Result("a camera's core for 12 hours", rate, "frames/s", "the camera's 10 frames/s", 10.0, rate / 10)
