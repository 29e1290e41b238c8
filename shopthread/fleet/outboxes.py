"""Outboxes in memory: they keep what is not acknowledged, as the agents' durable outbox does, without its disk."""

from collections import Counter, deque
from typing import Protocol

from contracts.delivery import Acknowledgement, Presence
from contracts.events import EventDraft, Source, encode_event
from contracts.privacy import Payload
from contracts.topics import event_topic
from edge.adapters.outbox import OutboxRow


class VirtualOutbox(Protocol):
    """One device's events, numbered gapless from 1 in one epoch.

    Attributes:
        source: The device.
        presence: What is said of the device while it is connected.
        epoch: The name of this life of the outbox.
        acknowledged: Every number up to and including this one is acknowledged.
    """

    source: Source
    presence: Presence
    epoch: str
    acknowledged: int

    @property
    def made(self) -> int:
        """Return the newest number."""
        ...

    def rows(self, sequences: range) -> list[OutboxRow]:
        """Return the rows of these numbers, ascending, as far as they still wait."""
        ...

    def acknowledge(self, acknowledgement: Acknowledgement) -> bool:
        """Drop what is acknowledged. Return whether that was news; another epoch's acknowledgement never is."""
        ...

    def types(self) -> Counter[str]:
        """Return how many events of each type were made."""
        ...


class MemoryOutbox:
    """Keeps every event until it is acknowledged.

    Args:
        source: The device.
        presence: What is said of the device while it is connected.
        epoch: A name that no earlier outbox of this device had.
    """

    def __init__(self, source: Source, presence: Presence, epoch: str) -> None:
        self.source, self.presence, self.epoch = source, presence, epoch
        self.acknowledged = 0
        self._rows: deque[OutboxRow] = deque()
        self._ids: deque[str] = deque()
        self._waiting: set[str] = set()
        self._types: Counter[str] = Counter()

    @property
    def made(self) -> int:
        """See `VirtualOutbox.made`."""
        return self.acknowledged + len(self._rows)

    def append(self, drafts: list[EventDraft[Payload]]) -> int:
        """Number events, in order. One whose id already waits is passed over, as in the durable outbox.

        Returns:
            How many were new.
        """
        before = self.made
        for draft in drafts:
            if draft.id in self._waiting:
                continue
            event = draft.numbered(self.source, self.made + 1)
            topic = event_topic(self.source, type(draft.data))
            self._ids.append(event.id)
            self._waiting.add(event.id)
            self._rows.append(OutboxRow(event.sequence_number, topic, encode_event(event)))
            self._types[event.type] += 1
        return self.made - before

    def rows(self, sequences: range) -> list[OutboxRow]:
        """See `VirtualOutbox.rows`."""
        first = max(sequences.start, self.acknowledged + 1)
        last = min(sequences.stop - 1, self.made)
        return [self._rows[number - self.acknowledged - 1] for number in range(first, last + 1)]

    def acknowledge(self, acknowledgement: Acknowledgement) -> bool:
        """See `VirtualOutbox.acknowledge`."""
        through = min(acknowledgement.through, self.made)
        if acknowledgement.epoch != self.epoch or through <= self.acknowledged:
            return False
        for _ in range(through - self.acknowledged):
            self._rows.popleft()
            self._waiting.discard(self._ids.popleft())
        self.acknowledged = through
        return True

    def types(self) -> Counter[str]:
        """See `VirtualOutbox.types`."""
        return self._types.copy()
