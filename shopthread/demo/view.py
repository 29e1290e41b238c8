"""What the demo shows in the terminal. Pure: snapshots in, rich renderables out."""

from collections import deque

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from shopthread.demo.observation import Snapshot

_RATE_WINDOW = 10


class LiveView:
    """The screen while the demo runs.

    Args:
        url: Where the page is.
        about: A line about what is shown.
    """

    def __init__(self, url: str, about: str) -> None:
        self._url, self._about = url, about
        self._news: deque[str] = deque(maxlen=5)
        self._stored: deque[tuple[float, int]] = deque(maxlen=_RATE_WINDOW)

    def tell(self, line: str) -> None:
        """Show a line of news."""
        self._news.append(line)

    def render(self, snapshot: Snapshot, now_s: float) -> RenderableType:
        """Return the screen for a snapshot taken at `now_s` of a monotonic clock."""
        self._stored.append((now_s, sum(hop.stored for hop in snapshot.hops)))
        head = Text.assemble(("Shopthread ", "bold"), self._about, "\nOpen ", (self._url, "bold cyan underline"))
        parts: list[RenderableType] = [
            head,
            Panel(hops_table(snapshot), title=f"from edge to cloud, {self._rate():.0f} events/s"),
            Panel(figures_table(snapshot), title=f"what the shop knows, {snapshot.profiles} profiles"),
        ]
        if self._news:
            parts.append(Text("\n".join(self._news), style="yellow"))
        parts.append(Text("Ctrl-C ends the demo and prints the reconciliation.", style="dim"))
        return Group(*parts)

    def _rate(self) -> float:
        (first_s, first), (last_s, last) = self._stored[0], self._stored[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0


def hops_table(snapshot: Snapshot, *, verdict: bool = False) -> Table:
    """Return events at every hop, with a verdict for each device where it is asked for."""
    table = Table(expand=True, box=SIMPLE_HEAD)
    table.add_column("device", no_wrap=True)
    for title in ("made", "gateway", "cloud", "waiting", "repeated", "bad input"):
        table.add_column(title, justify="right")
    if verdict:
        table.add_column("equal", justify="right")
    for hop in snapshot.hops:
        waiting = max(0, hop.made - hop.uploaded)
        numbers = (hop.made, hop.received, hop.stored, waiting, hop.repeated, hop.bad_inputs)
        table.add_row(hop.device, *map(str, numbers), *([_mark(hop.is_equal)] if verdict else []))
    if verdict:
        total = [sum(getattr(hop, name) for hop in snapshot.hops) for name in ("made", "received", "stored")]
        table.add_section()
        table.add_row("total", *map(str, total), "", "", "", _mark(snapshot.is_equal), style="bold")
    return table


def figures_table(snapshot: Snapshot) -> Table:
    """Return what the cloud says of each store."""
    table = Table(expand=True, box=SIMPLE_HEAD)
    table.add_column("store", no_wrap=True)
    for title in ("in/out today", "inside", "visits", "linked", "party", "ambiguous", "no visit", "no consent", "lag"):
        table.add_column(title, justify="right")
    for each in snapshot.figures:
        links = each.links
        table.add_row(
            each.store,
            f"{_or_unknown(each.entered)}/{_or_unknown(each.left)}",
            _or_unknown(each.inside),
            str(each.visits),
            *(str(links.get(decision, 0)) for decision in ("linked", "party", "ambiguous", "null", "vetoed")),
            str(each.lag_events),
        )
    return table


def _or_unknown(value: int | None) -> str:
    return "-" if value is None else str(value)


def _mark(equal: bool) -> str:
    return "[green]yes[/]" if equal else "[red]NO[/]"
