"""Places that nobody built: a floor and what stands behind it, like a photograph out of focus. Pure."""

# ruff: noqa: PLR2004 - shares and sizes of a painted picture speak for themselves

import numpy as np
from numpy.typing import NDArray

from simulators.core.optics import CameraOptics
from simulators.rendering.scenery import SUPERSAMPLING, Scenery
from simulators.rendering.textures import smooth_noise

Floats = NDArray[np.float64]

_FAR_M = 40.0
_WALL_M = (7.0, 20.0)
_OCTAVES = (3, 6, 12, 24, 48)
_MOST_THINGS = 26


def paint_place(optics: CameraOptics, rng: np.random.Generator) -> Scenery:
    """Return a place as a camera sees it: ground up to a wall at some distance, and things before that wall."""
    width, height = (side * SUPERSAMPLING for side in optics.frame_px)
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([columns, rows], axis=-1).reshape(-1, 2)
    rays = optics.rays((pixels + 0.5) / SUPERSAMPLING).reshape(height, width, 3)
    eye = optics.eye_m
    with np.errstate(divide="ignore"):
        down = np.where(rays[..., 2] < 0, -eye[2] / rays[..., 2], np.inf)
    ground = down < rng.uniform(*_WALL_M)
    points = eye[:2] + np.where(ground, down, 0.0)[..., None] * rays[..., :2]
    colour = np.where(ground[..., None], _ground(points, rng), _behind((height, width), rng))
    colour *= 1 + 0.12 * _cloudy((height, width), rng)[..., None]
    floor_m = np.where(ground[..., None], points, np.nan)
    depth = np.where(ground, down, _FAR_M)
    return Scenery(
        colour=np.clip(colour, 0.0, 1.0).astype(np.float32),
        nearness=(1 / depth).astype(np.float32),
        floor_m=floor_m.astype(np.float32),
    )


def _cloudy(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Return noise in which coarse forms are stronger than fine ones, as in photographs, about -1 to 1."""
    noise = np.zeros(shape)
    for cells in _OCTAVES:
        noise += smooth_noise(rng, shape, (cells, cells)) / cells**0.6
    return noise / max(1e-6, float(np.abs(noise).max()))


def _colour(rng: np.random.Generator, most_saturated: float = 0.4) -> Floats:
    """Return a colour as places have it: of any brightness, seldom loud."""
    grey = rng.uniform(0.03, 0.75)
    tint = rng.normal(0, 1, 3)
    colour: Floats = np.clip(grey * (1 + rng.uniform(0, most_saturated) * tint / np.abs(tint).max()), 0.01, 0.95)
    return colour


def _ground(points: Floats, rng: np.random.Generator) -> Floats:
    """Return colours of a floor at points of shape (H, W, 2): tiles, planks, asphalt or grass, by chance."""
    shape = points.shape[:2]
    turn = rng.uniform(0, np.pi)
    across = points @ np.array([np.cos(turn), np.sin(turn)])
    along = points @ np.array([-np.sin(turn), np.cos(turn)])
    pitch_m = rng.uniform(0.15, 1.2)
    stretch = rng.choice([1.0, 1.0, 6.0])
    joints = (np.abs(across / pitch_m % 1 - 0.5) > 0.48) | (np.abs(along / pitch_m / stretch % 1 - 0.5) > 0.49)
    squares = (np.floor(across / pitch_m) + np.floor(along / pitch_m / stretch)) % 2
    pattern = 1 - rng.choice([0.0, 0.2, 0.35]) * joints - rng.choice([0.0, 0.0, 0.25]) * squares
    grain = 1 + rng.uniform(0.02, 0.12) * rng.normal(0, 1, shape) + rng.uniform(0, 0.3) * _cloudy(shape, rng)
    colours: Floats = _colour(rng) * (pattern * grain)[..., None]
    return colours


def _behind(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Return colours of what is behind: a shaded wall with upright things, windows, foliage or goods on it."""
    height, width = shape
    rise = np.linspace(0, 1, height)[:, None, None]
    picture = _colour(rng) * (1 - rise) + _colour(rng) * rise
    picture = np.broadcast_to(picture, (height, width, 3)).copy()
    if rng.random() < 0.4:
        leaves = _cloudy(shape, rng)[..., None]
        picture = picture * (0.7 - 0.5 * leaves) + _colour(rng) * np.clip(leaves, 0, 1)
    for _ in range(int(rng.integers(0, _MOST_THINGS))):
        across, tall = int(rng.integers(8, width // 3)), int(rng.integers(8, height // 2))
        left, top = int(rng.integers(-across // 2, width)), int(rng.integers(-tall // 2, height))
        spot = picture[max(0, top) : max(0, top + tall), max(0, left) : max(0, left + across)]
        spot += rng.uniform(0.5, 1.0) * (_colour(rng, 0.8) - spot)
        if rng.random() < 0.3:
            pitch = int(rng.integers(6, 24))
            spot[::pitch] *= 0.5
    return picture * (1 + 0.05 * rng.normal(0, 1, (height, width, 1)))
