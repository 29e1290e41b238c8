"""`shopthread gateway dead-letters`, `replay` and `drain`: what waits in a gateway, and what was refused."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct
from rich.table import Table

from shopthread.console import one_line_errors, out, print_error, stop_on_signal

if TYPE_CHECKING:
    from gateway.adapters.event_store import EventStore

app = typer.Typer()

Config = Annotated[Path, typer.Argument(help="The gateway's configuration file (TOML).", show_default=False)]

_MIB = 1024 * 1024


class Storage(Struct, frozen=True, kw_only=True):
    """How full a gateway's disk is, and what waits on it.

    Attributes:
        waiting: Events that wait for the cloud.
        oldest_waiting_ms: When the one of them came that waits longest, Unix milliseconds.
        waits_s: How long that one has waited, seconds.
        used_bytes: What events take.
        max_bytes: What they may take.
        is_full: Whether nothing more is taken in.
    """

    waiting: int
    oldest_waiting_ms: int | None
    waits_s: float | None
    used_bytes: int
    max_bytes: int
    is_full: bool

    @property
    def line(self) -> str:
        """Return it in words."""
        since = "" if self.waits_s is None else f", the oldest for {self.waits_s:.0f} s"
        full = "; FULL: nothing is taken in, devices keep what they have" if self.is_full else ""
        used = f"{self.used_bytes / _MIB:.0f} of {self.max_bytes / _MIB:.0f} MiB"
        return f"waiting: {self.waiting}{since}; disk: {used}{full}"


def read_storage(path: Path, store: "EventStore") -> Storage:
    """Return how full the disk of a configured gateway is."""
    from gateway.config import load_config
    from gateway.errors import GatewayError
    from gateway.main import clock_ms

    with one_line_errors(GatewayError):
        rules, used_bytes, oldest_ms = load_config(path).storage, store.used_bytes(), store.oldest_waiting_ms()
        return Storage(
            waiting=store.queue_depth(),
            oldest_waiting_ms=oldest_ms,
            waits_s=None if oldest_ms is None else max(0, clock_ms() - oldest_ms) / 1000,
            used_bytes=used_bytes,
            max_bytes=rules.max_bytes,
            is_full=rules.is_full(used_bytes),
        )


@app.command("dead-letters")
def dead_letters(config: Config) -> None:
    """List messages that could not be accepted, with the reason.

    Also what the cloud refuses (cloud_refused), and what came from an impossible time (impossible_time).
    """
    table = Table("id", "came on", "reason", "detail", "bytes")
    for letter in open_store(config).dead_letters():
        table.add_row(str(letter.id), letter.origin, letter.reason, letter.detail, str(len(letter.body)))
    out.print(table)


@app.command()
def replay(config: Config) -> None:
    """Judge every dead letter anew, for example after an upgrade, and take in what is acceptable now.

    What is taken in is sent to the cloud like any event: at once where the gateway runs, else by `drain` or at its next
    start. What the cloud refuses again comes back as a dead letter.
    """
    from gateway.errors import GatewayError
    from gateway.main import clock_ms

    with one_line_errors(GatewayError):
        taken, remain = open_store(config).replay_dead_letters(clock_ms())
    out.print(f"taken in: {taken}, still unacceptable: {remain}")


@app.command()
def drain(
    config: Config,
    patience_s: Annotated[
        float, typer.Option("--patience-s", min=0, help="Give up after so many seconds without an answer of the cloud.")
    ] = 60.0,
) -> None:
    """Send all that waits to the cloud, show how far it is, and end.

    For a gateway that is to be replaced or moved. It may run meanwhile: what both send counts once.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from gateway.adapters.uplink import UploadError
    from gateway.config import load_config
    from gateway.errors import GatewayError
    from gateway.main import clock_ms
    from gateway.uplinking import cloud_client, make_uploader
    from gateway.uplinking import drain as drain_store

    columns = (TextColumn("sent"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with one_line_errors(GatewayError, UploadError), stop_on_signal() as stop:
        store, settings = open_store(config), load_config(config)
        waiting = store.queue_depth()
        with Progress(*columns, console=out) as progress, cloud_client(settings) as client:
            sent = progress.add_task("sent", total=waiting)

            def tell(depth: int) -> None:
                progress.update(sent, completed=max(0, waiting - depth))

            left = drain_store(store, make_uploader(settings, store, client, clock_ms), stop, patience_s, tell)
    if left:
        print_error(f"{left} events still wait")
        raise typer.Exit(1)
    out.print(f"sent: {waiting}; nothing waits", highlight=False)


def open_store(path: Path) -> "EventStore":
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
