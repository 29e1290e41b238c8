"""What a system says has happened, in the form in which it is scored. Times: Unix milliseconds UTC."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from simulators.core.scoring.intervals import Floats
from simulators.core.truth import Direction, Truth, WaitEnd

EVERYWHERE = "*"
"""The camera of an observer who sees everybody everywhere, under the person's id. No real camera can have this id."""

WAIT_FROM_MS = 5_000
"""Who is in line for less time walks through, or finds no line at all."""

MeasuredEnd = WaitEnd | Literal["unknown"]
LinkDecision = Literal["linked", "party", "ambiguous", "null", "vetoed"]

_HOUR_MS = 3_600_000
_SHORT_BLOCK_MS = 300_000
_FEWEST_HOURS = 4


class MeasuredCrossings(Struct, frozen=True, kw_only=True):
    """What was counted at one tripwire over the whole of the truth's time."""

    crossed_in: int
    crossed_out: int


class MeasuredCrossing(Struct, frozen=True, kw_only=True):
    """Somebody was counted at a tripwire."""

    tripwire_id: str
    direction: Direction
    t_ms: int


class MeasuredPeople(Struct, frozen=True, kw_only=True):
    """How many people were at a place at one instant. `place` is a zone's id, None for the whole store."""

    place: str | None
    t_ms: int
    people: int


class TrackRef(Struct, frozen=True, kw_only=True):
    """A track as a camera named it."""

    camera_id: str
    track_id: str


class TrackSpan(Struct, frozen=True, kw_only=True):
    """A track that belongs to a visit, from its first time to its last."""

    camera_id: str
    track_id: str
    from_ms: int
    to_ms: int


class MeasuredStay(Struct, frozen=True, kw_only=True):
    """A time in a zone. `left_ms` is None while it goes on."""

    zone_id: str
    entered_ms: int
    left_ms: int | None


class MeasuredVisit(Struct, frozen=True, kw_only=True):
    """A visit in its latest revision.

    Attributes:
        closed_ms: None while the visit is open.
        is_staff: The system holds that somebody who works here made it.
    """

    visit_id: str
    opened_ms: int
    closed_ms: int | None
    tracks: tuple[TrackSpan, ...]
    stays: tuple[MeasuredStay, ...] = ()
    is_staff: bool = False


class MeasuredWait(Struct, frozen=True, kw_only=True):
    """A time in line.

    Attributes:
        ended_ms: None while it goes on.
        end: How it ended; `unknown`: the system does not say.
        camera_id: Of the track that waited; None: the system names none.
        track_id: The track.
    """

    queue_zone_id: str
    joined_ms: int
    ended_ms: int | None
    end: MeasuredEnd
    camera_id: str | None = None
    track_id: str | None = None


class MeasuredLink(Struct, frozen=True, kw_only=True):
    """What a linker decided about one touch.

    Attributes:
        device_id: The terminal or till.
        t_ms: When it was touched, as the device's clock tells; with the device this names the touch.
        visit: The tracks of the visit in question.
        visit_id: The visit in question, in place of its tracks.
        posterior: How probable the linker holds it that this visit made the touch, or one of its party where `party` is
            set, 0 to 1.
        party: The visit stands for its party.
        decision: None: `linked` where a visit is named, else `null`.
    """

    device_id: str
    t_ms: int
    visit: tuple[TrackRef, ...] = ()
    visit_id: str | None = None
    posterior: Annotated[float, Meta(ge=0, le=1)] | None = None
    party: bool = False
    decision: LinkDecision | None = None

    @property
    def names_visit(self) -> bool:
        """Return whether a visit is named, linked or not."""
        return bool(self.visit) or self.visit_id is not None

    @property
    def is_link(self) -> bool:
        """Return whether the visit was linked."""
        return self.names_visit and self.decision in (None, "linked", "party")


class MeasuredIdentifier(Struct, frozen=True, kw_only=True, order=True):
    """Something that names a member."""

    namespace: str
    value: str


class MeasuredProfile(Struct, frozen=True, kw_only=True):
    """A profile, and all identifiers that the system holds to be one human being's."""

    profile_id: str
    identifiers: tuple[MeasuredIdentifier, ...]


class MeasuredCodeScan(Struct, frozen=True, kw_only=True):
    """What the system says of one scan of an item's code. None: it says nothing of that."""

    code: str
    t_ms: int
    first: bool | None = None
    genuine: bool | None = None


class MeasuredTouch(Struct, frozen=True, kw_only=True):
    """A scan or a receipt that the system holds. `total_minor` is None for scans."""

    device_id: str
    t_ms: int
    kind: str
    total_minor: int | None = None


class Observation(Struct, frozen=True, kw_only=True):
    """All that a system says. None: it was not asked, or cannot say.

    Attributes:
        counts: Counts by tripwire without their times, for tripwires that `crossings` does not hold.
        links: Decisions of each linker, by its name.
    """

    crossings: tuple[MeasuredCrossing, ...] | None = None
    counts: Mapping[str, MeasuredCrossings] | None = None
    people: tuple[MeasuredPeople, ...] | None = None
    visits: tuple[MeasuredVisit, ...] | None = None
    waits: tuple[MeasuredWait, ...] | None = None
    touches: tuple[MeasuredTouch, ...] | None = None
    links: Mapping[str, tuple[MeasuredLink, ...]] | None = None
    profiles: tuple[MeasuredProfile, ...] | None = None
    code_scans: tuple[MeasuredCodeScan, ...] | None = None


class Options(Struct, frozen=True, kw_only=True):
    """How to score.

    Attributes:
        reentry_s: Who comes back within this time is still on the same visit.
        instant_s: Seconds between the instants at which visits are compared with people.
        shared_s: A visit is that of several people when at least two of them are in it this long each.
        counts_stays: A visit is also where it tells a stay while it has no track; else it is where its tracks are.
        bins: Bins of equal width for the calibration error.
        seed: For the bootstrap.
    """

    reentry_s: float = 300.0
    instant_s: float = 1.0
    shared_s: float = 3.0
    counts_stays: bool = False
    bins: int = 10
    seed: int = 0


class Blocks(Struct, frozen=True, kw_only=True):
    """The truth's time, cut into hours, or into 5 minutes where it is shorter than 4 hours."""

    start_ms: int
    block_ms: int
    count: int

    def counts(self, times_ms: Sequence[int]) -> Floats:
        """Return how many of the times lie in each block, shape (B,)."""
        places = np.array([self.of(t_ms) for t_ms in times_ms], dtype=np.int64)
        return np.bincount(places, minlength=self.count).astype(np.float64)

    def of(self, t_ms: int) -> int:
        """Return the block of a time; times outside belong to the first or the last."""
        return min(max(0, (t_ms - self.start_ms) // self.block_ms), self.count - 1)


def blocks_of(truth: Truth) -> Blocks:
    """Return the blocks of time by which figures are shown and resampled; they begin with whole hours or 5 minutes."""
    span_ms = truth.until_ms - truth.start_ms
    block_ms = _HOUR_MS if span_ms >= _FEWEST_HOURS * _HOUR_MS else _SHORT_BLOCK_MS
    start_ms = truth.start_ms // block_ms * block_ms
    return Blocks(start_ms=start_ms, block_ms=block_ms, count=max(1, -(-(truth.until_ms - start_ms) // block_ms)))
