"""What became of a fleet's events, in figures and in words."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from shopthread.fleet.fleet import Progress
from shopthread.fleet.lanes import Lane
from shopthread.fleet.production import Production
from shopthread.fleet.tally import Trust

_MOST_REASONS = 10


class Report(Struct, frozen=True, kw_only=True):
    """The end of a run.

    Attributes:
        devices: How many devices there were.
        stores: In how many stores.
        events: Events made, by type.
        made: Events made.
        acknowledged: Events that their devices could drop.
        acknowledged_by: On whose word: the gateway's, or the broker's where there was no gateway.
        published: Messages with events, repetitions among them.
        published_again: Those that devices repeated for want of an acknowledgement.
        connections_lost: How often a connection to the broker broke.
        seconds: From the first event to the last acknowledgement.
        events_per_s: Events acknowledged a second.
        missing: Why what is not acknowledged is not, one line for each store.
    """

    devices: int
    stores: int
    events: dict[str, int]
    made: int
    acknowledged: int
    acknowledged_by: str
    published: int
    published_again: int
    connections_lost: int
    seconds: float
    events_per_s: float
    missing: tuple[str, ...]


def make_report(production: Production, lanes: Sequence[Lane], reached: Progress) -> Report:
    """Return the report of a run that has ended.

    Args:
        production: What was said.
        lanes: What became of it.
        reached: Where the fleet stood at the end.
    """
    tally = reached.tally
    return Report(
        devices=len(lanes),
        stores=len({_store_of(lane) for lane in lanes}),
        events=dict(production.types().most_common()),
        made=reached.made,
        acknowledged=tally.acknowledged,
        acknowledged_by="broker" if tally.trust is Trust.BROKER else "gateway",
        published=tally.published,
        published_again=tally.again,
        connections_lost=tally.losses,
        seconds=reached.seconds,
        events_per_s=tally.acknowledged / reached.seconds if reached.seconds > 0 else 0.0,
        missing=tuple(why_missing(lanes, reached)),
    )


def why_missing(lanes: Sequence[Lane], reached: Progress) -> list[str]:
    """Return why events are not acknowledged, a line for each store that has such events."""
    waiting: Counter[str] = Counter()
    silent: dict[str, bool] = {}
    for lane in lanes:
        name = _store_of(lane)
        waiting[name] += lane.waiting
        silent[name] = silent.get(name, True) and not lane.hears_gateway
    tally = reached.tally
    lines = []
    for name, count in waiting.items():
        if not count:
            continue
        if not tally.confirmed:
            why = "the broker has confirmed nothing"
        elif tally.refusal:
            why = f"the broker refuses some: {tally.refusal}"
        elif tally.trust is Trust.BROKER:
            why = "the broker has not confirmed them"
        elif silent[name]:
            why = "no gateway of this store answers; start one, or publish with --no-acks"
        else:
            why = "the gateway has not acknowledged them; look at its log"
        lines.append(f"{name}: {count} events: {why}")
    if len(lines) > _MOST_REASONS:
        lines[_MOST_REASONS:] = [f"and {len(lines) - _MOST_REASONS} more stores"]
    return lines


def _store_of(lane: Lane) -> str:
    source = lane.outbox.source
    return f"{source.tenant}/{source.store}"
