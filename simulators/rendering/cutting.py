"""Sheets that follow bones: cut along lines, and joined. Pure."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A surface in the rest pose.

    Attributes:
        vertices: Shape (V, 3), metres.
        weights: How much each bone moves each vertex, shape (V, bones); rows sum to 1.
        triangles: Shape (T, 3), counter-clockwise as seen from outside.
    """

    vertices: Floats
    weights: Floats
    triangles: Indices

    def turned(self) -> "Sheet":
        """Return the same surface as seen from inside, with vertices of its own, so that normals point there too."""
        return replace(self, triangles=self.triangles[:, ::-1])


def cut(sheet: Sheet, level: Floats) -> Sheet:
    """Return what of a sheet lies where a level is at least 0; triangles across the line are cut along it.

    Args:
        sheet: The sheet.
        level: At each vertex, shape (V,); linear along edges.
    """
    inside = level >= 0
    corners_inside = inside[sheet.triangles].sum(axis=1)
    pieces = [sheet.triangles[corners_inside == 3]]  # noqa: PLR2004 - a triangle's corners
    edges: list[Indices] = []
    count = len(level)
    for alone, kept in ((True, 1), (False, 2)):
        crossed = sheet.triangles[corners_inside == kept]
        first = (inside[crossed] == alone).argmax(axis=1)
        a, b, c = np.take_along_axis(crossed, (first[:, None] + np.arange(3)) % 3, axis=1).T
        ab = count + np.arange(len(a))
        ac = ab + len(a)
        count += 2 * len(a)
        edges += [np.stack([a, b], axis=1), np.stack([a, c], axis=1)]
        if alone:
            pieces.append(np.stack([a, ab, ac], axis=1))
        else:
            pieces += [np.stack([ab, b, c], axis=1), np.stack([ab, c, ac], axis=1)]
    ends = np.sort(np.concatenate(edges), axis=1)
    kinds, which = np.unique(ends, axis=0, return_inverse=True)
    lookup = np.concatenate([np.arange(len(level)), len(level) + which.reshape(-1)])
    at_first, at_second = level[kinds[:, 0]], level[kinds[:, 1]]
    share = (at_first / (at_first - at_second))[:, None]
    points = np.column_stack([sheet.vertices, sheet.weights])
    points = np.concatenate([points, points[kinds[:, 0]] + share * (points[kinds[:, 1]] - points[kinds[:, 0]])])
    used, triangles = np.unique(lookup[np.concatenate(pieces)], return_inverse=True)
    return Sheet(points[used, :3], points[used, 3:], triangles.reshape(-1, 3))


def joined(sheets: list[Sheet]) -> Sheet:
    """Return several sheets as one."""
    starts = np.cumsum([0, *(len(each.vertices) for each in sheets[:-1])])
    return Sheet(
        np.concatenate([each.vertices for each in sheets]),
        np.concatenate([each.weights for each in sheets]),
        np.concatenate([each.triangles + start for each, start in zip(sheets, starts, strict=True)]),
    )
