"""Whether people reach a line: counts of what tracks did, and the remedy that names a better place."""

import re

import pytest
from msgspec.structs import replace

from edge.core.geometry import Point
from edge.core.placement import LineReport, PlacementWatch
from edge.core.tripwire import Tripwire

WIRE = Tripwire(
    id="door",
    kind="entrance",
    points=((100.0, 0.0), (100.0, 200.0)),
    band=8.0,
    settle_s=1.0,
    least_before_s=0.3,
    least_after_s=0.3,
)


def straight(start: Point, end: Point, steps: int = 20) -> list[Point]:
    return [
        (start[0] + (end[0] - start[0]) * i / steps, start[1] + (end[1] - start[1]) * i / steps)
        for i in range(steps + 1)
    ]


def report(*walks: list[Point], wire: Tripwire = WIRE) -> LineReport:
    watch = PlacementWatch(wire)
    for number, walk in enumerate(walks):
        for index, point in enumerate(walk):
            watch.see(f"t{number}", point, index * 100)
    return watch.report()


def test_a_line_that_people_pass_needs_nothing() -> None:
    through = [straight((200, y), (0, y)) for y in (50, 100, 150)]
    found = report(*through, straight((0, 120), (200, 120)), straight((300, 10), (300, 190)))
    assert (found.tracks, found.near, found.crossed, found.went_in, found.went_out) == (5, 4, 4, 3, 1)
    assert (found.left_only, found.right_only, found.round_ends, found.unproven) == (0, 0, 0, 0)
    assert found.remedy is None


def test_a_line_that_people_only_come_near_is_moved_to_where_they_pass() -> None:
    aside = [straight((160, 0), (160, 200)), straight((170, 0), (170, 200)), straight((150, 0), (150, 200))]
    found = report(*aside)
    assert (found.near, found.left_only, found.crossed) == (3, 3, 0)
    assert found.remedy is not None
    assert "3 people come near and stay on its left" in found.remedy
    moved = [float(each) for each in re.findall(r"-?\d+\.\d+", found.remedy.split("such as")[1])]
    assert moved == [184.0, 0.0, 184.0, 200.0]
    beyond = replace(WIRE, points=((moved[0], moved[1]), (moved[2], moved[3])))
    assert report(*(straight((260, 100), (150, 100)) for _ in range(3)), wire=beyond).crossed == 3


def test_it_is_moved_to_the_right_where_they_stay_there() -> None:
    found = report(*(straight((x, 0), (x, 200)) for x in (60, 50, 40)))
    assert (found.left_only, found.right_only) == (0, 3)
    assert found.remedy is not None
    assert "stay on its right" in found.remedy
    assert "(26.0, 0.0)" in found.remedy


@pytest.mark.parametrize(
    ("walks", "words"),
    [
        ([], "only 0 people were seen; watch for longer"),
        ([straight((x, 0), (x, 200)) for x in (500, 510, 520)], r"nobody comes near it; .* about \(510.0, 100.0\)"),
        ([straight((150, 250), (50, 250))] * 3, r"people go round its ends \(100.0, 0.0\) and \(100.0, 200.0\)"),
        ([straight((200, 50), (85, 50))] * 3, r"seen too shortly on one side.*least_before_s \(0.3\)"),
        ([straight((112, 50), (20, 50), 8)] * 3, "seen too shortly on one side"),
    ],
    ids=["nobody", "far", "round the end", "lost behind it", "born before it"],
)
def test_what_else_is_wrong_is_named(walks: list[list[Point]], words: str) -> None:
    found = report(*walks)
    assert found.crossed == 0
    assert found.remedy is not None
    assert re.search(words, found.remedy)


def test_who_passes_later_is_counted_when_settled() -> None:
    way = [*straight((200, 50), (50, 50)), *[(50.0, 50.0)] * 20, *straight((50, 50), (200, 50)), *[(200.0, 50.0)] * 20]
    found = report(way, way, way)
    assert (found.crossed, found.went_in, found.went_out) == (3, 3, 3)
