"""One picture of a camera, in memory alone."""

from collections.abc import Callable

import cv2
import numpy as np

from edge.errors import FeedError
from edge.ports import FrameSource, Image

_PATIENCE_S = 15.0


def take_still(source: FrameSource, monotonic_s: Callable[[], float], passed_over: int = 0) -> Image:
    """Return a picture of a source, shape (H, W, 3), BGR.

    Args:
        source: A camera or a recording.
        monotonic_s: Seconds that never go back.
        passed_over: How many pictures of a recording to pass over; one that ends sooner gives its last.

    Raises:
        EdgeError: The source cannot be opened, or gives no picture in 15 seconds.
    """
    until_s = monotonic_s() + _PATIENCE_S
    found: Image | None = None
    for place, frame in enumerate(source.frames(lambda: monotonic_s() >= until_s)):
        found = frame.image_bgr
        if place >= passed_over:
            break
    if found is None:
        msg = f"camera.source: no picture came from {source.name} in {_PATIENCE_S:.0f} s; check address and network"
        raise FeedError(msg)
    return found


def png(image_bgr: Image) -> bytes:
    """Return a picture as the bytes of a PNG file."""
    _, encoded = cv2.imencode(".png", image_bgr)
    return np.asarray(encoded, dtype=np.uint8).tobytes()
