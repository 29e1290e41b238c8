"""The events that wait for the cloud: which to send, what became of them, which are deleted. Inside a transaction."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence

from contracts.errors import EventRejectedError
from contracts.events import decode_event, type_of
from gateway.adapters.event_log import EventLog
from gateway.adapters.event_rows import WaitingEvent
from gateway.adapters.event_schema import SPAN_BITS
from gateway.core.thinning import RANKS, Thinned, rank_of_body, sum_up

_LOOKED_AT_FOR_EACH = 20
_OLDEST = "SELECT position, source, body FROM event WHERE uploaded_ms IS NULL ORDER BY position LIMIT ?"
_NEWEST = """
SELECT position, source, body FROM event WHERE uploaded_ms IS NULL AND position > ? ORDER BY position DESC LIMIT ?
"""
_SEARCHED = "SELECT coalesce(max(through), 0) FROM thin_search WHERE rank = ?"
_AFTER = """
SELECT position, source, received_ms, body FROM event WHERE uploaded_ms IS NULL AND position > ?
ORDER BY position LIMIT ?
"""
_MARK = """
UPDATE event SET uploaded_ms = ? WHERE position IN (SELECT value FROM json_each(?)) AND uploaded_ms IS NULL
RETURNING position
"""
_DROP = """
DELETE FROM event WHERE position IN (SELECT value FROM json_each(?)) AND uploaded_ms IS NULL RETURNING position
"""
_PRUNE_SPANS = f"DELETE FROM event_span WHERE span < (SELECT min(position) FROM event) >> {SPAN_BITS}"  # noqa: S608


class EventQueue:
    """Reads and marks waiting events; no statement takes longer because many wait.

    Args:
        db: The file; its transactions are the caller's.
        log: Where events are counted.
    """

    def __init__(self, db: sqlite3.Connection, log: EventLog) -> None:
        self._db, self._log = db, log

    def waiting(self, oldest: int, newest: int = 0) -> list[WaitingEvent]:
        """Return at most so many of the oldest and of the newest waiting events, each once, in order of arrival."""
        rows = self._db.execute(_OLDEST, (oldest,)).fetchall()
        if newest:
            last = rows[-1][0] if rows else 0
            rows += reversed(self._db.execute(_NEWEST, (last, newest)).fetchall())
        return [WaitingEvent(*row) for row in rows]

    def mark_uploaded(self, events: Sequence[WaitingEvent], now_ms: int) -> None:
        """Mark events that the cloud has accepted.

        Those that no longer wait, because another process sent them too or there was no room for them, are passed over.
        """
        rows = self._db.execute(_MARK, (now_ms, _positions(events))).fetchall()
        self._count_uploaded(events, {position for (position,) in rows})

    def drop_uploaded(self, events: Sequence[WaitingEvent]) -> None:
        """Delete events that the cloud has accepted: for when there is no room to mark them."""
        rows = self._db.execute(_DROP, (_positions(events),)).fetchall()
        self._count_uploaded(events, {position for (position,) in rows})

    def _count_uploaded(self, events: Sequence[WaitingEvent], waited: set[int]) -> None:
        self._log.count("uploaded", Counter(each.source for each in events if each.position in waited))

    def take_out(self, event: WaitingEvent) -> bool:
        """Delete an event that the cloud refuses. Returns whether it waited."""
        waited = bool(self._db.execute(_DROP, (_positions([event]),)).fetchall())
        if waited:
            self._log.count("refused", {event.source: 1})
        return waited

    def prune(self, uploaded_before_ms: int, limit: int) -> int:
        """Delete at most so many events that the cloud confirmed before a time, the first ones. Returns how many."""
        pruned = self._db.execute(
            "DELETE FROM event WHERE position IN "
            "(SELECT position FROM event WHERE uploaded_ms < ? ORDER BY uploaded_ms LIMIT ?)",
            (uploaded_before_ms, limit),
        ).rowcount
        self._db.execute(_PRUNE_SPANS)
        return pruned

    def thin(self, limit: int) -> list[Thinned] | None:
        """Delete at most so many waiting events of the rank that goes first, the oldest first.

        Each waiting event is looked at once for each rank, so that nothing must be known of it beforehand.

        Returns:
            What went, nothing where none was found yet; None where none is left.
        """
        for rank in RANKS:
            rows, has_searched = self._search(rank, limit)
            if has_searched:
                return self._delete_unsent(rows)
        return None

    def _search(self, rank: int, limit: int) -> tuple[list[tuple[int, str, int, bytes]], bool]:
        """Go on searching waiting events for those of a rank. Returns what was found, and whether any was looked at."""
        found: list[tuple[int, str, int, bytes]] = []
        (through,) = self._db.execute(_SEARCHED, (rank,)).fetchone()
        last = through
        for row in self._db.execute(_AFTER, (through, limit * _LOOKED_AT_FOR_EACH)):
            last = row[0]
            if rank_of_body(row[3]) == rank:
                found.append(row)
                if len(found) == limit:
                    break
        self._db.execute("INSERT OR REPLACE INTO thin_search VALUES (?, ?)", (rank, last))
        return found, last > through

    def _delete_unsent(self, rows: Sequence[tuple[int, str, int, bytes]]) -> list[Thinned]:
        self._db.executemany("DELETE FROM event WHERE position = ?", [(row[0],) for row in rows])
        self._log.count("thinned", Counter(source for _, source, _, _ in rows))
        thinned = sum_up((source, *_type_and_time(body, received_ms)) for _, source, received_ms, body in rows)
        self._db.executemany(
            "INSERT INTO thinned (source, type, events, earliest_ms, latest_ms) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET events = events + excluded.events, "
            "earliest_ms = min(earliest_ms, excluded.earliest_ms), latest_ms = max(latest_ms, excluded.latest_ms)",
            [(each.source, each.type, each.events, each.earliest_ms, each.latest_ms) for each in thinned],
        )
        return thinned

    def depth(self) -> int:
        """Return how many events wait for the cloud."""
        (count,) = self._db.execute(
            "SELECT coalesce(sum(received - uploaded - refused - thinned), 0) FROM tally"
        ).fetchone()
        return int(count)

    def oldest_ms(self) -> int | None:
        """Return when the event came that waits longest, Unix milliseconds."""
        row = self._db.execute(
            "SELECT received_ms FROM event WHERE uploaded_ms IS NULL ORDER BY position LIMIT 1"
        ).fetchone()
        return row[0] if row else None


def _positions(events: Sequence[WaitingEvent]) -> str:
    return json.dumps([each.position for each in events])


def _type_and_time(body: bytes, received_ms: int) -> tuple[str, int]:
    try:
        return type_of(body), decode_event(body).time_ms
    except EventRejectedError:  # Only an upgrade, or a damaged disk, can make it so.
        return type_of(body), received_ms
