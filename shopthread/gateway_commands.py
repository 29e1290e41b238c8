"""`shopthread gateway`: run and inspect a store's gateway."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.table import Table

from shopthread import devices_commands, gateway_queue_commands
from shopthread.console import LogJson, log_to_stderr, one_line_errors, out, print_error, stop_on_signal
from shopthread.gateway_queue_commands import Config, open_store, read_storage
from shopthread.rollout_commands import rollout
from shopthread.service_manager import ServiceManager

if TYPE_CHECKING:
    from gateway.core.devices.own_clock import OwnOffset

app = typer.Typer(no_args_is_help=True, help="Run and inspect a store's gateway.")
app.add_typer(devices_commands.app)
app.add_typer(gateway_queue_commands.app)
app.command()(rollout)

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")]


@app.command()
def run(config: Config, verbose: Verbose = False, log_json: LogJson = False) -> None:
    """Run the gateway until you press Ctrl-C.

    It takes the store's events from the broker, commits them, acknowledges them to the devices and uploads them.
    A broker or a cloud that is down is waited for; nothing is lost meanwhile. Run by systemd it says when it is ready,
    and feeds the watchdog as long as every part works.
    """
    from gateway.config import load_config
    from gateway.errors import GatewayError
    from gateway.main import run_gateway

    log_to_stderr(verbose=verbose, as_json=log_json)
    with one_line_errors(GatewayError), stop_on_signal() as stop, ServiceManager() as service:
        run_gateway(load_config(config), stop, service.alive)


@app.command()
def broker(
    host: Annotated[str, typer.Option(help="IP address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port.")] = 1883,
) -> None:
    """Run the embedded MQTT broker alone, without TLS or passwords: for rehearsals, not for a shop's network."""
    from gateway.adapters.embedded_broker import EmbeddedBroker
    from gateway.errors import GatewayError

    with one_line_errors(GatewayError), stop_on_signal() as stop:
        embedded = EmbeddedBroker(host, port)
        try:
            embedded.start()
            while not stop.wait(0.2):
                if not embedded.is_running:
                    print_error("the broker's process ended by itself")
                    raise typer.Exit(1)
        finally:
            embedded.stop()


@app.command()
def mosquitto(
    config: Config,
    folder: Annotated[Path, typer.Option("--out", help="Folder to write mosquitto.conf and acl into.")],
    host: Annotated[str, typer.Option(help="IP address that the broker listens on.")] = "0.0.0.0",  # noqa: S104 - devices come from outside
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port, with TLS.")] = 8883,
) -> None:
    """Write a hardened Mosquitto configuration for the store: TLS, passwords, rights per device, nothing dropped.

    Put ca.pem, broker.pem and broker.key into the folder, set broker.mosquitto_dir to it, and run:
    mosquitto -c mosquitto.conf. The passwords of the gateway and of enrolled devices are written too; lines that
    mosquitto_passwd added for others stay.
    """
    from gateway.config import load_config
    from gateway.core.broker_config import BrokerPlace, mosquitto_acl, mosquitto_configuration
    from gateway.device_admin import write_mosquitto_passwords
    from gateway.errors import GatewayError

    with one_line_errors(GatewayError, OSError):
        settings = load_config(config)
        source = settings.gateway.source
        folder = folder.resolve()
        (folder / "data").mkdir(parents=True, exist_ok=True)
        place = BrokerPlace(host=host, port=port, folder=str(folder))
        (folder / "mosquitto.conf").write_text(mosquitto_configuration(source, place), encoding="utf-8")
        (folder / "acl").write_text(mosquitto_acl(source), encoding="utf-8")
        (folder / "acl").chmod(0o600)
        own = write_mosquitto_passwords(settings, folder)
    written = f"Wrote {folder / 'mosquitto.conf'}, {folder / 'acl'} and {folder / 'passwords'}"
    out.print(f"{written}; the gateway's own password is in {own}", highlight=False, soft_wrap=True)


