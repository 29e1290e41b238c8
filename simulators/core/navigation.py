"""Shortest walks round walls and shelves.

People keep a clearance from every obstacle, so the obstacles are grown by it; the shortest way between two points is
then a chain of straight lines that bends only at the grown obstacles' corners (a visibility graph: Lozano-Pérez and
Wesley, 1979), found with Dijkstra's algorithm.
"""

import heapq
from collections.abc import Sequence

import numpy as np

from simulators.core.geometry import ConvexObstacle, Point, Points, Polygon, distance

CLEARANCE_M = 0.25
_SLACK_M = 0.01  # A path may lie on the line that the corners span, so sight is blocked a little inside of it.


class NoWayError(Exception):
    """There is no way between two points of the floor."""

    def __init__(self, start: Point, goal: Point) -> None:
        super().__init__(f"no way from {start} to {goal} that keeps {CLEARANCE_M} m from walls and shelves")
        self.start = start
        self.goal = goal


class Navigator:
    """Finds walks between points of one floor.

    Args:
        obstacles: Convex polygons that nobody walks through.
    """

    def __init__(self, obstacles: Sequence[Polygon]) -> None:
        self._blockers = [ConvexObstacle(polygon, CLEARANCE_M - _SLACK_M) for polygon in obstacles]
        corners = [ConvexObstacle(polygon, CLEARANCE_M).corners for polygon in obstacles]
        every: Points = np.concatenate(corners) if corners else np.empty((0, 2))
        self._nodes: Points = every[~self._is_inside(every)]
        self._ways = [self._visible(_as_point(node)) for node in self._nodes]

    def is_free(self, point: Point) -> bool:
        """Return whether a person can stand at the point with clearance from every obstacle."""
        return bool(self.are_free(np.asarray([point]))[0])

    def are_free(self, points: Points) -> "np.typing.NDArray[np.bool_]":
        """Return for points of shape (N, 2) whether a person can stand there, shape (N,)."""
        return ~self._is_inside(points)

    def walk(self, start: Point, goal: Point) -> list[Point]:
        """Return the shortest walk's points after `start`, the last one `goal`.

        Raises:
            NoWayError: An obstacle cuts the two points off from each other.
        """
        if not self._is_blocked(start, np.asarray([goal]))[0]:
            return [goal]
        to_goal = {node: distance(_as_point(self._nodes[node]), goal) for node, _ in self._visible(goal)}
        open_nodes = [(length, node, -1) for node, length in self._visible(start)]
        heapq.heapify(open_nodes)
        came_from: dict[int, int] = {}
        goal_node = len(self._nodes)
        while open_nodes:
            length, node, previous = heapq.heappop(open_nodes)
            if node in came_from:
                continue
            came_from[node] = previous
            if node == goal_node:
                return [*self._back(came_from, previous), goal]
            for neighbour, way in self._ways[node]:
                if neighbour not in came_from:
                    heapq.heappush(open_nodes, (length + way, neighbour, node))
            if node in to_goal:
                heapq.heappush(open_nodes, (length + to_goal[node], goal_node, node))
        raise NoWayError(start, goal)

    def _back(self, came_from: dict[int, int], node: int) -> list[Point]:
        points = []
        while node >= 0:
            points.append(_as_point(self._nodes[node]))
            node = came_from[node]
        return points[::-1]

    def _visible(self, point: Point) -> list[tuple[int, float]]:
        """Return the nodes seen from a point and the metres to each."""
        seen = np.flatnonzero(~self._is_blocked(point, self._nodes))
        return [(int(node), distance(point, _as_point(self._nodes[node]))) for node in seen]

    def _is_blocked(self, start: Point, ends: Points) -> "np.typing.NDArray[np.bool_]":
        blocked = np.zeros(len(ends), dtype=np.bool_)
        for obstacle in self._blockers:
            blocked |= obstacle.blocks(start, ends)
        return blocked

    def _is_inside(self, points: Points) -> "np.typing.NDArray[np.bool_]":
        inside = np.zeros(len(points), dtype=np.bool_)
        for obstacle in self._blockers:
            inside |= obstacle.contains(points)
        return inside


def _as_point(row: Points) -> Point:
    return (float(row[0]), float(row[1]))
