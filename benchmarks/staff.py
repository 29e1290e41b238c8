"""Who is held to be staff in simulated stores: by what may speak for it, and by how well segments are joined."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Result
from benchmarks.shops import News, dressed, simulate
from benchmarks.stitching import RULES, perfect, stitched
from contracts.fields import StaffEvidenceKind
from contracts.payloads import VisitSegment
from contracts.staff import score_of
from gateway.core.staff import StaffRules, decide
from gateway.core.stitching.tracklets import Tracklet
from gateway.core.stitching.visits import merge_stays
from simulators.core.scoring.measured import MeasuredVisit, Options, TrackSpan
from simulators.core.scoring.staff import StaffScore, score_staff
from simulators.core.truth import Truth

_LEVEL, _SIGNATURES = "0.15 m", "typical"
_RUNS = (
    ("fashion_store", datetime(2026, 3, 5, 11, tzinfo=UTC), 300),
    ("fashion_store", datetime(2026, 3, 5, 16, tzinfo=UTC), 20),
    ("supermarket", datetime(2026, 3, 5, 16, tzinfo=UTC), 20),
)
"""The store, when it opens its doors, and for how many minutes; the long one is joined as the truth says alone."""
_LEAST_PRECISION = 0.95
_SHORT = 60

Kinds = frozenset[StaffEvidenceKind]
EVIDENCE: dict[str, Kinds] = {
    "zones": frozenset({"zone"}),
    "zones, presence": frozenset({"zone", "presence"}),
    "zones, presence, uniform": frozenset({"zone", "presence", "uniform"}),
}
"""What may speak for staff; hours and cards need what no scenario has."""


class Shop(NamedTuple):
    """A simulated store: all segments by who is who, and the truth."""

    joined: dict[str, list[list[Tracklet]]]
    truth: Truth


def run(name: str, begins: datetime, minutes: int) -> Shop:
    """Return a store's segments, joined as well as the truth can, by the gateway, and left alone."""
    news, truth = simulate(name, _LEVEL, _SIGNATURES, begins, minutes)
    news = dressed(news, truth)
    tracklets = _tracklets(news)
    if minutes > _SHORT:
        return Shop({"perfect": perfect(tracklets, truth)}, truth)
    groups, _ = stitched(news, looks=True)
    return Shop(
        {"perfect": perfect(tracklets, truth), "gateway": groups, "none": [[each] for each in tracklets]}, truth
    )


def _tracklets(news: list[News]) -> list[Tracklet]:
    known: dict[str, Tracklet] = {}
    for each in news:
        if isinstance(each.data, VisitSegment):
            if each.data.segment_id in known:
                known[each.data.segment_id].take(each.data)
            else:
                known[each.data.segment_id] = Tracklet(each.device, each.data)
    return sorted((each for each in known.values() if each.has_path), key=lambda each: each.key)


def rated(groups: list[list[Tracklet]], truth: Truth, kinds: Kinds, rules: StaffRules) -> StaffScore:
    """Return the scores of a rule that knows only some kinds of evidence."""
    visits = [_visit(group, kinds, rules) for group in groups if any(each.segment.stays for each in group)]
    return score_staff(visits, truth, Options())


def _visit(group: list[Tracklet], kinds: Kinds, rules: StaffRules) -> MeasuredVisit:
    decision = decide(rules, [each.segment for each in group], merge_stays(group, RULES.fitting_unseen_s))
    known = [each for each in decision.evidence if each.kind in kinds]
    return MeasuredVisit(
        visit_id=group[0].segment.segment_id,
        opened_ms=group[0].opened_ms,
        closed_ms=max(each.ended_ms for each in group),
        tracks=tuple(
            TrackSpan(
                camera_id=each.device.device,
                track_id=each.segment.track_id,
                from_ms=each.opened_ms,
                to_ms=each.ended_ms,
            )
            for each in group
        ),
        is_staff=score_of(known) >= rules.threshold,
    )


def staff(_folder: Path) -> Result:
    """Tell staff from customers in two stores; print precision and recall by what may speak for staff."""
    table = Table("store", "joined", "evidence", "staff", "customers", "precision", "recall", "of time", "lost")
    found = mistaken = 0
    for name, begins, minutes in _RUNS:
        shop = run(name, begins, minutes)
        for joined, groups in shop.joined.items():
            for evidence, kinds in EVIDENCE.items():
                card = rated(groups, shop.truth, kinds, StaffRules())
                figures = (card.precision.value, card.recall.value, card.recall_of_time, card.customers_lost.value)
                cells = ("-" if value is None else f"{value:.3f}" for value in figures)
                table.add_row(f"{name}, {minutes} min", joined, evidence, str(card.staff), str(card.customers), *cells)
                found, mistaken = found + card.found, mistaken + card.mistaken
    Console(width=140).print(table)
    precision = found / max(1, found + mistaken)
    return Result(
        name="staff, all runs together",
        value=precision * 100,
        unit="% precision",
        reference_name="least precision",
        reference=_LEAST_PRECISION * 100,
        ratio=precision / _LEAST_PRECISION,
    )
