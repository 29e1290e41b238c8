"""What lies between devices and broker: it may be slow, deliver twice or in another order, or be down for a while."""

from collections.abc import Iterable, Mapping

from edge.adapters.outbox import OutboxRow
from shopthread.fleet.lanes import Lane
from shopthread.fleet.link import Link
from simulators.core.delivery import Arrived, Delivery, Sent, to_gateway
from simulators.core.outages import outages
from simulators.core.scenario import Messages, Scenario

_SKIP_MS = 1000
_LONGEST_SKIP_MS = 3_600_000

Parcel = tuple[Link, Lane, OutboxRow]


class Network:
    """Carries rows to the broker as a scenario's faults say. Its time is store time, and may run ahead of the stores'.

    What a device publishes again, for want of an acknowledgement or on a new connection, takes no harm any more.

    Args:
        ways: Each store's way, by tenant and store; stores without one have a perfect network.
    """

    def __init__(self, ways: Mapping[tuple[str, str], Delivery[Parcel]]) -> None:
        self._ways = ways
        self._now_ms = 0
        self._skip_ms = _SKIP_MS
        self.held = 0

    def send(self, link: Link, lane: Lane, row: OutboxRow, *, again: bool) -> None:
        """Carry a row: see `Send`."""
        source = lane.outbox.source
        way = None if again else self._ways.get((source.tenant, source.store))
        if way is None:
            link.publish(lane, row)
            return
        way.send(Sent(self._now_ms + 1, source.device, (link, lane, row)))
        lane.held += 1
        self.held += 1

    def advance(self, now_ms: int, now_s: float) -> int:
        """Deliver what arrives by a store time. Return how many messages.

        Args:
            now_ms: Store time, Unix milliseconds. Where the network is ahead already, it stays there.
            now_s: A monotonic clock's seconds.
        """
        self._now_ms = max(self._now_ms, now_ms)
        return sum(self._arrive(way.until(self._now_ms), now_s) for way in self._ways.values())

    def skip(self, now_s: float) -> int:
        """Let time pass here alone, longer each time, as everything waits for what is held. Return what `advance` does.

        Args:
            now_s: A monotonic clock's seconds.
        """
        if not self.held:
            return 0
        arrived = self.advance(self._now_ms + self._skip_ms, now_s)
        self._skip_ms = _SKIP_MS if arrived else min(2 * self._skip_ms, _LONGEST_SKIP_MS)
        return arrived

    def _arrive(self, arrivals: Iterable[Arrived[Parcel]], now_s: float) -> int:
        count = 0
        for arrived in arrivals:
            link, lane, row = arrived.sent.message
            if not arrived.is_copy:
                lane.release(now_s)
                self.held -= 1
            link.publish(lane, row)
            count += 1
        return count


def has_faults(scenario: Scenario) -> bool:
    """Return whether a scenario says that anything goes wrong between devices and gateway."""
    return scenario.messages != Messages() or any(each.what in ("broker", "gateway") for each in scenario.outages)


def way_of(scenario: Scenario, seed: int, start_ms: int) -> Delivery[Parcel]:
    """Return what a scenario lies between one store's devices and its broker.

    Args:
        scenario: The store.
        seed: What everything random is drawn from.
        start_ms: Store time of the beginning, Unix milliseconds.
    """
    return to_gateway(scenario.messages, outages(scenario, seed, start_ms), seed)
