"""Matchings of greatest weight. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from simulators.core.scoring.intervals import Floats

Edge = tuple[int, int]


def best_matching(weights: Mapping[Edge, float]) -> set[Edge]:
    """Return the edges of a matching of greatest total weight in a bipartite graph.

    Each connected component is solved by itself, since components are small where tracking is good.

    Args:
        weights: Positive weights by edge (left node, right node).
    """
    chosen: set[Edge] = set()
    for edges in _components(weights):
        if len(edges) == 1:
            chosen.add(edges[0])
            continue
        lefts, rights = (sorted({edge[side] for edge in edges}) for side in (0, 1))
        row_of, column_of = ({node: index for index, node in enumerate(nodes)} for nodes in (lefts, rights))
        table = np.zeros((len(lefts), len(rights)))
        for left, right in edges:
            table[row_of[left], column_of[right]] = weights[left, right]
        pairs = ((lefts[row], rights[column]) for row, column in assign(table))
        chosen.update(pair for pair in pairs if pair in weights)
    return chosen


def assign(weights: Floats) -> list[tuple[int, int]]:
    """Return an assignment of greatest total weight, as (row, column) pairs, as many as the shorter side is long.

    The Hungarian method (Kuhn, 1955, Naval Research Logistics Quarterly 2:83-97) with potentials and shortest
    augmenting paths (Jonker and Volgenant, 1987, Computing 38:325-340), one row after the other.

    Args:
        weights: Shape (R, C).
    """
    if weights.shape[0] > weights.shape[1]:
        return [(row, column) for column, row in assign(weights.T)]
    cost = weights.max(initial=0.0) - weights
    rows, columns = cost.shape
    row_of = np.full(columns, -1)
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    for row in range(rows):
        _augment(row, cost, row_of, row_price, column_price)
    return sorted((int(row), column) for column, row in enumerate(row_of) if row >= 0)


def _augment(
    row: int,
    cost: Floats,
    row_of: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    row_price: Floats,
    column_price: Floats,
) -> None:
    """Give one more row a column, along the cheapest path of exchanges; arrays change in place."""
    distance = np.full(cost.shape[1], np.inf)
    previous = np.full(cost.shape[1], -1)
    is_done = np.zeros(cost.shape[1], dtype=bool)
    current, from_column, length = row, -1, 0.0
    while True:
        through = length + cost[current] - row_price[current] - column_price
        is_nearer = ~is_done & (through < distance)
        distance[is_nearer], previous[is_nearer] = through[is_nearer], from_column
        from_column = int(np.argmin(np.where(is_done, np.inf, distance)))
        length = float(distance[from_column])
        if row_of[from_column] < 0:
            break
        is_done[from_column] = True
        current = int(row_of[from_column])
    gain = length - distance[is_done]
    row_price[row] += length
    row_price[row_of[is_done]] += gain
    column_price[is_done] -= gain
    while from_column >= 0:
        before = int(previous[from_column])
        row_of[from_column] = row if before < 0 else row_of[before]
        from_column = before


def _components(edges: Iterable[Edge]) -> list[list[Edge]]:
    """Return the edges of each connected component."""
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(node: tuple[str, int]) -> tuple[str, int]:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    known = list(edges)
    for left, right in known:
        parent[root(("left", left))] = root(("right", right))
    groups: dict[tuple[str, int], list[Edge]] = defaultdict(list)
    for edge in known:
        groups[root(("left", edge[0]))].append(edge)
    return list(groups.values())
