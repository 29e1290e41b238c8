"""What happens to messages on their way: late, twice, in another order, held up by outages; never lost.

A device sends its messages over one connection, so whatever is behind a late message waits as well, and messages keep
their order unless `reordered` says otherwise; copies come later. While the broker is down a device keeps its messages
and sends them afterwards, in order. A gateway that goes down also leaves what came just before without an
acknowledgement: that is sent again afterwards, so it comes twice. The line from the store to the cloud does the same.

Pure: times of sending come with the messages. Memory is bounded by what is on its way.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

import numpy as np
from msgspec import Struct

from simulators.core.scenario import Messages
from simulators.core.truth import OutageOf, TrueOutage

IN_FLIGHT_MS = 2_000
"""What arrived within this time before the receiver went down was not acknowledged, and is sent again."""
COPY_AFTER_S = (0.1, 5.0)
"""Shortest and longest time after a message at which its copy arrives."""
WAITS_FOR_NEXT_MS = 60_000
"""A message that is to change places with the next one arrives after this time if there is no next one."""

_STREAM = 8
_TO_GATEWAY, _TO_CLOUD = range(2)
_MS_PER_S = 1000
_NEVER_MS = -1

MessageT = TypeVar("MessageT")


class Sent(Struct, Generic[MessageT], frozen=True):
    """A message of a device, and when it sends it, Unix milliseconds true time."""

    sent_ms: int
    device_id: str
    message: MessageT


class Arrived(Struct, Generic[MessageT], frozen=True):
    """A message as it arrives; `is_copy` tells that it came before."""

    arrival_ms: int
    sent: Sent[MessageT]
    is_copy: bool


def deliver(
    messages: Iterable[Sent[MessageT]], knobs: Messages, outages: Iterable[TrueOutage], seed: int
) -> Iterator[Arrived[MessageT]]:
    """Yield what devices send in the order of its arrival at the store's gateway.

    Args:
        messages: In the order in which they are sent; they are taken one by one as arrivals are asked for.
        knobs: What goes wrong.
        outages: In the order in which they begin, endless or not; those of the broker and the gateway count.
        seed: What everything random is drawn from.

    Raises:
        ValueError: A message was sent before the one that came before it.
    """
    return _delivered(messages, to_gateway(knobs, outages, seed))


def deliver_to_cloud(
    messages: Iterable[Sent[MessageT]], knobs: Messages, outages: Iterable[TrueOutage], seed: int
) -> Iterator[Arrived[MessageT]]:
    """Yield what gateways send in the order of its arrival at the cloud; see `deliver`. Outages of the WAN count."""
    return _delivered(messages, to_cloud(knobs, outages, seed))


def to_gateway(knobs: Messages, outages: Iterable[TrueOutage], seed: int) -> "Delivery[MessageT]":
    """Return the way from devices to their gateway, for messages that come while the store runs; see `deliver`."""
    rng = np.random.default_rng([seed, _STREAM, _TO_GATEWAY])
    return Delivery(knobs, _Windows(outages, holding=("broker", "gateway"), resending="gateway"), rng)


def to_cloud(knobs: Messages, outages: Iterable[TrueOutage], seed: int) -> "Delivery[MessageT]":
    """Return the way from gateways to the cloud, for messages that come while the store runs; see `deliver`."""
    rng = np.random.default_rng([seed, _STREAM, _TO_CLOUD])
    return Delivery(knobs, _Windows(outages, holding=("wan",), resending="wan"), rng)


def _delivered(messages: Iterable[Sent[MessageT]], way: "Delivery[MessageT]") -> Iterator[Arrived[MessageT]]:
    for message in messages:
        way.send(message)
        yield from way.until(message.sent_ms - 1)
    yield from way.rest()


class _Windows:
    """The times at which nothing gets through."""

    def __init__(self, outages: Iterable[TrueOutage], holding: tuple[OutageOf, ...], resending: OutageOf) -> None:
        self._upcoming = iter(outages)
        self._next = next(self._upcoming, None)
        self._holding, self._resending = holding, resending
        self._known: list[TrueOutage] = []

    def forget(self, now_ms: int) -> None:
        """Nothing will be asked about times before `now_ms` any more."""
        if any(outage.to_ms <= now_ms for outage in self._known):
            self._known = [outage for outage in self._known if outage.to_ms > now_ms]

    def after(self, t_ms: int) -> int:
        """Return when something gets through that comes at a time: then, or after the outages that last then."""
        while (through_ms := self._end_of(t_ms)) > t_ms:
            t_ms = through_ms
        return t_ms

    def again(self, arrival_ms: int) -> list[int]:
        """Return when something that arrives at a time is sent again, as the receiver goes down just after it."""
        self._learn(arrival_ms + IN_FLIGHT_MS)
        return [
            self.after(outage.to_ms)
            for outage in self._known
            if outage.what == self._resending and arrival_ms < outage.from_ms <= arrival_ms + IN_FLIGHT_MS
        ]

    def _end_of(self, t_ms: int) -> int:
        self._learn(t_ms)
        return max((outage.to_ms for outage in self._known if outage.from_ms <= t_ms < outage.to_ms), default=t_ms)

    def _learn(self, t_ms: int) -> None:
        while self._next is not None and self._next.from_ms <= t_ms:
            if self._next.what in self._holding:
                self._known.append(self._next)
            self._next = next(self._upcoming, None)


class Delivery(Generic[MessageT]):
    """One way that messages take; made by `to_gateway` and `to_cloud`."""

    def __init__(self, knobs: Messages, windows: _Windows, rng: np.random.Generator) -> None:
        self._knobs, self._windows, self._rng = knobs, windows, rng
        # One that has just overtaken another is not drawn, so the others are drawn a little more often.
        self._swaps = knobs.reordered / (1 - knobs.reordered) if 2 * knobs.reordered < 1 else float(knobs.reordered > 0)
        self._under_way: list[tuple[int, int, Arrived[MessageT]]] = []
        self._count = 0
        self._sent_ms = self._until_ms = _NEVER_MS
        self._busy_until_ms: dict[str, int] = {}
        self._waiting: dict[str, tuple[int, Sent[MessageT]]] = {}

    def send(self, message: Sent[MessageT]) -> None:
        """Send a message.

        Raises:
            ValueError: It was sent before the one before it, or at a time up to which arrivals were asked for.
        """
        if message.sent_ms < self._sent_ms or message.sent_ms <= self._until_ms:
            msg = (
                f"messages have to come in the order in which they are sent; {message.device_id!r} sent one at "
                f"{message.sent_ms}, after one at {self._sent_ms} and arrivals up to {self._until_ms}"
            )
            raise ValueError(msg)
        self._sent_ms = message.sent_ms
        self._give_up(message.sent_ms)
        self._windows.forget(message.sent_ms)
        arrival_ms = self._arrival_ms(message)
        before = self._waiting.pop(message.device_id, None)
        if before is None and self._swaps and self._rng.random() < self._swaps:
            self._waiting[message.device_id] = (arrival_ms, message)
            return
        self._take(message, arrival_ms)
        if before is not None:
            self._take(before[1], arrival_ms)

    def until(self, now_ms: int) -> Iterator[Arrived[MessageT]]:
        """Return what arrives up to and at a time, in order. No message may be sent at or before it afterwards."""
        self._until_ms = max(now_ms, self._until_ms)
        self._give_up(now_ms)
        return self._arrived(now_ms)

    def rest(self) -> Iterator[Arrived[MessageT]]:
        """Return everything that is still on its way, in order: no message will be sent any more."""
        for arrival_ms, message in self._waiting.values():
            self._take(message, self._windows.after(max(arrival_ms, self._sent_ms, self._until_ms)))
        self._waiting = {}
        return self._arrived(None)

    def _arrived(self, now_ms: int | None) -> Iterator[Arrived[MessageT]]:
        while self._under_way and (now_ms is None or self._under_way[0][0] <= now_ms):
            yield heappop(self._under_way)[2]

    def _arrival_ms(self, message: Sent[MessageT]) -> int:
        arrival_ms = message.sent_ms
        if self._knobs.late and self._rng.random() < self._knobs.late:
            arrival_ms += _drawn_ms(self._rng, self._knobs.late_s)
        arrival_ms = self._windows.after(max(arrival_ms, self._busy_until_ms.get(message.device_id, arrival_ms)))
        self._busy_until_ms[message.device_id] = arrival_ms
        return arrival_ms

    def _take(self, message: Sent[MessageT], arrival_ms: int) -> None:
        self._push(Arrived(arrival_ms, message, is_copy=False))
        for again_ms in self._windows.again(arrival_ms):
            self._push(Arrived(again_ms, message, is_copy=True))
        if self._knobs.duplicated and self._rng.random() < self._knobs.duplicated:
            again_ms = self._windows.after(arrival_ms + _drawn_ms(self._rng, COPY_AFTER_S))
            self._push(Arrived(again_ms, message, is_copy=True))

    def _push(self, arrived: Arrived[MessageT]) -> None:
        self._count += 1
        heappush(self._under_way, (arrived.arrival_ms, self._count, arrived))

    def _give_up(self, now_ms: int) -> None:
        """Let arrive what waited too long for another one to change places with."""
        if not self._waiting:
            return
        over = [name for name, (_, sent) in self._waiting.items() if sent.sent_ms + WAITS_FOR_NEXT_MS <= now_ms]
        for name in over:
            arrival_ms, message = self._waiting.pop(name)
            self._take(message, self._windows.after(max(arrival_ms, message.sent_ms + WAITS_FOR_NEXT_MS)))


def _drawn_ms(rng: np.random.Generator, range_s: tuple[float, float]) -> int:
    shortest_s, longest_s = range_s
    return round(float(rng.uniform(shortest_s, longest_s)) * _MS_PER_S)
