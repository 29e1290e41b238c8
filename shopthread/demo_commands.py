"""`shopthread demo`: a whole shop on this machine."""

import time
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live

from shopthread.console import FAILURE, one_line_errors, out, print_error, stop_on_signal

if TYPE_CHECKING:
    from shopthread.demo.observation import Snapshot
    from shopthread.demo.supervisor import Demo
    from shopthread.demo.view import LiveView

_NO_VIDEO = "none"
_REFRESH_S = 1.0
_REPORT_S = 5.0


def demo(  # noqa: PLR0913, PLR0917 - one argument per option
    video: Annotated[
        str,
        typer.Option(
            help="A video of people walking, in place of the project's; `none`: the simulated shop runs alone."
        ),
    ] = "",
    folder: Annotated[Path, typer.Option("--dir", help="The demo's folder. Nothing outside it is written.")] = Path(
        "build/demo"
    ),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the folder's data instead of afresh.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page and the API, on 127.0.0.1.")] = 8080,
    seconds: Annotated[float | None, typer.Option(min=1, help="End by itself after this time.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Print plain lines instead of a live screen.")] = False,
    speed: Annotated[
        float, typer.Option(min=1, help="The simulated shop begins half an hour ago and runs this fast until now.")
    ] = 30.0,
    seed: Annotated[int, typer.Option(min=0, help="The simulated shop's seed.")] = 1,
) -> None:
    """Watch a shop being digitized end to end, on this machine alone.

    Starts an MQTT broker, a gateway per store, the cloud, a camera on footage of people, a simulated corner shop with
    its camera, scan kiosk and till. Shows what happens here and on a page. At the end it compares how many events the
    edge made, the gateway received and the cloud stored, and exits with 0 only if they are equal.
    """
    from msgspec import json

    from cloud.config import ConfigError
    from cloud.main import StartError
    from edge.errors import EdgeError
    from shopthread.demo.supervisor import Demo, DemoOptions
    from shopthread.demo.view import LiveView
    from shopthread.demo.workspace import DemoError, open_workspace

    with one_line_errors(DemoError, EdgeError, ConfigError, StartError), stop_on_signal() as stop:
        path = _existing(video)
        workspace = open_workspace(folder, resume=resume)
        options = DemoOptions(
            web_port=port,
            video=path,
            speed=speed,
            seed=seed,
        )
        about = f"a simulated corner shop and a camera on {path}" if path else "a simulated corner shop (no video)"
        view = LiveView(f"http://127.0.0.1:{port}", about)
        running = Demo(workspace, options, out.print if headless else view.tell)
        try:
            if path is None:
                out.print("No video: the simulated shop runs alone.")
            out.print(f"Starting {about} ...", soft_wrap=True)
            running.start()
            out.print(f"Open {running.sign_in_url}", soft_wrap=True, highlight=False)
            _watch(running, view, stop, seconds, headless=headless)
            snapshot = running.finish()
        finally:
            running.stop()
    restarts = running.processes.restarts()
    _print_reconciliation(snapshot, restarts)
    summary = {"equal": snapshot.is_equal, "restarts": restarts, "counts": snapshot}
    workspace.summary.write_bytes(json.format(json.encode(summary)))
    if not snapshot.is_equal:
        print_error(f"the hops do not agree; see the logs in {workspace.logs}")
        raise typer.Exit(FAILURE)


def _existing(video: str) -> Path | None:
    from shopthread.demo.configs import FOOTAGE
    from shopthread.demo.workspace import DemoError

    if video == _NO_VIDEO:
        return None
    if not video:
        return FOOTAGE
    path = Path(video).resolve()
    if not path.is_file():
        msg = f"there is no video file {video}; name another one: --video FILE (make demo VIDEO=FILE)"
        raise DemoError(msg)
    return path


def _watch(running: "Demo", view: "LiveView", stop: Event, seconds: float | None, *, headless: bool) -> None:
    """Tend and show the demo until told to stop or the time is over."""
    until_s = time.monotonic() + seconds if seconds is not None else float("inf")
    if headless:
        while time.monotonic() < until_s and not stop.is_set():
            for _ in range(round(_REPORT_S / _REFRESH_S)):
                running.tend()
                stop.wait(min(_REFRESH_S, max(0.0, until_s - time.monotonic())))
            _report(running.snapshot())
        return
    with Live(view.render(running.snapshot(), time.monotonic()), console=out, auto_refresh=False) as live:
        while time.monotonic() < until_s and not stop.is_set():
            running.tend()
            stop.wait(min(_REFRESH_S, max(0.0, until_s - time.monotonic())))
            live.update(view.render(running.snapshot(), time.monotonic()), refresh=True)


def _report(snapshot: "Snapshot") -> None:
    made, stored = (sum(getattr(hop, name) for hop in snapshot.hops) for name in ("made", "stored"))
    visits = sum(each.visits for each in snapshot.figures)
    links = {name: sum(each.links.get(name, 0) for each in snapshot.figures) for name in ("linked", "ambiguous")}
    out.print(
        f"made {made}, in the cloud {stored}, visits {visits}, linked {links['linked']}, "
        f"ambiguous {links['ambiguous']}, profiles {snapshot.profiles}",
        highlight=False,
    )


def _print_reconciliation(snapshot: "Snapshot", restarts: dict[str, int]) -> None:
    from shopthread.demo.view import figures_table, hops_table

    out.print(figures_table(snapshot))
    table = hops_table(snapshot, verdict=True)
    table.title = "Reconciliation: events at every hop"
    out.print(table)
    if restarts:
        out.print("restarted: " + ", ".join(f"{name} {count}x" for name, count in restarts.items()))
    if snapshot.dead_letters:
        out.print(f"[red]dead letters at the gateways: {snapshot.dead_letters}[/]")
