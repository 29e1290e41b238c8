"""A scorecard as one page of HTML: it needs no other file, no script and no network."""

from html import escape

from rich.table import Table

from contracts.timestamps import format_time
from simulators.adapters.score_plots import (
    counts_plot,
    dwell_plot,
    occupancy_plot,
    reliability_plot,
    slices_plot,
    tracking_plot,
    waits_plot,
    whiskers_plot,
)
from simulators.adapters.score_style import STYLE
from simulators.adapters.score_text import Part, shown, tables
from simulators.core.scoring.intervals import Measure
from simulators.core.scoring.scorecard import Scorecard

_MS_PER_MINUTE = 60_000
_FEW_ROWS = 16
_TITLES: dict[Part, tuple[str, str]] = {
    "counts": (
        "Counts at tripwires",
        "Bars are what really happened, the line is what was counted. Errors are measured minus true.",
    ),
    "occupancy": (
        "People at a place",
        "The area is who really was there, the line what was measured; the zones with the greatest errors come first.",
    ),
    "visits": (
        "Visits",
        (
            "A visit is found when it has more than half of its time in common with a true one. HOTA is the geometric "
            "mean of how well people are detected (DetA) and how well their visits hold together (AssA)."
        ),
    ),
    "staff": (
        "Staff",
        "Who made the measured visits, and whom the system holds to be staff: customer figures leave those out.",
    ),
    "dwell": ("Dwell", "How long visits and stays last; on the left, two curves that lie on each other agree."),
    "waits": ("Waits in line", "Who joined a queue, who was served, who gave up."),
    "touches": ("Scans and receipts", "What the terminals and tills did, and what of it reached the system."),
    "links": (
        "Links of touches to visits",
        (
            "Precision comes first: a wrong link poisons a profile, an abstention costs little. The dotted line above "
            "is perfect calibration, the one in the slices the gate of 0.99."
        ),
    ),
    "profiles": ("Profiles", "Identifiers that one profile holds, against those that one human being has."),
    "codes": ("Item codes", "First scans, repeated scans and copied codes."),
}


def render(card: Scorecard) -> str:
    """Return the page."""
    minutes = (card.until_ms - card.start_ms) / _MS_PER_MINUTE
    about = (
        f"{format_time(card.start_ms)} to {format_time(card.until_ms)} ({minutes:.0f} minutes), seed {card.seed}. "
        "Whiskers and brackets are intervals at 95%."
    )
    plots = _plots(card)
    sections = [_section(part, plots.get(part, []), found) for part, found in tables(card).items()]
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in card.notes)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Scores of {escape(card.scenario)}</title><style>{STYLE}</style></head><body><main>"
        f"<header><h1>Scores of {escape(card.scenario)}</h1><p>{escape(about)}</p>{notes}{_tiles(card)}</header>"
        f"{''.join(sections)}</main></body></html>\n"
    )


def _tiles(card: Scorecard) -> str:
    """Return the figures that a reader looks for first."""
    tiles: list[tuple[str, Measure, str]] = [
        (f"count error, {wire.tripwire_id} in", wire.crossed_in.error_share, "+.1%")
        for wire in (card.counting.tripwires if card.counting else ())
        if wire.tripwire_kind == "entrance"
    ]
    tiles += [("people in store, mean error", each.mean_absolute_error, ".2f") for each in card.occupancy[:1]]
    if card.visits and card.tracking:
        tiles += [
            ("visits, F1", card.visits.f1, ".3f"),
            ("HOTA", card.tracking.hota, ".3f"),
            ("IDF1", card.tracking.idf1, ".3f"),
        ]
    tiles += [("visit length, mean error, s", each.mean_error, "+.1f") for each in card.dwell[:1]]
    for link in card.links[:1]:
        tiles += [(f"link precision, {link.name}", link.precision, ".3f"), ("link recall", link.recall, ".3f")]
    if card.identity:
        tiles.append(("profiles, B-cubed F1", card.identity.b_cubed_f1, ".3f"))
    return f'<div class="tiles">{"".join(_tile(*each) for each in tiles)}</div>'


def _tile(name: str, measure: Measure, form: str) -> str:
    value, _, interval = shown(measure, form).partition(" ")
    small = interval.strip("[]").replace(", ", " to ") or "no interval"
    return f'<div class="tile"><span>{escape(name)}</span><b>{value}</b><small>{small}</small></div>'


def _plots(card: Scorecard) -> dict[Part, list[str]]:
    times = (card.start_ms, card.until_ms)
    found: dict[Part, list[str]] = {}
    if card.counting:
        found["counts"] = [counts_plot(card.counting, *times, card.block_ms)]
    if card.occupancy:
        found["occupancy"] = [occupancy_plot(card.occupancy, *times)]
    if card.tracking and card.visits:
        shares = {
            "precision": card.visits.precision,
            "recall": card.visits.recall,
            "F1": card.visits.f1,
            "of several people": card.visits.merges,
            "in pieces": card.visits.splits,
        }
        found["visits"] = [
            tracking_plot(card.tracking, *times, card.block_ms),
            whiskers_plot("Visits", {"visits": shares}),
        ]
    if card.dwell:
        found["dwell"] = [dwell_plot(card.dwell)]
    if any(each.lengths.true_quantiles or each.lengths.measured_quantiles for each in card.waits):
        found["waits"] = [waits_plot([each.lengths for each in card.waits])]
    if card.links:
        found["links"] = [reliability_plot(card.links), slices_plot(card.links)]
    if card.identity:
        shares = {
            "pairs: precision": card.identity.pair_precision,
            "pairs: recall": card.identity.pair_recall,
            "B-cubed precision": card.identity.b_cubed_precision,
            "B-cubed recall": card.identity.b_cubed_recall,
        }
        found["profiles"] = [whiskers_plot("Profiles", {"profiles": shares})]
    if card.codes and any(flag.true or flag.flagged for flag in card.codes.flags):
        precision: dict[str, Measure] = {flag.flag: flag.precision for flag in card.codes.flags}
        recall: dict[str, Measure] = {flag.flag: flag.recall for flag in card.codes.flags}
        found["codes"] = [whiskers_plot("Item codes", {"precision": precision, "recall": recall})]
    return found


def _section(part: Part, plots: list[str], found: list[Table]) -> str:
    title, about = _TITLES[part]
    figures = "".join(f"<figure>{plot}</figure>" for plot in plots if plot)
    details = "".join(_table(each) for each in found)
    return f'<section id="{part}"><h2>{title}</h2><p>{about}</p>{figures}{details}</section>'


def _table(table: Table) -> str:
    """Return a table of the screen as one of the page."""
    columns = [[str(cell) for cell in column.cells] for column in table.columns]
    head = "".join(f"<th>{escape(str(column.header))}</th>" for column in table.columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in zip(*columns, strict=True)
    )
    caption = f"<figcaption>{escape(str(table.caption))}</figcaption>" if table.caption else ""
    is_open = " open" if len(columns[0]) <= _FEW_ROWS else ""
    return (
        f"<details{is_open}><summary>{escape(str(table.title))}</summary>"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        f"{caption}</details>"
    )


def _cell(text: str) -> str:
    """Return a cell; an interval is smaller than its figure."""
    value, bracket, rest = escape(text).partition(" [")
    return f"{value} <small>[{rest}</small>" if bracket else value
