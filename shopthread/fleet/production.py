"""What a fleet says when: simulated stores that go on tick by tick, or a recording that many devices repeat."""

from collections import Counter
from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from itertools import groupby
from math import inf
from typing import Protocol

from shopthread.fleet.outboxes import VirtualOutbox
from shopthread.fleet.recording import RecordedDevice, StampedOutbox
from shopthread.fleet.stores import VirtualStore


class Production(Protocol):
    """Makes events in the order of store time.

    Attributes:
        outboxes: Every device's outbox.
        now_ms: Store time up to which events are made, Unix milliseconds.
    """

    outboxes: Sequence[VirtualOutbox]
    now_ms: int

    @property
    def is_over(self) -> bool:
        """Return whether nothing more will be made."""
        ...

    def advance(self, until_ms: float) -> Sequence[VirtualOutbox] | None:
        """Go on by one step. Return the outboxes that have new events, None where no step is due by `until_ms`."""
        ...

    def end(self) -> Sequence[VirtualOutbox]:
        """End early, as devices do whose input ends. Return the outboxes that have new events."""
        ...

    def types(self) -> Counter[str]:
        """Return how many events of each type were made."""
        ...


class SimulatedProduction:
    """Stores that are simulated, each for itself.

    Args:
        stores: The stores; all begin at the same time.
    """

    def __init__(self, stores: Sequence[VirtualStore]) -> None:
        self.stores = stores
        self.outboxes: Sequence[VirtualOutbox] = [outbox for store in stores for outbox in store.outboxes.values()]
        self.now_ms = min(store.now_ms for store in stores)
        self._queue = [(store.now_ms, index) for index, store in enumerate(stores)]
        heapify(self._queue)

    @property
    def is_over(self) -> bool:
        """See `Production.is_over`."""
        return not self._queue

    def advance(self, until_ms: float) -> Sequence[VirtualOutbox] | None:
        """See `Production.advance`: the store that is farthest behind takes a tick."""
        if not self._queue:
            return None
        _, index = self._queue[0]
        behind = self.stores[index]
        if min(behind.next_ms, behind.ends_at_ms) > until_ms:
            return None
        grown = behind.step()
        self.now_ms = behind.now_ms
        if behind.is_over:
            heappop(self._queue)
        else:
            heapreplace(self._queue, (behind.now_ms, index))
        return grown

    def end(self) -> Sequence[VirtualOutbox]:
        """See `Production.end`."""
        self._queue.clear()
        return [outbox for store in self.stores for outbox in store.end()]

    def types(self) -> Counter[str]:
        """See `Production.types`."""
        return sum((outbox.types() for outbox in self.outboxes), Counter())


class StampedProduction:
    """Devices that repeat what the devices of a recorded store said.

    Args:
        start_ms: Store time of the recording's beginning, Unix milliseconds.
        devices: Each device of the recorded store, and the outboxes of those that repeat it.
    """

    def __init__(self, start_ms: int, devices: Sequence[tuple[RecordedDevice, Sequence[StampedOutbox]]]) -> None:
        self.outboxes: Sequence[VirtualOutbox] = [outbox for _, copies in devices for outbox in copies]
        self.now_ms = start_ms
        self._copies = [copies for _, copies in devices]
        self._types = [[each.payload.TYPE for each in recorded.templates] for recorded, _ in devices]
        self._made = [0] * len(devices)
        self._steps = _steps([recorded for recorded, _ in devices])
        self._steps_taken = 0

    @property
    def is_over(self) -> bool:
        """See `Production.is_over`."""
        return self._steps_taken == len(self._steps)

    def advance(self, until_ms: float) -> Sequence[VirtualOutbox] | None:
        """See `Production.advance`: everyone makes what the recorded store had made at its next eventful tick."""
        if self.is_over or self._steps[self._steps_taken][0] > until_ms:
            return None
        self.now_ms, new = self._steps[self._steps_taken]
        self._steps_taken += 1
        grown: list[VirtualOutbox] = []
        for device, count in new:
            self._made[device] += count
            for outbox in self._copies[device]:
                outbox.advance(self._made[device])
            grown += self._copies[device]
        return grown

    def end(self) -> Sequence[VirtualOutbox]:
        """See `Production.end`."""
        self._steps_taken = len(self._steps)
        return []

    def types(self) -> Counter[str]:
        """See `Production.types`."""
        counts: Counter[str] = Counter()
        for copies, types, made in zip(self._copies, self._types, self._made, strict=True):
            for name, count in Counter(types[:made]).items():
                counts[name] += count * len(copies)
        return counts


def _steps(devices: Sequence[RecordedDevice]) -> list[tuple[int, list[tuple[int, int]]]]:
    """Return the times at which something was made, ascending, with each device's index and number of events."""
    made = sorted((each.made_ms, index) for index, device in enumerate(devices) for each in device.templates)
    return [
        (time_ms, sorted(Counter(index for _, index in group).items()))
        for time_ms, group in groupby(made, key=lambda each: each[0])
    ]


def make_everything(production: Production) -> None:
    """Go on to the end, without anybody who publishes."""
    while not production.is_over:
        production.advance(inf)
