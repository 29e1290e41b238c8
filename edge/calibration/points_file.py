"""The floor's points in a text file: `image_x, image_y, floor_x, floor_y` a line, pixels and metres."""

import csv
from math import isfinite
from pathlib import Path

from edge.camera_settings import Point
from edge.errors import FeedError

_COLUMNS = 4


def read_points(path: Path) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """Return points of the picture, pixels, and the same on the floor, metres.

    A first line of names, empty lines, and lines that begin with # are passed over.

    Raises:
        FeedError: The file cannot be read, or a line is not of that form; the message names the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), start=1) if _says_something(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"points {path} cannot be read: {error}"
        raise FeedError(msg) from error
    if rows and _numbers(rows[0][1]) is None and len(rows[0][1]) == _COLUMNS:
        rows = rows[1:]
    image_px, floor_m = [], []
    for number, row in rows:
        values = _numbers(row)
        if values is None:
            msg = f"points {path}:{number}: need image_x,image_y,floor_x,floor_y as numbers, got {','.join(row)!r}"
            raise FeedError(msg)
        image_px.append((values[0], values[1]))
        floor_m.append((values[2], values[3]))
    return tuple(image_px), tuple(floor_m)


def _says_something(row: list[str]) -> bool:
    return any(field.strip() for field in row) and not row[0].lstrip().startswith("#")


def _numbers(row: list[str]) -> list[float] | None:
    try:
        values = [float(field) for field in row]
    except ValueError:
        return None
    return values if len(values) == _COLUMNS and all(map(isfinite, values)) else None