@app.command()
def status(config: Config, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show what each device sent, what the cloud has confirmed and what waits, and how full the disk is.

    thinned: deleted unsent because the disk was full. limited: not taken in because the device sent too many at once;
    it sends them again. missing: numbers of the device's that have not come yet. Below: whether one visit is made of
    what several cameras see of a person, and why; and whether the gateway's own clock is right by the cloud's time
    (where it is not, set it, best by chrony).
    """
    from gateway.main import clock_ms

    store = open_store(config)
    tallies, devices, missing = store.tallies(), {each.source: each for each in store.devices()}, store.missing()
    letters, (clocks, own), storage = store.dead_letter_count(), _clocks(config), read_storage(config, store)
    joining = store.joining(clock_ms())
    if as_json:
        report = {
            "sources": [
                {
                    "source": each.source,
                    "received": each.received,
                    "duplicate": each.duplicate,
                    "uploaded": each.uploaded,
                    "refused": each.refused,
                    "waiting": each.waiting,
                    "thinned": each.thinned,
                    "limited": each.limited,
                    "missing": missing.get(each.source, 0),
                    "online": devices[each.source].online if each.source in devices else None,
                    "clock": clocks.get(each.source),
                }
                for each in tallies
            ],
            "dead_letters": letters,
            "clock_offset_s": None if own is None else own.offset_s,
            "clock": msgspec.to_builtins(own),
            "storage": msgspec.to_builtins(storage),
            "joining": msgspec.to_builtins(joining),
        }
        typer.echo(json.dumps(report))
        return
    table = Table(
        *("device", "kind", "online", "received", "repeated", "in the cloud", "refused", "waiting"),
        *("thinned", "limited", "missing", "clock, ms"),
    )
    for each in tallies:
        device = devices.get(each.source)
        table.add_row(
            each.source,
            device.kind if device else "gateway",
            {True: "[green]yes[/]", False: "[red]no[/]", None: "-"}[device.online if device else None],
            *(str(n) for n in (each.received, each.duplicate, each.uploaded, each.refused, each.waiting)),
            *(str(n) for n in (each.thinned, each.limited)),
            str(missing.get(each.source, 0)),
            f"{clocks[each.source]['offset_ms']:+.1f}" if each.source in clocks else "-",
        )
    out.print(table)
    out.print(storage.line, highlight=False)
    out.print(joining.line, highlight=False)
    _print_clock(own)
    out.print(f"dead letters: {letters}" + ("  (see `shopthread gateway dead-letters`)" if letters else ""))


@app.command("reset-occupancy")
def reset_occupancy(
    config: Config,
    reason: Annotated[str, typer.Option(help="Why, for whoever audits the figures: such as 'alarm, store evacuated'.")],
) -> None:
    """Begin to count the people in the store anew: from now on it is taken for empty.

    At closing this happens by itself. The event store.occupancy tells what the count was before, and the reason. A
    gateway that runs takes it up within seconds.
    """
    from gateway.errors import ConfigurationError, GatewayError
    from gateway.main import clock_ms

    with one_line_errors(GatewayError):
        told = open_store(config).reset_occupancy(clock_ms(), reason)
        if told is None:
            msg = f"{config}: nobody counts the people in the store; set [occupancy] enabled = true"
            raise ConfigurationError(msg)
    out.print(f"counted before: {told.reset_from}; counted now: {told.people}", highlight=False)


def _print_clock(own: "OwnOffset | None") -> None:
    from gateway.core.devices.own_clock import clock_light

    light, why = clock_light(own)
    said = why if own is None or why else f"right ({own.offset_s:+.1f} s by the {own.source})"
    out.print(f"the gateway's clock: {said}", style="bold red" if light == "red" else None, highlight=False)


def _clocks(path: Path) -> "tuple[dict[str, dict[str, float | int | None]], OwnOffset | None]":
    """Return how far each device's clock is ahead of the gateway's, by the device's source; and the gateway's own."""
    from msgspec.structs import asdict, replace

    from gateway.config import load_config
    from gateway.device_operation import read_clocks
    from gateway.errors import GatewayError

    with one_line_errors(GatewayError):
        config = load_config(path)
        gateway = config.gateway.source
        clocks, own = read_clocks(config)
        return {str(replace(gateway, device=name)): asdict(each) for name, each in clocks.items()}, own
