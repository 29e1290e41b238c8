"""`shopthread gateway register|revoke`: who is a device of the store."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from shopthread.console import one_line_errors, out

if TYPE_CHECKING:
    from gateway.core.devices.overview import DeviceView

app = typer.Typer()

Config = Annotated[Path, typer.Argument(help="The gateway's configuration file (TOML).", show_default=False)]
Device = Annotated[str, typer.Argument(help="The device's id: a-z, 0-9 and '-'.", show_default=False)]


class Kind(StrEnum):
    """What a device is."""

    CAMERA = "camera"
    TERMINAL = "terminal"
    POS = "pos"


@app.command()
def register(
    config: Config,
    device: Device,
    kind: Annotated[Kind, typer.Option(help="What it is.")] = Kind.CAMERA,
    minutes: Annotated[float, typer.Option(min=1, max=1440, help="So long the code is valid.")] = 15.0,
) -> None:
    """Expect a device, and print the one-time code that it shows to get its credentials.

    On the device, run: shopthread edge enrol --code CODE --gateway HOST. A code counts once; another one for the same
    device takes its place. What the device has until then stays valid until it shows the new code.
    """
    from contracts.errors import ContractError
    from gateway.config import load_config
    from gateway.device_admin import register as expect
    from gateway.errors import GatewayError

    with one_line_errors(GatewayError, ContractError):
        settings = load_config(config)
        code = expect(settings, device, kind.value, minutes * 60)
    out.print(code, highlight=False)
    out.print(f"valid for {minutes:g} minutes, once, for {device} ({kind.value})", highlight=False)
    if settings.http.port is None:
        out.print("[yellow]The gateway serves no enrolment yet: set port under \\[http] and start it again.[/]")


@app.command()
def revoke(config: Config, device: Device) -> None:
    """Take a device's credentials away: it is disconnected and gets in no more. What it has sent stays.

    The embedded broker follows within a second; Mosquitto where broker.mosquitto_dir is set. Events that it has not
    handed over yet are lost to the store unless it is registered and enrolled again.
    """
    from gateway.config import load_config
    from gateway.device_admin import revoke as take_away
    from gateway.errors import GatewayError

    with one_line_errors(GatewayError):
        take_away(load_config(config), device)
    out.print(f"{device} gets in no more", highlight=False)


@app.command()
def configure(
    config: Config,
    device: Device,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="TOML: tables as in the device's own file.")
    ],
) -> None:
    """Hand a device tables as in its own file.

    A camera takes tripwires, zones and models; a scan-code terminal its zone, prefixes and how long a member counts; a
    till its zone. It is kept for a device that is away. The device puts it into force at once, and says which version
    it has or why it cannot use this one (`gateway devices`); then it keeps the last that it could. A camera's models
    come into force when it starts again: `gateway restart`.
    """
    from contracts.errors import ContractError
    from gateway.config import load_config
    from gateway.device_admin import configure as want
    from gateway.errors import GatewayError

    with one_line_errors(GatewayError, ContractError, OSError, UnicodeDecodeError):
        version = want(load_config(config), device, file.read_text(encoding="utf-8"))
    out.print(f"version {version} is wanted of {device}", highlight=False)


@app.command()
def restart(
    config: Config,
    device: Device,
    reason: Annotated[str, typer.Option(help="For the device's log.")] = "asked for by an operator",
) -> None:
    """Make a camera, a terminal or a till start again, as soon as it is connected.

    A camera closes open visits and loads its models anew; a terminal forgets whose card was shown last. Each reads its
    own file again, and what waits in its outbox stays there. `gateway devices` says whether it is waited for, was told,
    or has started.
    """
    from contracts.errors import ContractError
    from gateway.config import load_config
    from gateway.device_admin import ask_restart
    from gateway.errors import GatewayError

    with one_line_errors(GatewayError, ContractError):
        ask_restart(load_config(config), device, reason)
    out.print(f"{device} is told to start again when it is there", highlight=False)


@app.command()
def devices(config: Config, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show each device: its light and why, when it was last heard of, its clock, its configuration, its gaps.

    Green: it works. Yellow: somebody should look. Red: nothing comes from it. Grey: it never came.
    """
    import msgspec

    from gateway.config import load_config
    from gateway.device_admin import devices_of, now_ms
    from gateway.device_overview import device_views
    from gateway.errors import GatewayError
    from gateway.main import open_event_store

    with one_line_errors(GatewayError):
        settings = load_config(config)
        store = open_event_store(settings)
        try:
            with devices_of(settings) as database:
                views = device_views(database, store, settings.gateway.source, now_ms())
        finally:
            store.close()
    if as_json:
        typer.echo(msgspec.json.encode(views).decode())
        return
    table = Table(
        "device", "kind", "light", "last seen", "clock, ms", "config wanted", "in force", "version", "gaps", "why"
    )
    for each in views:
        shown = "revoked" if each.is_revoked else each.light
        table.add_row(
            each.device,
            each.kind,
            f"[{_COLOURS[each.light]}]{shown}[/]",
            "-"
            if each.seen_ms is None
            else datetime.fromtimestamp(each.seen_ms / 1000, UTC).strftime("%d.%m. %H:%M:%S"),
            "-" if each.offset_ms is None else f"{each.offset_ms:+.1f}",
            *("-" if version is None else str(version) for version in (each.config_desired, each.config_reported)),
            each.software_version or "-",
            str(each.missing),
            escape("; ".join(filter(None, (*each.reasons, each.config_error, *_restart_words(each))))),
        )
    out.print(table)


