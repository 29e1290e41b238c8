"""The gateway's durable store: events on their way to the cloud, what is held of each device, dead letters.

SQLite in WAL mode with synchronous=FULL: what a method returned from is on disk.
"""

import logging
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, time
from pathlib import Path

from contracts.delivery import Presence
from contracts.errors import EventRejectedError
from contracts.events import EventDraft, Source, decode_event, require_uplink
from contracts.operations import StorageUse
from contracts.payloads import AppearanceSignature, StoreOccupancy
from contracts.privacy import UplinkPayload
from gateway.adapters.dead_letters import DeadLetters
from gateway.adapters.derived_events import DerivedEvents
from gateway.adapters.event_database import EventDatabase
from gateway.adapters.event_figures import EventFigures
from gateway.adapters.event_log import Arrival, EventLog
from gateway.adapters.event_queue import EventQueue
from gateway.adapters.event_rows import (
    DeadLetter,
    DeviceRow,
    Held,
    Refusal,
    SourceTally,
    WaitingEvent,
)
from gateway.adapters.event_streams import EventStreams
from gateway.adapters.store_count import StoreCount
from gateway.core.admission import IntakeRules, check_time
from gateway.core.joining import JoiningState
from gateway.core.judging import Delivery
from gateway.core.occupancy import Hours, Tally
from gateway.core.staff import StaffRules
from gateway.core.stitching import StitchRules
from gateway.core.thinning import StorageRules, Thinned
from gateway.errors import StorageFullError

logger = logging.getLogger(__name__)

_STEP_EVENTS = 2000
_STEPS_AT_ONCE = 20
_HARD_LIMIT = 1.1
_EVER_MS = 1 << 62


