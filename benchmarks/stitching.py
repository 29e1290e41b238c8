"""Visits stitched from all cameras of simulated stores: scores beside simpler ways, and what a full store costs."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from math import hypot
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Result
from benchmarks.shops import News, dressed, simulate
from contracts.events import Source
from contracts.payloads import AppearanceSignature, VisitSegment
from gateway.core.staff import StaffRules, decide
from gateway.core.stitching import Stitcher, StitchRules, Visits
from gateway.core.stitching.appearance import Appearances
from gateway.core.stitching.tracklets import Tracklet
from gateway.core.stitching.visits import merge_stays
from simulators.core.scoring.measured import MeasuredStay, MeasuredVisit, Observation, Options, TrackSpan
from simulators.core.scoring.scorecard import Scorecard, score
from simulators.core.signatures import DIMENSIONS
from simulators.core.truth import Truth

_MS_PER_S = 1000
_SETTLE_MS = 10_000
_HOURS = {
    "fashion_store": (datetime(2026, 3, 5, 11, tzinfo=UTC), 300),
    "supermarket": (datetime(2026, 3, 5, 16, tzinfo=UTC), 20),
}
"""When a store opens its doors, and for how many minutes: few come to the fashion store, and its staff stays on."""
_SHORT = 60
_TIMES_BUSIER, _FULL_MINUTES, _MS_PER_MINUTE = 8.5, 14, 60_000
"""How much busier than usual a store is that has about 300 people in it after so long."""
_CORE_SHARE = 0.2
_NEAR_M, _SOON_MS, _ALIKE = 2.0, 10_000, 2.0
RULES = StitchRules(look_dimensions=DIMENSIONS, look_noise_sd=1.0, look_camera_sd=0.7)
"""Of stores whose cameras tell what people look like."""

_RUNS = (
    *(("fashion_store", "0.15 m", "typical", seed) for seed in (1, 2, 3)),
    *(("supermarket", "0.15 m", "typical", seed) for seed in (1, 2, 3, 4)),
    ("supermarket", "0.15 m", "good", 1),
    ("supermarket", "0.15 m", "poor", 1),
    ("supermarket", "0.15 m", "weak", 1),
    ("supermarket", "0.15 m", "weak", 2),
    ("supermarket", "0.30 m", "typical", 1),
    ("supermarket", "0.30 m", "typical", 2),
    ("fashion_store", "0.30 m", "typical", 1),
)
"""Store, noise, signatures, seed."""

Groups = list[list[Tracklet]]
Way = Callable[[list[Tracklet], Appearances], Groups]


def rules_for(preset: str) -> StitchRules:
    """Return the rules of a store with such signatures; the defaults are for the bundled encoder's, which are poor."""
    return StitchRules() if preset in {"poor", "weak"} else RULES


def stitched(news: list[News], *, looks: bool, rules: StitchRules = RULES) -> tuple[Groups, float]:
    """Return who is who as the gateway says, and the processor time that it took, s.

    Those are left out of whom the gateway cannot say whose part they are: it tells no visits of them.
    """
    stitcher, next_ms = Stitcher(rules), 0
    began_s = time.process_time()
    for each in news:
        if isinstance(each.data, VisitSegment):
            stitcher.take(each.device, each.data)
        elif looks:
            stitcher.take_signature(each.data, each.t_ms)
        if each.t_ms >= next_ms:
            stitcher.settle()
            next_ms = each.t_ms + _SETTLE_MS
    stitcher.settle()
    return [each.tracklets for each in stitcher.clusters() if not each.rivals], time.process_time() - began_s


def alone(tracklets: list[Tracklet], _: Appearances) -> Groups:
    """Leave every segment alone."""
    return [[each] for each in tracklets]


def by_time(tracklets: list[Tracklet], _: Appearances) -> Groups:
    """Join each segment to whoever was seen last or is seen now, wherever that is."""

    def weight(group: list[Tracklet], tracklet: Tracklet) -> float | None:
        gap_ms = abs(tracklet.opened_ms - max(each.ended_ms for each in group))
        return -gap_ms if gap_ms <= _SOON_MS else None

    return _greedy(tracklets, weight)


