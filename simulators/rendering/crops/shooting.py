"""Takes pictures of one person by one camera: walking, standing, half hidden, among others. Pure but for OpenCV."""

# ruff: noqa: PLR2004 - shares and lengths speak for themselves

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, pi, sin

import numpy as np

from simulators.core.geometry import Point
from simulators.rendering.bags import holding
from simulators.rendering.crops.effects import (
    Image,
    cut,
    detected,
    draw_clear_manner,
    draw_manner,
    exposed,
    figure_of,
    fitted,
)
from simulators.rendering.crops.props import draw_obstacle, draw_pushed
from simulators.rendering.crops.views import View
from simulators.rendering.gait import Pose
from simulators.rendering.stage import Actor, Lighting, Sighting
from simulators.rendering.wardrobe import Figure

_TARGET = "target"
_LEAST_SHOWN = 0.4
_LEAST_SIDE_PX = 8
_TRIES = 40
_STILL = Pose()


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of a person.

    Attributes:
        picture: Of `effects.SIZE_WH_PX`, BGR.
        figure: How much of each block of it is the person, 0 to 255, as `models.training.pictures.Shard` has it.
    """

    picture: Image
    figure: Image


def photograph(
    figure: Figure, views: Sequence[View], others: Sequence[Figure], pictures: int, rng: np.random.Generator
) -> list[Shot]:
    """Return pictures of a person, as one camera shows them and a detector cuts them out.

    Args:
        figure: The person.
        views: One of them is the camera; its light is drawn anew.
        others: Who may stand about.
        pictures: How many are wanted. Who is too much hidden is moved and taken again.
        rng: Where everything is drawn from.

    Returns:
        As many shots; fewer if the person stays hidden.
    """
    view = views[int(rng.integers(len(views)))]
    view.stage.relight(_daylight(rng) if view.is_outdoors else _lighting(rng))
    manner = draw_clear_manner(rng) if view.is_outdoors else draw_manner(rng)
    place, heading = view.place(rng), rng.uniform(-pi, pi)
    pushed = draw_pushed(rng) if rng.random() < 0.07 else None
    walks = rng.random() < 0.65
    found: list[Shot] = []
    for _ in range(_TRIES):
        if len(found) == pictures:
            break
        spot = (float(place[0] + rng.normal(0, 0.35)), float(place[1] + rng.normal(0, 0.35)))
        pose = holding(figure.look, _pose(rng, walks=walks))
        actor = Actor(_TARGET, figure, pose, spot, float(heading + rng.normal(0, 0.35)))
        company = _company(actor, view, others, pushed, rng)
        picture, sightings = view.stage.shoot([actor, *company])
        seen = next((each for each in sightings if each.person_id == _TARGET), None)
        if seen is None or seen.visible_share < _LEAST_SHOWN:
            place = view.place(rng) if rng.random() < 0.5 else place
            continue
        box = detected(_box(seen, rng), rng)
        cutting = cut(picture, box)
        if min(cutting.shape[:2]) >= _LEAST_SIDE_PX:
            high, wide = picture.shape[:2]
            shown = figure_of(cut(seen.shown_shares(wide, high), box))
            found.append(Shot(fitted(exposed(cutting, manner, rng), rng), shown))
    return found


def _lighting(rng: np.random.Generator) -> Lighting:
    """Return light from all around or from one side, strong or dim."""
    lamps = int(rng.integers(1, 4))
    bearing, rise = rng.uniform(-pi, pi, lamps), rng.uniform(0.1, 1.3, lamps)
    towards = np.stack([np.cos(bearing) * np.cos(rise), np.sin(bearing) * np.cos(rise), np.sin(rise)], axis=1)
    strength = rng.uniform(0.1, 0.9, lamps)
    strength *= rng.uniform(0.3, 0.95) / strength.sum()
    return Lighting(towards, strength, float(rng.uniform(0.18, 0.45)))


def _daylight(rng: np.random.Generator) -> Lighting:
    """Return a sun with its shadow side, which the blue sky fills; two of five times clouds are before it."""
    bearing, rise = rng.uniform(-pi, pi), rng.uniform(0.25, 1.25)
    towards = np.array([[cos(bearing) * cos(rise), sin(bearing) * cos(rise), sin(rise)]])
    if rng.random() < 0.4:
        cloudy = (float(rng.uniform(0.9, 1.0)), 1.0, float(rng.uniform(1.0, 1.1)))
        return Lighting(towards, rng.uniform(0.0, 0.25, 1), float(rng.uniform(0.4, 0.65)), sky_rgb=cloudy)
    warm = 1 + 0.16 * (1.3 - rise)
    return Lighting(
        towards,
        rng.uniform(0.7, 1.25, 1),
        float(rng.uniform(0.2, 0.36)),
        lamp_rgb=(warm, 1.0, float(2 - 1.25 * warm)),
        sky_rgb=(float(rng.uniform(0.72, 0.9)), float(rng.uniform(0.9, 1.0)), float(rng.uniform(1.1, 1.35))),
    )


def _pose(rng: np.random.Generator, *, walks: bool) -> Pose:
    reaches = not walks and rng.random() < 0.3
    return Pose(
        phase=float(rng.uniform(0, 2 * pi)),
        swing=float(rng.uniform(0.6, 1.15)) if walks else float(rng.choice([0.0, rng.uniform(0, 0.3)])),
        reach=float(rng.uniform(0.2, 1.0)) if reaches else 0.0,
        reach_rise=float(rng.uniform(0, 1)),
        look=float(rng.normal(0, 0.3)),
        nod=float(rng.uniform(-0.1, 0.4)),
        carry=float(rng.choice([0.0, 0.0, 0.0, rng.uniform(0.3, 1.0)])),
    )


def _company(
    actor: Actor, view: View, others: Sequence[Figure], pushed: Figure | None, rng: np.random.Generator
) -> list[Actor]:
    """Return who and what stands about."""
    x, y = actor.position
    company = []
    if pushed is not None:
        company.append(Actor("pushed", pushed, _STILL, _away(actor.position, actor.heading, 0.75), actor.heading))
    if others and rng.random() < 0.3:
        for number in range(int(rng.integers(1, 3))):
            spot = _away(actor.position, rng.uniform(-pi, pi), rng.uniform(0.45, 1.3))
            other = others[int(rng.integers(len(others)))]
            pose = holding(other.look, _pose(rng, walks=rng.random() < 0.5))
            company.append(Actor(f"other-{number}", other, pose, spot, float(rng.uniform(-pi, pi))))
    if rng.random() < 0.12:
        towards = atan2(float(view.optics.eye_m[1]) - y, float(view.optics.eye_m[0]) - x)
        spot = _away(actor.position, towards + rng.normal(0, 0.35), rng.uniform(0.5, 1.0))
        company.append(Actor("obstacle", draw_obstacle(rng), _STILL, spot, float(towards + rng.normal(0, 0.3))))
    return company


def _away(place: Point, bearing: float, distance_m: float) -> Point:
    return place[0] + distance_m * cos(bearing), place[1] + distance_m * sin(bearing)


def _box(seen: Sighting, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Return the box that a detector means: of the whole person, or of what shows."""
    return seen.full_box_px if rng.random() < 0.5 else seen.visible_box_px
