"""Publishes what many devices say through few connections, in one thread, until everything is acknowledged."""

import selectors
from collections.abc import Callable, Sequence
from math import inf

from msgspec import Struct

from edge.config import BrokerSettings
from edge.core.sending import SendPolicy
from shopthread.fleet.connecting import Connecting, make_links
from shopthread.fleet.lanes import Lane
from shopthread.fleet.network import Network
from shopthread.fleet.production import Production
from shopthread.fleet.tally import Tally, Trust
from simulators.adapters.playback import Pace, store_time_ms

_IDLE_S = 0.01
_TEND_S = 0.25
_MAKE_S = 0.005
_BACKLOG = 5000
_TURN_EVENTS = 20
_LINK_EVENTS = 100
_FAREWELL_S = 5.0
_STOPPED_PATIENCE_S = 5.0


class FleetSettings(Struct, frozen=True, kw_only=True):
    """How a fleet publishes.

    Attributes:
        broker: Where the broker is.
        pace: Store time per time; speed 0 waits for nothing but the broker and the gateway.
        trust: Whose word lets a device drop an event.
        connections: How many connections the devices share.
        window: Events of all devices together that may be on their way at once.
        gateway_within_s: Where nobody said whom to trust: how long a gateway may be silent before there is none.
        patience_s: How long to go on without any acknowledgement, once no more is to be made at a pace.
        policy: How eagerly each device publishes.
    """

    broker: BrokerSettings
    pace: Pace
    trust: Trust = Trust.OPEN
    connections: int = 16
    window: int = 1000
    gateway_within_s: float = 5.0
    patience_s: float = 30.0
    policy: SendPolicy = SendPolicy()


class Progress(Struct, frozen=True, kw_only=True):
    """Where a fleet stands.

    Attributes:
        now_ms: Store time up to which events are made, Unix milliseconds.
        seconds: Time since the first event could be published.
        made: Events made.
        held: Messages that the scenario's faults hold back.
        tally: What was done so far.
    """

    now_ms: int
    seconds: float
    made: int
    held: int
    tally: Tally


class Clocks(Struct, frozen=True):
    """The machine's time: seconds that never go back, and Unix milliseconds."""

    monotonic_s: Callable[[], float]
    wall_ms: Callable[[], int]


