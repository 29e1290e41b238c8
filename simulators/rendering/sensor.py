"""What a camera's electronics do to a picture: colour cast, exposure, vignette, blur, noise, compression."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # (H, W, 3), BGR

_GRAINS = 8
_ROLL_PX = 61
_SHARPENED_PX = 1.2


@dataclass(frozen=True, slots=True)
class SensorSettings:
    """How good a camera is.

    Attributes:
        gains: Of blue, green and red: exposure and white balance.
        vignette: How much darker the corners are, 0 to 1.
        blur_px: Standard deviation of the lens's blur.
        sharpening: How much more the camera lifts edges.
        noise: Standard deviation of each value, of 255.
        jpeg_quality: Of the compression on the way to the recorder, 1 to 100; None: none.
    """

    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    vignette: float = 0.0
    blur_px: float = 0.0
    sharpening: float = 0.0
    noise: float = 0.0
    jpeg_quality: int | None = None


def draw_sensor(rng: np.random.Generator) -> SensorSettings:
    """Return one of the cameras that shops have."""
    exposure, warmth, tint = rng.uniform(1.04, 1.24), rng.normal(0, 0.03), rng.normal(0, 0.012)
    return SensorSettings(
        gains=(float(exposure * (1 - warmth)), float(exposure * (1 + tint)), float(exposure * (1 + warmth))),
        vignette=float(rng.uniform(0.05, 0.2)),
        blur_px=float(rng.uniform(0.45, 0.75)),
        sharpening=float(rng.uniform(0.3, 0.6)),
        noise=float(rng.uniform(1.0, 3.0)),
        jpeg_quality=int(rng.integers(75, 93)),
    )


class Sensor:
    """Takes pictures as a camera of some quality does. The same seed gives the same noise.

    Args:
        settings: Its quality.
        frame_px: Width and height of pictures.
        rng: Where noise comes from.
    """

    def __init__(self, settings: SensorSettings, frame_px: tuple[int, int], rng: np.random.Generator) -> None:
        width, height = frame_px
        self._settings, self._rng = settings, rng
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        falloff = 1 - settings.vignette * (x * x + y * y) / 2
        self._gains = (falloff[..., None] * np.array(settings.gains)).astype(np.float32)
        if settings.noise:
            grains = rng.normal(0, settings.noise, (_GRAINS, height, width, 3))
            self._grains = [cv2.GaussianBlur(grain, (0, 0), 0.6).astype(np.float32) * 1.7 for grain in grains]

    def expose(self, picture: Image) -> Image:
        """Return a picture as it reaches the recorder."""
        settings = self._settings
        exposed = picture.astype(np.float32) * self._gains
        if settings.blur_px:
            exposed = cv2.GaussianBlur(exposed, (0, 0), settings.blur_px)
        if settings.sharpening:
            soft = cv2.GaussianBlur(exposed, (0, 0), _SHARPENED_PX)
            exposed = cv2.addWeighted(exposed, 1 + settings.sharpening, soft, -settings.sharpening, 0)
        if settings.noise:
            grain = self._grains[int(self._rng.integers(_GRAINS))]
            exposed += np.roll(grain, int(self._rng.integers(_ROLL_PX)), axis=0)
        taken: Image = np.clip(exposed, 0, 255).astype(np.uint8)
        if settings.jpeg_quality is None:
            return taken
        _, coded = cv2.imencode(".jpg", taken, [cv2.IMWRITE_JPEG_QUALITY, settings.jpeg_quality])
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)
