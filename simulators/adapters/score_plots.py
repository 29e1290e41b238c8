"""Plots of scores, as SVG that takes its colours and its font from the page around it."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator, PercentFormatter

from simulators.core.scoring.counting import CountingScore, DirectionScore
from simulators.core.scoring.dwell import LengthScore
from simulators.core.scoring.identification import TrackingScore
from simulators.core.scoring.intervals import Measure
from simulators.core.scoring.linking import LinkScore, SliceOf
from simulators.core.scoring.occupancy import OccupancyScore

# Stand for the page's colours while a plot is drawn; each must be a colour that no plot would have.
_COLOURS = {
    "ink": "#010203",
    "quiet": "#010204",
    "line": "#010205",
    "truth": "#010206",
    "first": "#010207",
    "second": "#010208",
    "third": "#010209",
    "fourth": "#01020a",
    "paper": "#01020b",
}
_SERIES = ("first", "second", "third", "fourth")
_STYLE: Any = {  # Any: its type would be the list of all settings of matplotlib
    "svg.fonttype": "none",
    "font.size": 9,
    "text.color": _COLOURS["ink"],
    "axes.labelcolor": _COLOURS["quiet"],
    "axes.titlecolor": _COLOURS["ink"],
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": _COLOURS["line"],
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _COLOURS["line"],
    "grid.linewidth": 0.6,
    "xtick.color": _COLOURS["quiet"],
    "ytick.color": _COLOURS["quiet"],
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "figure.facecolor": "none",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
}
_MS_PER_HOUR = 3_600_000
_STEPS_H = (1 / 12, 1 / 6, 1 / 4, 1 / 2, 1, 2, 3, 4, 6, 12, 24, 48)
_MOST_TICKS = 9
_WIDTH = 8.6
_GATE = 0.99
_MOST_ZONES = 9


@contextmanager
def _drawn(height: float, name: str) -> "Iterator[tuple[Figure, list[str]]]":
    """Yield an empty figure, and a list that holds its SVG once the block has ended."""
    with mpl.rc_context(_STYLE), mpl.rc_context({"svg.hashsalt": name}):
        figure, result = Figure(figsize=(_WIDTH, height), layout="constrained"), [""]
        FigureCanvasSVG(figure)
        yield figure, result
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    result[0] = _embedded(file.getvalue(), name)


def _embedded(svg: str, name: str) -> str:
    """Return an SVG to stand in a page: no prologue, no fixed size, colours and font of the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', rf'\1 role="img" aria-label="{name}"', svg, count=1)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--sans)", svg)
    for colour, code in _COLOURS.items():
        svg = svg.replace(code, f"var(--{colour})")
    return svg


def _clock(axes: Axes, from_ms: int, until_ms: int) -> None:
    """Label the x axis, which counts hours since midnight UTC, with the time of day."""
    span_h = (until_ms - from_ms) / _MS_PER_HOUR
    step = next((each for each in _STEPS_H if span_h / each <= _MOST_TICKS), _STEPS_H[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda h, _: f"{int(h + 1e-9) % 24:02d}:{round(h * 60) % 60:02d}"))


def _hours(t_ms: float) -> float:
    return t_ms % (24 * _MS_PER_HOUR) / _MS_PER_HOUR


def _since(times_ms: Sequence[int], start_ms: int) -> list[float]:
    """Return hours since midnight of the first day."""
    return [_hours(start_ms) + (t_ms - start_ms) / _MS_PER_HOUR for t_ms in times_ms]


def counts_plot(score: CountingScore, start_ms: int, until_ms: int, block_ms: int) -> str:
    """Return counts over time, true and measured, one row for each tripwire; empty where only totals are known."""
    wires = [wire for wire in score.tripwires if wire.crossed_in.blocks is not None]
    if not wires:
        return ""
    with _drawn(0.5 + 1.5 * len(wires), "Counts over time") as (figure, svg):
        grid = figure.subplots(len(wires), 2, squeeze=False, sharex=True, sharey="row")
        for row, wire in zip(grid, wires, strict=True):
            for axes, name, side in ((row[0], "in", wire.crossed_in), (row[1], "out", wire.crossed_out)):
                _count_bars(axes, side, start_ms, block_ms)
                axes.set_title(f"{wire.tripwire_id}, {name}")
                _clock(axes, start_ms, until_ms)
        figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return svg[0]


