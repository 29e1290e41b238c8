"""`shopthread edge`: cameras."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from shopthread.calibrate_commands import calibrate
from shopthread.console import (
    FAILURE,
    LogJson,
    log_to_stderr,
    one_line_errors,
    out,
    print_error,
    print_warning,
    ring_on_hangup,
    stop_on_signal,
)
from shopthread.enrol_commands import enrol
from shopthread.models_commands import default_models_dir
from shopthread.service_manager import ServiceManager
from shopthread.staff_commands import staff_uniform
from shopthread.tune_commands import tune

if TYPE_CHECKING:
    from edge.core.placement import LineReport
    from edge.replay import Change

app = typer.Typer(no_args_is_help=True, help="Run and check a camera's agent.")
app.command()(calibrate)
app.command()(enrol)
app.command()(tune)
app.command()(staff_uniform)

Config = Annotated[Path, typer.Argument(help="The camera's configuration file (TOML).", show_default=False)]
Configs = Annotated[list[Path], typer.Argument(help="The cameras' configuration files (TOML).", show_default=False)]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")]


@app.command()
def run(configs: Configs, verbose: Verbose = False, log_json: LogJson = False) -> None:
    """Run cameras until their inputs end or you press Ctrl-C.

    Each finds and follows people, and reports crossings, zone stays and coverage. Pictures stay in memory and are never
    written or sent. Events wait on disk until the store's gateway has them.

    Several cameras run side by side in one process and share their models. One that fails takes no other down; it is
    told at once, and when all have ended the exit status is 1.

    The signal SIGHUP makes each read its configuration again: other tripwires and zones come into force with the next
    picture, and nobody in sight is lost. A file that cannot be used changes nothing.
    """
    from edge.config_watch import ReloadBell
    from edge.main import run_cameras

    log_to_stderr(verbose=verbose, as_json=log_json)
    bell = ReloadBell()
    with stop_on_signal() as stop, ring_on_hangup(bell.ring), ServiceManager() as service:
        failures = run_cameras(configs, default_models_dir(), stop, bell, service.alive)
    for failure in failures:
        print_error(failure.reason if len(configs) == 1 else f"{failure.path}: {failure.reason}")
    if failures:
        raise typer.Exit(FAILURE)


@app.command()
def view(
    config: Config,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of 127.0.0.1; 0: any free one.")] = 0,
    run_too: Annotated[
        bool, typer.Option("--run", help="Be the camera's agent: events go to the gateway, as with `edge run`.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Show live what a camera's agent sees, on a page in your browser: boxes, lines, zones, counts. Ctrl-C ends it.

    Heads are hidden and masks are black in the picture. It is drawn only while somebody looks and never recorded. The
    page is served on 127.0.0.1 alone, to whoever has the address that is printed. Without --run events go nowhere,
    so that it may run beside the camera's agent; a USB camera serves one program at a time.
    """
    from edge.adapters.local_page import LocalPage, new_token
    from edge.camera_config import load_camera_config
    from edge.errors import EdgeError
    from edge.main import live_view, run_camera, view_camera
    from models.errors import ModelError

    log_to_stderr(verbose=verbose)
    with one_line_errors(EdgeError, ModelError), stop_on_signal() as stop:
        settings = load_camera_config(config)
        shown = live_view(settings)
        with LocalPage(shown.handlers(), port=port, token=new_token()) as page:
            out.print(f"Open {page.url}\nCtrl-C ends it.", highlight=False, soft_wrap=True)
            try:
                (run_camera if run_too else view_camera)(settings, default_models_dir(), stop, shown)
            finally:
                shown.end()


@app.command()
def check(
    config: Config,
    watch: Annotated[
        Path | None, typer.Option(help="A recording: tell per tripwire whether people reach and pass it.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Watch the camera, or the recording, for so long and tell the same.")
    ] = None,
) -> None:
    """Look at one picture and check the configuration, the model and whether each tripwire can fire at all.

    With --watch or --seconds it also follows people, tells how many came near each tripwire, stayed on one side and
    passed it, and where to move a line that people do not reach. Nothing is sent and no picture is kept.

    It warns of what works and is probably not meant: masks over tripwires or zones, a floor map that is not exact.
    """
    from edge.camera_config import load_camera_config
    from edge.camera_floor import floor_error_m
    from edge.camera_warnings import placement_warnings
    from edge.errors import EdgeError
    from edge.main import CAMERA_CLOCK, check_camera
    from edge.placement import watch_placement
    from models.errors import ModelError
    from models.registry import ModelRegistry

    with one_line_errors(EdgeError, ModelError):
        settings = load_camera_config(config)
        width_px, height_px = check_camera(settings, default_models_dir())
        for warning in placement_warnings(settings, (width_px, height_px)):
            print_warning(warning)
        floor_error = floor_error_m(settings)
        reports = []
        if watch is not None or seconds is not None:
            registry = ModelRegistry(default_models_dir())
            reports = watch_placement(settings, CAMERA_CLOCK, registry, video=watch, seconds=seconds)
    out.print(f"{config}: every tripwire can fire in pictures of {width_px}x{height_px}", soft_wrap=True)
    if floor_error is not None:
        out.print(f"floor: positions are expected to be {100 * floor_error:.0f} cm off in each coordinate")
    _show_placement(reports)


