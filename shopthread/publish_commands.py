"""`shopthread simulate publish`: a fleet of virtual devices that publishes to a real broker."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopthread.console import FAILURE, err, one_line_errors, out, print_error, stop_on_signal

if TYPE_CHECKING:
    from shopthread.fleet.fleet import FleetSettings
    from shopthread.fleet.report import Report
    from shopthread.fleet.request import FleetRequest

_DRY_RUN_S = 3600.0
_MS_PER_S = 1000


def publish(  # noqa: PLR0913, PLR0917 - one argument per option
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A name that `scenarios` lists, or your own TOML file.")
    ],
    broker: Annotated[str, typer.Option(metavar="URL", help="The broker.")] = "mqtt://127.0.0.1:1883",
    stores: Annotated[
        int | None,
        typer.Option(min=1, help="So many stores, each with all its devices (default: 1, or as --devices need)."),
    ] = None,
    devices: Annotated[
        int | None,
        typer.Option(min=1, help="Load mode: simulate one store, and let so many devices repeat what its devices say."),
    ] = None,
    speed: Annotated[float, typer.Option(min=0, help="Store seconds per second; 0: as fast as possible.")] = 1.0,
    duration_s: Annotated[
        float | None,
        typer.Option(
            min=1,
            metavar="S",
            help="Store time to publish (default: no end where the run goes on in the present, else 600).",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Store time of the beginning (default: so that the run ends now)."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The first store's; each further store has the next one.")] = 1,
    tenant: Annotated[str | None, typer.Option(help="Report under this tenant (default: the scenario's).")] = None,
    store: Annotated[
        str | None,
        typer.Option(help="The store's name; several get numbers from 1 (default: the scenario's)."),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", metavar="FILE", help="The tenant's pseudonym key (default: a well-known one)."),
    ] = None,
    connections: Annotated[
        int | None,
        typer.Option(min=1, help="Connections that the devices share (default: one each, at most 16)."),
    ] = None,
    window: Annotated[int, typer.Option(min=1, help="Events on their way at once, of all devices.")] = 1000,
    wait_acks: Annotated[
        bool | None,
        typer.Option(
            "--wait-acks/--no-acks",
            help="Wait for the gateway's acknowledgements, or only for the broker's (default: as a gateway answers).",
        ),
    ] = None,
    patience_s: Annotated[
        float, typer.Option(min=0, metavar="S", help="Give up after so long without any acknowledgement.")
    ] = 30.0,
    truth: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write each simulated store's members and truth there.")
    ] = None,
    username: Annotated[str | None, typer.Option(help="User name at the broker.")] = None,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", metavar="FILE", help="File that holds the password alone.")
    ] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let the broker be another machine than this one.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell how much the devices would say in an hour; publish nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Publish what simulated stores' devices say to a real broker: under the real protocol, at any speed.

    Every device is the real agent's logic with its outbox in memory: an event leaves it when the gateway has
    acknowledged it. With --devices thousands of devices publish from this one process. Ctrl-C ends properly; the exit
    code is 1 where something was not acknowledged.
    """
    from edge.config import BrokerSettings
    from shopthread.fleet.clock import wall_ms
    from shopthread.fleet.fleet import FleetSettings
    from shopthread.fleet.request import FleetRequest, duration_of, parse_broker, read_key, start_of
    from shopthread.fleet.tally import Trust
    from simulators.adapters.playback import Pace
    from simulators.adapters.scenario_files import load_scenario

    with one_line_errors(*_expected()):
        config = load_scenario(scenario)
        host, port = parse_broker(broker, allow_remote=allow_remote)
        duration_s = duration_of(duration_s, start, speed, devices)
        start_ms = start_of(start, duration_s, speed, wall_ms())
        request = FleetRequest(
            scenario=config,
            tenant=tenant or config.tenant,
            store=store or config.store,
            stores=stores,
            devices=devices,
            seed=seed,
            start_ms=start_ms,
            duration_s=duration_s,
            pseudonym_key=read_key(key_file),
        )
        if dry_run:
            _tell_volume(request, speed)
            return
        settings = FleetSettings(
            broker=BrokerSettings(host=host, port=port, username=username, password_file=password_file),
            pace=Pace(start_ms=start_ms, speed=speed),
            trust={None: Trust.OPEN, True: Trust.GATEWAY, False: Trust.BROKER}[wait_acks],
            connections=connections or 16,
            window=window,
            patience_s=patience_s,
        )
        report = _run(request, settings, truth)
    _tell(report, as_json=as_json)
    if wait_acks is None and report.acknowledged_by == "broker":
        err.print("No gateway answered, so the broker's word counted; --wait-acks insists on a gateway's.")


def _expected() -> tuple[type[Exception], ...]:
    from contracts.errors import ContractError
    from edge.errors import EdgeError
    from shopthread.fleet.errors import FleetError
    from simulators.core.errors import ScenarioError

    return (ScenarioError, FleetError, EdgeError, ContractError, OSError)


def _run(request: "FleetRequest", settings: "FleetSettings", truth: Path | None) -> "Report":
    import secrets

    from shopthread.fleet.clock import CLOCKS
    from shopthread.fleet.display import progress_line
    from shopthread.fleet.fleet import Fleet
    from shopthread.fleet.report import make_report
    from shopthread.fleet.request import make_network, prepare
    from simulators.adapters.feed_files import write_members, write_truth

    with stop_on_signal() as stop, progress_line(err, request.start_ms, request.duration_s) as line:
        prepared = prepare(request, lambda: secrets.token_hex(8), line.show_recording, stop.is_set)
        fleet = Fleet(prepared.production, settings, CLOCKS, make_network(request), line.show)
        reached = fleet.run(stop.is_set)
    for each in prepared.stores if truth is not None else ():
        folder = (truth or Path()) / each.plan.store
        folder.mkdir(parents=True, exist_ok=True)
        write_members(folder, each.simulation.members)
        write_truth(folder, each.simulation.truth())
    return make_report(prepared.production, fleet.lanes, reached)


def _tell(report: "Report", *, as_json: bool) -> None:
    import msgspec

    from shopthread.fleet.display import report_table

    if as_json:
        typer.echo(msgspec.json.encode(report))
    else:
        out.print(report_table(report))
        for line in report.missing:
            print_error(f"not acknowledged: {line}")
    if report.missing:
        raise typer.Exit(FAILURE)


def _tell_volume(request: "FleetRequest", speed: float) -> None:
    from msgspec.structs import replace

    from shopthread.fleet.display import volume_tables
    from shopthread.fleet.dry_run import measure
    from simulators.core.scenario import device_ids

    until_ms = request.start_ms + round((request.duration_s or _DRY_RUN_S) * _MS_PER_S)
    with out.status("simulating one store"):
        volumes = measure(replace(request.plan(0), until_ms=until_ms))
    devices = request.devices or request.store_count * len(device_ids(request.scenario))
    for table in volume_tables(volumes, devices, request.store_count, speed):
        out.print(table)