def _count_bars(axes: Axes, side: DirectionScore, start_ms: int, block_ms: int) -> None:
    blocks = side.blocks or ()
    first_ms = blocks[0].from_ms if blocks else start_ms
    width = block_ms / _MS_PER_HOUR
    middles = [_hours(first_ms) + (each.from_ms - first_ms) / _MS_PER_HOUR + width / 2 for each in blocks]
    axes.bar(middles, [each.true for each in blocks], width * 0.86, color=_COLOURS["truth"], label="true")
    axes.plot(
        middles, [each.measured for each in blocks], "o-", color=_COLOURS["first"], ms=3.5, lw=1.4, label="measured"
    )
    axes.grid(visible=False, axis="x")
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def occupancy_plot(scores: Sequence[OccupancyScore], start_ms: int, until_ms: int) -> str:
    """Return people over time, true and measured: the store, then the zones with the greatest errors."""
    zones = [each for each in scores if each.place is not None]
    zones.sort(key=lambda each: -(each.mean_absolute_error.value or 0.0))
    stores = [each for each in scores if each.place is None]
    rows = len(stores) + -(-min(len(zones), _MOST_ZONES) // 3)
    with _drawn(0.4 + 1.6 * rows, "People over time") as (figure, svg):
        grid = figure.add_gridspec(rows, 3)
        places = [(figure.add_subplot(grid[0, :]), each) for each in stores]
        for number, each in enumerate(zones[:_MOST_ZONES]):
            places.append((figure.add_subplot(grid[len(stores) + number // 3, number % 3]), each))
        for axes, each in places:
            hours = _since([point.t_ms for point in each.series], start_ms)
            true, measured = [p.true for p in each.series], [p.measured for p in each.series]
            axes.fill_between(hours, true, step="post", color=_COLOURS["truth"], lw=0, label="true")
            axes.step(hours, measured, where="post", color=_COLOURS["first"], lw=1.2, label="measured")
            axes.set_title(each.place or "whole store")
            axes.set_ylim(bottom=min(0, *measured) if measured else 0)
            axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
            _clock(axes, start_ms, until_ms if each.place is None else start_ms + 3 * (until_ms - start_ms))
        figure.legend(*places[0][0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return svg[0]


def tracking_plot(score: TrackingScore, start_ms: int, until_ms: int, block_ms: int) -> str:
    """Return HOTA, its two parts and IDF1 over time."""
    with _drawn(2.5, "HOTA and IDF1 over time") as (figure, svg):
        axes = figure.subplots()
        middles = _since([each.from_ms + block_ms // 2 for each in score.blocks], start_ms)
        lines = {
            "HOTA": ([each.hota for each in score.blocks], "first", 2.2, "-"),
            "DetA": ([each.det_a for each in score.blocks], "second", 1.2, "--"),
            "AssA": ([each.ass_a for each in score.blocks], "third", 1.2, "--"),
            "IDF1": ([each.idf1 for each in score.blocks], "fourth", 1.6, "-"),
        }
        for name, (values, colour, width, style) in lines.items():
            known = [np.nan if value is None else value for value in values]
            axes.plot(middles, known, style, marker="o", ms=3, color=_COLOURS[colour], lw=width, label=name)
        axes.set_ylim(0, 1.03)
        axes.set_xlim(*_since([start_ms, until_ms], start_ms))
        _clock(axes, start_ms, until_ms)
        figure.legend(loc="outside upper right", ncols=4)
    return svg[0]


def dwell_plot(scores: Sequence[LengthScore]) -> str:
    """Return how long visits were, as distribution functions, and the mean error of the time in each zone."""
    visit, zones = scores[0], [each for each in scores[1:] if each.mean_error.value is not None]
    with _drawn(max(2.8, 0.9 + 0.24 * len(zones)), "Dwell") as (figure, svg):
        left, right = figure.subplots(1, 2)
        _distributions(left, visit)
        left.set_title("length of visits")
        rows = {each.of: each.mean_error for each in (visit, *zones)}
        _whiskers(right, {"measured": rows})
        right.axvline(0, color=_COLOURS["quiet"], lw=0.8)
        right.set_title("mean error, s")
        left.legend(loc="lower right")
    return svg[0]


def waits_plot(scores: Sequence[LengthScore]) -> str:
    """Return how long waits in line were, one plot for each queue."""
    with _drawn(2.5, "Waits in line") as (figure, svg):
        grid = figure.subplots(1, len(scores), squeeze=False)
        for axes, each in zip(grid[0], scores, strict=True):
            _distributions(axes, each)
            axes.set_title(each.of)
        grid[0][0].legend(loc="lower right")
    return svg[0]


def _distributions(axes: Axes, score: LengthScore) -> None:
    for values, colour, width, name in (
        (score.true_quantiles, "truth", 5.0, "true"),
        (score.measured_quantiles, "first", 1.5, "measured"),
    ):
        if values:
            axes.plot(values, np.linspace(0, 1, len(values)), color=_COLOURS[colour], lw=width, label=name)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("at most this many seconds")


def whiskers_plot(title: str, series: Mapping[str, Mapping[str, Measure]], lowest: float | None = 0.0) -> str:
    """Return figures with their intervals, one row for each; one colour for each series."""
    rows = max(len(each) for each in series.values())
    with _drawn(0.75 + 0.26 * rows, title) as (figure, svg):
        axes = figure.subplots()
        _whiskers(axes, series)
        if lowest is not None:
            axes.set_xlim(min(lowest, axes.get_xlim()[0]) if lowest < 0 else lowest, 1.02)
        if len(series) > 1:
            figure.legend(loc="outside upper right", ncols=4)
    return svg[0]


def _whiskers(axes: Axes, series: Mapping[str, Mapping[str, Measure]]) -> None:
    names = list(dict.fromkeys(name for rows in series.values() for name in rows))
    for number, (label, rows) in enumerate(series.items()):
        colour = _COLOURS[_SERIES[number % len(_SERIES)]]
        shift = (number - (len(series) - 1) / 2) * 0.7 / len(series)
        known = [(names.index(name) + shift, each) for name, each in rows.items() if each.value is not None]
        for place, each in known:
            if each.interval is not None:
                axes.plot([each.interval.low, each.interval.high], [place, place], color=colour, lw=2, alpha=0.45)
        axes.plot(
            [each.value or 0.0 for _, each in known],
            [place for place, _ in known],
            "o",
            color=colour,
            ms=4.5,
            label=label,
        )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")


def reliability_plot(scores: Sequence[LinkScore]) -> str:
    """Return how often links are right against how often the linker says so; empty where no linker says."""
    known = [(each, each.calibration) for each in scores if each.calibration is not None]
    if not known:
        return ""
    with _drawn(3.0, "Reliability of posteriors") as (figure, svg):
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], [0, 1], color=_COLOURS["quiet"], lw=0.9, ls=":")
        for number, (score, calibration) in enumerate(known):
            colour = _COLOURS[_SERIES[number % len(_SERIES)]]
            said = [each.mean_posterior for each in calibration.bins]
            found = [each.correct.value or 0.0 for each in calibration.bins]
            left.plot(said, found, "o-", color=colour, ms=4, lw=1.3, label=score.name)
            for each in calibration.bins:
                if each.correct.interval is not None:
                    whisker = [each.correct.interval.low, each.correct.interval.high]
                    left.plot([each.mean_posterior] * 2, whisker, color=colour, lw=2, alpha=0.45)
            width = (calibration.bins[0].high - calibration.bins[0].low) * 0.8 / len(known)
            middles = [each.low + width * (number + 0.5) / 0.8 for each in calibration.bins]
            right.bar(middles, [each.correct.samples for each in calibration.bins], width, color=colour)
        left.set(title="share that is right", xlabel="posterior", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        right.set(title="decisions", xlabel="posterior", xlim=(-0.03, 1.03))
        right.grid(visible=False, axis="x")
        right.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        left.legend(loc="upper left")
    return svg[0]


def slices_plot(scores: Sequence[LinkScore]) -> str:
    """Return precision and recall in each slice, with intervals; the dotted line is the gate on precision."""
    kinds: list[SliceOf] = ["rivals", "skew", "fragments", "party_size"]
    titles = {
        "rivals": "rivals within 2 m",
        "skew": "clock skew",
        "fragments": "tracks of one camera",
        "party_size": "party",
    }
    with _drawn(4.6, "Links in slices") as (figure, svg):
        grid = figure.subplots(2, len(kinds), sharey="row", squeeze=False)
        for column, kind in enumerate(kinds):
            names = list(dict.fromkeys(part.name for each in scores for part in each.slices if part.of == kind))
            for number, score in enumerate(scores):
                parts = [part for part in score.slices if part.of == kind]
                shift = (number - (len(scores) - 1) / 2) * 0.7 / len(scores)
                places = [names.index(part.name) + shift for part in parts]
                for row, measures in enumerate(([p.precision for p in parts], [p.recall for p in parts])):
                    _columns(grid[row][column], places, measures, _COLOURS[_SERIES[number % len(_SERIES)]], score.name)
            for row in (0, 1):
                axes = grid[row][column]
                axes.set_xticks(range(len(names)), names)
                axes.set_xlim(-0.6, len(names) - 0.4)
                axes.set_ylim(-0.03, 1.05)
                axes.grid(visible=False, axis="x")
            grid[0][column].set_title(titles[kind])
            grid[0][column].axhline(_GATE, color=_COLOURS["quiet"], lw=0.9, ls=":")
        grid[0][0].set_ylabel("precision")
        grid[1][0].set_ylabel("recall")
        if len(scores) > 1:
            figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside upper right", ncols=4)
    return svg[0]


def _columns(axes: Axes, places: Sequence[float], measures: Sequence[Measure], colour: str, label: str) -> None:
    known = [(place, each) for place, each in zip(places, measures, strict=True) if each.value is not None]
    for place, each in known:
        if each.interval is not None:
            axes.plot([place] * 2, [each.interval.low, each.interval.high], color=colour, lw=2.4, alpha=0.4)
    axes.plot(
        [place for place, _ in known], [each.value or 0.0 for _, each in known], "o", color=colour, ms=4.5, label=label
    )
