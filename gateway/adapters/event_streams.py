"""What is held of each device's numbering. Inside a transaction."""

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.adapters.event_rows import Held
from gateway.core.continuity import Continuity, advance
from gateway.core.judging import Delivery

if TYPE_CHECKING:
    from contracts.events import Source


class EventStreams:
    """How far each device's numbers are held without a gap. Events deleted later, sent or not, stay held.

    Args:
        db: The file; its transactions are the caller's.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def advance(self, deliveries: Iterable[Delivery]) -> list[Held]:
        """Note the numbers of messages, and return what may be acknowledged: one entry for each device and epoch."""
        numbers: dict[tuple[Source, str], list[int]] = {}
        oldest: dict[tuple[Source, str], int] = {}
        for each in deliveries:
            if each.source is not None and each.epoch is not None and each.sequence is not None:
                key = (each.source, each.epoch)
                numbers.setdefault(key, []).append(each.sequence)
                oldest[key] = max(oldest.get(key, 1), each.oldest)
        held = []
        for (source, epoch), received in numbers.items():
            before = self._continuity(str(source), epoch)
            after = advance(before, received, oldest[source, epoch])
            if after != before:
                self._keep(str(source), epoch, before, after)
            held.append(Held(source, epoch, after.through))
        return held

    def missing(self) -> dict[str, int]:
        """Return, for each device with gaps in its numbering, how many numbers are missing."""
        counts: dict[str, int] = {}
        for source, epoch in self._db.execute("SELECT DISTINCT source, epoch FROM beyond").fetchall():
            gaps = sum(map(len, self._continuity(source, epoch).missing))
            counts[source] = counts.get(source, 0) + gaps
        return counts

    def _continuity(self, source: str, epoch: str) -> Continuity:
        key = (source, epoch)
        row = self._db.execute("SELECT through FROM stream WHERE source = ? AND epoch = ?", key).fetchone()
        beyond = self._db.execute("SELECT sequence FROM beyond WHERE source = ? AND epoch = ?", key).fetchall()
        return Continuity(row[0] if row else 0, frozenset(number for (number,) in beyond))

    def _keep(self, source: str, epoch: str, before: Continuity, after: Continuity) -> None:
        key = (source, epoch)
        self._db.execute(
            "INSERT INTO stream VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET through = excluded.through",
            (*key, after.through),
        )
        self._db.executemany(
            "DELETE FROM beyond WHERE source = ? AND epoch = ? AND sequence = ?",
            [(*key, number) for number in sorted(before.beyond - after.beyond)],
        )
        self._db.executemany(
            "INSERT INTO beyond VALUES (?, ?, ?)", [(*key, number) for number in sorted(after.beyond - before.beyond)]
        )