class EventStore:
    """The gateway's SQLite file, safe for several threads.

    Args:
        path: The file; made where it does not exist.
        gateway: The gateway as its own events name it.
        rules: What decides which segments are one visit.
        staff: What tells staff from customers.
        occupancy: Counts the people in the store, None: nobody does.
        storage: How much disk events may take; None: as much as there is.
        intake: What devices may send; None: whatever is well formed.
        hours: When the store closes; None: at midnight UTC.

    Raises:
        EventStoreError: The file cannot be opened.
    """

    def __init__(  # noqa: PLR0913 - what decides on the events in the file
        self,
        path: Path,
        gateway: Source,
        rules: StitchRules | None = None,
        staff: StaffRules | None = None,
        occupancy: StoreCount | None = None,
        storage: StorageRules | None = None,
        intake: IntakeRules | None = None,
        *,
        hours: Hours | None = None,
    ) -> None:
        self._path, self._gateway, self._storage, self._intake = path, gateway, storage, intake
        self._is_thinning = self._is_full = False
        self._database = EventDatabase(path, self._restart)
        db = self._database.connection
        self._log, self._streams, self._letters = EventLog(db, gateway), EventStreams(db), DeadLetters(db)
        self._queue, self._figures = EventQueue(db, self._log), EventFigures(db)
        self._derived = DerivedEvents(
            *(db, self._log, gateway, rules or StitchRules(), staff or StaffRules(), occupancy),
            hours or Hours(time(), UTC),
        )
        if storage is not None:
            self._database.limit(round(storage.max_bytes * _HARD_LIMIT))

    def _restart(self) -> None:
        self._derived.restart()

    def receive(self, deliveries: Sequence[Delivery], limited: Mapping[str, int] | None = None) -> list[Held]:
        """Commit messages: events once each, visits that follow from them, dead letters, and what is held.

        Args:
            deliveries: The messages, judged.
            limited: By device, how many more were refused because it sent too many at once; they are counted alone.

        Returns:
            What may be acknowledged now, one entry for each device and epoch among the messages.

        Raises:
            EventStoreError: The file cannot be written, or is full; nothing of the call was kept and nothing may be
                acknowledged.
        """
        try:
            self.make_room()
            held = self._receive(deliveries, limited or {})
        except StorageFullError:
            self._is_full = True
            raise
        self._is_full = False
        return held

    def _receive(self, deliveries: Sequence[Delivery], limited: Mapping[str, int]) -> list[Held]:
        with self._database.transaction():
            arrivals = [Arrival(each.event, each.body, each.received_ms) for each in deliveries if each.event]
            self._derived.take_in(arrivals)
            self._letters.bury(
                [
                    (each.received_ms, each.origin, each.refusal.reason.value, each.refusal.detail, each.body)
                    for each in deliveries
                    if each.refusal is not None
                ]
            )
            self._log.count("limited", limited)
            if deliveries:
                self._derived.settle(deliveries[-1].received_ms)
            return self._streams.advance(deliveries)

    def make_room(self) -> None:
        """Delete events where the file has become too large: first those that the cloud has, then by rank.

        Raises:
            StorageFullError: Everything that may be deleted is, and the file is full.
            EventStoreError: The file cannot be written.
        """
        if self._storage is None or not self._storage.excess_bytes(self._database.used_bytes()):
            return
        for _ in range(_STEPS_AT_ONCE):
            with self._database.transaction():
                freed = self._queue.prune(_EVER_MS, _STEP_EVENTS) or self._thin()
            if not freed or self._database.used_bytes() <= self._storage.thin_to * self._storage.max_bytes:
                break
        used_bytes = self._database.used_bytes()
        if self._storage.is_full(used_bytes):
            msg = (
                f"the event store is full: {used_bytes} of {self._storage.max_bytes} bytes, and only what must not be "
                "lost is left; devices keep what they have until the cloud is reached, or raise storage.max_bytes"
            )
            raise StorageFullError(msg)

    def _thin(self) -> bool:
        """Delete some events unsent. Returns whether there may be more to delete."""
        thinned = self._queue.thin(_STEP_EVENTS)
        if thinned is None:
            return False
        count = sum(each.events for each in thinned)
        if count:
            self._is_thinning = True
            logger.warning("the event store is full: deleted %d events unsent, of %s", count, _names(thinned))
        else:
            logger.info("searching the events that wait for what may be deleted unsent")
        return True

    def tell_thinned(self, now_ms: int) -> None:
        """Tell of what was deleted unsent since the last time, if anything was.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._database.transaction():
            self._log.append_own(self._figures.take_untold(self._gateway, now_ms), now_ms)

    def settle(self, now_ms: int) -> bool:
        """Commit what visits and the people in the store have become, if it is time to. Return whether it was.

        Raises:
            EventStoreError: The file cannot be written.
        """
        if not self._derived.is_due(now_ms):
            return False
        with self._database.transaction():
            self._derived.settle(now_ms)
        return True

    def reset_occupancy(self, now_ms: int, note: str) -> StoreOccupancy | None:
        """Begin to count the people in the store anew. Return what was told, None where nobody counts them.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._database.transaction():
            return self._derived.reset_occupancy(now_ms, note)

    def take_signature(self, device: Source, signature: AppearanceSignature, t_ms: int) -> None:
        """Take note of what a segment's person looks like. It is kept in memory alone, and never written."""
        with self._database.lock:
            self._derived.joining.take_signature(device, t_ms)
            self._derived.stitching.take_signature(signature, t_ms)

    def forget_signatures(self) -> None:
        """Forget all signatures: the key ended under which they were made."""
        with self._database.lock:
            self._derived.stitching.forget_signatures()

    def append_own(self, draft: EventDraft[UplinkPayload], now_ms: int) -> None:
        """Commit an event of the gateway itself, once.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._database.transaction():
            self._log.append_own([draft], now_ms)

    def own_made(self) -> int:
        """Return how many events the gateway itself has made."""
        with self._database.reading():
            return self._log.made()

    def waiting(self, limit: int, newest: int = 0) -> list[WaitingEvent]:
        """Return the oldest `limit` events that the cloud has not confirmed, and the `newest` of the others."""
        with self._database.reading():
            return self._queue.waiting(limit, newest)

    def mark_uploaded(self, events: Sequence[WaitingEvent], refusals: Mapping[int, Refusal], now_ms: int) -> None:
        """Mark events as answered by the cloud; where there is no room even for that, delete them.

        Args:
            events: What was sent.
            refusals: Of those that the cloud refuses, by position, why; they become dead letters.
            now_ms: When, Unix milliseconds.

        Raises:
            EventStoreError: The file cannot be written.
        """
        refused = [each for each in events if each.position in refusals]
        accepted = [each for each in events if each.position not in refusals]
        try:
            with self._database.transaction():
                self._queue.mark_uploaded(accepted, now_ms)
                for each in refused:
                    self._bury(each, refusals[each.position], now_ms)
        except StorageFullError:
            with self._database.transaction():
                self._queue.drop_uploaded(accepted)

    def _bury(self, event: WaitingEvent, refusal: Refusal, now_ms: int) -> None:
        if self._queue.take_out(event):
            self._letters.bury([(now_ms, event.source, refusal.reason, refusal.detail, event.body)])

    def bury_waiting(self, event: WaitingEvent, reason: str, detail: str, now_ms: int) -> None:
        """Move an event that the cloud cannot take to the dead letters, so that it does not block the others.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._database.transaction():
            self._bury(event, Refusal(reason, detail), now_ms)

    def replay_dead_letters(self, now_ms: int) -> tuple[int, int]:
        """Judge every dead letter anew and take in those that are acceptable now.

        Returns:
            How many were taken in and how many remain.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._database.transaction():
            letters = self._letters.all()
            taken: list[Arrival] = []
            for letter in letters:
                try:
                    event = require_uplink(decode_event(letter.body))
                    if self._intake is not None:
                        check_time(event, self._intake, now_ms)
                except EventRejectedError:
                    continue
                taken.append(Arrival(event, letter.body, now_ms))
                self._letters.delete(letter.id)
            self._derived.take_in(taken)
            self._derived.stitch(now_ms)
        return len(taken), len(letters) - len(taken)

    def keep_presence(self, source: Source, presence: Presence, now_ms: int) -> None:
        """Note that a device came or went.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._database.transaction():
            self._figures.keep_presence(source, presence, now_ms)

    def prune(self, uploaded_before_ms: int) -> int:
        """Delete events that the cloud confirmed before a time. Returns how many.

        Raises:
            EventStoreError: The file cannot be written.
        """
        pruned = 0
        while True:
            with self._database.transaction():
                step = self._queue.prune(uploaded_before_ms, _STEP_EVENTS)
            pruned += step
            if step < _STEP_EVENTS:
                return pruned

    def dead_letters(self) -> list[DeadLetter]:
        """Return every dead letter, oldest first."""
        with self._database.reading():
            return self._letters.all()

    def dead_letter_count(self) -> int:
        """Return how many dead letters there are."""
        with self._database.reading():
            return self._letters.count()

    def tallies(self) -> list[SourceTally]:
        """Return the counts of each device, the gateway's own events among them."""
        with self._database.reading():
            return self._figures.tallies()

    def devices(self) -> list[DeviceRow]:
        """Return what is known of each device's presence."""
        with self._database.reading():
            return self._figures.devices()

    def thinned(self) -> list[Thinned]:
        """Return what was deleted unsent, by device and type, since the file was made."""
        with self._database.reading():
            return self._figures.thinned()

    def missing(self) -> Mapping[str, int]:
        """Return, for each device with gaps in its numbering, how many numbers are missing."""
        with self._database.reading():
            return self._streams.missing()

    def people(self, now_ms: int) -> Tally | None:
        """Return who went in and out since the store was empty, as of the last settling; None where nobody counts."""
        with self._database.reading():
            return self._derived.people(now_ms)

    def joining(self, now_ms: int) -> JoiningState:
        """Return whether cameras are joined, and what decided it."""
        with self._database.reading():
            return self._derived.joining.state(now_ms)

    def queue_depth(self) -> int:
        """Return how many events wait for the cloud."""
        with self._database.reading():
            return self._queue.depth()

    def oldest_waiting_ms(self) -> int | None:
        """Return when the event came that waits longest, Unix milliseconds; None where none waits."""
        with self._database.reading():
            return self._queue.oldest_ms()

    def storage(self) -> StorageUse | None:
        """Return how full the file is, None where it may take all there is.

        Raises:
            EventStoreError: The file cannot be read.
        """
        if self._storage is None:
            return None
        used_bytes = self._database.used_bytes()
        self._is_thinning &= not self._storage.is_relieved(used_bytes)
        is_full = self._is_full or self._storage.is_full(used_bytes)
        return StorageUse(
            state="full" if is_full else "thinning" if self._is_thinning else "roomy",
            used_bytes=used_bytes,
            max_bytes=self._storage.max_bytes,
            disk_free_bytes=shutil.disk_usage(self._path.parent).free,
            events_thinned=sum(each.thinned for each in self.tallies()),
        )

    def used_bytes(self) -> int:
        """Return how many bytes of the file hold something."""
        return self._database.used_bytes()

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _names(thinned: Sequence[Thinned]) -> str:
    return ", ".join(sorted({each.type for each in thinned}))
