"""Which part of the floor a camera reports on, and which camera of several watches something."""

from collections.abc import Sequence

from simulators.core.geometry import Point, Polygon, contains
from simulators.core.layout import Camera
from simulators.core.optics import CameraOptics


def view_of(camera: Camera) -> tuple[Point, ...]:
    """Return the part of the floor that a camera reports on: as given, else what its picture shows within its range.

    Raises:
        ValueError: Nothing is given and the picture shows no floor, or the lens folds its picture over itself.
    """
    return camera.sees if camera.sees is not None else CameraOptics(camera).footprint(camera.range_m)


def middle(points: Polygon) -> Point:
    """Return the mean of the points."""
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def watcher(cameras: Sequence[Camera], points: Polygon) -> Camera | None:
    """Return the one camera that watches a tripwire or a zone, so that nothing is counted twice where views overlap.

    It is the camera that sees most of its points among those that see its middle, the first of these in the scenario;
    None if no camera sees its middle.
    """
    best: tuple[int, Camera] | None = None
    for camera in cameras:
        view = view_of(camera)
        seen = sum(contains(view, point) for point in points)
        if contains(view, middle(points)) and (best is None or seen > best[0]):
            best = (seen, camera)
    return best[1] if best else None
