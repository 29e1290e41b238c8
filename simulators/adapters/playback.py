"""Runs a store against the clock: as fast as possible, or at a multiple of real time until it reaches the present."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from simulators.adapters.clock import Clock
from simulators.adapters.device_files import write_device_files
from simulators.adapters.feed_files import FeedFiles, write_members, write_truth
from simulators.core.scenario import Scenario
from simulators.core.store import Store
from simulators.core.truth import Truth

_TRUTH_EVERY_MS = 5_000
_TRUTH_SHARE = 20  # Writing the truth takes at most about this part of the time, however long it grows.
_LONGEST_WAIT_S = 0.25
_SHORTEST_WAIT_S = 0.001


class Pace(Struct, frozen=True, kw_only=True):
    """How fast a store runs, and for how long.

    Attributes:
        start_ms: Store time of the beginning, Unix milliseconds.
        speed: Store seconds per second until the present is reached, then 1; 0 does not wait at all.
        duration_s: Store time to run for; None for ever.
        seconds: Time to run for as the clock on the wall tells it; None for ever.
    """

    start_ms: int
    speed: float
    duration_s: float | None = None
    seconds: float | None = None

    @property
    def until_ms(self) -> int | None:
        """Store time of the end, None for ever."""
        return None if self.duration_s is None else self.start_ms + round(self.duration_s * 1000)


def play(
    scenario: Scenario,
    seed: int,
    pace: Pace,
    folder: Path,
    clock: Clock,
    on_step: Callable[[int], None] = lambda _: None,
) -> Truth:
    """Simulate a store into a folder until the pace's end or until the clock says stop; end every feed properly.

    Args:
        scenario: The store.
        seed: What everything random is drawn from.
        pace: How fast, and for how long.
        folder: Where feeds, device configurations, members and truth go.
        clock: The present.
        on_step: Told the store time after each tick, Unix milliseconds.

    Returns:
        What really happened.

    Raises:
        ScenarioError: The scenario cannot be simulated.
        OSError: The folder cannot be written.
    """
    store = Store(scenario, seed, pace.start_ms)
    feeds = FeedFiles(folder, scenario)
    try:
        write_truth(folder, store.truth())
        sink = _Sink(folder, feeds, store, clock, on_step)
        write_device_files(folder, scenario)  # Last: when the list of devices is there, every file is.
        _run(store, scenario.tick_hz, pace, clock, sink)
    finally:
        feeds.end()
        truth = store.truth()
        write_truth(folder, truth)
    return truth


class _Sink:
    """Takes each tick's lines to the files, and rewrites the truth and the members now and then."""

    def __init__(
        self, folder: Path, feeds: FeedFiles, store: Store, clock: Clock, on_step: Callable[[int], None]
    ) -> None:
        self._folder, self._feeds, self._store, self._clock, self._on_step = folder, feeds, store, clock, on_step
        self._truth_due_ms = clock.now_ms() + _TRUTH_EVERY_MS
        self._members_due_ms = self._write_members()

    def step(self) -> None:
        self._feeds.write(self._store.step())
        self._feeds.write_home_scans(self._store.home_scans)
        self._on_step(self._store.now_ms)
        if self._members_due_ms is not None and self._store.now_ms >= self._members_due_ms:
            self._members_due_ms = self._write_members()
        before_ms = self._clock.now_ms()
        if before_ms >= self._truth_due_ms:
            write_truth(self._folder, self._store.truth())
            after_ms = self._clock.now_ms()
            self._truth_due_ms = after_ms + max(_TRUTH_EVERY_MS, _TRUTH_SHARE * (after_ms - before_ms))

    def _write_members(self) -> int | None:
        """Write the member base as it is now. Return when it will be another one."""
        write_members(self._folder, self._store.members)
        return self._store.members_change_ms


def _run(store: Store, tick_hz: float, pace: Pace, clock: Clock, sink: _Sink) -> None:
    began_ms = clock.now_ms()
    tick_ms = 1000 / tick_hz
    while not clock.wait(0):
        now_ms = clock.now_ms()
        if pace.until_ms is not None and store.now_ms + tick_ms > pace.until_ms:
            return
        if pace.seconds is not None and now_ms - began_ms >= pace.seconds * 1000:
            return
        shows_ms = store_time_ms(pace, began_ms, now_ms)
        ahead_ms = store.now_ms + tick_ms - shows_ms
        if pace.speed == 0 or ahead_ms <= 0:
            sink.step()
        else:
            speed = pace.speed if shows_ms < now_ms else 1.0
            clock.wait(min(_LONGEST_WAIT_S, max(_SHORTEST_WAIT_S, ahead_ms / 1000 / speed)))


def store_time_ms(pace: Pace, began_ms: int, now_ms: int) -> float:
    """Return what the store's clock shows: it runs from the pace's start at its speed and never passes the present."""
    return min(pace.start_ms + pace.speed * (now_ms - began_ms), now_ms)
