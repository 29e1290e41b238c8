"""The figures of an audit: the camera's agent runs on the recordings again, and its crossings meet the labels."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path
from statistics import median
from typing import Literal

from msgspec import Struct

from contracts.payloads import FootfallCrossing
from contracts.timestamps import format_time
from edge.adapters.camera import CameraClock
from edge.auditing.folder import (
    AuditError,
    AuditFolder,
    Labels,
    Manifest,
    config_sha256,
    crossings_of,
    people_at,
)
from edge.auditing.footage import RecordedFrames
from edge.camera_rules import pipeline_rules
from edge.camera_settings import CameraConfig
from edge.core.audit_scores import (
    LEVELS,
    Agreement,
    LineCrossing,
    Matching,
    Scores,
    agreement,
    certified_level,
    match,
    slices,
    trials_needed,
)
from edge.core.tracker import TrackedBox
from edge.errors import ConfigurationError
from edge.ports import Frame
from edge.replay import RecordedEvents, replay
from models.registry import ModelRegistry

REPORT_VERSION = 1
DEFAULT_TOLERANCE_FRAMES = 15.0
DENSITIES = ((0, 1, "0 to 1"), (2, 3, "2 to 3"), (4, 6, "4 to 6"), (7, 10, "7 to 10"), (11, 1_000_000, "11 and more"))
"""People in view: least, most, name."""

SliceKind = Literal["line", "line and direction", "direction", "hour (UTC)", "people in view"]


class Slice(Struct, frozen=True, kw_only=True):
    """The figures of a part of the crossings."""

    by: SliceKind
    value: str
    scores: Scores


class ListedCrossing(Struct, frozen=True, kw_only=True):
    """A crossing that was missed or invented.

    Attributes:
        recording: In which recording, from 0.
        time: When, RFC 3339.
        frame: At which frame of the video, from 0.
        seconds: So far into the recording.
        tripwire_id: Which line.
        direction: Which way.
        people: How many people were in view.
    """

    recording: int
    time: str
    frame: int
    seconds: float
    tripwire_id: str
    direction: str
    people: int


class LabellerAgreement(Struct, frozen=True, kw_only=True):
    """How far two people agree on one recording."""

    first: str
    second: str
    figures: Agreement


class AuditedRecording(Struct, frozen=True, kw_only=True):
    """One recording, and what was compared in it.

    Attributes:
        name: The folder's name.
        kind: `recording` or `footage`.
        device: Tenant, store and camera.
        start: Time of the first frame.
        seconds: How long it is, as far as it was labelled.
        frames: How many frames that is.
        operator: Who recorded it.
        reason: Why.
        labeller: Whose labels count.
        density: Who told how many people are in view.
        video_sha256: Of the video.
        config_sha256: Of the configuration that counted.
        tolerance_s: Farther apart is not the same crossing.
        scores: Its figures.
        agreements: How far its labellers agree.
    """

    name: str
    kind: str
    device: str
    start: str
    seconds: float
    frames: int
    operator: str
    reason: str
    labeller: str
    density: Literal["labels", "camera"]
    video_sha256: str
    config_sha256: str
    tolerance_s: float
    scores: Scores
    agreements: tuple[LabellerAgreement, ...] = ()


class Report(Struct, frozen=True, kw_only=True):
    """A whole audit, as report.json holds it; docs/audit.md says what each figure means.

    Attributes:
        statement: The result in a sentence.
        certified_level: The best level that the lower bound of the accuracy reaches; None: none.
        levels: What may be certified.
        crossings_needed: How many crossings an audit with this accuracy needs for 90 %; None: it is too low.
        crossing_rule: Which rule counted.
        model: Which detector looked.
        scores: The figures of everything.
        slices: Those of its parts.
        recordings: What they come from.
        missed: What happened and was not counted.
        invented: What was counted and did not happen.
    """

    statement: str
    certified_level: float | None
    levels: tuple[float, ...] = LEVELS
    crossings_needed: int | None
    crossing_rule: str
    model: str
    scores: Scores
    slices: tuple[Slice, ...]
    recordings: tuple[AuditedRecording, ...]
    missed: tuple[ListedCrossing, ...]
    invented: tuple[ListedCrossing, ...]
    version: int = REPORT_VERSION


@dataclass
class Audited:
    """One recording after its replay: what a report and its pictures are made of."""

    folder: AuditFolder
    manifest: Manifest
    config: CameraConfig
    video: Path
    labels: list[Labels]
    matching: Matching
    tolerance_ms: int
    people: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How an audit is scored.

    Attributes:
        tolerance_s: Farther apart is not the same crossing; None: `DEFAULT_TOLERANCE_FRAMES` frames.
        labeller: Whose labels count; None: `labels.json`, or the first by name.
        config: Counts in place of the configuration with which was recorded; None: that one.
        on_frame: Called after each frame that was run again.
    """

    tolerance_s: float | None = None
    labeller: str | None = None
    config: CameraConfig | None = None
    on_frame: Callable[[], None] = lambda: None


