"""How many crossings a camera's configuration finds in labelled footage, of those that happened.

The truth is counted apart from the pipeline, from true boxes, by the plain definition: a true foot
point leaves the band on the other side having gone between the line's ends; it happens when the point
is on the other side of the line itself. So a mistake of the pipeline cannot hide in its own truth.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.events import EventDraft
from contracts.payloads import FootfallCrossing
from contracts.privacy import UplinkPayload
from edge.core import polyline
from edge.core.geometry import Point
from edge.core.tripwire import Direction, Tripwire
from edge.errors import FeedError

TruePath = list[tuple[int, Point]]  # (time_ms, foot point in pixels), in order of time


@dataclass(frozen=True, slots=True)
class Crossing:
    """A crossing and when it happened."""

    direction: Direction
    time_ms: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Crossings of one tripwire that happened, and those that were found.

    `matched` were found in the right direction at nearly the right time; `missed` were not;
    `extra` were found and did not happen.
    """

    tripwire_id: str
    true_in: int
    true_out: int
    found_in: int
    found_out: int
    matched: int

    @property
    def missed(self) -> int:
        """Return how many crossings happened and were not found."""
        return self.true_in + self.true_out - self.matched

    @property
    def extra(self) -> int:
        """Return how many crossings were found and did not happen."""
        return self.found_in + self.found_out - self.matched


def read_true_paths(path: Path, start_ms: int, fps: float) -> list[TruePath]:
    """Return the foot points of every true person of a MOTChallenge text file.

    Args:
        path: Rows `frame, id, left, top, width, height, counts, ...`, frames from 1.
        start_ms: When the first frame was taken, Unix milliseconds.
        fps: Frames a second.

    Raises:
        FeedError: The file cannot be read, or a row is not of that form.
    """
    people: dict[float, TruePath] = defaultdict(list)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                frame, person, left, top, width, height, *rest = (float(field) for field in row)
                if not rest or rest[0] != 0:
                    time_ms = start_ms + round((frame - 1) * 1000 / fps)
                    people[person].append((time_ms, (left + width / 2, top + height)))
    except OSError as error:
        msg = f"truth {path} cannot be read: {error.strerror}"
        raise FeedError(msg) from error
    except ValueError as error:
        msg = f"truth {path}: need rows of frame,id,left,top,width,height[,counts]: {error}"
        raise FeedError(msg) from error
    return [sorted(positions) for positions in people.values()]


def true_crossings(tripwire: Tripwire, paths: Iterable[TruePath]) -> list[Crossing]:
    """Return the crossings that really happened, in order of time."""
    found = [crossing for path in paths for crossing in _crossings_of(tripwire, path)]
    return sorted(found, key=lambda crossing: crossing.time_ms)


def _crossings_of(tripwire: Tripwire, path: TruePath) -> Iterable[Crossing]:
    side, went_between = 0, False
    through_ms, was_right = 0, False
    for time_ms, point in path:
        signed = polyline.signed_distance_to(tripwire.points, point)
        between = polyline.is_beside(tripwire.points, point)
        if (signed > 0) != was_right:
            through_ms, was_right = time_ms, signed > 0
        if abs(signed) <= tripwire.band:
            went_between = went_between or between
            continue
        now = 1 if signed > 0 else -1
        if side == -now and (went_between or between):
            yield Crossing("in" if now > 0 else "out", through_ms)
        side, went_between = now, between


def found_crossings(tripwire: Tripwire, drafts: Iterable[EventDraft[UplinkPayload]]) -> list[Crossing]:
    """Return the crossings of one tripwire among events, in order of time."""
    found = [
        Crossing(draft.data.direction, draft.time_ms)
        for draft in drafts
        if isinstance(draft.data, FootfallCrossing) and draft.data.tripwire_id == tripwire.id
    ]
    return sorted(found, key=lambda crossing: crossing.time_ms)


def compare(tripwire: Tripwire, truth: Sequence[Crossing], found: Sequence[Crossing], tolerance_ms: int) -> Comparison:
    """Match crossings found with crossings that happened, each at most once, the nearest in time.

    Args:
        tripwire: The line.
        truth: What happened.
        found: What was found.
        tolerance_ms: Farther apart in time is not the same crossing.
    """
    free = list(truth)
    for crossing in found:
        candidates = [
            true
            for true in free
            if true.direction == crossing.direction and abs(true.time_ms - crossing.time_ms) <= tolerance_ms
        ]
        if candidates:
            free.remove(min(candidates, key=lambda true: abs(true.time_ms - crossing.time_ms)))
    return Comparison(
        tripwire.id,
        true_in=_count(truth, "in"),
        true_out=_count(truth, "out"),
        found_in=_count(found, "in"),
        found_out=_count(found, "out"),
        matched=len(truth) - len(free),
    )


def _count(crossings: Iterable[Crossing], direction: Direction) -> int:
    return sum(crossing.direction == direction for crossing in crossings)