def by_appearance(tracklets: list[Tracklet], looks: Appearances) -> Groups:
    """Join each segment to whoever looks most alike."""

    def weight(group: list[Tracklet], tracklet: Tracklet) -> float | None:
        versions = [
            looks.versions((each.device.device, each.segment.segment_id) for each in part)
            for part in (group[-6:], [tracklet])
        ]
        found = looks.likeness(versions[0], versions[1])
        return found if found is not None and found >= _ALIKE else None

    return _greedy(tracklets, weight)


def by_nearness(tracklets: list[Tracklet], _: Appearances) -> Groups:
    """Join each segment to whoever is nearest now, or was a moment ago."""

    def weight(group: list[Tracklet], tracklet: Tracklet) -> float | None:
        last = max(group, key=lambda each: each.ended_ms)
        (ax, ay), (bx, by) = last.position(tracklet.opened_ms), tracklet.beginning()
        away_m = hypot(bx - ax, by - ay)
        return -away_m if away_m <= _NEAR_M and tracklet.opened_ms - last.ended_ms <= _SOON_MS else None

    return _greedy(tracklets, weight)


def _greedy(tracklets: list[Tracklet], weight: Callable[[list[Tracklet], Tracklet], float | None]) -> Groups:
    """Join each segment to the best group that has no other track of its camera at the time."""
    groups: Groups = []
    for tracklet in tracklets:
        free = [
            group
            for group in groups
            if not any(each.device == tracklet.device and each.ended_ms > tracklet.opened_ms for each in group)
        ]
        rated = [(found, group) for group in free if (found := weight(group, tracklet)) is not None]
        if rated:
            max(rated, key=lambda pair: pair[0])[1].append(tracklet)
        else:
            groups.append([tracklet])
    return groups


def perfect(tracklets: list[Tracklet], truth: Truth) -> Groups:
    """Join what the truth says is one person's: as well as can be, since nobody knows of whom no camera sees."""
    longest = _owners(truth)
    groups: dict[str, list[Tracklet]] = {}
    for each in tracklets:
        _, person_id = longest.get((each.device.device, each.segment.track_id), (0, each.segment.segment_id))
        groups.setdefault(person_id, []).append(each)
    return list(groups.values())


def _owners(truth: Truth) -> dict[tuple[str, str], tuple[int, str]]:
    """Return for how long, ms, whom each track showed longest."""
    longest: dict[tuple[str, str], tuple[int, str]] = {}
    for person in truth.people:
        for span in person.tracks:
            key = (span.camera_id, span.track_id)
            longest[key] = max(longest.get(key, (0, "")), (span.to_ms - span.from_ms, person.person_id))
    return longest


def rated(groups: Groups, truth: Truth, *, counts_stays: bool = False) -> Scorecard:
    """Return the scores of visits: groups of segments with a stay, of those who are not staff.

    Args:
        groups: Who is who.
        truth: What really happened.
        counts_stays: A visit is also where it tells a stay while it has no track.
    """
    visits = tuple(_visit(each) for each in groups if _has_stays(each))
    return score(Observation(visits=visits), truth, Options(counts_stays=counts_stays))


def _has_stays(group: list[Tracklet]) -> bool:
    return any(each.segment.stays for each in group)


def _visit(group: list[Tracklet]) -> MeasuredVisit:
    stays, ended_ms = merge_stays(group, RULES.fitting_unseen_s), max(each.ended_ms for each in group)
    return MeasuredVisit(
        visit_id=group[0].segment.segment_id,
        opened_ms=group[0].opened_ms,
        closed_ms=ended_ms,
        tracks=tuple(
            TrackSpan(
                camera_id=each.device.device,
                track_id=each.segment.track_id,
                from_ms=each.opened_ms,
                to_ms=each.ended_ms,
            )
            for each in group
        ),
        stays=tuple(MeasuredStay(zone_id=s.zone_id, entered_ms=s.entered_ms, left_ms=s.left_ms) for s in stays),
        is_staff=decide(StaffRules(), [each.segment for each in group], stays).role == "staff",
    )


