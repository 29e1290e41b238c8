"""`shopthread simulate`: seeded stores that write what real devices would, with the truth beside it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopthread.console import one_line_errors, out, stop_on_signal

if TYPE_CHECKING:
    from simulators.core.scoring import LinkScore, MeasuredCrossings
    from simulators.core.truth import Totals

app = typer.Typer(no_args_is_help=True, help="Simulate a store: devices' feeds with the ground truth beside them.")

_MS_PER_S = 1000

ScenarioArgument = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A name that `scenarios` lists, or your own TOML file.")
]


@app.command()
def run(  # noqa: PLR0913, PLR0917 - one argument per option
    scenario: ScenarioArgument,
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the files; those of an earlier run are replaced.")
    ],
    seed: Annotated[int, typer.Option(min=0, help="Same seed and same start, same bytes.")] = 1,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Store time of the beginning, such as 2026-03-02T09:00:00Z (default: --lead before now).",
        ),
    ] = None,
    speed: Annotated[
        float,
        typer.Option(min=0, help="Store seconds per second until the present is reached, then 1. 0: do not wait."),
    ] = 30.0,
    lead: Annotated[
        float, typer.Option(min=0, metavar="S", help="Without --start, begin this many seconds before now.")
    ] = 1800.0,
    duration_s: Annotated[
        float | None,
        typer.Option(min=0, metavar="S", help="Store time to simulate (default: --lead at --speed 0, else no end)."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Stop after this much real time (default: no end).")
    ] = None,
) -> None:
    """Simulate a store into a folder: one feed per device, device configurations, members and the truth.

    tracks-CAMERA.jsonl, scans-TERMINAL.jsonl and receipts-TILL.jsonl grow line by line, so that agents can follow
    them. camera-CAMERA.toml and store.toml hold what the agents need to know. members.jsonl and truth.json are for
    scoring alone: no device ever learns what stands there. Ctrl-C ends all feeds properly.
    """
    from threading import Event

    from simulators.adapters.clock import SystemClock
    from simulators.adapters.playback import Pace, play
    from simulators.adapters.scenario_files import load_scenario
    from simulators.core.errors import ScenarioError

    with one_line_errors(ScenarioError, OSError), stop_on_signal() as stop:
        config = load_scenario(scenario)
        start_ms = _start_ms(start, lead, SystemClock(Event()).now_ms())
        if speed == 0 and duration_s is None and seconds is None:
            duration_s = lead
        pace = Pace(start_ms=start_ms, speed=speed, duration_s=duration_s, seconds=seconds)
        clock = SystemClock(stop)
        if speed == 0 and duration_s:
            from rich.progress import Progress

            with Progress(console=out, transient=True) as progress:
                task = progress.add_task(config.title, total=duration_s * _MS_PER_S)

                def show(now_ms: int) -> None:
                    progress.update(task, completed=now_ms - start_ms)

                truth = play(config, seed, pace, out_dir, clock, show)
        else:
            truth = play(config, seed, pace, out_dir, clock)
    _print_totals(truth.totals, (truth.until_ms - truth.start_ms) / _MS_PER_S, out_dir)


def _start_ms(start: str | None, lead_s: float, now_ms: int) -> int:
    from contracts.timestamps import parse_time

    if start is None:
        return now_ms - round(lead_s * _MS_PER_S)
    try:
        return parse_time(start)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--start") from error


def _print_totals(totals: "Totals", seconds: float, folder: Path) -> None:
    from rich.table import Table

    table = Table("What happened", "", title=f"{seconds / 60:.1f} minutes of store time in {folder}")
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
    out.print(table)


@app.command()
def plan(
    scenario: ScenarioArgument,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to draw it as SVG (default: SCENARIO.svg here).")
    ] = None,
) -> None:
    """Draw a scenario's floor plan: into an SVG file and as a sketch on the screen."""
    from simulators.adapters.feed_files import replace_file
    from simulators.adapters.scenario_files import load_scenario
    from simulators.core.check import check_scenario
    from simulators.core.drawing import draw_svg, draw_text
    from simulators.core.errors import ScenarioError

    with one_line_errors(ScenarioError, OSError):
        config = load_scenario(scenario)
        check_scenario(config)
        path = svg or Path(f"{config.name}.svg")
        replace_file(path, draw_svg(config).encode())
    out.print(draw_text(config), markup=False, highlight=False, soft_wrap=True)
    out.print(f"Drawn as {path}", highlight=False, soft_wrap=True)


@app.command()
def scenarios() -> None:
    """List the scenarios that come with the project."""
    from rich.table import Table

    from simulators.adapters.scenario_files import load_scenario, scenario_names

    table = Table("Name", "What", "Cameras", "Scan terminals", "Tills")
    for name in scenario_names():
        config = load_scenario(name)
        devices = (config.cameras, config.kiosks, config.tills)
        table.add_row(name, config.title, *(", ".join(device.id for device in kind) or "-" for kind in devices))
    out.print(table)


@app.command()
def score(
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="The truth.json of a run that has ended.")],
    links: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help='JSON lines: {"device_id", "t_ms", "visit": [{"camera_id", "track_id"}]}; no visit: an abstention.',
        ),
    ] = None,
    counts: Annotated[
        list[str] | None,
        typer.Option("--count", metavar="TRIPWIRE=IN,OUT", help="What was counted, such as door=39,38. Repeatable."),
    ] = None,
) -> None:
    """Score measured counts and links against the truth."""
    import msgspec
    from rich.table import Table

    from simulators.adapters.feed_files import read_truth
    from simulators.core.scoring import MeasuredLink, score_footfall, score_links

    with one_line_errors(OSError, msgspec.MsgspecError, ValueError):
        true = read_truth(truth)
        table = Table("Tripwire", "True in / out", "Error in", "Error out")
        for wire in score_footfall(dict(_count(text) for text in counts or []), true):
            table.add_row(
                wire.tripwire_id, f"{wire.true_in} / {wire.true_out}", f"{wire.error_in:+d}", f"{wire.error_out:+d}"
            )
        if counts:
            out.print(table)
        if links is not None:
            measured = [msgspec.json.decode(line, type=MeasuredLink) for line in links.read_bytes().splitlines()]
            _print_links(score_links(measured, true))
    if not counts and links is None:
        _print_totals(true.totals, (true.until_ms - true.start_ms) / _MS_PER_S, truth.parent)


def _count(text: str) -> "tuple[str, MeasuredCrossings]":
    from simulators.core.scoring import MeasuredCrossings

    name, _, both = text.partition("=")
    crossed_in, _, crossed_out = both.partition(",")
    if not (name and crossed_in.isdigit() and crossed_out.isdigit()):
        msg = f"--count must be TRIPWIRE=IN,OUT such as door=39,38, got {text!r}"
        raise ValueError(msg)
    return name, MeasuredCrossings(crossed_in=int(crossed_in), crossed_out=int(crossed_out))


def _print_links(score: "LinkScore") -> None:
    from rich.table import Table

    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    table = Table("Links", "")
    rows = {
        "touches of consenting members": str(score.touches),
        "linked / correct": f"{score.linked} / {score.correct}",
        "without consent / of no touch": f"{score.without_consent} / {score.unknown}",
        "precision (95% lower bound)": f"{share(score.precision)} ({score.precision_lower:.3f})",
        "recall where one person was there": share(score.recall),
        "abstention": share(score.abstention),
    }
    for name, figure in rows.items():
        table.add_row(name, figure)
    out.print(table)
