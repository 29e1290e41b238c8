"""The assignment problem, solved exactly. Pure.

The Hungarian algorithm with potentials: Kuhn, Naval Research Logistics Quarterly 2 (1955), in the
shortest-augmenting-path form of Jonker and Volgenant, Computing 38 (1987). Cost is cubic in the
number of people, of whom a camera sees tens.
"""

import numpy as np
from numpy.typing import NDArray


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
    rows, columns = costs.shape
    if rows == 0 or columns == 0:
        return []
    capped = np.minimum(costs, limit + 1e-6)
    pairs = _assign_wide(capped) if rows <= columns else [(r, c) for c, r in _assign_wide(capped.T)]
    return sorted((row, column) for row, column in pairs if costs[row, column] <= limit)


def _assign_wide(costs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Assign every row of a matrix that has no more rows than columns."""
    rows, columns = costs.shape
    row_potential = np.zeros(rows + 1)
    column_potential = np.zeros(columns + 1)
    row_of = np.zeros(columns + 1, dtype=np.intp)  # 0: free; rows and columns count from 1 here
    for row in range(1, rows + 1):
        row_of[0] = row
        column = 0
        came_from = np.zeros(columns + 1, dtype=np.intp)
        slack = np.full(columns + 1, np.inf)
        reached = np.zeros(columns + 1, dtype=bool)
        while row_of[column]:
            reached[column] = True
            at = row_of[column]
            reduced = costs[at - 1] - row_potential[at] - column_potential[1:]
            better = ~reached[1:] & (reduced < slack[1:])
            slack[1:][better] = reduced[better]
            came_from[1:][better] = column
            following = int(np.argmin(np.where(reached, np.inf, slack)))
            step = slack[following]
            row_potential[row_of[reached]] += step
            column_potential[reached] -= step
            slack[~reached] -= step
            column = following
        while column:
            previous = int(came_from[column])
            row_of[column] = row_of[previous]
            column = previous
    return [(int(row_of[column]) - 1, column - 1) for column in range(1, columns + 1) if row_of[column]]
