"""Every score of one observation."""

import numpy as np
from msgspec import Struct

from simulators.core.scoring.codes import CodeScore, TouchScore, score_code_scans, score_touches
from simulators.core.scoring.counting import CountingScore, score_counting
from simulators.core.scoring.dwell import LengthScore, score_dwell
from simulators.core.scoring.identification import TrackingScore, score_tracking
from simulators.core.scoring.identity import IdentityScore, score_profiles
from simulators.core.scoring.intervals import Ints
from simulators.core.scoring.linking import LinkScore, score_links
from simulators.core.scoring.measured import Blocks, MeasuredVisit, Observation, Options, blocks_of
from simulators.core.scoring.occupancy import OccupancyScore, score_occupancy
from simulators.core.scoring.staff import StaffScore, score_staff
from simulators.core.scoring.timeline import make_timeline
from simulators.core.scoring.visits import VisitScore, score_visits
from simulators.core.scoring.waits import WaitScore, score_waits
from simulators.core.truth import Truth


class Scorecard(Struct, frozen=True, kw_only=True):
    """How well an observation agrees with the truth. None, or empty: the observation does not speak of it.

    Attributes:
        scenario: The simulated store.
        seed: Of the simulation.
        start_ms: Beginning of the truth.
        until_ms: Its end.
        block_ms: Length of the blocks of time by which figures are shown and resampled.
        options: How it was scored.
        notes: What the reader of the figures must know.
    """

    scenario: str
    seed: int
    start_ms: int
    until_ms: int
    block_ms: int
    options: Options
    counting: CountingScore | None
    occupancy: tuple[OccupancyScore, ...]
    visits: VisitScore | None
    staff: StaffScore | None = None
    tracking: TrackingScore | None
    dwell: tuple[LengthScore, ...]
    waits: tuple[WaitScore, ...]
    touches: TouchScore | None
    links: tuple[LinkScore, ...]
    identity: IdentityScore | None
    codes: CodeScore | None
    notes: tuple[str, ...]


class _StitchingScore(Struct, frozen=True, kw_only=True):
    visits: VisitScore
    tracking: TrackingScore
    dwell: tuple[LengthScore, ...]


def score(seen: Observation, truth: Truth, options: Options, notes: tuple[str, ...] = ()) -> Scorecard:
    """Return every score that the observation has something for. The same input gives the same scores.

    Raises:
        ValueError: The observation names a tripwire or visit that nobody knows, or an identifier twice.
    """
    rng = np.random.default_rng(options.seed)
    is_counted = seen.crossings is not None or seen.counts is not None
    stitching = None if seen.visits is None else _score_stitching(seen.visits, truth, options, rng)
    return Scorecard(
        scenario=truth.scenario,
        seed=truth.seed,
        start_ms=truth.start_ms,
        until_ms=truth.until_ms,
        block_ms=blocks_of(truth).block_ms,
        options=options,
        counting=score_counting(seen, truth, rng) if is_counted else None,
        occupancy=score_occupancy(seen.people or (), truth, rng),
        visits=stitching.visits if stitching else None,
        staff=None if seen.visits is None else score_staff(seen.visits, truth, options),
        tracking=stitching.tracking if stitching else None,
        dwell=stitching.dwell if stitching else (),
        waits=() if seen.waits is None else score_waits(seen.waits, truth, rng),
        touches=None if seen.touches is None else score_touches(seen.touches, truth),
        links=tuple(
            score_links(name, links, seen.visits, truth, options, rng) for name, links in (seen.links or {}).items()
        ),
        identity=None if seen.profiles is None else score_profiles(seen.profiles, truth, rng),
        codes=None if seen.code_scans is None else score_code_scans(seen.code_scans, truth),
        notes=notes,
    )


def _score_stitching(
    visits: tuple[MeasuredVisit, ...], truth: Truth, options: Options, rng: np.random.Generator
) -> _StitchingScore:
    timeline = make_timeline(truth, visits, options)
    set_aside = sum(visit.is_staff for visit in visits)
    blocks = blocks_of(truth)
    return _StitchingScore(
        visits=score_visits(timeline, truth, set_aside, options, rng),
        tracking=score_tracking(timeline.sightings, blocks, _block_of_instant(timeline.at_ms, blocks), rng),
        dwell=score_dwell(timeline, truth, rng),
    )


def _block_of_instant(at_ms: Ints, blocks: Blocks) -> Ints:
    return np.minimum((at_ms - blocks.start_ms) // blocks.block_ms, blocks.count - 1)