def whole(groups: Groups, truth: Truth) -> float:
    """Return IDF1 of visits from their first to their last segment, what no camera sees in between included.

    A visit is that customer's whom its segments show longest; of a customer's visits the longest counts as right. Time
    outside the door counts neither way, a visit of somebody else's as wrong.
    """
    owner = _owners(truth)
    inside = {
        person.person_id: [(each.entered_ms, each.left_ms or truth.until_ms) for each in person.presences]
        for person in truth.people
        if person.role == "shopper"
    }
    right: dict[str, int] = {}
    measured = 0
    for group in groups:
        if not _has_stays(group) or _visit(group).is_staff:
            continue
        shown: Counter[str] = Counter()
        for each in group:
            _, person_id = owner.get((each.device.device, each.segment.track_id), (0, ""))
            shown[person_id] += each.ended_ms - each.opened_ms
        person_id = shown.most_common(1)[0][0]
        began_ms, ended_ms = group[0].opened_ms, max(each.ended_ms for each in group)
        if person_id not in inside:
            measured += ended_ms - began_ms
            continue
        shared_ms = sum(max(0, min(ended_ms, end) - max(began_ms, begin)) for begin, end in inside[person_id])
        measured += shared_ms
        right[person_id] = max(right.get(person_id, 0), shared_ms)
    true = sum(end - begin for presences in inside.values() for begin, end in presences)
    return 2 * sum(right.values()) / (measured + true)


def _row(table: Table, name: str, way: str, groups: Groups, truth: Truth) -> None:
    card = rated(groups, truth)
    visits, tracking = card.visits, card.tracking
    assert visits is not None
    assert tracking is not None
    values = (tracking.idf1.value, tracking.hota.value, visits.f1.value, visits.error_share.value, visits.merges.value)
    cells = ["-" if value is None else f"{value:.3f}" for value in values]
    with_stays = rated(groups, truth, counts_stays=True).tracking
    assert with_stays is not None
    cells[1:1] = [f"{with_stays.idf1.value:.3f}", f"{whole(groups, truth):.3f}"]
    counts = (f"{visits.true}/{visits.measured}", str(visits.of_workers), str(visits.set_aside))
    table.add_row(name, way, *cells, *counts, _fitting(groups, card))


def _fitting(groups: Groups, card: Scorecard) -> str:
    """Return how many stays in fitting rooms there were and were found, and the mean error of the time there."""
    rooms = {
        stay.zone_id
        for group in groups
        for each in group
        for stay in each.segment.stays
        if stay.zone_kind == "fitting_room"
    }
    found = [each for each in card.dwell if each.of in rooms and each.mean_error.value is not None]
    return ", ".join(f"{each.true}/{each.measured} {each.mean_error.value:+.0f} s" for each in found) or "-"


def _compare(table: Table, run: tuple[str, str, str, int]) -> None:
    seed = run[3]
    begins, minutes = _HOURS[run[0]]
    news, truth = simulate(run[0], run[1], run[2], begins, minutes, seed)
    news, name = dressed(news, truth), f"{run[0]}, {run[1]}, {run[2]}, seed {seed}, {minutes} min"
    known: dict[str, Tracklet] = {}
    looks = Appearances(RULES)
    for each in news:
        if isinstance(each.data, AppearanceSignature):
            looks.take(each.data, each.t_ms)
        elif each.data.segment_id in known:
            known[each.data.segment_id].take(each.data)
        else:
            known[each.data.segment_id] = Tracklet(each.device, each.data)
    tracklets = sorted((each for each in known.values() if each.has_path), key=lambda each: each.key)
    _row(table, name, "perfect joins", perfect(tracklets, truth), truth)
    _row(table, name, "ours", stitched(news, looks=True, rules=rules_for(run[2]))[0], truth)
    if run[2] == "typical" and seed == 1:
        _row(table, name, "ours, no signatures", stitched(news, looks=False)[0], truth)
    if minutes > _SHORT or seed > 1:  # The simpler ways compare everybody with everybody.
        return
    if run[2] == "typical":
        others = {"segments alone": alone, "time only": by_time, "greedy nearest": by_nearness}
        for way, join in others.items():
            _row(table, name, way, join(tracklets, looks), truth)
    _row(table, name, "appearance only", by_appearance(tracklets, looks), truth)


