"""What a camera's configuration says of its lens and its floor."""

from functools import lru_cache

from edge.camera_settings import CameraConfig, FloorSettings, LensSettings
from edge.core import floor_quality as quality_rules
from edge.core.floor import FloorMap, fit_floor
from edge.core.floor_quality import FloorQuality
from edge.core.geometry import Point
from edge.core.lens import Lens, check_lens
from edge.core.plumb_lines import estimate_lens
from edge.errors import ConfigurationError


def floor_map(config: CameraConfig) -> FloorMap | None:
    """Return the map from the picture to the floor, None where the floor is not known.

    Raises:
        ConfigurationError: The points give none, or the lens cannot be.
    """
    lens = camera_lens(config)
    if config.floor is None:
        return None
    try:
        return fit_floor(config.floor.image_px, config.floor.floor_m, lens)
    except ValueError as error:
        msg = f"floor: {error}"
        raise ConfigurationError(msg) from error


def camera_place_m(config: CameraConfig) -> tuple[float, float, float] | None:
    """Return where the camera hangs, m; None where that is not told, or nothing looks at pictures."""
    if config.floor is None or config.camera.source.startswith("tracks:"):
        return None
    return config.floor.camera_m


def floor_quality(config: CameraConfig) -> FloorQuality | None:
    """Return how well the floor's points go together, None where the floor is not known.

    Raises:
        ConfigurationError: As in `floor_map`.
    """
    if floor_map(config) is None or config.floor is None:
        return None
    return _quality(config.floor, camera_lens(config))


def floor_error_m(config: CameraConfig) -> float | None:
    """Return the standard error of positions on the floor: the one that is told, or the one that the points give.

    Raises:
        ConfigurationError: As in `floor_map`.
    """
    if config.floor is not None and config.floor.error_m is not None:
        return config.floor.error_m
    quality = floor_quality(config)
    return None if quality is None else quality.error_m


def camera_lens(config: CameraConfig) -> Lens | None:
    """Return the lens, None where nothing is said of it.

    Raises:
        ConfigurationError: Too little or too much is said, the lines give no lens, or it folds the picture.
    """
    settings = config.lens
    if settings is None:
        return None
    if config.camera.picture_size is None:
        msg = "lens: needs camera.picture_size = [WIDTH, HEIGHT], the picture's size in pixels, to know its middle"
        raise ConfigurationError(msg)
    if (settings.k1 is None) == (not settings.lines):
        told = "neither" if settings.k1 is None else "both"
        msg = f"lens: needs either k1 or lines that are straight in the world, got {told}"
        raise ConfigurationError(msg)
    if settings.lines and settings.k2:
        msg = f"lens: lines give k1 alone, got k2 = {settings.k2:g} beside them; leave out k2, or give k1 and no lines"
        raise ConfigurationError(msg)
    try:
        return _lens(settings, config.camera.picture_size)
    except ValueError as error:
        msg = f"lens: {error}"
        raise ConfigurationError(msg) from error


def lens_frame(settings: LensSettings, picture_wh_px: tuple[int, int]) -> tuple[Point, float]:
    """Return where a lens's axis meets the picture, and how many pixels its unit has."""
    width_px, height_px = picture_wh_px
    centre_px = settings.centre_px or (width_px / 2, height_px / 2)
    return centre_px, settings.focal_px or (width_px**2 + height_px**2) ** 0.5 / 2


@lru_cache(maxsize=16)
def _quality(points: FloorSettings, lens: Lens | None) -> FloorQuality:
    return quality_rules.floor_quality(points.image_px, points.floor_m, lens)


@lru_cache(maxsize=16)
def _lens(settings: LensSettings, picture_wh_px: tuple[int, int]) -> Lens:
    centre_px, unit_px = lens_frame(settings, picture_wh_px)
    k1 = settings.k1
    if k1 is None:
        k1 = estimate_lens(settings.lines, centre_px, unit_px).k1
    lens = Lens(k1=k1, k2=settings.k2, centre_px=centre_px, unit_px=unit_px)
    check_lens(lens, picture_wh_px)
    return lens
