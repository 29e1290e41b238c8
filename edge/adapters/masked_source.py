"""A frame source whose masked pixels are black before anything else sees the picture."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from edge.core.geometry import Point
from edge.core.mask import rasterize
from edge.core.tamper import same_shape
from edge.errors import ConfigurationError
from edge.ports import ConditionedSource, Frame, FrameSource, Image, LiveSource, Silence, SourceCondition, Stopped


class MaskedSource:
    """Blackens parts of each picture in the memory where it was decoded, so that no other copy of them is left.

    Args:
        source: The camera or recording.
        masks: Corners of what nobody may see, in pixels of pictures of `drawn_wh_px`.
        drawn_wh_px: The picture's size in which the masks were drawn; None: the size of the first picture.
    """

    def __init__(
        self, source: FrameSource, masks: Sequence[Sequence[Point]], drawn_wh_px: tuple[int, int] | None = None
    ) -> None:
        self.name = source.name
        self._source, self._masks, self._drawn_wh_px = source, masks, drawn_wh_px
        self._kept: dict[tuple[int, int], Image] = {}

    def frames(self, stopped: Stopped) -> Iterator[Frame]:
        """See `FrameSource.frames`.

        Raises:
            ConfigurationError: The camera's first picture has another shape than that in which the masks were drawn, so
                that nobody knows what they would cover. A later one of another shape turns black as a whole.
        """
        for look in self.looks(stopped):
            if isinstance(look, Frame):
                yield look

    def looks(self, stopped: Stopped) -> Iterator[Frame | Silence]:
        """See `LiveSource.looks`.

        Raises:
            ConfigurationError: As in `frames`.
        """
        source = self._source
        for look in source.looks(stopped) if isinstance(source, LiveSource) else source.frames(stopped):
            if isinstance(look, Frame):
                self._hide(look.image_bgr)
            yield look

    def condition(self) -> SourceCondition:
        """See `ConditionedSource.condition`."""
        return self._source.condition() if isinstance(self._source, ConditionedSource) else SourceCondition()

    def _hide(self, image_bgr: Image) -> None:
        height_px, width_px = image_bgr.shape[:2]
        drawn = self._drawn_wh_px
        if self._kept and drawn is not None and not same_shape(drawn, (width_px, height_px)):
            image_bgr[:] = 0
        else:
            cv2.bitwise_and(image_bgr, self._kept_at((width_px, height_px)), dst=image_bgr)

    def _kept_at(self, frame_wh_px: tuple[int, int]) -> Image:
        """Return 255 where a picture stays as it is and 0 where it turns black, shape (H, W, 3); made once a size."""
        if self._drawn_wh_px is None:
            self._drawn_wh_px = frame_wh_px
        if frame_wh_px not in self._kept:
            masked = rasterize(_scaled(self._masks, self._drawn_wh_px, frame_wh_px), frame_wh_px)
            self._kept[frame_wh_px] = np.repeat(np.where(masked, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
        return self._kept[frame_wh_px]


def _scaled(
    masks: Sequence[Sequence[Point]], drawn_wh_px: tuple[int, int], frame_wh_px: tuple[int, int]
) -> list[list[Point]]:
    x_scale, y_scale = (now / drawn for now, drawn in zip(frame_wh_px, drawn_wh_px, strict=True))
    if not same_shape(drawn_wh_px, frame_wh_px):
        msg = (
            f"mask: drawn in pictures of {drawn_wh_px[0]}x{drawn_wh_px[1]}, and the camera gives "
            f"{frame_wh_px[0]}x{frame_wh_px[1]}, so that they would cover something else; set the camera back, or draw "
            "them again with `shopthread edge calibrate`"
        )
        raise ConfigurationError(msg)
    return [[(x * x_scale, y * y_scale) for x, y in mask] for mask in masks]
