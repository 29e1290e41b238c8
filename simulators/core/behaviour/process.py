"""Processes: generators that say how many ticks they want to be left alone for."""

from collections.abc import Iterator
from heapq import heappop, heappush

Ticks = Iterator[int]
"""Goes on when the number of ticks that it yielded last has passed."""


class Agenda:
    """Runs processes when it is their time; those of one tick in the order in which they came."""

    def __init__(self) -> None:
        self._due: list[tuple[int, int, Ticks]] = []
        self._count = 0

    def add(self, process: Ticks, tick: int) -> None:
        """Let a process begin at a tick."""
        self._count += 1
        heappush(self._due, (tick, self._count, process))

    def run(self, tick: int) -> None:
        """Let every process go on that is due at a tick."""
        while self._due and self._due[0][0] <= tick:
            _, number, process = heappop(self._due)
            pause = next(process, None)
            if pause is not None:
                heappush(self._due, (tick + pause, number, process))
