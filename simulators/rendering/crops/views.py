"""Cameras and what they look at: corners of the simulated shops, and places that nobody built. Pure."""

# ruff: noqa: PLR2004 - shares and lengths speak for themselves

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot, log

import numpy as np
from numpy.typing import NDArray

from simulators.core.geometry import Point
from simulators.core.layout import Camera
from simulators.core.optics import CameraOptics
from simulators.core.scenario import Scenario, obstacles
from simulators.rendering.crops.backdrops import paint_place
from simulators.rendering.scenery import SUPERSAMPLING, Scenery, build_scenery
from simulators.rendering.stage import Stage, draw_lighting

Floats = NDArray[np.float64]

FRAME_PX = (400, 300)
TALL_PX = (48.0, 165.0)
"""How tall people are in the pictures of the cameras."""

_STREAM = 72
_UNBUILT = 0.45
_LOW_M, _HIGH_M = (1.7, 3.2), (3.2, 6.0)
_HIGH_SHARE = 0.35
_FOV_DEG = (34.0, 84.0)
_EYES_M, _LEVEL_AWAY_M, _NARROW_FOV_DEG = (1.2, 2.2), (14.0, 40.0), (26.0, 52.0)
_ADULT_M = 1.7
_LEAST_PLACES = 400
_TRIES = 12
_CHOICES = 32


@dataclass(frozen=True, slots=True)
class View:
    """A camera before a place.

    Attributes:
        stage: Takes the pictures.
        optics: The lens.
        places_m: Floor points that it sees, shape (N, 2).
        tall_px: How tall a person of 1.7 m is there, shape (N,).
        is_outdoors: Whether daylight falls on it.
    """

    stage: Stage
    optics: CameraOptics
    places_m: Floats
    tall_px: Floats
    is_outdoors: bool = False

    def place(self, rng: np.random.Generator) -> Point:
        """Return a floor point, such that people of all sizes in `TALL_PX` are as frequent, as far as there are."""
        wanted = rng.uniform(log(TALL_PX[0]), log(TALL_PX[1]))
        some = rng.integers(len(self.places_m), size=_CHOICES)
        best = some[np.abs(np.log(self.tall_px[some]) - wanted).argmin()]
        return float(self.places_m[best, 0]), float(self.places_m[best, 1])


def draw_view(seed: int, number: int, shops: Sequence[Scenario]) -> View:
    """Return a camera before one of the shops or before a place that nobody built; the same for the same numbers.

    Args:
        seed: What everything is drawn from.
        number: Which view.
        shops: Some scenarios.
    """
    rng = np.random.default_rng([seed, _STREAM, number])
    tries = 0 if rng.random() < _UNBUILT else _TRIES
    while True:
        tries -= 1
        view = _shop_view(shops, rng) if tries >= 0 else _painted_view(rng)
        if len(view.places_m) >= _LEAST_PLACES:
            return view


def draw_outdoor_view(seed: int, number: int) -> View:
    """Return a level camera at the height of eyes before a place that nobody built; the same for the same numbers.

    Args:
        seed: What everything is drawn from.
        number: Which view.
    """
    rng = np.random.default_rng([seed, _STREAM, number, 1])
    while True:
        height_m, away_m = float(rng.uniform(*_EYES_M)), float(rng.uniform(*_LEVEL_AWAY_M))
        camera = Camera(
            id="crops",
            position=(0.0, 0.0),
            height_m=height_m,
            looks_at=(away_m, 0.0),
            horizontal_fov_deg=float(rng.uniform(*_NARROW_FOV_DEG)),
            frame_px=FRAME_PX,
        )
        optics = CameraOptics(camera)
        view = _view(optics, paint_place(optics, rng), rng)
        if len(view.places_m) >= _LEAST_PLACES:
            return replace(view, is_outdoors=True)


def _shop_view(shops: Sequence[Scenario], rng: np.random.Generator) -> View:
    shop = shops[int(rng.integers(len(shops)))]
    optics = _optics(rng, *_range_of(shop))
    return _view(optics, build_scenery(shop, optics, int(rng.integers(2**31))), rng)


def _painted_view(rng: np.random.Generator) -> View:
    optics = _optics(rng, np.zeros(2), np.full(2, 30.0))
    return _view(optics, paint_place(optics, rng), rng)


def _range_of(shop: Scenario) -> tuple[Floats, Floats]:
    corners = np.array([corner for polygon in obstacles(shop) for corner in polygon])
    return corners.min(axis=0), corners.max(axis=0)


def _optics(rng: np.random.Generator, low: Floats, high: Floats) -> CameraOptics:
    """Return a lens somewhere in a rectangle, that looks at a place in it some metres away."""
    margin = 0.1 * (high - low)
    eye, looks_at = rng.uniform(low + margin, high - margin), rng.uniform(low + margin, high - margin)
    away = looks_at - eye
    distance = hypot(away[0], away[1])
    looks_at = eye + away / max(distance, 0.1) * np.clip(distance, 3.5, 9.0)
    camera = Camera(
        id="crops",
        position=(float(eye[0]), float(eye[1])),
        height_m=float(rng.uniform(*(_HIGH_M if rng.random() < _HIGH_SHARE else _LOW_M))),
        looks_at=(float(looks_at[0]), float(looks_at[1])),
        horizontal_fov_deg=float(rng.uniform(*_FOV_DEG)),
        frame_px=FRAME_PX,
        distortion_k1=float(rng.uniform(-0.04, 0.0)),
    )
    return CameraOptics(camera)


def _view(optics: CameraOptics, scenery: Scenery, rng: np.random.Generator) -> View:
    """Return a view with the places where people are neither too small nor too large, nor cut off by the frame."""
    middles = slice(SUPERSAMPLING // 2, None, 2 * SUPERSAMPLING)
    floor_m = scenery.floor_m[middles, middles].reshape(-1, 2).astype(np.float64)
    floor_m = floor_m[~np.isnan(floor_m[:, 0])]
    feet, near_m = optics.project(np.column_stack([floor_m, np.zeros(len(floor_m))]))
    heads, far_m = optics.project(np.column_stack([floor_m, np.full(len(floor_m), _ADULT_M)]))
    tall_px = np.hypot(*(heads - feet).T)
    fits = (near_m > 0.5) & (far_m > 0.5) & (heads[:, 1] > -0.2 * tall_px)
    fits &= (tall_px > TALL_PX[0]) & (tall_px < TALL_PX[1])
    return View(Stage(optics, scenery, draw_lighting(rng)), optics, floor_m[fits], tall_px[fits])
