"""`shopthread gateway`: run and inspect a store's gateway."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from shopthread import devices_commands
from shopthread.console import LogJson, log_to_stderr, one_line_errors, out, print_error, stop_on_signal
from shopthread.service_manager import ServiceManager

if TYPE_CHECKING:
    from gateway.adapters.event_store import EventStore

app = typer.Typer(no_args_is_help=True, help="Run and inspect a store's gateway.")
app.add_typer(devices_commands.app)

Config = Annotated[Path, typer.Argument(help="The gateway's configuration file (TOML).", show_default=False)]
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
    """Show what each device sent, what the cloud has confirmed and what waits."""
    store = _open(config)
    tallies, devices, missing = store.tallies(), {each.source: each for each in store.devices()}, store.missing()
    letters, clocks = store.dead_letter_count(), _clocks(config)
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
                    "missing": missing.get(each.source, 0),
                    "online": devices[each.source].online if each.source in devices else None,
                    "clock": clocks.get(each.source),
                }
                for each in tallies
            ],
            "dead_letters": letters,
        }
        typer.echo(json.dumps(report))
        return
    table = Table(
        "device", "kind", "online", "received", "repeated", "in the cloud", "refused", "waiting", "missing", "clock, ms"
    )
    for each in tallies:
        device = devices.get(each.source)
        table.add_row(
            each.source,
            device.kind if device else "gateway",
            {True: "[green]yes[/]", False: "[red]no[/]", None: "-"}[device.online if device else None],
            *(str(n) for n in (each.received, each.duplicate, each.uploaded, each.refused, each.waiting)),
            str(missing.get(each.source, 0)),
            f"{clocks[each.source]['offset_ms']:+.1f}" if each.source in clocks else "-",
        )
    out.print(table)
    out.print(f"dead letters: {letters}" + ("  (see `shopthread gateway dead-letters`)" if letters else ""))


@app.command("dead-letters")
def dead_letters(config: Config) -> None:
    """List messages that could not be accepted, with the reason."""
    table = Table("id", "came on", "reason", "detail", "bytes")
    for letter in _open(config).dead_letters():
        table.add_row(str(letter.id), letter.origin, letter.reason, letter.detail, str(len(letter.body)))
    out.print(table)


@app.command()
def replay(config: Config) -> None:
    """Judge every dead letter anew, for example after an upgrade, and take in what is acceptable now."""
    from gateway.errors import GatewayError
    from gateway.main import clock_ms

    with one_line_errors(GatewayError):
        taken, remain = _open(config).replay_dead_letters(clock_ms())
    out.print(f"taken in: {taken}, still unacceptable: {remain}")


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
        told = _open(config).reset_occupancy(clock_ms(), reason)
        if told is None:
            msg = f"{config}: nobody counts the people in the store; set [occupancy] enabled = true"
            raise ConfigurationError(msg)
    out.print(f"counted before: {told.reset_from}; counted now: {told.people}", highlight=False)


def _clocks(path: Path) -> "dict[str, dict[str, float | int | None]]":
    """Return how far the clock of each device is ahead of the gateway's, by the device's source."""
    from msgspec.structs import asdict, replace

    from gateway.config import load_config
    from gateway.device_operation import read_clocks
    from gateway.errors import GatewayError

    with one_line_errors(GatewayError):
        config = load_config(path)
        gateway = config.gateway.source
        return {str(replace(gateway, device=name)): asdict(each) for name, each in read_clocks(config).items()}


def _open(path: Path) -> "EventStore":
    """Return the event store of a configuration, of a gateway that has run at least once."""
    from gateway.config import load_config
    from gateway.errors import EventStoreError, GatewayError
    from gateway.main import open_event_store
    from gateway.paths import event_store_path

    with one_line_errors(GatewayError):
        config = load_config(path)
        if not event_store_path(config).exists():
            msg = f"no event store at {event_store_path(config)}; has this gateway run yet?"
            raise EventStoreError(msg)
        return open_event_store(config)
