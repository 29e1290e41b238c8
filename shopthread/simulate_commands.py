"""`shopthread simulate`: seeded stores that write what real devices would, with the truth beside it."""

from pathlib import Path
from typing import Annotated

import typer

from shopthread import assets_commands
from shopthread.console import one_line_errors, out, stop_on_signal
from shopthread.crops_commands import crops
from shopthread.publish_commands import publish
from shopthread.render_commands import render, render_check
from shopthread.score_commands import score
from shopthread.visits_commands import visits

app = typer.Typer(no_args_is_help=True, help="Simulate a store: devices' feeds with the ground truth beside them.")
app.command()(score)
app.command()(render)
app.command()(render_check)
app.command()(crops)
app.command()(publish)
app.command()(visits)
app.add_typer(assets_commands.app, name="assets")

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
    them. camera-CAMERA.toml and store.toml hold what the agents need to know. home-scans.jsonl holds codes that
    customers read at home, members.jsonl the member base; no device of the store learns of them. truth.json is for
    scoring alone. Ctrl-C ends all feeds properly.
    """
    from threading import Event

    from simulators.adapters.clock import SystemClock
    from simulators.adapters.playback import Pace, play
    from simulators.adapters.scenario_files import load_scenario
    from simulators.adapters.score_text import totals_table
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
    out.print(totals_table(truth, out_dir))


def _start_ms(start: str | None, lead_s: float, now_ms: int) -> int:
    from contracts.timestamps import parse_time

    if start is None:
        return now_ms - round(lead_s * _MS_PER_S)
    try:
        return parse_time(start)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--start") from error


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
