"""The command line. A tier is imported only when one of its subcommands runs."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from shopthread import (
    audit_commands,
    cloud_commands,
    codes_commands,
    demo_commands,
    edge_commands,
    gateway_commands,
    members_commands,
    models_commands,
    simulate_commands,
    stores_commands,
    terminal_commands,
)
from shopthread.console import FAILURE, print_error

_EVERYTHING = "edge,gateway,cloud,sim"
_EXTRAS = {
    "edge": "edge",
    "audit": "edge",
    "terminal": "edge",
    "gateway": "gateway",
    "cloud": "cloud",
    "simulate": "sim",
    "models": "models",
    "members": "members",
    "codes": "codes",
    "stores": "members",
}

_MORE_EXTRAS = {
    ("audit", "httpx"): "gateway",
    ("simulate", "cv2"): "render",
    ("simulate", "matplotlib"): "analysis",
    ("simulate", "pyarrow"): "analysis",
    ("models", "cv2"): "edge",
    ("models", "torch"): "training",
    ("models", "onnx"): "training",
}
"""What only some of a tier's commands need, by the module that is missing."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Shopthread digitizes what happens inside shops, from the camera's picture to the unified profile, "
    "without collecting faces.",
)
app.command("demo")(demo_commands.demo)
app.add_typer(edge_commands.app, name="edge")
app.add_typer(audit_commands.app, name="audit")
app.add_typer(terminal_commands.app, name="terminal")
app.add_typer(gateway_commands.app, name="gateway")
app.add_typer(cloud_commands.app, name="cloud")
app.add_typer(members_commands.app, name="members")
app.add_typer(codes_commands.app, name="codes")
app.add_typer(stores_commands.app, name="stores")
app.add_typer(simulate_commands.app, name="simulate")
app.add_typer(models_commands.app, name="models")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"shopthread {version('shopthread')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Choose the part of the system to run."""


def main() -> None:
    """Run the command line; a part that was not installed is one clear line."""
    try:
        app()
    except ModuleNotFoundError as error:
        tier, missing = sys.argv[1] if len(sys.argv) > 1 else "", (error.name or "").partition(".")[0]
        needed = _MORE_EXTRAS.get((tier, missing)) or _EXTRAS.get(tier, _EVERYTHING)
        print_error(f"this needs {error.name}, which is not installed here; install it: pip install '.[{needed}]'")
        raise SystemExit(FAILURE) from error