class Fleet:
    """Publishes a production.

    Args:
        production: What devices say, and when.
        settings: How to publish.
        clocks: The machine's time.
        network: What lies between devices and broker; a perfect one if none is given.
        on_progress: Told where it stands, a few times a second.

    Attributes:
        tally: What was done so far.
        lanes: Every device's events on their way.
    """

    def __init__(
        self,
        production: Production,
        settings: FleetSettings,
        clocks: Clocks,
        network: Network | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self.tally = Tally(trust=settings.trust)
        self.lanes = [Lane(outbox, settings.policy) for outbox in production.outboxes]
        self._production, self._settings, self._clocks, self._on_progress = production, settings, clocks, on_progress
        self._selector = selectors.DefaultSelector()
        self._links = make_links(settings.broker, self.lanes, settings.connections, self.tally, self._selector)
        self._connecting = Connecting(self._links, settings.broker.address)
        self._network = network or Network({})
        self._lane_of = {id(lane.outbox): (lane, link) for link in self._links for lane in link.lanes}
        self._made = 0
        self._began_s, self._began_ms = 0.0, 0
        self._tended_s = -inf
        self._news_s = 0.0
        self._news = (0, False, 0)
        self._first_confirmed_s: float | None = None
        self._is_stopped = False

    def run(self, stopped: Callable[[], bool]) -> Progress:
        """Publish until everything is made and acknowledged, until hope is lost, or until `stopped` says so.

        Raises:
            FleetError: No broker answers, or it refuses the connection.
        """
        try:
            self._connecting.connect_all(self._clocks.monotonic_s, self._listen, stopped)
            self._began_s, self._began_ms = self._clocks.monotonic_s(), self._clocks.wall_ms()
            self._news_s = self._began_s
            while not self._is_finished():
                if stopped() and not self._is_stopped:
                    self._is_stopped = True
                    self._note(self._production.end())
                self._turn()
            reached = self.progress()
            self._on_progress(reached)
            self._say_farewell()
        finally:
            for link in self._links:
                link.close()
            self._selector.close()
        return reached

    def progress(self) -> Progress:
        """Return where it stands."""
        return Progress(
            now_ms=self._production.now_ms,
            seconds=self._clocks.monotonic_s() - self._began_s,
            made=self._made,
            held=self._network.held,
            tally=self.tally,
        )

    def _turn(self) -> None:
        now_s = self._clocks.monotonic_s()
        busy = self._make(now_s) + self._publish(now_s) + self._network.advance(self._production.now_ms, now_s)
        if not busy and (self._settings.pace.speed == 0 or self._production.is_over):
            busy = self._network.skip(now_s)
        self._listen(now_s, 0.0 if busy else _IDLE_S)
        if now_s - self._tended_s >= _TEND_S:
            self._tended_s = now_s
            self._tend(now_s)

    def _make(self, now_s: float) -> int:
        """Let devices make what is due, as long as what they made before gets away. Return how many steps were due."""
        steps = 0
        pace = self._settings.pace
        until_ms = inf if pace.speed == 0 else store_time_ms(pace, self._began_ms, self._clocks.wall_ms())
        while self._made - self.tally.begun < _BACKLOG and self._clocks.monotonic_s() - now_s < _MAKE_S:
            grown = self._production.advance(until_ms)
            if grown is None:
                break
            self._note(grown)
            steps += 1
        return steps

    def _note(self, grown: Sequence[object]) -> None:
        for outbox in grown:
            lane, link = self._lane_of[id(outbox)]
            self._made += lane.note_growth()
            link.queue(lane)

    def _publish(self, now_s: float) -> int:
        """Let each connection's devices publish in turn. Return how many messages were given to the broker."""
        published = 0
        for link in self._links:
            published += link.say_presence(now_s)
            most = _LINK_EVENTS
            while link.ready and most > 0:
                under_way = self.tally.in_flight - self._network.held
                room = min(self._settings.window - under_way, link.room, _TURN_EVENTS)
                if room <= 0:
                    break
                done = link.publish_turn(room, now_s, self._network.send)
                published, most = published + done, most - max(1, done)
        return published

    def _listen(self, now_s: float, wait_s: float) -> None:
        for key, _ in self._selector.select(wait_s):
            key.data.listen(now_s)

    def _tend(self, now_s: float) -> None:
        self._connecting.reconnect(now_s)
        for link in self._links:
            link.tend(now_s)
            link.expire(now_s)
        self._decide_trust(now_s)
        goes_on = self._settings.pace.speed > 0 and not self._production.is_over
        news = (self.tally.presences, self.tally.begun > 0, self.tally.acknowledged)
        if goes_on or news != self._news:
            self._news, self._news_s = news, now_s
        self._on_progress(self.progress())

    def _decide_trust(self, now_s: float) -> None:
        """Find out whether there is a gateway, where nobody said so."""
        tally = self.tally
        if tally.trust is not Trust.OPEN:
            return
        if self._first_confirmed_s is None and tally.confirmed:
            self._first_confirmed_s = now_s
        if any(lane.hears_gateway for lane in self.lanes):
            tally.trust = Trust.GATEWAY
        elif self._first_confirmed_s is not None and now_s - self._first_confirmed_s > self._settings.gateway_within_s:
            tally.trust = Trust.BROKER
        for link in self._links:
            link.settle_confirmed(now_s)

    def _is_finished(self) -> bool:
        patience_s = _STOPPED_PATIENCE_S if self._is_stopped else self._settings.patience_s
        if self.tally.trust is Trust.OPEN:
            patience_s = max(patience_s, 2 * self._settings.gateway_within_s)
        is_quiet = self._clocks.monotonic_s() - self._news_s > patience_s
        return is_quiet or (self._production.is_over and self.tally.acknowledged == self._made)

    def _say_farewell(self) -> None:
        """Say of every device that it is offline, and wait until the broker knows."""
        until_s = self._clocks.monotonic_s() + _FAREWELL_S
        for link in self._links:
            link.say_farewell()
        while (now_s := self._clocks.monotonic_s()) < until_s and not all(
            link.is_idle or not link.is_up for link in self._links
        ):
            for link in self._links:
                link.say_presence(now_s)
            self._listen(now_s, _IDLE_S)
