"""A scorecard as tables for the screen."""

from pathlib import Path
from typing import Literal

from rich.table import Table

from simulators.core.scoring.codes import CodeScore, TouchScore
from simulators.core.scoring.counting import CountingScore
from simulators.core.scoring.dwell import LengthScore
from simulators.core.scoring.identification import TrackingScore
from simulators.core.scoring.identity import IdentityScore
from simulators.core.scoring.intervals import Measure
from simulators.core.scoring.linking import LinkScore
from simulators.core.scoring.occupancy import OccupancyScore
from simulators.core.scoring.scorecard import Scorecard
from simulators.core.scoring.staff import StaffScore
from simulators.core.scoring.visits import VisitScore
from simulators.core.scoring.waits import ALL_QUEUES, WaitScore
from simulators.core.truth import Truth

Part = Literal["counts", "occupancy", "visits", "staff", "dwell", "waits", "touches", "links", "profiles", "codes"]
NONE = "-"
_MS_PER_MINUTE = 60_000


def shown(measure: Measure, form: str = ".3f") -> str:
    """Return a figure with its interval, such as `0.981 [0.972, 0.990]`."""
    if measure.value is None:
        return NONE
    form = form.replace(".", "z.")  # A negative zero is zero.
    value = format(measure.value, form)
    if measure.interval is None:
        return value
    return f"{value} [{measure.interval.low:{form}}, {measure.interval.high:{form}}]"


def tables(card: Scorecard) -> dict[Part, list[Table]]:
    """Return the tables of each part of a scorecard that there is."""
    found: dict[Part, list[Table]] = {
        "counts": [_counting(card.counting)] if card.counting else [],
        "occupancy": [_occupancy(card.occupancy)] if card.occupancy else [],
        "visits": [_visits(card.visits, card.tracking)] if card.visits and card.tracking else [],
        "staff": [_staff(card.staff)] if card.staff else [],
        "dwell": [_lengths(card.dwell)] if card.dwell else [],
        "waits": [_waits(each) for each in card.waits],
        "touches": [_touches(card.touches)] if card.touches else [],
        "links": [_links(card.links), *(_slices(each) for each in card.links)] if card.links else [],
        "profiles": [_identity(card.identity)] if card.identity else [],
        "codes": [_codes(card.codes)] if card.codes else [],
    }
    return {part: each for part, each in found.items() if each}


def totals_table(truth: Truth, folder: Path) -> Table:
    """Return what happened, in figures."""
    totals, minutes = truth.totals, (truth.until_ms - truth.start_ms) / _MS_PER_MINUTE
    table = Table("What happened", "", title=f"{minutes:.1f} minutes of store time in {folder}")
    table.columns[1].justify = "right"
    for wire in totals.tripwires:
        table.add_row(f"tripwire {wire.tripwire_id} in / out", f"{wire.crossed_in} / {wire.crossed_out}")
    rows = {
        "people inside at the end": totals.inside,
        "parties": totals.parties,
        "passers-by": totals.passers_by,
        "scans": totals.scans,
        "sales / voids / refunds": f"{totals.sales} / {totals.voids} / {totals.refunds}",
        "touches alone / with rivals": f"{totals.touches_alone} / {totals.touches_with_rivals}",
        "to link / to abstain from": f"{totals.expected_links} / {totals.expected_abstentions}",
    }
    for name, figure in rows.items():
        table.add_row(name, str(figure))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _counting(score: CountingScore) -> Table:
    conserved = "as many as are inside" if score.is_conserved else f"really inside: {score.inside_true}"
    table = _table("Counts", "Tripwire", "", "True", "Measured", "Error", "Error share", "Mean error of a block")
    for wire in score.tripwires:
        for name, side in (("in", wire.crossed_in), ("out", wire.crossed_out)):
            table.add_row(
                wire.tripwire_id,
                name,
                str(side.true),
                str(side.measured),
                f"{side.error:+d}",
                shown(side.error_share, "+.1%"),
                shown(side.block_error, ".2f"),
            )
    table.caption = f"in minus out over all entrances: {score.inside_measured}, {conserved}"
    return table


def _occupancy(scores: tuple[OccupancyScore, ...]) -> Table:
    table = _table("People at a place", "Place", "Looks", "Mean absolute error", "Bias", "Exact")
    for each in scores:
        table.add_row(
            each.place or "(store)",
            str(each.exact.samples),
            shown(each.mean_absolute_error, ".2f"),
            shown(each.bias, "+.2f"),
            shown(each.exact, ".1%"),
        )
    return table


def _visits(visits: VisitScore, tracking: TrackingScore) -> Table:
    table = _table("Visits", "", "")
    rows = {
        "true / measured / found": f"{visits.true} / {visits.measured} / {visits.found}",
        "count error": shown(visits.error_share, "+.1%"),
        "precision": shown(visits.precision),
        "recall": shown(visits.recall),
        "F1": shown(visits.f1),
        "visits of several people": shown(visits.merges, ".1%"),
        "visits in pieces (pieces too many)": f"{shown(visits.splits, '.1%')} ({visits.pieces})",
        "visits of no customer (passers-by, workers)": (
            f"{visits.empty} ({visits.of_passers_by}, {visits.of_workers})"
        ),
        "set aside as staff's": str(visits.set_aside),
        "HOTA": shown(tracking.hota),
        "DetA": shown(tracking.det_a),
        "AssA": shown(tracking.ass_a),
        "IDF1": shown(tracking.idf1),
    }
    for name, figure in rows.items():
        table.add_row(name, figure)
    return table


