"""Pictures of people who are dressed from an asset set."""

from simulators.core.scenario import Scenario
from simulators.rendering.clothing.booth import Booth, Image, View
from simulators.rendering.clothing.dressing import figure_of
from simulators.rendering.clothing.pieces import AssetSet
from simulators.rendering.gait import Pose
from simulators.rendering.looks import draw_look

_VIEWS = (0.4, 2.7)
_CHILD_EVERY = 8
_HEIGHTS_M = (1.62, 1.7, 1.76, 1.84)


def parade(scenario: Scenario, assets: AssetSet | None, people: int, seed: int) -> list[Image]:
    """Return two pictures of each person, from the front and from behind; every eighth is a child."""
    booth = Booth(scenario, seed)
    pictures = []
    for number in range(people):
        name = f"person-{number}"
        age = "child" if number % _CHILD_EVERY == _CHILD_EVERY - 1 else "adult"
        look = draw_look(seed, name, "shopper", "child" if age == "child" else "adult", _HEIGHTS_M[number % 4])
        figure = figure_of(look, seed, name, "shopper", assets)
        pictures += [booth.shoot(figure, View(turn, Pose(phase=float(number), swing=0.8))) for turn in _VIEWS]
    return pictures
