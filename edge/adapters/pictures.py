"""Pictures as the rest takes them, three channels of bytes, and what of each tells whether it shows something."""

import cv2
import numpy as np

from edge.core.tamper import Thumbnail, same_shape
from edge.ports import Image

_THUMBNAIL_WH = (32, 24)
_CELL_SAMPLES = 4
_SPARSE = 16
_GREY, _BGR, _BGRA = 1, 3, 4


def as_bgr(decoded: object) -> Image | None:
    """Return a decoded picture as shape (H, W, 3), uint8, BGR; None where it is none.

    Grey pictures get three equal channels, a fourth channel is left out, 16 bits are cut to the upper 8.
    """
    if not isinstance(decoded, np.ndarray) or not decoded.size:
        return None
    picture = (decoded >> 8).astype(np.uint8) if decoded.dtype == np.uint16 else decoded
    if picture.dtype != np.uint8:
        return None
    if picture.ndim == 2:  # noqa: PLR2004 - rows and columns alone
        picture = picture[:, :, np.newaxis]
    if picture.ndim != 3:  # noqa: PLR2004 - rows, columns, channels
        return None
    channels = picture.shape[2]
    if channels == _GREY:
        return np.asarray(np.repeat(picture, _BGR, axis=2), dtype=np.uint8)
    if channels == _BGRA:
        return np.ascontiguousarray(picture[:, :, :_BGR], dtype=np.uint8)
    return np.asarray(picture, dtype=np.uint8) if channels == _BGR else None


def resized(image_bgr: Image, wanted_wh_px: tuple[int, int]) -> Image | None:
    """Return a picture in another size, None where its sides have another ratio by more than a hundredth."""
    height_px, width_px = image_bgr.shape[:2]
    if (width_px, height_px) == wanted_wh_px:
        return image_bgr
    if not same_shape((width_px, height_px), wanted_wh_px):
        return None
    return np.asarray(cv2.resize(image_bgr, wanted_wh_px), dtype=np.uint8)


def thumbnail(image_bgr: Image) -> Thumbnail:
    """Return the grey means of the parts of a picture, shape (24, 32), from some of its pixels."""
    height_px, width_px = image_bgr.shape[:2]
    step = max(1, min(width_px // (_THUMBNAIL_WH[0] * _CELL_SAMPLES), height_px // (_THUMBNAIL_WH[1] * _CELL_SAMPLES)))
    sampled = np.ascontiguousarray(image_bgr[::step, ::step])
    small = cv2.resize(sampled, _THUMBNAIL_WH, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


class RepeatWatch:
    """Tells whether a picture equals the one before in every bit. It keeps one picture, in memory alone."""

    def __init__(self) -> None:
        self._before: Image | None = None

    def is_repeated(self, image_bgr: Image) -> bool:
        """Compare a picture with the one before, a few rows first."""
        before, self._before = self._before, image_bgr
        if before is None or before.shape != image_bgr.shape:
            return False
        return np.array_equal(before[::_SPARSE], image_bgr[::_SPARSE]) and np.array_equal(before, image_bgr)
