"""`shopthread gateway register|revoke`: who is a device of the store."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shopthread.console import one_line_errors, out

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
