"""The people in a store as its file of events tells: how far the file has been read, and when to tell of them."""

from contracts.events import EventDraft, Source, decode_event
from contracts.payloads import Correction, FootfallCrossing, StoreOccupancy
from gateway.adapters.event_rows import rows_about
from gateway.core.occupancy import Hours, Occupancy, OccupancyRules, Tally

ROWS_THAT_COUNT = rows_about("footfall.crossing", "store.occupancy", "correction")
"""Selects what changes the count."""

_FORGET_MS = 3_600_000


class StoreCount:
    """How many people the events in the file make, and how far the file has been read.

    Args:
        gateway: The gateway as its own events name it.
        rules: How people are counted.
        hours: When the store closes.
    """

    def __init__(self, gateway: Source, rules: OccupancyRules, hours: Hours) -> None:
        self._gateway, self._rules, self._hours = gateway, rules, hours
        self.keep_ms = rules.keep_ms
        self.restart()

    def restart(self) -> None:
        """Forget everything: what is in memory may be ahead of the file, which then must be read again."""
        self._occupancy = Occupancy(self._gateway, self._rules, self._hours)
        self.position = 0
        self._settled_ms: int | None = None
        self._forgot_ms = 0

    def is_due(self, now_ms: int) -> bool:
        """Return whether it is time to tell again; a clock that went back makes it so."""
        passed_ms = None if self._settled_ms is None else now_ms - self._settled_ms
        return passed_ms is None or passed_ms < 0 or passed_ms >= self._rules.tell_s * 1000

    def read(self, position: int, body: bytes) -> None:
        """Take in an event of the file: a crossing, one that did not occur, or what the gateway told."""
        self.position = position
        event = decode_event(body)
        if isinstance(event.data, FootfallCrossing) and event.data.tripwire_kind == "entrance":
            self._occupancy.take(event.id, event.time_ms, event.data.direction)
        elif isinstance(event.data, Correction) and event.data.reason == "did_not_occur":
            self._occupancy.withdraw(event.data.corrects)
        elif isinstance(event.data, StoreOccupancy) and event.origin == self._gateway:
            self._occupancy.resume(event.time_ms, event.data)

    def settle(self, now_ms: int) -> list[EventDraft[StoreOccupancy]]:
        """Return what is new of the people in the store; every hour, forget what no closing needs any more."""
        self._settled_ms = now_ms
        if now_ms - self._forgot_ms >= _FORGET_MS:
            self._forgot_ms = now_ms
            self._occupancy.forget(now_ms - self.keep_ms)
        return self._occupancy.tell(now_ms)

    def now(self, now_ms: int) -> Tally:
        """Return who went in and out since the last reset."""
        return self._occupancy.now(now_ms)

    def reset(self, now_ms: int, note: str) -> EventDraft[StoreOccupancy]:
        """Begin anew by hand, and return what is to be told of it."""
        return self._occupancy.reset(now_ms, note)
