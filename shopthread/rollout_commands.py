"""`shopthread gateway rollout`: a new model, to a few cameras first."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from shopthread.console import one_line_errors, out
from shopthread.models_commands import default_models_dir

if TYPE_CHECKING:
    from gateway.config import GatewayConfig


def rollout(
    config: Annotated[Path, typer.Argument(help="The gateway's configuration file (TOML).", show_default=False)],
    model: Annotated[str | None, typer.Argument(help="Its name in `shopthread models list` on the gateway.")] = None,
    canary: Annotated[list[str] | None, typer.Option(metavar="DEVICE", help="Who gets it first; repeatable.")] = None,
    device: Annotated[list[str] | None, typer.Option(metavar="DEVICE", help="Who gets it then; repeatable.")] = None,
    soak_minutes: Annotated[float, typer.Option(min=0, help="So long each must do well with it.")] = 10.0,
) -> None:
    """Hand a model to cameras, to a few first; without MODEL, show how far the last roll-out is.

    Each camera gets the file from the gateway, checks its sum, starts again with it and is watched. If one cannot use
    it, stays away or blind, or sees clearly fewer frames a second than before, all go back to what they had.
    """
    from contracts.errors import ContractError
    from gateway.config import load_config
    from gateway.core.devices.rollout import RolloutRules
    from gateway.device_admin import roll_out
    from gateway.errors import GatewayError
    from models.errors import ModelError
    from models.registry import ModelRegistry

    with one_line_errors(GatewayError, ContractError, ModelError):
        settings = load_config(config)
        if model is not None:
            found = ModelRegistry(default_models_dir()).get(model)
            roll_out(settings, found, canary or [], device or [], RolloutRules(soak_s=soak_minutes * 60))
        _show(settings)


def _show(config: "GatewayConfig") -> None:
    from gateway.adapters.rollout_rows import RolloutRows
    from gateway.device_admin import devices_of

    with devices_of(config) as database:
        current = RolloutRows(database).current()
    if current is None:
        out.print("No model was rolled out yet.")
        return
    table = Table("device", "first", "stage")
    for member in current.members:
        table.add_row(member.device, "yes" if member.is_canary else "", member.stage)
    out.print(f"{current.name}: {current.phase.replace('_', ' ')} {escape(current.reason)}", highlight=False)
    out.print(table)