def audit_folder(folder: AuditFolder, options: ReportOptions, clock: CameraClock, registry: ModelRegistry) -> Audited:
    """Run a recording again and match its crossings to the labels.

    Raises:
        EdgeError: The folder cannot be used.
        ModelError: There is no such model, or it is refused.
    """
    manifest, video = folder.manifest(), folder.video()
    config = options.config or folder.config()
    labels = _chosen_first(folder, options.labeller)
    people = [0] * len(manifest.frame_times_ms)

    def note(frame: Frame, told: Sequence[TrackedBox]) -> None:
        people[frame.index] = sum(not box.is_foretold for box in told)
        options.on_frame()

    frames = RecordedFrames(video, manifest.frame_times_ms)
    found = replay(config, video, clock, registry, frames=frames, on_tracked=note)
    tolerance_ms = _tolerance_ms(manifest.frame_times_ms, options.tolerance_s)
    truth, told = _truth(labels[0], config, manifest, people), _told(found, labels[0], manifest, people)
    return Audited(folder, manifest, config, video, labels, match(truth, told, tolerance_ms), tolerance_ms, people)


def _chosen_first(folder: AuditFolder, labeller: str | None) -> list[Labels]:
    everybody = folder.all_labels()
    if labeller is None:
        return everybody
    chosen = [labels for labels in everybody if labels.labeller == labeller]
    if not chosen:
        msg = f"{folder.path}: no labels of {labeller!r}; choose {', '.join(one.labeller for one in everybody)}"
        raise AuditError(msg)
    return [*chosen, *(labels for labels in everybody if labels.labeller != labeller)]


def _tolerance_ms(times_ms: Sequence[int], tolerance_s: float | None) -> int:
    if tolerance_s is not None:
        return round(tolerance_s * 1000)
    gaps_ms = [after - before for before, after in pairwise(times_ms)]
    return round(DEFAULT_TOLERANCE_FRAMES * median(gaps_ms)) if gaps_ms else 0


def _truth(labels: Labels, config: CameraConfig, manifest: Manifest, people: list[int]) -> list[LineCrossing]:
    crossings = crossings_of(labels, manifest.frame_times_ms, people)
    known = {wire.id for wire in config.tripwires}
    for crossing in crossings:
        if crossing.tripwire_id not in known:
            msg = (
                f"labels of {labels.labeller}: the configuration has no line {crossing.tripwire_id!r}, only "
                f"{', '.join(sorted(known)) or 'none'}; give the configuration that was labelled"
            )
            raise ConfigurationError(msg)
    return [crossing for crossing in crossings if crossing.time_ms <= _until_ms(labels, manifest)]


def _told(found: RecordedEvents, labels: Labels, manifest: Manifest, people: list[int]) -> list[LineCrossing]:
    told = []
    for event in found.events:
        if isinstance(event.data, FootfallCrossing) and event.time_ms <= _until_ms(labels, manifest):
            frame = frame_at(manifest, event.time_ms)
            marked = people_at(labels, frame)
            count = marked if marked is not None else people[frame] if frame < len(people) else 0
            told.append(LineCrossing(event.time_ms, event.data.tripwire_id, event.data.direction, count))
    return told


def _until_ms(labels: Labels, manifest: Manifest) -> int:
    times_ms = manifest.frame_times_ms
    last = len(times_ms) - 1 if labels.looked_until_frame is None else labels.looked_until_frame
    return times_ms[min(last, len(times_ms) - 1)]


def frame_at(manifest: Manifest, time_ms: int) -> int:
    """Return the frame that showed at a time."""
    return max(0, bisect_right(manifest.frame_times_ms, time_ms) - 1)


