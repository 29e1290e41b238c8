"""Standing in line at the tills: one line before all of them, first come first served, with limited patience."""

import heapq
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Bytes = NDArray[np.int8]

NO_TILL = -1


class Service(Struct, frozen=True, eq=False):
    """What came of each customer, N in all, in the order in which they came to the tills.

    Attributes:
        till: Index of the till that served them, `NO_TILL` for those who gave up, shape (N,).
        wait_s: How long they stood in line, shape (N,).
    """

    till: Bytes
    wait_s: Floats

    @property
    def abandoned(self) -> Flags:
        """Return who gave up, shape (N,)."""
        gave_up: Flags = self.till == NO_TILL
        return gave_up


def serve(came_s: Floats, service_s: Floats, patience_s: Floats, opens_at: Sequence[int]) -> Service:
    """Serve customers at tills; who would wait longer than his or her patience leaves when that is over.

    Args:
        came_s: When they came to the tills, in order, shape (N,).
        service_s: How long each of them takes at a till, shape (N,).
        patience_s: How long each would wait, shape (N,).
        opens_at: For each till how many must wait for each open one before it opens, 0 for one that always is open. A
            till that opened in this way closes when nobody waits.
    """
    tills = _Tills(opens_at)
    till, wait_s = np.empty(len(came_s), dtype=np.int8), np.empty(len(came_s))
    customers = zip(came_s.tolist(), service_s.tolist(), patience_s.tolist(), strict=True)
    for index, (now_s, takes_s, patient_s) in enumerate(customers):
        till[index], wait_s[index] = tills.take(now_s, takes_s, patient_s)
    return Service(till, wait_s)


class _Tills:
    """When each open till is free again, and who waits."""

    def __init__(self, opens_at: Sequence[int]) -> None:
        self._opens_at = opens_at
        self._open = [(0.0, index) for index, waiting in enumerate(opens_at) if waiting == 0]  # A heap.
        self._shut = sorted((waiting, index) for index, waiting in enumerate(opens_at) if waiting > 0)
        self._always = len(self._open)
        self._starts_s: list[float] = []  # When those who wait will be served, a heap.

    def take(self, now_s: float, takes_s: float, patient_s: float) -> tuple[int, float]:
        """Return which till serves a customer who comes now, and after how long; `NO_TILL` for one who gives up."""
        starts_s = self._starts_s
        while starts_s and starts_s[0] <= now_s:
            heapq.heappop(starts_s)
        if starts_s:
            self._open_one(now_s)
        elif len(self._open) > self._always:
            self._shut_idle(now_s)
        free_s, till = self._open[0]
        if free_s <= now_s:
            heapq.heapreplace(self._open, (now_s + takes_s, till))
            return till, 0.0
        if free_s - now_s > patient_s:
            return NO_TILL, patient_s
        heapq.heapreplace(self._open, (free_s + takes_s, till))
        heapq.heappush(starts_s, free_s)
        return till, free_s - now_s

    def _open_one(self, now_s: float) -> None:
        if self._shut and len(self._starts_s) >= self._shut[0][0] * len(self._open):
            _, till = heapq.heappop(self._shut)
            heapq.heappush(self._open, (now_s, till))

    def _shut_idle(self, now_s: float) -> None:
        idle = [till for free_s, till in self._open if free_s <= now_s and self._opens_at[till]]
        for till in idle:
            heapq.heappush(self._shut, (self._opens_at[till], till))
        self._open = [each for each in self._open if each[1] not in idle]
        heapq.heapify(self._open)