_COLOURS = {"green": "green", "yellow": "yellow", "red": "red", "grey": "dim"}


def _time_words(time_ms: int | None) -> str:
    return "-" if time_ms is None else datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _restart_words(view: "DeviceView") -> Iterator[str]:
    if view.restart_needed:
        yield f"needs a restart for {view.restart_needed}"
    if view.restart == "waiting":
        yield "will be told to start again"
    elif view.restart == "sent":
        yield "was told to start again"
    elif view.restart == "done":
        yield f"started again {_time_words(view.restarted_ms)}"


@app.command()
def page(
    config: Config,
    new: Annotated[
        bool, typer.Option("--new", help="Make another key: who has the address until now sees nothing.")
    ] = False,
) -> None:
    """Print the address of the store manager's page: people, queues and devices' lights, live, without the internet.

    The gateway serves it where http.port is set, to whoever has the address with its key.
    """
    from gateway.config import load_config
    from gateway.device_admin import page_address
    from gateway.errors import GatewayError

    with one_line_errors(GatewayError, OSError):
        address = page_address(load_config(config), is_new=new)
    out.print(address, highlight=False, soft_wrap=True)


@app.command()
def backup(
    config: Config,
    target: Annotated[Path, typer.Argument(help="The file to write, such as gateway.tar.", show_default=False)],
) -> None:
    """Save events, what is held of each device, dead letters, credentials, configurations; the gateway may run."""
    from gateway.backup import back_up
    from gateway.config import load_config
    from gateway.device_admin import now_ms
    from gateway.errors import GatewayError

    with one_line_errors(GatewayError):
        manifest = back_up(load_config(config), target, now_ms())
    out.print(f"Wrote {target}: {', '.join(manifest.files)} of {manifest.source}", highlight=False, soft_wrap=True)


@app.command()
def restore(
    config: Config,
    archive: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="From `gateway backup`.")],
    force: Annotated[bool, typer.Option(help="Replace the state that is there.")] = False,
) -> None:
    """Bring a backup back, while the gateway does not run.

    What devices handed over after the backup was made is gone from this gateway, and is in the cloud as far as it was
    sent; what is sent again is a repetition there. Who was revoked since then is not any more: revoke again.
    """
    from gateway.backup import restore as bring_back
    from gateway.config import load_config
    from gateway.errors import GatewayError

    with one_line_errors(GatewayError):
        manifest = bring_back(load_config(config), archive, replaces=force)
    when = _time_words(manifest.made_ms)
    out.print(f"{manifest.source} is as it was at {when}", highlight=False, soft_wrap=True)
