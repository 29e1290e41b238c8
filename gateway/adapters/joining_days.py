"""What was decided on joining cameras, in the gateway's file, so that it outlives a restart. Inside a transaction."""

import logging
import sqlite3
from collections.abc import Sequence

from contracts.events import Source
from contracts.payloads import VisitSegment
from gateway.adapters.event_log import Arrival
from gateway.core.joining import DayKey, Decision, DeviceDay, Joining, JoiningState
from gateway.core.occupancy import Hours
from gateway.core.stitching import StitchRules

logger = logging.getLogger(__name__)

_NOTE = """
INSERT INTO signing_day (day_ms, device, segments, is_signing, newest_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    segments = excluded.segments, is_signing = excluded.is_signing, newest_ms = excluded.newest_ms
"""


class JoiningDays:
    """On which trading days cameras are joined. No signature is written: which devices sent any is.

    Args:
        db: The file.
        rules: Whether cameras decide, and how many must send signatures.
        hours: When the store closes.
    """

    def __init__(self, db: sqlite3.Connection, rules: StitchRules, hours: Hours) -> None:
        self._db, self._rules, self._hours = db, rules, hours
        self._joining: Joining | None = None
        self._unsaved: dict[DayKey, DeviceDay] = {}

    def restart(self) -> None:
        """Forget what is in memory, which may be ahead of the file."""
        self._joining = None
        self._unsaved.clear()

    @property
    def _known(self) -> Joining:
        if self._joining is None:
            self._joining = self._read()
        return self._joining

    def _read(self) -> Joining:
        decisions = self._db.execute("SELECT from_ms, joins, segments, signed FROM joining ORDER BY from_ms")
        days = self._db.execute("SELECT day_ms, device, segments, is_signing, newest_ms FROM signing_day")
        return Joining(
            self._rules,
            self._hours,
            [Decision(from_ms, bool(joins), segments, signed) for from_ms, joins, segments, signed in decisions],
            [
                ((day_ms, device), DeviceDay(segments=segments, is_signing=bool(signs), newest_ms=newest_ms))
                for day_ms, device, segments, signs, newest_ms in days
            ],
        )

    @property
    def ever_joins(self) -> bool:
        """Return whether anybody who may still come in is joined."""
        return self._known.ever_joins

    def joins_at(self, t_ms: int) -> bool:
        """Return whether somebody is joined who is seen first at a time."""
        return self._known.joins_at(t_ms)

    def take_in(self, arrivals: Sequence[Arrival]) -> None:
        """Note the segments among events that the file does not hold yet."""
        if not self._known.is_open:
            return
        for each in arrivals:
            data = each.event.data
            if isinstance(data, VisitSegment):
                device, is_first = each.event.source, data.ordinal == 0
                self._note(self._known.take_segment(device, data.opened_ms, each.received_ms, is_first=is_first))
        self._save()

    def take_signature(self, device: Source, now_ms: int) -> None:
        """Note that a device sends signatures; it is written with the next settling."""
        if self._known.is_open:
            self._note(self._known.take_signature(str(device), now_ms))

    def is_due(self, now_ms: int) -> bool:
        """Return whether there is anything to write or to decide."""
        return bool(self._unsaved) or self._known.is_due(now_ms)

    def settle(self, now_ms: int) -> None:
        """Write what was noted in memory, and decide where a trading day has ended."""
        self._save()
        if not self._known.is_due(now_ms):
            return
        decision = self._known.decide(now_ms)
        self._db.execute("DELETE FROM signing_day WHERE day_ms < ?", (self._hours.last_closing_ms(now_ms),))
        if decision is not None:
            row = (decision.from_ms, decision.joins, decision.segments, decision.signed)
            self._db.execute("INSERT OR REPLACE INTO joining VALUES (?, ?, ?, ?)", row)
            logger.info("%s", self._known.state(decision.from_ms).line)

    def _note(self, found: tuple[DayKey, DeviceDay] | None) -> None:
        if found is not None:
            self._unsaved[found[0]] = found[1]

    def _save(self) -> None:
        rows = [(*key, day.segments, day.is_signing, day.newest_ms) for key, day in self._unsaved.items()]
        self._db.executemany(_NOTE, rows)
        self._unsaved.clear()

    def state(self, now_ms: int) -> JoiningState:
        """Return what is shown of it."""
        return self._known.state(now_ms)
