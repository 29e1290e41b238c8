"""Where everyone really was, once a second."""

from array import array

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from simulators.core.geometry import Points
from simulators.core.people import Person, Role

_MS_PER_S = 1000


class TruePath(Struct, frozen=True, kw_only=True):
    """Where one person was.

    Attributes:
        t_ms: When, Unix milliseconds UTC, shape (N,).
        positions: Where, m, shape (N, 2).
    """

    person_id: str
    role: Role
    t_ms: NDArray[np.int64]
    positions: Points


class PathLog:
    """Keeps everyone's positions at whole seconds: 24 bytes for each."""

    def __init__(self) -> None:
        self._paths: dict[str, tuple[Role, array[int], array[float]]] = {}
        self._second = -1

    def sample(self, people: list[Person], now_ms: int) -> None:
        """Keep where everyone is, if a second has begun since the last time."""
        second = now_ms // _MS_PER_S
        if second == self._second:
            return
        self._second = second
        for person in people:
            path = self._paths.get(person.person_id)
            if path is None:
                path = self._paths[person.person_id] = (person.role, array("q"), array("d"))
            path[1].append(now_ms)
            path[2].extend(person.position)

    def paths(self) -> tuple[TruePath, ...]:
        """Return everyone's path so far, in the order in which people were first seen."""
        return tuple(
            TruePath(
                person_id=person_id,
                role=role,
                t_ms=np.array(times, dtype=np.int64),
                positions=np.array(numbers, dtype=np.float64).reshape(-1, 2),
            )
            for person_id, (role, times, numbers) in self._paths.items()
        )
