"""The rows of events: each id once, the gateway's own events numbered, every arrival counted. Inside a transaction."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from contracts.events import Event, EventDraft, Source, encode_event
from contracts.privacy import UplinkPayload
from gateway.adapters.event_schema import SPAN_BITS

Column = Literal["received", "duplicate", "uploaded", "refused", "thinned", "limited"]

_NOTE_SPAN = """
INSERT INTO event_span VALUES (?, ?)
ON CONFLICT DO UPDATE SET latest_ms = excluded.latest_ms WHERE excluded.latest_ms > latest_ms
"""


class Arrival(Struct, frozen=True):
    """An event with its bytes as they came, and when they did."""

    event: Event[UplinkPayload]
    body: bytes
    received_ms: int


class EventLog:
    """Writes events in few statements, whatever their number.

    Args:
        db: The file; its transactions are the caller's.
        gateway: The gateway as its own events name it.
    """

    def __init__(self, db: sqlite3.Connection, gateway: Source) -> None:
        self._db, self._gateway = db, gateway

    def unknown(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Return, in order, the arrivals that the file does not hold; repetitions are counted and left out."""
        seen = self._known(each.event.id for each in arrivals)
        fresh, repeated = [], Counter[str]()
        for each in arrivals:
            if each.event.id in seen:
                repeated[each.event.source] += 1
            else:
                seen.add(each.event.id)
                fresh.append(each)
        self.count("duplicate", repeated)
        return fresh

    def _known(self, ids: Iterable[str]) -> set[str]:
        rows = self._db.execute(
            "SELECT event_id FROM event WHERE event_id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )
        return {event_id for (event_id,) in rows}

    def insert(self, arrivals: Sequence[Arrival]) -> None:
        """Write events that the file does not hold."""
        self._db.executemany(
            "INSERT INTO event (event_id, source, received_ms, body) VALUES (?, ?, ?, ?)",
            [(each.event.id, each.event.source, each.received_ms, each.body) for each in arrivals],
        )
        self.count("received", Counter(each.event.source for each in arrivals))
        self._note_spans(arrivals)

    def _note_spans(self, arrivals: Sequence[Arrival]) -> None:
        """Note when the last of these events came that were just written, by the spans of their positions."""
        if arrivals:
            last, latest_ms = self.last_position(), max(each.received_ms for each in arrivals)
            spans = range((last - len(arrivals) + 1) >> SPAN_BITS, (last >> SPAN_BITS) + 1)
            self._db.executemany(_NOTE_SPAN, [(span, latest_ms) for span in spans])

    def number(self, groups: Sequence[Sequence[EventDraft[UplinkPayload]]], now_ms: int) -> list[list[Arrival]]:
        """Return drafts of the gateway's own as events with its next numbers, without those that the file holds.

        Args:
            groups: The drafts.
            now_ms: When they are written, Unix milliseconds.
        """
        seen = self._known(draft.id for group in groups for draft in group)
        made = before = self.made()
        numbered: list[list[Arrival]] = []
        for group in groups:
            numbered.append([])
            for draft in group:
                if draft.id in seen:
                    self.count("duplicate", {str(self._gateway): 1})
                    continue
                seen.add(draft.id)
                made += 1
                event = draft.numbered(self._gateway, made)
                numbered[-1].append(Arrival(event, encode_event(event), now_ms))
        if made > before:
            self._db.execute("UPDATE own SET made = ?", (made,))
        return numbered

    def append_own(self, drafts: Sequence[EventDraft[UplinkPayload]], now_ms: int) -> None:
        """Write events of the gateway's own, each once."""
        if drafts:
            self.insert(self.number([drafts], now_ms)[0])

    def made(self) -> int:
        """Return how many events the gateway itself has made."""
        (made,) = self._db.execute("SELECT made FROM own").fetchone()
        return int(made)

    def last_position(self) -> int:
        """Return the position of the newest event, 0 where there is none."""
        (position,) = self._db.execute("SELECT coalesce(max(position), 0) FROM event").fetchone()
        return int(position)

    def count(self, column: Column, by_source: Mapping[str, int]) -> None:
        """Add to the counts of devices."""
        self._db.executemany(
            f"INSERT INTO tally (source, {column}) VALUES (?, ?) "  # noqa: S608 - columns are named in this package alone
            f"ON CONFLICT DO UPDATE SET {column} = {column} + excluded.{column}",
            list(by_source.items()),
        )
