"""Where people appear for the first time is learned, so that who appears where many did is somebody new."""

import pytest
from msgspec.structs import replace

from gateway.core.stitching import Stitcher, StitchRules
from gateway.core.stitching.beginnings import Beginnings
from gateway.core.stitching.tracklets import Tracklet
from tests.unit.gateway.stitch_samples import Seen, camera, seen_by, standing, walking

ONE, TWO = camera("cam-1"), camera("cam-2")
RULES = StitchRules()
HERE = seen_by(ONE, "a", standing(0.0, 0.0), 0, 20)


def _people(*seen: Seen) -> list[list[str]]:
    stitcher = Stitcher(RULES)
    for device, each in seen:
        stitcher.take(device, each)
    stitcher.settle()
    return sorted(sorted(each.segment.track_id for each in cluster.tracklets) for cluster in stitcher.clusters())


def test_where_people_begin_is_learned_between_the_bounds():
    beginnings = Beginnings(RULES)
    first, there = Tracklet(*HERE), Tracklet(*seen_by(ONE, "x", standing(0.4, 0.4), 30, 40))
    assert beginnings.weight(first) == pytest.approx(RULES.new_inside)
    for number in range(200):
        device, each = seen_by(ONE, f"n{number}", standing(0.2, 0.2), 30, 40)
        beginnings.note(Tracklet(device, replace(each, segment_id=str(number))), 1.0 if number < 100 else 0.999)
    assert beginnings.weight(there) == RULES.new_at_entrance
    assert beginnings.weight(Tracklet(*seen_by(TWO, "x", standing(0.4, 0.4), 30, 40))) == pytest.approx(
        RULES.new_inside
    )
    for _ in range(2):
        beginnings.forget(map(str, range(200)))
    assert beginnings.weight(there) == beginnings.weight(first) == pytest.approx(RULES.new_inside)


def test_where_people_are_hidden_nobody_is_new():
    beginnings = Beginnings(RULES)
    there = Tracklet(*HERE)
    for _ in range(50):
        beginnings.note(there, 0.0)
    assert beginnings.weight(there) == RULES.new_inside


def test_where_many_appeared_from_nowhere_who_appears_is_somebody_new():
    """Passers-by appear at the edge of a view; without having seen any, one would be taken for who left before."""
    before = seen_by(ONE, "a", standing(2.5, 0.0), 900, 910)
    then = seen_by(ONE, "b", standing(0.5, 0.0), 925, 930)
    passers_by = [seen_by(ONE, f"p{n}", walking(0.5 - 40 * n, 0.0, 1.0), 40 * n, 40 * n + 20) for n in range(20)]
    assert ["a", "b"] in _people(before, then)
    assert ["b"] in _people(*passers_by, before, then)
