"""One device's events on their way: which rows to publish when, by the agents' own rules."""

from math import inf

from msgspec.structs import replace

from contracts.delivery import Acknowledgement
from contracts.topics import ack_topic, presence_topic
from edge.adapters.outbox import OutboxRow
from edge.core.sending import SendPolicy, acknowledge, begin, next_rows
from shopthread.fleet.outboxes import VirtualOutbox


class Lane:
    """Follows one outbox from published to acknowledged.

    Args:
        outbox: The device's events.
        policy: How eagerly to publish.

    Attributes:
        is_queued: It waits for its turn to publish.
        hears_gateway: The gateway has acknowledged something of it.
        held: Rows that the network holds back; while there are any, the device waits with patience.
    """

    def __init__(self, outbox: VirtualOutbox, policy: SendPolicy) -> None:
        self.outbox, self._policy = outbox, policy
        self.ack_topic, self.presence_topic = ack_topic(outbox.source), presence_topic(outbox.source)
        self.is_queued = False
        self.hears_gateway = False
        self.held = 0
        self._state = begin(0)
        self._furthest = 0
        self._noted = 0
        self._confirmed: set[int] = set()

    @property
    def in_flight(self) -> int:
        """Return how many events are published and not acknowledged."""
        return self._state.sent_through - self._state.acknowledged_through

    @property
    def waiting(self) -> int:
        """Return how many events are not acknowledged."""
        return self.outbox.made - self.outbox.acknowledged

    def note_growth(self) -> int:
        """Return how many events were made since the last call."""
        before, self._noted = self._noted, self.outbox.made
        return self._noted - before

    def expire(self, now_s: float) -> bool:
        """Take what is on its way for lost where no acknowledgement came in time, so that it is published again.

        Returns:
            Whether that is so now.
        """
        state = self._state
        if self.held or state.resend_at_s is None or now_s < state.resend_at_s:
            return False
        self._state, _ = next_rows(state, state.acknowledged_through, now_s, self._policy)
        return True

    def can_publish(self) -> bool:
        """Return whether there are rows to publish now."""
        state = self._state
        return min(self.outbox.made, state.acknowledged_through + self._policy.window) > state.sent_through

    def take(self, most: int, now_s: float) -> tuple[list[OutboxRow], int]:
        """Return rows to publish now, and how many of them were published before.

        Args:
            most: How many rows at most.
            now_s: A monotonic clock's seconds.
        """
        self.expire(now_s)
        state = replace(self._state, resend_at_s=inf) if self.held else self._state
        newest = min(self.outbox.made, state.sent_through + most)
        self._state, wanted = next_rows(state, newest, now_s, self._policy)
        if not wanted:
            return [], 0
        again = max(0, min(self._furthest, wanted.stop - 1) - wanted.start + 1)
        self._furthest = max(self._furthest, wanted.stop - 1)
        return self.outbox.rows(wanted), again

    def release(self, now_s: float) -> None:
        """Note that the network let a row go that it had held back: its acknowledgement is waited for from now on."""
        self.held -= 1
        if self._state.resend_at_s is not None:
            self._state = replace(self._state, resend_at_s=now_s + self._policy.first_resend_s)

    def hear(self, acknowledgement: Acknowledgement, now_s: float) -> bool:
        """Take an acknowledgement of the gateway into account. Return whether it told something new."""
        if acknowledgement.epoch == self.outbox.epoch:
            self.hears_gateway = True
        return self._drop(acknowledgement, now_s)

    def confirm(self, sequence: int) -> None:
        """Note that the broker has taken a row; it counts for nothing where a gateway acknowledges."""
        if sequence > self.outbox.acknowledged:
            self._confirmed.add(sequence)

    def drop_confirmed(self, now_s: float) -> bool:
        """Drop what the broker has taken, for want of a gateway. Return whether there was any."""
        through = self.outbox.acknowledged
        while through + 1 in self._confirmed:
            through += 1
            self._confirmed.discard(through)
        return self._drop(Acknowledgement(epoch=self.outbox.epoch, through=through), now_s)

    def forget_confirmed(self) -> None:
        """Forget what the broker has taken: the gateway's word counts."""
        self._confirmed.clear()

    def restart(self) -> None:
        """Begin anew on a fresh connection: nothing is known to be on its way."""
        self._state = begin(self.outbox.acknowledged)
        self._confirmed.clear()

    def _drop(self, acknowledgement: Acknowledgement, now_s: float) -> bool:
        if not self.outbox.acknowledge(acknowledgement):
            return False
        self._state = acknowledge(self._state, self.outbox.acknowledged, now_s, self._policy)
        return True
