"""Where parties go, in which order, and how long they stay: all parties of a day at once."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

NOWHERE = -1
DETOUR = 1.25
"""How much longer a walk round shelves is than a straight line."""


class Trips:
    """Parties on their way, N in all: where each of them is now and for how long it has been in the store.

    Args:
        at_m: Where each begins, shape (N, 2).
        pace_mps: How fast each walks, shape (N,).
    """

    def __init__(self, at_m: Floats, pace_mps: Floats) -> None:
        self._at_m, self._pace_mps = at_m.copy(), pace_mps
        self.elapsed_s: Floats = np.zeros(len(at_m))
        self._zones: list[Longs] = []
        self._from_s: list[Floats] = []
        self._lasts_s: list[Floats] = []

    def walk(self, who: Flags, to_m: Floats) -> None:
        """Let some walk somewhere; `to_m` says where for all N, shape (N, 2)."""
        way_m = np.hypot(to_m[:, 0] - self._at_m[:, 0], to_m[:, 1] - self._at_m[:, 1]) * DETOUR
        self.elapsed_s += np.where(who, way_m / self._pace_mps, 0.0)
        self._at_m = np.where(who[:, None], to_m, self._at_m)

    def stay(self, who: Flags, zone: Longs, lasts_s: Floats) -> None:
        """Let some stay in a zone where they are; zones and times are those of all N, shape (N,)."""
        self._zones.append(np.where(who, zone, NOWHERE))
        self._from_s.append(self.elapsed_s.copy())
        self._lasts_s.append(lasts_s)
        self.elapsed_s += np.where(who, lasts_s, 0.0)

    def stays(self) -> tuple[Longs, Longs, Floats, Floats]:
        """Return all stays, party by party and in order of time.

        Returns:
            Where each party's stays begin, shape (N + 1,); their zones, beginnings and lengths, shape (S,).
        """
        zones, from_s = np.stack(self._zones, axis=1), np.stack(self._from_s, axis=1)
        taken = zones != NOWHERE
        return offsets(taken), zones[taken], from_s[taken], np.stack(self._lasts_s, axis=1)[taken]


def offsets(taken: Flags) -> Longs:
    """Return where each row's entries begin once the taken ones stand behind each other, shape (N + 1,)."""
    return np.concatenate([[0], np.cumsum(taken.sum(axis=1))])


def distinct(rng: np.random.Generator, rows: int, columns: int, among: int) -> Longs:
    """Return rows of different indexes below `among`, every order equally likely, shape (rows, columns).

    Each index is drawn from what is left and then moved past those that went before (Knuth, The Art of Computer
    Programming 2, section 3.4.2, does so one by one).
    """
    chosen: Longs = np.empty((rows, columns), dtype=np.int64)
    for column in range(columns):
        index = (rng.random(rows) * (among - column)).astype(np.int64)
        for earlier in np.sort(chosen[:, :column], axis=1).T:
            index += index >= earlier
        chosen[:, column] = index
    return chosen
