"""What a recording's events say, in a few figures for people."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from statistics import median

from msgspec import Struct

from contracts.events import Event
from contracts.payloads import FloorHeat, FootfallCrossing, QueueWait, VisitSegment
from contracts.privacy import Payload

_PREFIX = "org.shopthread."


class Figure(Struct, frozen=True):
    """One line of the summary: what was counted, how often, and what else is worth knowing of it."""

    what: str
    count: int
    note: str = ""


def summarize(events: Iterable[Event[Payload]]) -> list[Figure]:
    """Return how many events of each type there are, then crossings, stays, waits and heat, each by its place."""
    events = list(events)
    types = Counter(event.type.removeprefix(_PREFIX) for event in events)
    return [
        *(Figure(f"events {name}", count) for name, count in sorted(types.items())),
        *_crossings(events),
        *_stays(events),
        *_waits(events),
        *_heat(events),
    ]


def _crossings(events: list[Event[Payload]]) -> list[Figure]:
    passed = Counter((e.data.tripwire_id, e.data.direction) for e in events if isinstance(e.data, FootfallCrossing))
    return [Figure(f"crossings of {name} {direction}", count) for (name, direction), count in sorted(passed.items())]


def _stays(events: list[Event[Payload]]) -> list[Figure]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if isinstance(event.data, VisitSegment) and event.data.phase == "closed":
            for stay in event.data.stays:
                left_ms = event.data.updated_ms if stay.left_ms is None else stay.left_ms
                seconds[stay.zone_id].append((left_ms - stay.entered_ms) / 1000)
    return [
        Figure(f"stays in {zone_id}", len(each), f"median {median(each):.1f} s, in all {sum(each):.1f} s")
        for zone_id, each in sorted(seconds.items())
    ]


def _waits(events: list[Event[Payload]]) -> list[Figure]:
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        if isinstance(event.data, QueueWait):
            waited_s = (event.data.left_ms - event.data.joined_ms) / 1000
            seconds[event.data.zone_id, event.data.outcome].append(waited_s)
    return [
        Figure(f"waits in {zone_id}, {outcome}", len(each), f"median {median(each):.1f} s, longest {max(each):.1f} s")
        for (zone_id, outcome), each in sorted(seconds.items())
    ]


def _heat(events: list[Event[Payload]]) -> list[Figure]:
    told = [
        (event.data.cell_m, cell) for event in events if isinstance(event.data, FloorHeat) for cell in event.data.cells
    ]
    if not told:
        return []
    squares = len({(cell_m, cell.column, cell.row) for cell_m, cell in told})
    stood_s = sum(cell.person_s for _, cell in told)
    return [Figure("squares of floor where people stood", squares, f"{stood_s:.1f} person-seconds")]
