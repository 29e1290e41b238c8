"""The assignment problem, solved exactly. Pure.

Only pairs within the limit matter, so the problem falls apart into groups of rows and columns that
compete with each other; most groups in a camera's picture are one person and one box. What is left
is solved by the Hungarian algorithm with potentials: Kuhn, Naval Research Logistics Quarterly 2
(1955), in the shortest-augmenting-path form of Jonker and Volgenant, Computing 38 (1987).
"""

from collections.abc import Iterator
from math import inf
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Group: TypeAlias = tuple[list[int], list[int]]


def assign(costs: NDArray[np.float64], limit: float) -> list[tuple[int, int]]:
    """Return the pairs of rows and columns that together cost least, pairs above a limit left out.

    A pair whose cost exceeds the limit counts as the limit while the sum is minimized, so that one
    impossible pair does not spoil the others.

    Args:
        costs: Shape (R, C), finite.
        limit: Greatest cost of a pair.

    Returns:
        (row, column) pairs in order of rows; each row and each column at most once.
    """
    is_possible = costs <= limit
    rows, columns = np.nonzero(is_possible)
    if not len(rows):
        return []
    row_list, column_list = rows.tolist(), columns.tolist()
    if len(set(row_list)) == len(row_list) == len(set(column_list)):  # nobody competes
        return list(zip(row_list, column_list, strict=True))
    is_lonely = (is_possible.sum(axis=1)[rows] == 1) & (is_possible.sum(axis=0)[columns] == 1)
    pairs = list(zip(rows[is_lonely].tolist(), columns[is_lonely].tolist(), strict=True))
    contested = ~is_lonely
    for group in _groups(rows[contested].tolist(), columns[contested].tolist()):
        pairs += _assign_group(costs, limit, group)
    return sorted(pairs)


def _groups(rows: list[int], columns: list[int]) -> Iterator[Group]:
    """Yield the connected parts of the graph whose edges are the possible pairs."""
    columns_of: dict[int, list[int]] = {}
    rows_of: dict[int, list[int]] = {}
    for row, column in zip(rows, columns, strict=True):
        columns_of.setdefault(row, []).append(column)
        rows_of.setdefault(column, []).append(row)
    while columns_of:
        waiting = [next(iter(columns_of))]
        found_rows: list[int] = []
        found_columns: set[int] = set()
        while waiting:
            row = waiting.pop()
            if row not in columns_of:
                continue
            found_rows.append(row)
            fresh = [column for column in columns_of.pop(row) if column not in found_columns]
            found_columns.update(fresh)
            waiting += [other for column in fresh for other in rows_of[column] if other in columns_of]
        yield sorted(found_rows), sorted(found_columns)


def _assign_group(costs: NDArray[np.float64], limit: float, group: Group) -> list[tuple[int, int]]:
    rows, columns = group
    part = np.minimum(costs[np.ix_(rows, columns)], limit + 1e-6)
    if len(rows) <= len(columns):
        found = _assign_wide(part.tolist())
    else:
        found = [(row, column) for column, row in _assign_wide(part.T.tolist())]
    return [(rows[row], columns[column]) for row, column in found if part[row, column] <= limit]


def _assign_wide(costs: list[list[float]]) -> list[tuple[int, int]]:
    """Assign every row of a matrix that has no more rows than columns."""
    row_potential = [0.0] * len(costs)
    column_potential = [0.0] * len(costs[0])
    row_of = [-1] * len(costs[0])
    for start in range(len(costs)):
        came_from, column = _shortest_path(costs, start, row_of, row_potential, column_potential)
        while column >= 0:  # every row on the path moves to the column that it reached
            previous = came_from[column]
            row_of[column] = start if previous < 0 else row_of[previous]
            column = previous
    return [(row, column) for column, row in enumerate(row_of) if row >= 0]


def _shortest_path(
    costs: list[list[float]], start: int, row_of: list[int], row_potential: list[float], column_potential: list[float]
) -> tuple[list[int], int]:
    """Return the cheapest way from a row to a free column, as each column's predecessor, and that column.

    The potentials are moved so that every pair on the way costs nothing.
    """
    count = len(row_of)
    slack = [inf] * count
    came_from = [-1] * count
    open_columns = list(range(count))
    reached: list[tuple[int, int, float]] = []  # row, the column through which, the way's length to it
    row, through, length = start, -1, 0.0
    while True:
        reached.append((row, through, length))
        row_costs, own = costs[row], row_potential[row]
        nearest, best = -1, inf
        for column in open_columns:
            way = length + row_costs[column] - own - column_potential[column]
            if way < slack[column]:
                slack[column], came_from[column] = way, through
            if slack[column] < best:
                nearest, best = column, slack[column]
        length = best
        open_columns.remove(nearest)
        if row_of[nearest] < 0:
            break
        row, through = row_of[nearest], nearest
    for row, through, distance in reached:
        row_potential[row] += length - distance
        if through >= 0:
            column_potential[through] -= length - distance
    return came_from, nearest
