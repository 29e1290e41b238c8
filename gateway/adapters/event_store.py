"""The gateway's durable store: events on their way to the cloud, what is held of each device, dead letters.

SQLite in WAL mode with synchronous=FULL: what a method returned from is on disk.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from contracts.delivery import Presence
from contracts.errors import EventRejectedError
from contracts.events import Event, EventDraft, Source, decode_event, encode_event, require_uplink
from contracts.payloads import AppearanceSignature, StaffShown, StoreOccupancy, VisitSegment
from contracts.privacy import UplinkPayload
from gateway.adapters.event_database import open_database
from gateway.adapters.event_rows import HAS_CARDS, VISIT_ROWS, DeadLetter, DeviceRow, Held, SourceTally, WaitingEvent
from gateway.adapters.stitching import Stitching
from gateway.adapters.store_count import ROWS_THAT_COUNT, StoreCount
from gateway.core.continuity import Continuity, advance
from gateway.core.judging import Delivery
from gateway.core.staff import StaffRules
from gateway.core.stitching import StitchRules
from gateway.errors import EventStoreError


class EventStore:
    """The gateway's SQLite file, safe for several threads.

    Args:
        path: The file; made where it does not exist.
        gateway: The gateway as its own events name it.
        rules: What decides which segments are one visit; by default each is one.
        staff: What tells staff from customers.
        occupancy: Counts the people in the store, None: nobody does.

    Raises:
        EventStoreError: The file cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        gateway: Source,
        rules: StitchRules | None = None,
        staff: StaffRules | None = None,
        occupancy: StoreCount | None = None,
    ) -> None:
        self._path, self._gateway, self._occupancy = path, gateway, occupancy
        self._rules, self._staff = rules or StitchRules(), staff or StaffRules()
        self._stitching = Stitching(gateway, self._rules, self._staff)
        self._lock = threading.RLock()
        self._db = open_database(path)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self._stitching.restart()
                if self._occupancy is not None:
                    self._occupancy.restart()
                if isinstance(error, sqlite3.Error):
                    msg = f"cannot write the event store {self._path}: {error}; free disk space or end the other user"
                    raise EventStoreError(msg) from error
                raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                msg = f"cannot read the event store {self._path}: {error}; check the disk"
                raise EventStoreError(msg) from error

    def receive(self, deliveries: Sequence[Delivery]) -> list[Held]:
        """Commit messages: events once each, visits that follow from them, dead letters, and what is held.

        Returns:
            What may be acknowledged now, one entry for each device and epoch among the messages.

        Raises:
            EventStoreError: The file cannot be written; nothing of the call was kept and nothing may be acknowledged.
        """
        with self._transaction():
            for delivery in deliveries:
                if delivery.event is not None:
                    self._take_in(delivery.event, delivery.body, delivery.received_ms)
                elif delivery.refusal is not None:
                    refusal = delivery.refusal
                    reason, detail = refusal.reason.value, refusal.detail
                    self._bury(delivery.received_ms, delivery.origin, reason, detail, delivery.body)
            if deliveries:
                self._settle(deliveries[-1].received_ms)
            return self._advance(deliveries)

    def settle(self, now_ms: int) -> bool:
        """Commit what visits and the people in the store have become, if it is time to. Return whether it was.

        Raises:
            EventStoreError: The file cannot be written.
        """
        if not (self._is_due(now_ms) or self._is_count_due(now_ms)):
            return False
        with self._transaction():
            self._settle(now_ms)
        return True

    def reset_occupancy(self, now_ms: int, note: str) -> StoreOccupancy | None:
        """Begin to count the people in the store anew. Return what was told, None where nobody counts them.

        Raises:
            EventStoreError: The file cannot be written.
        """
        if self._occupancy is None:
            return None
        with self._transaction():
            self._read_crossings(self._occupancy, now_ms)
            draft = self._occupancy.reset(now_ms, note)
            self._append_own(draft, now_ms)
        return draft.data

    def _is_due(self, now_ms: int) -> bool:
        return self._rules.enabled and self._stitching.is_due(now_ms)

    def _is_count_due(self, now_ms: int) -> bool:
        return self._occupancy is not None and self._occupancy.is_due(now_ms)

    def _settle(self, now_ms: int) -> None:
        if self._is_due(now_ms):
            self._stitch(now_ms)
        if self._occupancy is not None and self._occupancy.is_due(now_ms):
            self._read_crossings(self._occupancy, now_ms)
            for draft in self._occupancy.settle(now_ms):
                self._append_own(draft, now_ms)

    def _read_crossings(self, occupancy: StoreCount, now_ms: int) -> None:
        """Take in what came since the last time; another process may have put it in."""
        rows = self._db.execute(ROWS_THAT_COUNT, (occupancy.position, now_ms - occupancy.keep_ms))
        for position, body in rows.fetchall():
            occupancy.read(position, body)
        (occupancy.position,) = self._db.execute("SELECT coalesce(max(position), 0) FROM event").fetchone()

    def _take_in(self, event: Event[UplinkPayload], body: bytes, now_ms: int) -> None:
        """Insert an event; where cameras are not joined, tell at once what visits a segment or a staff card makes."""
        tells = isinstance(event.data, VisitSegment | StaffShown) and not self._rules.enabled
        if tells and self._stitching.needs_recall(event.data, lambda: self._db.execute(HAS_CARDS).fetchone()[0]):
            self._stitching.recall(body for _, body in self._visit_rows(0, now_ms))
        if self._insert(event, body, now_ms) and tells:
            for draft in self._stitching.revise(event, now_ms):
                self._append_own(draft, now_ms)

    def take_signature(self, signature: AppearanceSignature, t_ms: int) -> None:
        """Take note of what a segment's person looks like. It is kept in memory alone, and never written."""
        with self._lock:
            self._stitching.take_signature(signature, t_ms)

    def forget_signatures(self) -> None:
        """Forget all signatures: the key ended under which they were made."""
        with self._lock:
            self._stitching.forget_signatures()

    def _stitch(self, now_ms: int) -> None:
        """Take all segments in that came since the last time, and tell what visits they make.

        They are read from the file: after a crash, and where another process put some in, that is what counts.
        """
        for position, body in self._visit_rows(self._stitching.position, now_ms):
            self._stitching.read(position, body)
        for draft in self._stitching.settle(now_ms):
            self._append_own(draft, now_ms)
        (self._stitching.position,) = self._db.execute("SELECT coalesce(max(position), 0) FROM event").fetchone()

    def _visit_rows(self, after_position: int, now_ms: int) -> list[tuple[int, bytes]]:
        """Return position and body of the events about visits that are not forgotten yet."""
        since_ms = now_ms - round(self._rules.keep_s * 1000)
        return self._db.execute(VISIT_ROWS, (after_position, since_ms)).fetchall()

    def _insert(self, event: Event[UplinkPayload], body: bytes, received_ms: int) -> bool:
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO event (event_id, source, received_ms, body) VALUES (?, ?, ?, ?)",
            (event.id, event.source, received_ms, body),
        )
        new = cursor.rowcount == 1
        self._count(event.source, "received" if new else "duplicate")
        return new

    def _append_own(self, draft: EventDraft[UplinkPayload], now_ms: int) -> None:
        (made,) = self._db.execute("SELECT made FROM own").fetchone()
        event = draft.numbered(self._gateway, made + 1)
        if self._insert(event, encode_event(event), now_ms):
            self._db.execute("UPDATE own SET made = made + 1")

    def _bury(self, received_ms: int, origin: str, reason: str, detail: str, body: bytes) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO dead_letter (received_ms, origin, reason, detail, body) VALUES (?, ?, ?, ?, ?)",
            (received_ms, origin, reason, detail, body),
        )

    def _count(self, source: str, column: str) -> None:
        self._db.execute(
            f"INSERT INTO tally (source, {column}) VALUES (?, 1) "  # noqa: S608 - columns are named in this module alone
            f"ON CONFLICT DO UPDATE SET {column} = {column} + 1",
            (source,),
        )

    def _advance(self, deliveries: Iterable[Delivery]) -> list[Held]:
        numbers: dict[tuple[Source, str], list[int]] = {}
        oldest: dict[tuple[Source, str], int] = {}
        for each in deliveries:
            if each.source is not None and each.epoch is not None and each.sequence is not None:
                key = (each.source, each.epoch)
                numbers.setdefault(key, []).append(each.sequence)
                oldest[key] = max(oldest.get(key, 1), each.oldest)
        held = []
        for (source, epoch), received in numbers.items():
            before = self._continuity(source, epoch)
            after = advance(before, received, oldest[source, epoch])
            self._keep_continuity(source, epoch, before, after)
            held.append(Held(source, epoch, after.through))
        return held

    def _continuity(self, source: Source, epoch: str) -> Continuity:
        key = (str(source), epoch)
        row = self._db.execute("SELECT through FROM stream WHERE source = ? AND epoch = ?", key).fetchone()
        beyond = self._db.execute("SELECT sequence FROM beyond WHERE source = ? AND epoch = ?", key).fetchall()
        return Continuity(row[0] if row else 0, frozenset(number for (number,) in beyond))

    def _keep_continuity(self, source: Source, epoch: str, before: Continuity, after: Continuity) -> None:
        key = (str(source), epoch)
        self._db.execute(
            "INSERT INTO stream VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET through = excluded.through",
            (*key, after.through),
        )
        self._db.executemany(
            "DELETE FROM beyond WHERE source = ? AND epoch = ? AND sequence = ?",
            [(*key, number) for number in before.beyond - after.beyond],
        )
        self._db.executemany(
            "INSERT INTO beyond VALUES (?, ?, ?)", [(*key, number) for number in after.beyond - before.beyond]
        )

    def append_own(self, draft: EventDraft[UplinkPayload], now_ms: int) -> None:
        """Commit an event of the gateway itself, once.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._transaction():
            self._append_own(draft, now_ms)

    def own_made(self) -> int:
        """Return how many events the gateway itself has made."""
        with self._reading():
            (made,) = self._db.execute("SELECT made FROM own").fetchone()
        return int(made)

    def waiting(self, limit: int) -> list[WaitingEvent]:
        """Return the oldest events that the cloud has not confirmed."""
        with self._reading():
            rows = self._db.execute(
                "SELECT position, source, body FROM event WHERE uploaded_ms IS NULL ORDER BY position LIMIT ?", (limit,)
            ).fetchall()
        return [WaitingEvent(*row) for row in rows]

    def mark_uploaded(self, events: Sequence[WaitingEvent], refused: frozenset[int], now_ms: int) -> None:
        """Mark events as answered by the cloud.

        Args:
            events: What was sent.
            refused: Positions of those that the cloud keeps as dead letters.
            now_ms: When, Unix milliseconds.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._transaction():
            self._db.executemany(
                "UPDATE event SET uploaded_ms = ? WHERE position = ?", [(now_ms, each.position) for each in events]
            )
            for each in events:
                self._count(each.source, "refused" if each.position in refused else "uploaded")

    def bury_waiting(self, event: WaitingEvent, reason: str, detail: str, now_ms: int) -> None:
        """Move an event that the cloud cannot take to the dead letters, so that it does not block the others.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._transaction():
            self._bury(now_ms, event.source, reason, detail, event.body)
            self._db.execute("DELETE FROM event WHERE position = ?", (event.position,))
            self._count(event.source, "refused")

    def replay_dead_letters(self, now_ms: int) -> tuple[int, int]:
        """Judge every dead letter anew and take in those that are acceptable now.

        Returns:
            How many were taken in and how many remain.

        Raises:
            EventStoreError: The file cannot be written.
        """
        taken, remain = 0, 0
        with self._transaction():
            for letter in self.dead_letters():
                try:
                    event = require_uplink(decode_event(letter.body))
                except EventRejectedError:
                    remain += 1
                    continue
                self._take_in(event, letter.body, now_ms)
                self._db.execute("DELETE FROM dead_letter WHERE id = ?", (letter.id,))
                taken += 1
            if self._rules.enabled:
                self._stitch(now_ms)
        return taken, remain

    def keep_presence(self, source: Source, presence: Presence, now_ms: int) -> None:
        """Note that a device came or went.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._transaction():
            self._db.execute(
                "INSERT INTO device VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET kind = excluded.kind,"
                " online = excluded.online, software_version = excluded.software_version, since_ms = excluded.since_ms",
                (str(source), presence.kind, presence.online, presence.software_version, now_ms),
            )

    def prune(self, uploaded_before_ms: int) -> int:
        """Delete events that the cloud confirmed before a time. Returns how many.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._transaction():
            return self._db.execute("DELETE FROM event WHERE uploaded_ms < ?", (uploaded_before_ms,)).rowcount

    def dead_letters(self) -> list[DeadLetter]:
        """Return every dead letter, oldest first."""
        with self._reading():
            rows = self._db.execute(
                "SELECT id, received_ms, origin, reason, detail, body FROM dead_letter ORDER BY id"
            ).fetchall()
        return [DeadLetter(*row) for row in rows]

    def dead_letter_count(self) -> int:
        """Return how many dead letters there are."""
        with self._reading():
            (count,) = self._db.execute("SELECT count(*) FROM dead_letter").fetchone()
        return int(count)

    def tallies(self) -> list[SourceTally]:
        """Return the counts of each device, the gateway's own events among them."""
        with self._reading():
            rows = self._db.execute(
                "SELECT source, received, duplicate, uploaded, refused FROM tally ORDER BY source"
            ).fetchall()
        return [SourceTally(*row) for row in rows]

    def devices(self) -> list[DeviceRow]:
        """Return what is known of each device's presence."""
        with self._reading():
            rows = self._db.execute(
                "SELECT source, kind, online, software_version, since_ms FROM device ORDER BY source"
            ).fetchall()
        return [DeviceRow(source, kind, bool(online), version, since) for source, kind, online, version, since in rows]

    def missing(self) -> dict[str, int]:
        """Return, for each device with gaps in its numbering, how many numbers are missing."""
        with self._reading():
            streams = self._db.execute("SELECT DISTINCT source, epoch FROM beyond").fetchall()
            return {
                source: sum(map(len, self._continuity(Source.parse(source), epoch).missing))
                for source, epoch in streams
            }

    def queue_depth(self) -> int:
        """Return how many events wait for the cloud."""
        with self._reading():
            (count,) = self._db.execute("SELECT count(*) FROM event WHERE uploaded_ms IS NULL").fetchone()
        return int(count)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