def _staff(score: StaffScore) -> Table:
    table = _table("Visits by who made them", "", "")
    rows = {
        "of staff / customers / others": f"{score.staff} / {score.customers} / {score.others}",
        "held to be staff's: of staff / of customers": f"{score.found} / {score.mistaken}",
        "precision": shown(score.precision),
        "recall": shown(score.recall),
        "customers' visits lost": shown(score.customers_lost, ".1%"),
        "precision, recall of time": f"{_plain(score.precision_of_time)}, {_plain(score.recall_of_time)}",
    }
    for name, figure in rows.items():
        table.add_row(name, figure)
    return table


def _plain(share: float | None) -> str:
    return NONE if share is None else f"{share:.3f}"


def _lengths(scores: tuple[LengthScore, ...]) -> Table:
    table = _table("Dwell, s", "Of", "True", "Measured", "Median error", "Mean error", "Wasserstein distance")
    for each in scores:
        table.add_row(
            each.of,
            str(each.true),
            str(each.measured),
            shown(each.median_error, "+.1f"),
            shown(each.mean_error, "+.1f"),
            shown(each.distance, ".1f"),
        )
    return table


def _waits(score: WaitScore) -> Table:
    where = "all queues" if score.queue_zone_id == ALL_QUEUES else score.queue_zone_id
    table = _table(f"Waits in {where}", "", "True", "Measured", "Error share")
    for each in score.counts:
        table.add_row(each.end, str(each.true), str(each.measured), shown(each.error_share, "+.1%"))
    table.caption = (
        f"Wasserstein distance of their lengths, s: {shown(score.lengths.distance, '.1f')}\n"
        f"found {shown(score.found, '.1%')}, outcome right {shown(score.outcomes, '.1%')}\n"
        f"error of pairs, s: median {shown(score.lengths.median_error, '+.1f')}, "
        f"90% within {shown(score.p90_absolute_error, '.1f')}"
    )
    return table


def _touches(score: TouchScore) -> Table:
    table = _table("Scans and receipts", "True", "Measured", "Found", "False", "Revenue error, minor units")
    error = f"{score.revenue_error_minor:+d}"
    table.add_row(str(score.true), str(score.measured), shown(score.found, ".1%"), str(score.false), error)
    return table


def _links(scores: tuple[LinkScore, ...]) -> Table:
    table = _table("Links", "", *(each.name for each in scores))
    rows = {
        "touches of consenting members": [str(each.touches) for each in scores],
        "linked / correct / the very person": [f"{each.linked} / {each.correct} / {each.exact}" for each in scores],
        "without consent / of no touch": [f"{each.without_consent} / {each.unknown}" for each in scores],
        "precision": [shown(each.precision) for each in scores],
        "precision, 95% lower bound": [f"{each.precision_lower:.3f}" for each in scores],
        "recall": [shown(each.recall) for each in scores],
        "recall where one person was there": [shown(each.recall_alone) for each in scores],
        "abstention": [shown(each.abstention) for each in scores],
        "Brier score": [shown(each.calibration.brier) if each.calibration else NONE for each in scores],
        "expected calibration error": [f"{each.calibration.ece:.3f}" if each.calibration else NONE for each in scores],
    }
    for name, figures in rows.items():
        table.add_row(name, *figures)
    return table


def _slices(score: LinkScore) -> Table:
    title = f"Links of {score.name} in slices"
    table = _table(title, "Slice", "", "Touches", "Linked", "Precision", "Bound", "Recall", "Abstention")
    for each in score.slices:
        table.add_row(
            each.of.replace("_", " "),
            each.name,
            str(each.touches),
            str(each.linked),
            shown(each.precision, ".2f"),
            f"{each.precision_lower:.3f}" if each.linked else NONE,
            shown(each.recall, ".2f"),
            shown(each.abstention, ".2f"),
        )
    return table


def _identity(score: IdentityScore) -> Table:
    table = _table("Profiles", "", "")
    rows = {
        "people / profiles / identifiers": f"{score.people} / {score.profiles} / {score.identifiers}",
        "identifiers of nobody / in no profile": f"{score.unknown} / {score.missing}",
        "pairs: precision": shown(score.pair_precision),
        "pairs: recall": shown(score.pair_recall),
        "pairs: F1": shown(score.pair_f1),
        "B-cubed precision": shown(score.b_cubed_precision),
        "B-cubed recall": shown(score.b_cubed_recall),
        "B-cubed F1": shown(score.b_cubed_f1),
        "profiles of several people (of one household)": f"{score.merged} ({score.merged_households})",
        "people in several profiles": str(score.split),
    }
    for name, figure in rows.items():
        table.add_row(name, figure)
    return table


def _codes(score: CodeScore) -> Table:
    table = _table("Item codes", "Flag", "True", "Flagged", "Precision", "Recall")
    for each in score.flags:
        table.add_row(each.flag, str(each.true), str(each.flagged), shown(each.precision), shown(each.recall))
    table.caption = f"{score.scans} scans; {score.unknown} reported that never happened"
    return table
