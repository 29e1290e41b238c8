"""The truth of rendered footage: MOTChallenge text, and one JSON line per person and frame. Pure."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from simulators.rendering.stage import Sighting

Box = tuple[float, float, float, float]


class TrueSighting(Struct, frozen=True, kw_only=True):
    """A person in a frame.

    Attributes:
        frame: Counted from 1.
        t_ms: When it was taken, Unix milliseconds UTC.
        number: The person's id in the MOTChallenge text.
        person_id: The person's id in truth.json.
        floor_m: Where the person stands.
        full_box_px: (x1, y1, x2, y2) of the whole silhouette, beyond the frame too.
        visible_box_px: The same of what shows.
        visible_share: What shows, as a share of the silhouette's area.
    """

    frame: int
    t_ms: int
    number: int
    person_id: str
    floor_m: tuple[float, float]
    full_box_px: Box
    visible_box_px: Box
    visible_share: float


class Annotator:
    """Numbers people in the order in which they are first seen."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def note(self, frame: int, t_ms: int, sightings: Iterable[Sighting]) -> list[TrueSighting]:
        """Return what a frame shows."""
        return [
            TrueSighting(
                frame=frame,
                t_ms=t_ms,
                number=self._numbers.setdefault(each.person_id, len(self._numbers) + 1),
                person_id=each.person_id,
                floor_m=(round(each.position[0], 3), round(each.position[1], 3)),
                full_box_px=_rounded(each.full_box_px),
                visible_box_px=_rounded(each.visible_box_px),
                visible_share=round(each.visible_share, 4),
            )
            for each in sightings
        ]


def _rounded(box: Box) -> Box:
    x1, y1, x2, y2 = (round(side, 1) for side in box)
    return x1, y1, x2, y2


def mot_line(sighting: TrueSighting) -> str:
    """Return a row of MOTChallenge ground truth (A. Milan et al., "MOT16", 2016).

    frame, id, left, top, width, height, counts, class (1: pedestrian), visibility; the box is the whole silhouette's.
    """
    x1, y1, x2, y2 = sighting.full_box_px
    fields = (sighting.frame, sighting.number, x1, y1, round(x2 - x1, 1), round(y2 - y1, 1), 1, 1)
    return ",".join(str(field) for field in fields) + f",{sighting.visible_share:.4f}\n"


def sighting_line(sighting: TrueSighting) -> bytes:
    """Return a sighting as a line of JSON."""
    return msgspec.json.encode(sighting) + b"\n"


def read_sightings(text: bytes) -> list[TrueSighting]:
    """Return the sightings of a file of such lines.

    Raises:
        msgspec.MsgspecError: A line is not one.
    """
    return [msgspec.json.decode(line, type=TrueSighting) for line in text.splitlines()]