def build_report(audited: Sequence[Audited]) -> Report:
    """Return the report on some recordings.

    Raises:
        AuditError: Nothing was labelled and nothing counted.
    """
    whole = Matching()
    for each in audited:
        whole = whole.plus(each.matching)
    scores = whole.score()
    if scores.accuracy.value is None or scores.accuracy.low is None:
        msg = "nobody crossed a line in these recordings, by the labels and by the camera; record a busier time"
        raise AuditError(msg)
    level = certified_level(scores)
    needed = trials_needed(scores.accuracy.value, 0.90)
    return Report(
        statement=_statement(scores, level, needed),
        certified_level=level,
        crossings_needed=needed,
        crossing_rule=_together(wire.rule for each in audited for wire in pipeline_rules(each.config).tripwires),
        model=_together(each.config.camera.model for each in audited),
        scores=scores,
        slices=tuple(_slices(whole)),
        recordings=tuple(_recording(each) for each in audited),
        missed=tuple(_listed(audited, lambda matching: matching.missed)),
        invented=tuple(_listed(audited, lambda matching: matching.invented)),
    )


def _together(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _statement(scores: Scores, level: float | None, needed: int | None) -> str:
    value, low, high = scores.accuracy.value or 0.0, scores.accuracy.low or 0.0, scores.accuracy.high or 0.0
    measured = (
        f"{scores.matched} of {scores.accuracy.trials} crossings right, {value:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%})"
    )
    if level is not None:
        return f"Certified at >= {level:.0%} of crossings: {measured}."
    if needed is None:
        return f"Not certified: {measured}; an accuracy above 90 % is needed first."
    if needed > scores.accuracy.trials:
        more = f"with this accuracy {needed} labelled crossings would do for 90 %"
        return f"Not certified: {measured}; {more}."
    return f"Not certified: {measured}."


def _slices(whole: Matching) -> list[Slice]:
    keys: dict[SliceKind, Callable[[LineCrossing], str]] = {
        "direction": lambda crossing: crossing.direction,
        "line": lambda crossing: crossing.tripwire_id,
        "line and direction": lambda crossing: f"{crossing.tripwire_id} {crossing.direction}",
        "hour (UTC)": lambda crossing: f"{format_time(crossing.time_ms)[:13].replace('T', ' ')}:00",
        "people in view": lambda crossing: _density(crossing.people),
    }
    names = [name for _, _, name in DENSITIES]
    found = []
    for kind, key in keys.items():
        parts = slices(whole, key)
        order = sorted(parts, key=names.index) if kind == "people in view" else sorted(parts)
        found += [Slice(by=kind, value=value, scores=parts[value]) for value in order]
    return found


def _density(people: int) -> str:
    return next(name for least, most, name in DENSITIES if least <= people <= most)


def _recording(audited: Audited) -> AuditedRecording:
    manifest, labels = audited.manifest, audited.labels[0]
    until_ms = _until_ms(labels, manifest)
    return AuditedRecording(
        name=audited.folder.path.resolve().name,
        kind=manifest.kind,
        device=manifest.device,
        start=format_time(manifest.started_ms),
        seconds=round((until_ms - manifest.frame_times_ms[0]) / 1000, 1),
        frames=frame_at(manifest, until_ms) + 1,
        operator=manifest.operator,
        reason=manifest.reason,
        labeller=labels.labeller,
        density="labels" if labels.density else "camera",
        video_sha256=manifest.video_sha256 or "",
        config_sha256=config_sha256(audited.config),
        tolerance_s=audited.tolerance_ms / 1000,
        scores=audited.matching.score(),
        agreements=tuple(_agreements(audited)),
    )


def _agreements(audited: Audited) -> list[LabellerAgreement]:
    """Compare every two labellers as far as both have looked; a cell is as long as the tolerance reaches both ways."""
    manifest = audited.manifest
    found = []
    for first, second in combinations(audited.labels, 2):
        until_ms = min(_until_ms(first, manifest), _until_ms(second, manifest))
        seen = [
            [crossing for crossing in crossings_of(one, manifest.frame_times_ms, []) if crossing.time_ms <= until_ms]
            for one in (first, second)
        ]
        long = (until_ms - manifest.frame_times_ms[0]) / max(1, 2 * audited.tolerance_ms)
        cells = round(long * 2 * len(audited.config.tripwires))
        figures = agreement(seen[0], seen[1], audited.tolerance_ms, cells)
        found.append(LabellerAgreement(first=first.labeller, second=second.labeller, figures=figures))
    return found


def _listed(audited: Sequence[Audited], choose: Callable[[Matching], tuple[LineCrossing, ...]]) -> list[ListedCrossing]:
    return [
        ListedCrossing(
            recording=index,
            time=format_time(crossing.time_ms),
            frame=frame_at(each.manifest, crossing.time_ms),
            seconds=round((crossing.time_ms - each.manifest.started_ms) / 1000, 2),
            tripwire_id=crossing.tripwire_id,
            direction=crossing.direction,
            people=crossing.people,
        )
        for index, each in enumerate(audited)
        for crossing in choose(each.matching)
    ]
