"""What a system says of scanned codes of single items, and which touches reached it, against the truth."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from simulators.core.scoring.intervals import Measure, share_of
from simulators.core.scoring.measured import MeasuredCodeScan, MeasuredTouch
from simulators.core.truth import Truth

Flag = Literal["first", "repeat", "counterfeit"]


class FlagScore(Struct, frozen=True, kw_only=True):
    """One flag. A scan that the system says nothing of counts as not flagged."""

    flag: Flag
    true: int
    flagged: int
    precision: Measure
    recall: Measure


class CodeScore(Struct, frozen=True, kw_only=True):
    """All flags; `unknown` counts scans that never happened."""

    scans: int
    unknown: int
    flags: tuple[FlagScore, ...]


class TouchScore(Struct, frozen=True, kw_only=True):
    """Scans and receipts that reached the system, told apart by device, time and kind.

    Attributes:
        found: Share of true touches that the system holds.
        false: Touches that it holds and that never happened, or that it holds more often than they did.
        revenue_error_minor: Sum of all receipts minus the true one, minor units.
    """

    true: int
    measured: int
    found: Measure
    false: int
    revenue_minor: int
    revenue_error_minor: int


def score_code_scans(measured: Sequence[MeasuredCodeScan], truth: Truth) -> CodeScore:
    """Return precision and recall of each flag.

    A scan is known by its code and the time that the scanner told; of two reports the later holds.
    """
    reports = {(each.code, each.t_ms): each for each in measured}
    true = {(each.code, each.t_ms if each.told_ms is None else each.told_ms): each for each in truth.code_scans}
    truly: dict[Flag, set[tuple[str, int]]] = {
        "first": {key for key, each in true.items() if each.first},
        "repeat": {key for key, each in true.items() if not each.first},
        "counterfeit": {key for key, each in true.items() if not each.genuine},
    }
    flagged: dict[Flag, set[tuple[str, int]]] = {
        "first": {key for key, each in reports.items() if each.first is True},
        "repeat": {key for key, each in reports.items() if each.first is False},
        "counterfeit": {key for key, each in reports.items() if each.genuine is False},
    }
    return CodeScore(
        scans=len(true),
        unknown=len(reports.keys() - true.keys()),
        flags=tuple(
            FlagScore(
                flag=flag,
                true=len(keys),
                flagged=len(flagged[flag]),
                precision=share_of(len(keys & flagged[flag]), len(flagged[flag])),
                recall=share_of(len(keys & flagged[flag]), len(keys)),
            )
            for flag, keys in truly.items()
        ),
    )


def score_touches(measured: Sequence[MeasuredTouch], truth: Truth) -> TouchScore:
    """Return which touches reached the system."""
    true: Counter[tuple[str, int, str]] = Counter((each.device_id, each.t_ms, each.kind) for each in truth.touches)
    seen: Counter[tuple[str, int, str]] = Counter((each.device_id, each.t_ms, each.kind) for each in measured)
    found = (true & seen).total()
    revenue_minor = sum(each.total_minor or 0 for each in measured)
    return TouchScore(
        true=true.total(),
        measured=seen.total(),
        found=share_of(found, true.total()),
        false=seen.total() - found,
        revenue_minor=revenue_minor,
        revenue_error_minor=revenue_minor - truth.totals.revenue_minor,
    )
