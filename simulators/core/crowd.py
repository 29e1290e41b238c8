"""Everyone on the floor as aligned arrays, from tick to tick."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from simulators.core.geometry import Point
from simulators.core.people import Person

People = Sequence[Person]
Places = list[Point]
Indices = NDArray[np.intp]
Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Names = NDArray[np.object_]
ScalarT = TypeVar("ScalarT", bound=np.generic)


class Crowd:
    """The people of the newest tick.

    Attributes:
        people: Who is there, in the order of all arrays.
        positions: Where they stand, m, shape (P, 2).
        places: The same as points.
        heights_m: From the floor to the top of the head, shape (P,).
        movers: The indices of those who stand elsewhere than a tick ago, or have just come.
    """

    def __init__(self) -> None:
        self.people: list[Person] = []
        self.positions: Floats = np.zeros((0, 2))
        self.heights_m: Floats = np.zeros(0)
        self.movers: list[int] = []
        self.places: Places = []

    @property
    def moved(self) -> Flags:
        """Whether each person is one of the movers, shape (P,)."""
        moved = np.zeros(len(self.people), dtype=np.bool_)
        moved[self.movers] = True
        return moved

    def update(self, people: People) -> Indices | None:
        """Take the people of the next tick.

        Returns:
            None where they are the same as before; else for each of them the index before, -1 for the new ones.
        """
        now = list(people)
        before = None
        was_at: Sequence[Point | None] = self.places
        if now != self.people:
            indices = {id(person): index for index, person in enumerate(self.people)}
            before = np.array([indices.get(id(person), -1) for person in now], dtype=np.intp)
            self.heights_m = np.array([person.height_m for person in now], dtype=np.float64)
            self.positions = carried(self.positions.T, before, np.nan).T
            was_at = [was_at[index] if index >= 0 else None for index in before.tolist()]
            self.people = now
        places = self.places = [person.position for person in now]
        # Who stands still has the very same point as before.
        self.movers = [index for index, place in enumerate(places) if place is not was_at[index]]
        if self.movers:
            self.positions[self.movers] = [places[index] for index in self.movers]
        return before

    def gone(self, before: Indices, count: int) -> list[int]:
        """Return which of `count` earlier indices are no longer there."""
        return sorted(set(range(count)).difference(before.tolist()))


def carried(values: NDArray[ScalarT], before: Indices, fill: object) -> NDArray[ScalarT]:
    """Return values of shape (..., people before) in the order of the people now; `fill` for the new ones."""
    out = np.full((*values.shape[:-1], len(before)), fill, dtype=values.dtype)
    stayed = before >= 0
    out[..., stayed] = values[..., before[stayed]]
    return out
