"""How different the people look that an asset set dresses, to the eyes of a model that tells people apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from simulators.core.scenario import Scenario
from simulators.rendering.clothing.booth import Booth, Image, View
from simulators.rendering.clothing.choice import choose
from simulators.rendering.clothing.dressing import figure_of
from simulators.rendering.clothing.pieces import AssetSet
from simulators.rendering.gait import Pose
from simulators.rendering.looks import draw_look

Signatures = NDArray[np.float32]
Embed = Callable[[Sequence[Image]], Signatures]

_STREAM = 28
_HEIGHT_M = (1.58, 1.9)
_SECOND_LIGHT = 1000


@dataclass(frozen=True, slots=True)
class Variety:
    """What was measured.

    Attributes:
        people: How many.
        kinds: How many different sets of things they wear, colours aside.
        others_mean: Mean cosine similarity of the signatures of two different people in the same light.
        others_p95: The similarity that 5 of 100 such pairs exceed.
        nearest_mean: Mean similarity of each person to the most similar other.
        same_mean: Mean similarity of a person to itself, in other light and another pose, seen from another side.
        rank1: Share of people whose second picture is more similar to their first one than to anybody else's.
    """

    people: int
    kinds: int
    others_mean: float
    others_p95: float
    nearest_mean: float
    same_mean: float
    rank1: float


def photograph(
    scenario: Scenario, assets: AssetSet | None, people: int, seed: int, progress: Callable[[], None]
) -> tuple[list[Image], list[Image], int]:
    """Return two pictures of each of some people, and how many different sets of things they wear.

    Args:
        scenario: The shop in which they stand.
        assets: What they may wear besides the renderer's own clothes.
        people: How many.
        seed: Same seed, same people.
        progress: Called after each of them.
    """
    booths = Booth(scenario, seed), Booth(scenario, seed + _SECOND_LIGHT, height_m=2.5)
    pictures: tuple[list[Image], list[Image]] = ([], [])
    kinds = set()
    for number in range(people):
        name = f"person-{number}"
        rng = np.random.default_rng([seed, _STREAM, number])
        look = draw_look(seed, name, "shopper", "adult", float(rng.uniform(*_HEIGHT_M)))
        figure = figure_of(look, seed, name, "shopper", assets)
        turn = float(rng.uniform(-pi, pi))
        for booth, shots, more in zip(booths, pictures, (0.0, float(rng.uniform(-0.8, 0.8))), strict=True):
            pose = Pose(phase=float(rng.uniform(0, 2 * pi)), swing=float(rng.uniform(0, 1)))
            shots.append(booth.shoot(figure, View(turn + more, pose)))
        names = choose(assets, look, seed, name, "shopper").names if assets else ()
        kinds.add((look.top, look.bottom, look.hair, look.bag, look.pattern, *names))
        progress()
    return *pictures, len(kinds)


def compare(first: Signatures, second: Signatures, kinds: int) -> Variety:
    """Return how different people are whose signatures, rows of length 1, come from two pictures of each.

    Args:
        first: Shape (N, D), N at least 2.
        second: Of the same people in the same order.
        kinds: How many different sets of things they wear.
    """
    count = len(first)
    others = ~np.eye(count, dtype=np.bool_)
    among = first @ first.T
    across = second @ first.T
    return Variety(
        people=count,
        kinds=kinds,
        others_mean=float(among[others].mean()),
        others_p95=float(np.quantile(among[others], 0.95)),
        nearest_mean=float(np.where(others, among, -1.0).max(axis=1).mean()),
        same_mean=float(np.diagonal(across).mean()),
        rank1=float((across.argmax(axis=1) == np.arange(count)).mean()),
    )
