"""The assignment problem in pure Python, for the few segments that begin together. Pure.

The Hungarian algorithm with potentials: Kuhn, Naval Research Logistics Quarterly 2 (1955), as shortest augmenting
paths after Jonker and Volgenant, Computing 38 (1987). Gateways carry no numerical library.
"""

from collections.abc import Sequence
from math import inf


def assign(costs: Sequence[Sequence[float]]) -> list[int]:
    """Return for each row the column that it gets, so that the sum is least.

    Args:
        costs: R rows of C columns, R at most C, finite.

    Raises:
        ValueError: There are more rows than columns.
    """
    rows, columns = len(costs), len(costs[0]) if costs else 0
    if rows > columns:
        msg = f"expected at most as many rows as columns, got {rows} rows and {columns} columns"
        raise ValueError(msg)
    row_of = [-1] * (columns + 1)  # The last column is where a row waits that is being placed.
    of_row, of_column = [0.0] * rows, [0.0] * (columns + 1)
    for row in range(rows):
        row_of[columns] = row
        _augment(costs, row_of, of_row, of_column)
    found = [0] * rows
    for column in range(columns):
        if row_of[column] >= 0:
            found[row_of[column]] = column
    return found


def second_best(costs: Sequence[Sequence[float]], found: Sequence[int], row: int, never: float) -> tuple[int, float]:
    """Return which column a row gets in the best assignment in which it does not get its own, and how much that costs.

    Args:
        costs: As for `assign`.
        found: What `assign` found.
        row: The row.
        never: A cost that is more than any real one.

    Returns:
        The column, and by how much the sum is more than the least.
    """
    other = [list(each) for each in costs]
    other[row][found[row]] = never
    second = assign(other)
    least, more = (sum(each[place] for each, place in zip(costs, way, strict=True)) for way in (found, second))
    return second[row], more - least


def _augment(costs: Sequence[Sequence[float]], row_of: list[int], of_row: list[float], of_column: list[float]) -> None:
    """Place the row that waits in the last column, moving others along the cheapest alternating path."""
    columns = len(row_of) - 1
    least, via, is_done = [inf] * columns, [columns] * columns, [False] * (columns + 1)
    here = columns
    while row_of[here] >= 0:
        is_done[here] = True
        row = row_of[here]
        open_columns = [column for column in range(columns) if not is_done[column]]
        for column in open_columns:
            cost = costs[row][column] - of_row[row] - of_column[column]
            if cost < least[column]:
                least[column], via[column] = cost, here
        there = min(open_columns, key=least.__getitem__)
        step = least[there]
        for column in range(columns + 1):
            if is_done[column]:
                of_row[row_of[column]] += step
                of_column[column] -= step
        for column in open_columns:
            least[column] -= step
        here = there
    while here != columns:
        row_of[here] = row_of[via[here]]
        here = via[here]
    row_of[columns] = -1
