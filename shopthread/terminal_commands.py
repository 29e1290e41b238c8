"""`shopthread terminal`: scan-code terminals and POS taps."""

from pathlib import Path
from typing import Annotated

import typer

from shopthread.console import LogJson, log_to_stderr, one_line_errors, stop_on_signal

app = typer.Typer(no_args_is_help=True, help="Report scans and sales from terminals and tills.")

Config = Annotated[Path, typer.Argument(help="The device's configuration file (TOML).", show_default=False)]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")]


@app.command()
def scan(config: Config, verbose: Verbose = False, log_json: LogJson = False) -> None:
    """Run a scan-code terminal until its input ends or you press Ctrl-C.

    Each line is a scanned code: a GS1 Digital Link, an EAN/UPC barcode, or a member code with its prefix. A keyboard
    wedge types them on standard input; `terminal.input` in the file names a serial line, a TCP port or a file instead.
    Zone and prefixes follow what `shopthread gateway configure` hands out, without a restart; `gateway restart` makes
    it read its file again.
    """
    from edge.config import ScanTerminalConfig, load_toml
    from edge.errors import EdgeError
    from edge.terminals import run_scan_terminal

    log_to_stderr(verbose=verbose, as_json=log_json)
    with one_line_errors(EdgeError), stop_on_signal() as stop:
        run_scan_terminal(load_toml(config, ScanTerminalConfig), stop, lambda: load_toml(config, ScanTerminalConfig))


@app.command()
def pos(config: Config, verbose: Verbose = False, log_json: LogJson = False) -> None:
    """Run a POS tap until its input ends or you press Ctrl-C.

    Each line is one receipt as a JSON object: receipt_id, lines, total_minor (in the currency's smallest unit),
    currency and, where one was shown, member. `pos.input` in the file says where they come from. The zone follows what
    `shopthread gateway configure` hands out, without a restart; `gateway restart` makes it read its file again.
    """
    from edge.config import PosConfig, load_toml
    from edge.errors import EdgeError
    from edge.terminals import run_pos_tap

    log_to_stderr(verbose=verbose, as_json=log_json)
    with one_line_errors(EdgeError), stop_on_signal() as stop:
        run_pos_tap(load_toml(config, PosConfig), stop, lambda: load_toml(config, PosConfig))
