"""Meshes made light enough to be drawn many times a second, and garments bound to a body. Pure."""

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bodies import vertex_normals
from simulators.rendering.clothing.pieces import Fitting, Surface

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Indices = NDArray[np.int64]

REFERENCE_HEIGHT_M = 1.7
_CHUNK = 256


def lighter(points_m: Floats, source: Indices, uv: Floats32, triangles: Indices, cell_m: Floats | float) -> Surface:
    """Return a surface in which points of one cell and one facing are one, after J. Rossignac and P. Borrel (1993).

    Args:
        points_m: Places on a middling body, shape (V, 3).
        source: The point of each corner, shape (C,): points on a seam of the picture have several corners.
        uv: Where corners lie in the picture, shape (C, 2).
        triangles: Of corners, shape (T, 3).
        cell_m: Edge of a cell, a number or one a point, shape (V, 1).
    """
    normals = vertex_normals(points_m, source[triangles])
    axis = np.abs(normals).argmax(axis=1)
    side = np.take_along_axis(normals, axis[:, None], axis=1)[:, 0] > 0
    keys = np.column_stack([np.floor(points_m / cell_m + 0.5).astype(np.int64), axis, side])
    _, group = np.unique(keys, axis=0, return_inverse=True)
    group = group.reshape(-1)
    corners = np.column_stack([group[source], islands(triangles, len(source))])
    kinds, corner = np.unique(corners, axis=0, return_inverse=True)
    corner = corner.reshape(-1)
    mapped = corner[triangles]
    groups = kinds[:, 0][mapped]
    mapped = mapped[(groups != np.roll(groups, 1, axis=1)).all(axis=1)]
    mapped = np.unique(_from_smallest(mapped), axis=0)
    used, small = np.unique(mapped, return_inverse=True)
    return Surface(
        group=group,
        corner_group=kinds[used, 0],
        uv=means(uv.astype(np.float64), corner, len(kinds))[used].astype(np.float32),
        triangles=small.reshape(mapped.shape),
    )


def means(values: Floats, group: Indices, count: int) -> Floats:
    """Return the mean of the values, shape (V, K), of each group, shape (count, K)."""
    sums = np.stack([np.bincount(group, column, count) for column in values.T], axis=1)
    return sums / np.maximum(np.bincount(group, minlength=count), 1)[:, None]


def islands(triangles: Indices, count: int) -> Indices:
    """Return for each of `count` corners the smallest corner that triangles connect it to, shape (count,)."""
    label = np.arange(count)
    while True:
        before = label.copy()
        least = label[triangles].min(axis=1)
        np.minimum.at(label, triangles.reshape(-1), np.repeat(least, 3))
        label = label[label]
        if (label == before).all():
            return label


def bind(points_m: Floats, body_m: Floats, triangles: Indices) -> Fitting:
    """Return how points that were placed around a body of `REFERENCE_HEIGHT_M` follow it: each its nearest triangle.

    Args:
        points_m: Shape (V, 3).
        body_m: The body's vertices, shape (B, 3).
        triangles: The body's, shape (T, 3).
    """
    corners = body_m[triangles]
    middles = corners.mean(axis=1)
    nearest = np.concatenate(
        [
            ((points_m[first : first + _CHUNK, None] - middles[None]) ** 2).sum(axis=2).argmin(axis=1)
            for first in range(0, len(points_m), _CHUNK)
        ]
    )
    shares = _barycentric(points_m, corners[nearest])
    held = (shares[:, :, None] * corners[nearest]).sum(axis=1)
    return Fitting(triangles[nearest], shares.astype(np.float32), (points_m - held).astype(np.float32))


def _barycentric(points: Floats, corners: Floats) -> Floats:
    """Return the shares of triangles' corners, shape (N, 3), at the points in them nearest to `points`, clipped."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = (ab * ab).sum(1), (ab * ac).sum(1), (ac * ac).sum(1)
    d20, d21 = (ap * ab).sum(1), (ap * ac).sum(1)
    area = np.maximum(d00 * d11 - d01 * d01, 1e-18)
    second, third = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    shares = np.clip(np.stack([1 - second - third, second, third], axis=1), 0, 1)
    whole: Floats = shares / shares.sum(axis=1, keepdims=True)
    return whole


def _from_smallest(triangles: Indices) -> Indices:
    first = triangles.argmin(axis=1)
    return np.take_along_axis(triangles, (first[:, None] + np.arange(3)) % 3, axis=1)
