"""Waits in line against the truth: how many, how long, and how they ended."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from simulators.core.scoring.dwell import LengthScore, lengths_of, score_lengths
from simulators.core.scoring.intervals import Measure, quantile_of, ratio_of, share_of
from simulators.core.scoring.measured import WAIT_FROM_MS, Blocks, MeasuredEnd, MeasuredWait, blocks_of
from simulators.core.scoring.ownership import NOBODY, Ownership
from simulators.core.truth import TrueWait, Truth

ENDS: tuple[MeasuredEnd, ...] = ("served", "abandoned", "waiting", "unknown")
ALL_QUEUES = "*"
"""Stands for all queue zones together. No zone can have this id."""

_MS = 1000
_TAIL = 0.9


class WaitCount(Struct, frozen=True, kw_only=True):
    """Waits that ended in one way, or all of them; `error_share` is (measured - true) / true."""

    end: MeasuredEnd | Literal["joined"]
    true: int
    measured: int
    error_share: Measure


class WaitScore(Struct, frozen=True, kw_only=True):
    """Waits in one queue zone, or in all of them.

    Attributes:
        queue_zone_id: The zone, or `ALL_QUEUES`.
        counts: By how they ended.
        lengths: Of those that have ended; errors are those of pairs.
        found: The share of true waits of which a measured wait is a pair: the same person in the same line at the same
            time. Only waits that name a track can be.
        p90_absolute_error: Nine tenths of the pairs that have ended have at most this error, s.
        outcomes: The share of the pairs that have ended which ended as they were said to.
    """

    queue_zone_id: str
    counts: tuple[WaitCount, ...]
    lengths: LengthScore
    found: Measure
    p90_absolute_error: Measure
    outcomes: Measure


class _Owned(Struct, frozen=True):
    """A true wait and whose it is, by the person's place in the truth."""

    wait: TrueWait
    person: int


_Pair = tuple[TrueWait, MeasuredWait]


def score_waits(measured: Sequence[MeasuredWait], truth: Truth, rng: np.random.Generator) -> tuple[WaitScore, ...]:
    """Return the score of each queue zone that truth or measurement knows of, and of several also that of all.

    Waits shorter than 5 s are none.
    """
    owned = [
        _Owned(wait, index) for index, person in enumerate(truth.people) for wait in person.waits if _is_wait(wait)
    ]
    true = [each.wait for each in owned]
    measured = [wait for wait in measured if _is_wait(wait)]
    pairs = _pairs(owned, measured, truth)
    zones = sorted({wait.queue_zone_id for wait in true} | {wait.queue_zone_id for wait in measured})
    scores = [
        _score_zone(
            zone_id,
            [wait for wait in true if wait.queue_zone_id == zone_id],
            [wait for wait in measured if wait.queue_zone_id == zone_id],
            [pair for pair in pairs if pair[0].queue_zone_id == zone_id],
            blocks_of(truth),
            rng,
        )
        for zone_id in zones
    ]
    if len(zones) > 1:
        scores.append(_score_zone(ALL_QUEUES, true, measured, pairs, blocks_of(truth), rng))
    return tuple(scores)


def _is_wait(wait: TrueWait | MeasuredWait) -> bool:
    return wait.ended_ms is None or wait.ended_ms - wait.joined_ms >= WAIT_FROM_MS


def _pairs(owned: Sequence[_Owned], measured: Sequence[MeasuredWait], truth: Truth) -> list[_Pair]:
    """Return what belongs together: same line, same person, and the longest time in common; each wait once."""
    ownership = Ownership(truth)
    waits_of: dict[tuple[int, str], list[int]] = defaultdict(list)
    for index, each in enumerate(owned):
        waits_of[each.person, each.wait.queue_zone_id].append(index)
    found: list[tuple[int, int, int]] = []
    for number, wait in enumerate(measured):
        for index in waits_of[_owner(ownership, wait), wait.queue_zone_id]:
            common_ms = _common_ms(owned[index].wait, wait, truth.until_ms)
            if common_ms > 0:
                found.append((-common_ms, index, number))
    used_true: set[int] = set()
    used_measured: set[int] = set()
    pairs = []
    for _, index, number in sorted(found):
        if index not in used_true and number not in used_measured:
            used_true.add(index)
            used_measured.add(number)
            pairs.append((owned[index].wait, measured[number]))
    return pairs


def _owner(ownership: Ownership, wait: MeasuredWait) -> int:
    """Return the person behind a wait's track when it joined the line, `NOBODY` where it names none."""
    if wait.camera_id is None or wait.track_id is None:
        return NOBODY
    return int(ownership.owners_at(wait.camera_id, wait.track_id, np.array([wait.joined_ms], dtype=np.int64))[0])


def _common_ms(one: TrueWait, other: MeasuredWait, until_ms: int) -> int:
    ends_ms = [until_ms if each.ended_ms is None else each.ended_ms for each in (one, other)]
    return min(ends_ms) - max(one.joined_ms, other.joined_ms)


def _score_zone(
    zone_id: str,
    true: list[TrueWait],
    measured: list[MeasuredWait],
    pairs: list[_Pair],
    blocks: Blocks,
    rng: np.random.Generator,
) -> WaitScore:
    lengths = [lengths_of((wait.joined_ms, wait.ended_ms) for wait in waits) for waits in (true, measured)]
    errors, are_right = [], 0
    for t, m in pairs:
        if t.ended_ms is not None and m.ended_ms is not None:
            errors.append((m.ended_ms - m.joined_ms - (t.ended_ms - t.joined_ms)) / _MS)
            are_right += t.end == m.end
    return WaitScore(
        queue_zone_id=zone_id,
        counts=(
            _count("joined", true, measured, blocks, rng),
            *(
                _count(end, [w for w in true if w.end == end], [w for w in measured if w.end == end], blocks, rng)
                for end in ENDS
            ),
        ),
        lengths=score_lengths(zone_id, lengths[0], lengths[1], errors, blocks, rng),
        found=share_of(len(pairs), len(true)),
        p90_absolute_error=quantile_of(np.abs(np.array(errors, dtype=np.float64)), _TAIL, rng),
        outcomes=share_of(are_right, len(errors)),
    )


def _count(
    end: MeasuredEnd | Literal["joined"],
    true: list[TrueWait],
    measured: list[MeasuredWait],
    blocks: Blocks,
    rng: np.random.Generator,
) -> WaitCount:
    truly, counted = (blocks.counts([wait.joined_ms for wait in waits]) for waits in (true, measured))
    share = ratio_of(counted - truly, truly, len(true), rng)
    return WaitCount(end=end, true=len(true), measured=len(measured), error_share=share)
