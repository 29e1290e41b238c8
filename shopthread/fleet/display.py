"""What a fleet shows on the screen: a line that moves, and tables."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from shopthread.fleet.dry_run import Volume
from shopthread.fleet.fleet import Progress
from shopthread.fleet.report import Report

_TYPE_PREFIX = "org.shopthread."
_SECONDS_PER_HOUR = 3600


class ProgressLine:
    """A line that tells how fast a fleet publishes, with a bar where the end is known.

    Args:
        bar: What draws it.
        start_ms: Store time of the beginning, Unix milliseconds.
        duration_s: Store time to run for; None for ever.
    """

    def __init__(self, bar: Bar, start_ms: int, duration_s: float | None) -> None:
        self._bar, self._start_ms = bar, start_ms
        total = None if duration_s is None else duration_s * 1000
        self._task = bar.add_task("connecting", total=total, figures="")
        self._before = (0.0, 0)

    def show(self, progress: Progress) -> None:
        """Show where a fleet stands."""
        tally = progress.tally
        before_s, before = self._before
        passed_s = progress.seconds - before_s
        rate = (tally.acknowledged - before) / passed_s if passed_s > 0 else 0.0
        self._before = (progress.seconds, tally.acknowledged)
        figures = [f"{rate:,.0f} events/s", f"{tally.acknowledged:,} acknowledged", f"{tally.in_flight:,} in flight"]
        if progress.held:
            figures.append(f"{progress.held:,} held back")
        if tally.again:
            figures.append(f"{tally.again:,} published again")
        if tally.losses:
            figures.append(f"{tally.losses:,} connections lost")
        self._bar.update(
            self._task,
            completed=progress.now_ms - self._start_ms,
            description=f"{datetime.fromtimestamp(progress.now_ms / 1000, UTC):%H:%M:%S}",
            figures=", ".join(figures),
        )

    def show_recording(self, now_ms: int) -> None:
        """Show how far the recording of a store has come."""
        self._bar.update(self._task, completed=now_ms - self._start_ms, description="recording")


@contextmanager
def progress_line(console: Console, start_ms: int, duration_s: float | None) -> Iterator[ProgressLine]:
    """Yield a line that is gone when the block ends; nothing is drawn where nobody looks."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[figures]}"),
        TimeElapsedColumn(),
    )
    is_unseen = not console.is_terminal
    with Bar(*columns, console=console, transient=True, refresh_per_second=5, disable=is_unseen) as bar:
        yield ProgressLine(bar, start_ms, duration_s)


def report_table(report: Report) -> Table:
    """Return the table at the end of a run."""
    table = Table("Published", "", title=_size(report.devices, report.stores))
    table.columns[1].justify = "right"
    for name, count in report.events.items():
        table.add_row(name.removeprefix(_TYPE_PREFIX), f"{count:,}")
    table.add_section()
    rows = {
        "events made": f"{report.made:,}",
        f"acknowledged by the {report.acknowledged_by}": f"{report.acknowledged:,}",
        "messages / repeated by devices": f"{report.published:,} / {report.published_again:,}",
        "connections lost": f"{report.connections_lost:,}",
        "seconds": f"{report.seconds:.1f}",
        "events/s": f"{report.events_per_s:,.0f}",
    }
    for name, figure in rows.items():
        table.add_row(name, figure)
    return table


def volume_tables(volumes: Sequence[Volume], device_count: int, store_count: int, speed: float) -> list[Table]:
    """Return what each device of one store says in an hour, and what that makes for a whole fleet.

    Args:
        volumes: What each device of one store says.
        device_count: How many devices the fleet has, in the proportions of the store.
        store_count: In how many stores.
        speed: Store time per time, to tell events a second; 0: not known.
    """
    each = Table("Device", "Kind", "Events/hour", "Bytes/event", title="One store, an hour of store time")
    types: Counter[str] = Counter()
    for volume in volumes:
        events = sum(volume.events.values())
        types.update(volume.events)
        size = f"{volume.bytes / events:,.0f}" if events else "-"
        each.add_row(volume.device_id, volume.kind, f"{events:,.0f}", size)
    share = device_count / len(volumes)
    fleet = Table("Event", "An hour", title=_size(device_count, store_count))
    for name, count in types.most_common():
        fleet.add_row(name.removeprefix(_TYPE_PREFIX), f"{count * share:,.0f}")
    total = sum(types.values()) * share
    fleet.add_section()
    fleet.add_row("events", f"{total:,.0f}")
    if speed:
        fleet.add_row(f"events/s at --speed {speed:g}", f"{total * speed / _SECONDS_PER_HOUR:,.1f}")
    for table in (each, fleet):
        for column in table.columns[1 if table is fleet else 2 :]:
            column.justify = "right"
    return [each, fleet]


def _size(devices: int, stores: int) -> str:
    return ", ".join(
        f"{count:,} {noun}{'s' if count != 1 else ''}" for count, noun in ((stores, "store"), (devices, "device"))
    )
