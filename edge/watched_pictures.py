"""A camera's pictures, judged before anybody is looked for in them: do they show the shop, in the size of the lines?"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

from contracts.fields import PictureState
from edge.adapters.pictures import RepeatWatch, resized, thumbnail
from edge.core import tamper
from edge.core.tamper import TamperRules
from edge.errors import ConfigurationError
from edge.ports import ConditionedSource, Frame, FrameSource, LiveSource, Silence, SourceCondition, Stopped

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Blindness:
    """A moment at which the camera shows nothing that can be counted in.

    Attributes:
        time_ms: When, Unix milliseconds.
        since_ms: Since when.
        picture: Why.
        frames: 1, or 0 where no picture came.
        dropped: Frames lost since the moment before.
    """

    time_ms: int
    since_ms: int
    picture: PictureState
    frames: int
    dropped: int = 0


class WatchedPictures:
    """Frames of a source while they can be counted in, in one size; else that they cannot.

    A picture in another size but of the same shape is scaled, as when a camera changes to its smaller stream. One of
    another shape is refused: nobody knows where the lines lie in it.

    Args:
        source: Where pictures come from.
        rules: When a picture shows nothing.
        wanted_wh_px: The size in which lines are drawn; None: that of the first picture.
    """

    def __init__(self, source: FrameSource, rules: TamperRules, wanted_wh_px: tuple[int, int] | None = None) -> None:
        self._source, self._rules, self._wanted_wh_px = source, rules, wanted_wh_px
        self._state, self._repeats = tamper.initial_state(), RepeatWatch()
        self._last_wh_px: tuple[int, int] | None = None
        self._refused = 0

    def looks(self, stopped: Stopped) -> Iterator[Frame | Blindness]:
        """Yield each frame that can be used, and each moment that shows nothing.

        Raises:
            ConfigurationError: The first picture has another shape than the one drawn in.
        """
        source = self._source
        for look in source.looks(stopped) if isinstance(source, LiveSource) else source.frames(stopped):
            if isinstance(look, Silence):
                self._state = tamper.silence(self._state, look.since_ms)
                yield self._blindness(look.time_ms, frames=0)
            else:
                yield self._judge(look)

    def size_wh_px(self) -> tuple[int, int] | None:
        """Return width and height of the pictures, None before the first one."""
        return self._wanted_wh_px

    def condition(self) -> SourceCondition:
        """See `ConditionedSource.condition`."""
        source = self._source
        found = source.condition() if isinstance(source, ConditionedSource) else SourceCondition()
        return SourceCondition(clock_offset_ms=found.clock_offset_ms, bad_pictures=found.bad_pictures + self._refused)

    def _judge(self, frame: Frame) -> Frame | Blindness:
        height_px, width_px = frame.image_bgr.shape[:2]
        wanted_wh_px = self._wanted_wh_px = self._wanted_wh_px or (width_px, height_px)
        fitted = resized(frame.image_bgr, wanted_wh_px)
        if fitted is None and self._last_wh_px is None:
            msg = (
                f"camera.picture_size is {wanted_wh_px[0]}x{wanted_wh_px[1]}, and the camera gives "
                f"{width_px}x{height_px}, so that all points would lie elsewhere; set the camera back, or draw again"
            )
            raise ConfigurationError(msg)
        self._note_size((width_px, height_px), is_refused=fitted is None)
        if fitted is None:
            self._refused += 1
            self._state = tamper.silence(self._state, frame.time_ms)
        else:
            is_repeated = self._repeats.is_repeated(fitted)
            small = thumbnail(fitted)
            self._state = tamper.look(self._rules, self._state, small, frame.time_ms, is_repeated=is_repeated)
        if fitted is None or self._state.told != "good":
            return self._blindness(frame.time_ms, frames=1, dropped=frame.dropped)
        return frame if fitted is frame.image_bgr else replace(frame, image_bgr=fitted)

    def _blindness(self, time_ms: int, frames: int, dropped: int = 0) -> Blindness:
        return Blindness(time_ms, self._state.since_ms, self._state.told, frames, dropped)

    def _note_size(self, size_wh_px: tuple[int, int], *, is_refused: bool) -> None:
        before, self._last_wh_px = self._last_wh_px, size_wh_px
        if self._wanted_wh_px is None or (before or self._wanted_wh_px) == size_wh_px:
            return
        wanted = "{}x{}".format(*self._wanted_wh_px)
        what = "nothing is counted until it is back" if is_refused else "they are taken as such"
        logger.warning(
            "%s: pictures are now %dx%d, lines and zones are drawn in %s: %s",
            self._source.name,
            *size_wh_px,
            wanted,
            what,
        )