def _show_placement(reports: "list[LineReport]") -> None:
    if not reports:
        return
    table = Table(
        "tripwire", "tracks", "near", "passed", "in", "out", "left only", "right only", "round it", "unproven"
    )
    for each in reports:
        figures = (each.tracks, each.near, each.crossed, each.went_in, each.went_out)
        others = (each.left_only, each.right_only, each.round_ends, each.unproven)
        table.add_row(each.tripwire_id, *map(str, (*figures, *others)))
    out.print(table)
    for each in reports:
        if each.remedy is not None:
            print_warning(f"tripwire {each.tripwire_id!r}: {each.remedy}")


@app.command()
def init(
    source: Annotated[
        str, typer.Option(help="What the camera is: file:PATH, usb:INDEX, or an address such as rtsp://host/stream.")
    ],
    store: Annotated[str, typer.Option(help="The store's name: a-z, 0-9 and '-'.")],
    device: Annotated[str, typer.Option(help="The camera's name, unique in its store: a-z, 0-9 and '-'.")],
    tenant: Annotated[str, typer.Option(help="The brand's or retailer's name: a-z, 0-9 and '-'.")] = "demo",
    config: Annotated[Path, typer.Option("--out", help="The configuration file to write.")] = Path("camera.toml"),
    force: Annotated[bool, typer.Option(help="Replace the file where it exists.")] = False,
) -> None:
    """Write a first configuration for a camera: a tripwire down the middle of its picture, two zones beside it.

    Draw the points afterwards with `shopthread edge calibrate`, then run `shopthread edge check`.
    """
    from contracts.events import Source
    from edge.errors import ConfigurationError, EdgeError
    from edge.main import picture_size
    from edge.starter import starter_toml

    with one_line_errors(EdgeError):
        if config.exists() and not force:
            msg = f"{config} exists; choose another --out, or --force to replace it"
            raise ConfigurationError(msg)
        kind, _, place = source.partition(":")
        if kind == "file":
            source = f"file:{Path(place).resolve()}"
        text = starter_toml(Source(tenant, store, device), source, picture_size(source))
        config.write_text(text, encoding="utf-8")
    out.print(f"Wrote {config}. Next: shopthread edge check {config}", highlight=False, soft_wrap=True)


@app.command()
def replay(
    video: Annotated[
        Path,
        typer.Argument(help="The recording: a video; a feed of tracks, where --config has one.", show_default=False),
    ],
    config: Annotated[Path, typer.Option(help="The camera's configuration; its source is replaced.")],
    events: Annotated[Path | None, typer.Option(help="Where to write the events, one a line.")] = None,
    mot: Annotated[Path | None, typer.Option(help="Where to write the tracks, MOTChallenge text.")] = None,
    compare: Annotated[
        Path | None, typer.Option(help="Events of an earlier replay: show what is counted differently.")
    ] = None,
) -> None:
    """Run a recording through a camera's configuration again. The same recording gives the same bytes.

    Shown are events by type, crossings by line, dwell by zone and waits by queue. Nothing is sent, and no picture is
    written.
    """
    from edge.camera_config import load_camera_config
    from edge.errors import EdgeError
    from edge.main import CAMERA_CLOCK
    from edge.replay import compare_events, read_events
    from edge.replay import replay as run_again
    from edge.replay_summary import summarize
    from models.errors import ModelError
    from models.registry import ModelRegistry

    with one_line_errors(EdgeError, ModelError, OSError), ExitStack() as files:
        before = None if compare is None else read_events(compare)
        settings = load_camera_config(config)
        tracks = None if mot is None else files.enter_context(mot.open("w", encoding="utf-8", newline="\n"))
        found = run_again(settings, video, CAMERA_CLOCK, ModelRegistry(default_models_dir()), tracks)
        if events is not None:
            events.write_bytes(found.ndjson())
    out.print(f"{len(found.events)} events", highlight=False)
    table = Table("what", "count", "")
    for figure in summarize(found.events):
        table.add_row(figure.what, str(figure.count), figure.note)
    out.print(table)
    if before is not None:
        _show_change(compare_events(before, found.events))


def _show_change(change: "Change") -> None:
    if not (change.figures or change.gained or change.lost):
        out.print("Everything is counted as before.")
        return
    table = Table("counted differently", "before", "now")
    for figure in change.figures:
        table.add_row(figure.what, f"{figure.before:g}", f"{figure.now:g}")
    out.print(table)
    for word, crossings in (("gained", change.gained), ("lost", change.lost)):
        for tripwire, direction, time_ms in crossings:
            when = datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")
            out.print(f"{word}: {tripwire} {direction} at {when}", highlight=False)
