"""A photographer's booth in the shop: pictures of one person at a time, for previews and for comparing looks."""

from dataclasses import dataclass
from math import pi

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.core.layout import Camera
from simulators.core.optics import CameraOptics
from simulators.core.scenario import Scenario
from simulators.rendering.gait import Pose
from simulators.rendering.scenery import build_scenery
from simulators.rendering.stage import Actor, Stage, draw_lighting
from simulators.rendering.wardrobe import Figure

Image = NDArray[np.uint8]  # (H, W, 3), BGR

_PLACE = (4.0, 4.3)
_FRAME_PX = (256, 320)
_MARGIN = 0.04


@dataclass(frozen=True, slots=True)
class View:
    """How somebody is seen.

    Attributes:
        turn: How far the person has turned away from the camera, radians.
        pose: What the body does.
    """

    turn: float
    pose: Pose


class Booth:
    """A camera 3 m from a place where people stand.

    Args:
        scenario: The shop around, some 8 x 9 m.
        seed: What light is drawn from.
        height_m: How high the camera hangs.
    """

    def __init__(self, scenario: Scenario, seed: int, height_m: float = 2.1) -> None:
        camera = Camera(
            id="booth", position=(4.0, 1.2), height_m=height_m, looks_at=(4.0, 5.4), horizontal_fov_deg=42,
            frame_px=_FRAME_PX,
        )  # fmt: skip
        optics = CameraOptics(camera)
        lighting = draw_lighting(np.random.default_rng([seed, 61]))
        self._stage = Stage(optics, build_scenery(scenario, optics, seed), lighting)

    def shoot(self, figure: Figure, view: View) -> Image:
        """Return a picture of a person, cut out with a small margin."""
        actor = Actor("one", figure, view.pose, _PLACE, -pi / 2 + view.turn)
        picture, seen = self._stage.shoot([actor])
        x1, y1, x2, y2 = seen[0].visible_box_px
        margin = _MARGIN * (y2 - y1)
        left, top = max(0, round(x1 - margin)), max(0, round(y1 - margin))
        return picture[top : round(y2 + margin), left : round(x2 + margin)]


def sheet(pictures: list[Image], columns: int, size_px: tuple[int, int] = (120, 260)) -> Image:
    """Return pictures side by side in rows, each brought to a size (width, height)."""
    cells = [np.asarray(cv2.resize(picture, size_px), dtype=np.uint8) for picture in pictures]
    while len(cells) % columns:
        cells.append(np.zeros_like(cells[0]))
    rows = [np.hstack(cells[first : first + columns]) for first in range(0, len(cells), columns)]
    return np.asarray(np.vstack(rows), dtype=np.uint8)
