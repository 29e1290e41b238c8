"""What a camera, its recorder and a detector's box make of a picture of a person. Pure but for OpenCV.

Wider than `simulators.rendering.sensor`, which draws cameras that shops should have: here are also those that are
dirty, dazzled, cheap or set wrongly, as a model that knows people again must not mind.
"""

# ruff: noqa: PLR2004 - shares and strengths speak for themselves

from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.pictures import FIGURE_WH

Image = NDArray[np.uint8]  # (H, W, 3), BGR
Floats32 = NDArray[np.float32]
Box = tuple[float, float, float, float]

SIZE_WH_PX = (64, 128)
"""Of the pictures that models are trained on."""

_Value = TypeVar("_Value", bound=np.generic)

_LUMA_BGR = np.array([0.114, 0.587, 0.299], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Manner:
    """How one camera shows colours and edges.

    Attributes:
        gains: Of blue, green and red: exposure and white balance.
        gamma: Exponent of its tone curve.
        contrast: About the middle of the range.
        haze: What is added everywhere, of 255.
        saturation: 0 grey, 1 as it is.
        blur_px: Standard deviation of the lens's blur.
        sharpening: How much it lifts edges.
        noise: Standard deviation of each value, of 255.
        jpeg_quality: 1 to 100.
    """

    gains: tuple[float, float, float]
    gamma: float
    contrast: float
    haze: float
    saturation: float
    blur_px: float
    sharpening: float
    noise: float
    jpeg_quality: int


def draw_manner(rng: np.random.Generator) -> Manner:
    """Return a camera's manner: most are decent, one in seven has a strong cast."""
    spread = 0.14 if rng.random() < 1 / 7 else 0.05
    cast = 1 + np.clip(rng.normal(0, spread, 3) * np.array([1.0, 0.5, 1.0]), -0.35, 0.35)
    blue, green, red = rng.uniform(0.7, 1.3) * cast
    return Manner(
        gains=(float(blue), float(green), float(red)),
        gamma=float(rng.uniform(0.7, 1.4)),
        contrast=float(rng.uniform(0.65, 1.2)),
        haze=float(rng.choice([0.0, rng.uniform(0, 30)])),
        saturation=float(rng.uniform(0.45, 1.2)),
        blur_px=float(rng.choice([0.0, rng.uniform(0.3, 1.1)])),
        sharpening=float(rng.choice([0.0, rng.uniform(0.2, 1.0)])),
        noise=float(rng.uniform(0.0, 7.0)),
        jpeg_quality=int(rng.integers(30, 96)),
    )


def draw_clear_manner(rng: np.random.Generator) -> Manner:
    """Return the manner of a camera in daylight: sharp, in full contrast and colour, with little noise."""
    cast = 1 + np.clip(rng.normal(0, 0.05, 3) * np.array([1.0, 0.4, 1.0]), -0.15, 0.15)
    blue, green, red = rng.uniform(0.75, 1.2) * cast
    return Manner(
        gains=(float(blue), float(green), float(red)),
        gamma=float(rng.uniform(0.8, 1.3)),
        contrast=float(rng.uniform(0.9, 1.25)),
        haze=0.0,
        saturation=float(rng.uniform(0.7, 1.25)),
        blur_px=float(rng.choice([0.0, rng.uniform(0.3, 0.7)])),
        sharpening=float(rng.choice([0.0, rng.uniform(0.3, 1.4)])),
        noise=float(rng.uniform(0.0, 4.0)),
        jpeg_quality=int(rng.integers(60, 97)),
    )


def exposed(picture: Image, manner: Manner, rng: np.random.Generator) -> Image:
    """Return a picture as a camera's recorder keeps it. Each has noise and, one in six, motion blur of its own."""
    gains = (np.array(manner.gains) * rng.normal(1, 0.04) / 255).astype(np.float32)
    light = _float32(np.clip(picture * gains, 0, 1.2) ** manner.gamma)
    grey = (light @ _LUMA_BGR)[..., None]
    light = _float32(grey + np.float32(manner.saturation) * (light - grey))
    shown: Floats32 = (light - np.float32(0.5)) * np.float32(255 * manner.contrast) + np.float32(127 + manner.haze)
    shown = _focused(shown, manner, smear_px=int(rng.integers(2, 7)) if rng.random() < 1 / 6 else 1)
    shown += rng.normal(0, manner.noise, shown.shape).astype(np.float32)
    return decoded(encoded(np.clip(shown, 0, 255).astype(np.uint8), manner.jpeg_quality))


def _focused(shown: Floats32, manner: Manner, smear_px: int) -> Floats32:
    """Return a picture with the lens's blur, a smear across, and lifted edges."""
    if manner.blur_px > 0.25:
        shown = _float32(cv2.GaussianBlur(shown, (0, 0), manner.blur_px))
    if smear_px > 1:
        shown = _float32(cv2.blur(shown, (smear_px, 1)))
    if manner.sharpening:
        soft = cv2.GaussianBlur(shown, (0, 0), 1.2)
        shown = _float32(cv2.addWeighted(shown, 1 + manner.sharpening, soft, -manner.sharpening, 0))
    return shown


def _float32(values: NDArray[Any]) -> Floats32:
    return np.asarray(values, dtype=np.float32)


def encoded(picture: Image, quality: int) -> bytes:
    """Return a picture as JPEG."""
    _, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(code)


def decoded(jpeg: bytes) -> Image:
    """Return the picture, BGR."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


def detected(box: Box, rng: np.random.Generator) -> Box:
    """Return a box as detectors give it: a little off, often loose, sometimes without legs or head."""
    x1, y1, x2, y2 = box
    wide, tall = x2 - x1, y2 - y1
    off = rng.normal(0, 0.03, 4)
    if rng.random() < 0.5:
        half = max(wide, rng.uniform(0.34, 0.52) * tall) / 2
        x1, x2 = (x1 + x2) / 2 - half, (x1 + x2) / 2 + half
    if rng.random() < 0.3:
        off += rng.uniform(0, 0.12, 4)
    if rng.random() < 0.07:
        off[3] -= rng.uniform(0.12, 0.4)
    elif rng.random() < 0.03:
        off[1] -= rng.uniform(0.05, 0.15)
    return x1 - off[0] * wide, y1 - off[1] * tall, x2 + off[2] * wide, y2 + off[3] * tall


def cut(picture: NDArray[_Value], box: Box) -> NDArray[_Value]:
    """Return what of a picture lies in a box, at least a pixel."""
    height, width = picture.shape[:2]
    left, top = min(max(0, round(box[0])), width - 1), min(max(0, round(box[1])), height - 1)
    right, bottom = min(max(left + 1, round(box[2])), width), min(max(top + 1, round(box[3])), height)
    return picture[top:bottom, left:right]


def fitted(picture: Image, rng: np.random.Generator) -> Image:
    """Return a picture at the size that models are trained on, resized one way or another as callers do."""
    way = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, SIZE_WH_PX, interpolation=way), dtype=np.uint8)


def figure_of(shares: Floats32) -> Image:
    """Return how much of each block of a picture is a person, 0 to 255, of how much of each of its pixels is."""
    blocks = cv2.resize(shares, FIGURE_WH, interpolation=cv2.INTER_AREA)
    return np.asarray(np.rint(blocks * np.float32(255)), dtype=np.uint8)
