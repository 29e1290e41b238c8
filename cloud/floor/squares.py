"""Adds up how long people stood in squares of the floor. Pure."""

from collections.abc import Iterable, Sequence
from math import floor

Square = tuple[int, int]
Told = Sequence[tuple[int, int, float]]
"""(column, row, seconds) of each square where anybody stood."""


def add_up(told: Iterable[tuple[float, Told]]) -> tuple[float | None, dict[Square, float]]:
    """Return the side of a square in metres, None where nothing was told, and the seconds of each.

    Cameras may tell squares of different sizes: what is told of smaller ones goes to the largest squares, each to the
    one that holds its middle.

    Args:
        told: The side of a square in metres and the squares, of each report.
    """
    by_size: dict[float, dict[Square, float]] = {}
    for side_m, squares in told:
        seconds = by_size.setdefault(side_m, {})
        for column, row, person_s in squares:
            seconds[column, row] = seconds.get((column, row), 0.0) + person_s
    if not by_size:
        return None, {}
    largest_m = max(by_size)
    total: dict[Square, float] = {}
    for side_m, seconds in sorted(by_size.items()):
        for (column, row), person_s in seconds.items():
            square = (floor((column + 0.5) * side_m / largest_m), floor((row + 0.5) * side_m / largest_m))
            total[square] = total.get(square, 0.0) + person_s
    return largest_m, total
