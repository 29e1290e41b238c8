"""The path of one person on the floor, thinned so that it never grows beyond a bound. Pure."""

from contracts.payloads import PathPoint

MAX_POINTS = 256
_DECIMALS = 2  # centimetres: more would be noise


def extend(path: tuple[PathPoint, ...], point: PathPoint, step_m: float) -> tuple[PathPoint, ...]:
    """Return the path with one more point, if the person has moved since the last.

    When it grows beyond `MAX_POINTS`, every other point goes; the first stays.

    Args:
        path: So far.
        point: Where the person is now.
        step_m: Shorter movements are not recorded.
    """
    point = PathPoint(point.t_ms, round(point.x_m, _DECIMALS), round(point.y_m, _DECIMALS))
    if path:
        last = path[-1]
        moved_m = ((point.x_m - last.x_m) ** 2 + (point.y_m - last.y_m) ** 2) ** 0.5
        if moved_m < step_m:
            return path
    longer = (*path, point)
    return longer if len(longer) <= MAX_POINTS else longer[::2]
