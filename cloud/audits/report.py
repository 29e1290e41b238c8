"""A report of `shopthread audit report`, as the cloud takes it: figures whose every one follows from the counts. Pure.

Unknown fields are refused and texts are short: no picture fits in.
"""

from collections.abc import Iterable
from math import isclose, sqrt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from contracts.events import Source
from contracts.timestamps import parse_time

Z_95 = 1.959963984540054
"""Standard normal quantile of 0.975."""

_NEAR = 1e-6
_MOST_LISTED = 20_000
Line = Annotated[str, Meta(max_length=300)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Fraction = Annotated[float, Meta(ge=0, le=1)]


class ReportError(ValueError):
    """A report cannot be taken. The message says what of it, what was expected, and what to do."""


class Share(Struct, frozen=True, forbid_unknown_fields=True):
    """A share of trials with its interval at 95 %; all None without trials."""

    value: float | None
    low: float | None
    high: float | None
    trials: Count


class Scores(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How well was counted; docs/audit.md says what each figure means."""

    labelled: Count
    counted: Count
    matched: Count
    missed: Count
    invented: Count
    accuracy: Share
    precision: Share
    recall: Share
    net_error: Share


class Slice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The figures of a part of the crossings."""

    by: Literal["line", "line and direction", "direction", "hour (UTC)", "people in view"]
    value: Line
    scores: Scores


class ListedCrossing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A crossing that was missed or invented."""

    recording: Count
    time: Line
    frame: Count
    seconds: float
    tripwire_id: Line
    direction: Line
    people: Count


class Agreement(Struct, frozen=True, forbid_unknown_fields=True):
    """How far two labellers agree."""

    both: Count
    first_only: Count
    second_only: Count
    positive: float | None
    kappa: float | None


class LabellerAgreement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two labellers of one recording."""

    first: Line
    second: Line
    figures: Agreement


class Recording(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One recording that was audited."""

    name: Line
    kind: Line
    device: Line
    start: Line
    seconds: float
    frames: Count
    operator: Line
    reason: Line
    labeller: Line
    density: Literal["labels", "camera"]
    video_sha256: Line
    config_sha256: Line
    tolerance_s: float
    scores: Scores
    agreements: Annotated[tuple[LabellerAgreement, ...], Meta(max_length=1000)] = ()


class AuditReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole audit, version 1 of report.json."""

    statement: Annotated[str, Meta(max_length=1000)]
    certified_level: Fraction | None
    levels: Annotated[tuple[Fraction, ...], Meta(max_length=100)]
    crossings_needed: Count | None
    crossing_rule: Line
    model: Line
    scores: Scores
    slices: Annotated[tuple[Slice, ...], Meta(max_length=_MOST_LISTED)]
    recordings: Annotated[tuple[Recording, ...], Meta(min_length=1, max_length=1000)]
    missed: Annotated[tuple[ListedCrossing, ...], Meta(max_length=_MOST_LISTED)]
    invented: Annotated[tuple[ListedCrossing, ...], Meta(max_length=_MOST_LISTED)]
    version: Literal[1]

    @property
    def started_ms(self) -> int:
        """Return when the latest recording began."""
        return max(parse_time(each.start) for each in self.recordings)

    @property
    def sources(self) -> list[Source]:
        """Return the cameras, each once."""
        return list(dict.fromkeys(Source.parse(each.device) for each in self.recordings))


def read_report(body: bytes, tenant: str) -> AuditReport:
    """Return a report that a tenant may upload.

    Raises:
        ReportError: It is none, it is another tenant's, or a figure does not follow from the counts.
    """
    try:
        report = msgspec.json.decode(body, type=AuditReport)
        sources, _ = report.sources, report.started_ms
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError) as error:
        msg = f"expected report.json of 'shopthread audit report', version 1, without anything else: {error}"
        raise ReportError(msg) from error
    for source in sources:
        if source.tenant != tenant:
            msg = f"the report is of {source}, the key is of tenant {tenant!r}; audit with that tenant's configuration"
            raise ReportError(msg)
    parts = [("scores", report.scores), *((f"slice {each.by} {each.value}", each.scores) for each in report.slices)]
    parts += [(f"recording {each.name}", each.scores) for each in report.recordings]
    for name, scores in parts:
        _check(name, scores)
    return report


def _check(name: str, scores: Scores) -> None:
    matched, missed, invented = scores.matched, scores.missed, scores.invented
    if (scores.labelled, scores.counted) != (matched + missed, matched + invented):
        msg = f"{name}: labelled and counted must be matched with missed and with invented; make the report anew"
        raise ReportError(msg)
    shares = {
        "accuracy": (scores.accuracy, matched + missed + invented),
        "precision": (scores.precision, matched + invented),
        "recall": (scores.recall, matched + missed),
    }
    for which, (told, trials) in shares.items():
        expected = (None, None, None) if trials == 0 else (matched / trials, *wilson(matched, trials))
        if told.trials != trials or not _alike((told.value, told.low, told.high), expected):
            msg = f"{name}: {which} must be {expected} of {trials}, as the counts have it, got {told}; make it anew"
            raise ReportError(msg)


def _alike(told: Iterable[float | None], expected: Iterable[float | None]) -> bool:
    return all(
        one is other or (one is not None and other is not None and isclose(one, other, abs_tol=_NEAR))
        for one, other in zip(told, expected, strict=True)
    )


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Return the score interval of a share at 95 % (Wilson, JASA 22 (1927) 209); there is a trial."""
    share, square = hits / trials, Z_95 * Z_95
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = Z_95 * sqrt(share * (1 - share) / trials + square / (4 * trials * trials)) / (1 + square / trials)
    return max(middle - half, 0.0), min(middle + half, 1.0)