class Load(NamedTuple):
    """What one minute of visits took.

    Attributes:
        people: Customers and staff inside at its end.
        share: The share of a core, signatures included.
        longest_s: The longest that telling visits took once.
        late_s: The longest that a visit's news waited to be told.
    """

    people: int
    share: float
    longest_s: float
    late_s: float


def load(news: list[News], truth: Truth) -> list[Load]:
    """Return what each whole minute of a store's visits takes; they are told as often as the gateway would."""
    visits = Visits(Source("demo", "store", "gateway"), RULES)
    told_ms = minute_ms = truth.start_ms
    interval_ms, loads = RULES.interval_ms(0), list[Load]()
    took_s = longest_s = late_s = 0.0
    for each in news:
        if each.t_ms >= minute_ms + _MS_PER_MINUTE:
            minute_ms += _MS_PER_MINUTE
            loads.append(Load(_inside(truth, minute_ms), took_s * _MS_PER_S / _MS_PER_MINUTE, longest_s, late_s))
            took_s = longest_s = late_s = 0.0
        started_s = time.process_time()
        if isinstance(each.data, VisitSegment):
            visits.take(each.device, each.data)
        else:
            visits.take_signature(each.data, each.t_ms)
        if is_told := each.t_ms >= told_ms + interval_ms:
            visits.settle()
        once_s = time.process_time() - started_s
        if is_told:
            late_s = max(late_s, (each.t_ms - told_ms) / _MS_PER_S)
            told_ms, interval_ms = each.t_ms, RULES.interval_ms(once_s)
        took_s, longest_s = took_s + once_s, max(longest_s, once_s)
    return loads


def _inside(truth: Truth, t_ms: int) -> int:
    """Return how many people are in the store at a time."""
    return sum(
        any(each.entered_ms <= t_ms and (each.left_ms is None or each.left_ms > t_ms) for each in person.presences)
        for person in truth.people
    )


def _full_store() -> list[Load]:
    """Return what each minute takes in a supermarket that far too many people go into, and print it."""
    begins, _ = _HOURS["supermarket"]
    news, truth = simulate("supermarket", "0.15 m", "typical", begins, _FULL_MINUTES, 1, _TIMES_BUSIER)
    loads = load(news, truth)
    table = Table("minute", "people inside", "% of a core", "longest once, s", "told after at most, s")
    for minute, each in enumerate(loads, 1):
        cells = (f"{each.share * 100:.1f}", f"{each.longest_s:.1f}", f"{each.late_s:.0f}")
        table.add_row(str(minute), str(each.people), *cells)
    Console().print(table)
    return loads


def stitching(_folder: Path) -> Result:
    """Stitch two stores with noise; print the scores of ours and of simpler ways, and what a full store costs."""
    table = Table(
        "store, noise, signatures",
        "way",
        "IDF1",
        "with stays",
        "whole",
        "HOTA",
        "F1",
        "count error",
        "merges",
        "true/found",
        "staff",
        "set aside",
        "fitting rooms",
    )
    console = Console(width=170)
    for number, run in enumerate(_RUNS, 1):
        _compare(table, run)
        console.print(f"{number} of {len(_RUNS)}: {', '.join(map(str, run))}", highlight=False)
    console.print(table)
    full = _full_store()[-1]
    return Result(
        name=f"stitch the visits of {full.people} people, 16 cameras",
        value=full.share * 100,
        unit="% of a core",
        reference_name="what it may take",
        reference=_CORE_SHARE * 100,
        ratio=full.share / _CORE_SHARE,
    )
