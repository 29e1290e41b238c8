"""The events that a gateway makes of others: visits, and the people in the store. Inside a transaction."""

import sqlite3
from collections.abc import Iterable, Sequence

from contracts.events import EventDraft, Source
from contracts.payloads import StaffShown, StoreOccupancy, VisitSegment
from contracts.privacy import UplinkPayload
from gateway.adapters.event_log import Arrival, EventLog
from gateway.adapters.event_rows import HAS_CARDS, VISIT_ROWS
from gateway.adapters.joining_days import JoiningDays
from gateway.adapters.stitching import Stitching
from gateway.adapters.store_count import ROWS_THAT_COUNT, StoreCount
from gateway.core.occupancy import Hours, Tally
from gateway.core.staff import StaffRules
from gateway.core.stitching import StitchRules


class DerivedEvents:
    """Writes events, and what follows from them.

    Args:
        db: The file; its transactions are the caller's.
        log: Where events are written.
        gateway: The gateway as its own events name it.
        rules: What decides which segments are one visit.
        staff: What tells staff from customers.
        occupancy: Counts the people in the store, None: nobody does.
        hours: When the store closes.

    Attributes:
        joining: On which days cameras are joined.
        stitching: What visits the events make.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        log: EventLog,
        gateway: Source,
        rules: StitchRules,
        staff: StaffRules,
        occupancy: StoreCount | None,
        hours: Hours,
    ) -> None:
        self._db, self._log, self._rules, self._occupancy = db, log, rules, occupancy
        self.joining = JoiningDays(db, rules, hours)
        self.stitching = Stitching(gateway, rules, staff, self.joining.joins_at)

    def restart(self) -> None:
        """Forget what is in memory, which may be ahead of the file."""
        self.joining.restart()
        self.stitching.restart()
        if self._occupancy is not None:
            self._occupancy.restart()

    def take_in(self, arrivals: Sequence[Arrival]) -> None:
        """Write events once each; each with the visits that it makes where cameras are not joined."""
        fresh = self._log.unknown(arrivals)
        if fresh:
            self._decide_joining(fresh[0].received_ms)
            self.joining.take_in(fresh)
            told = self._log.number([self._revise(each) for each in fresh], fresh[-1].received_ms)
            fresh = [each for event, visits in zip(fresh, told, strict=True) for each in (event, *visits)]
        self._log.insert(fresh)

    def _revise(self, arrival: Arrival) -> Sequence[EventDraft[UplinkPayload]]:
        event, now_ms = arrival.event, arrival.received_ms
        if not isinstance(event.data, VisitSegment | StaffShown) or self.stitching.is_joined(event):
            return ()
        if self.stitching.needs_recall(event.data, lambda: self._has_cards(now_ms)):
            self.stitching.recall(body for _, body in self._visit_rows(0, now_ms))
        return self.stitching.revise(event, now_ms)

    def _has_cards(self, now_ms: int) -> int:
        (has,) = self._db.execute(HAS_CARDS, self._since(0, now_ms)).fetchone()
        return int(has)

    def is_due(self, now_ms: int) -> bool:
        """Return whether it is time to tell of visits or of the people in the store."""
        is_counting_due = self._occupancy is not None and self._occupancy.is_due(now_ms)
        return is_counting_due or self._is_stitching_due(now_ms) or self.joining.is_due(now_ms)

    def _decide_joining(self, now_ms: int) -> None:
        if self.joining.is_due(now_ms):
            self.joining.settle(now_ms)

    def _is_stitching_due(self, now_ms: int) -> bool:
        return self.joining.ever_joins and self.stitching.is_due(now_ms)

    def settle(self, now_ms: int) -> None:
        """Tell what visits and the people in the store have become, each if it is time to; decide who is joined."""
        self._decide_joining(now_ms)
        if self._is_stitching_due(now_ms):
            self.stitch(now_ms)
        if self._occupancy is not None and self._occupancy.is_due(now_ms):
            self._read_crossings(self._occupancy, now_ms)
            self._log.append_own(self._occupancy.settle(now_ms), now_ms)

    def stitch(self, now_ms: int) -> None:
        """Where cameras are joined, take all segments in that came since the last time, and tell what visits they make.

        They are read from the file: after a crash, and where another process put some in, that is what counts.
        """
        if not self.joining.ever_joins:
            return
        for position, body in self._visit_rows(self.stitching.position, now_ms):
            self.stitching.read(position, body)
        self._log.append_own(self.stitching.settle(now_ms), now_ms)
        self.stitching.position = self._log.last_position()

    def _visit_rows(self, after_position: int, now_ms: int) -> Iterable[tuple[int, bytes]]:
        """Return position and body of the events about visits that are not forgotten yet."""
        return self._db.execute(VISIT_ROWS, self._since(after_position, now_ms))

    def _since(self, after_position: int, now_ms: int) -> dict[str, int]:
        return {"after": after_position, "since_ms": now_ms - round(self._rules.keep_s * 1000)}

    def _read_crossings(self, occupancy: StoreCount, now_ms: int) -> None:
        """Take in what came since the last time; another process may have put it in."""
        since = {"after": occupancy.position, "since_ms": now_ms - occupancy.keep_ms}
        rows = self._db.execute(ROWS_THAT_COUNT, since)
        for position, body in rows:
            occupancy.read(position, body)
        occupancy.position = self._log.last_position()

    def people(self, now_ms: int) -> Tally | None:
        """Return who went in and out since the store was empty, as of the last settling; None where nobody counts."""
        return None if self._occupancy is None else self._occupancy.now(now_ms)

    def reset_occupancy(self, now_ms: int, note: str) -> StoreOccupancy | None:
        """Begin to count the people in the store anew. Return what was told, None where nobody counts them."""
        if self._occupancy is None:
            return None
        self._read_crossings(self._occupancy, now_ms)
        draft = self._occupancy.reset(now_ms, note)
        self._log.append_own([draft], now_ms)
        return draft.data
