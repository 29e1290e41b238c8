"""Segments of several cameras become people: what joins, what must not, and that no order matters."""

from functools import partial
from itertools import pairwise, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.payloads import VisitSegment
from gateway.core.stitching import Stitcher, StitchRules
from gateway.core.stitching.evidence import together
from gateway.core.stitching.tracklets import Tracklet
from tests.unit.gateway.stitch_samples import (
    START_MS,
    Seen,
    camera,
    look,
    seen_by,
    segment,
    signature,
    standing,
    stay,
    walking,
)

ONE, TWO, THREE = camera("cam-1"), camera("cam-2"), camera("cam-3")


def _people(*seen: Seen, looks: dict[str, int] | None = None) -> list[list[str]]:
    """Return who is who, as names of tracks."""
    stitcher = Stitcher(StitchRules())
    for device, each in seen:
        stitcher.take(device, each)
        if looks and each.track_id in looks:
            for sample in range(2):
                seed = looks[each.track_id]
                sign = signature(each, look(seed, sample=len(each.track_id) + sample))
                stitcher.take_signature(sign, each.opened_ms + 5000 * sample)
    stitcher.settle()
    return sorted(sorted(each.segment.track_id for each in cluster.tracklets) for cluster in stitcher.clusters())


def test_the_same_place_at_the_same_time_is_the_same_person():
    walk = walking(0.0, 2.0, 1.0)
    seen = (seen_by(ONE, "a", walk, 0, 8, noise_m=0.2), seen_by(TWO, "b", walk, 6, 14, noise_m=0.2))
    assert _people(*seen) == [["a", "b"]]


def test_who_walks_beside_is_somebody_else():
    seen = (
        seen_by(ONE, "a", walking(0.0, 2.0, 1.0), 0, 20, noise_m=0.1),
        seen_by(TWO, "b", walking(0.0, 3.2, 1.0), 0, 20, noise_m=0.1),
    )
    assert _people(*seen) == [["a"], ["b"]]


def test_two_who_cross_are_not_one():
    seen = (
        seen_by(ONE, "a", walking(0.0, 2.0, 1.0), 0, 10),
        seen_by(TWO, "b", walking(5.0, -3.0, 0.0, 1.0), 2, 10),
    )
    assert _people(*seen) == [["a"], ["b"]]


def test_passing_close_by_says_less_than_standing_together():
    one = Tracklet(ONE, segment(ONE, "a", standing(0.0, 0.0), (0, 10)))
    passing = Tracklet(TWO, segment(TWO, "b", walking(-1.5, 0.0, 1.0), (0, 3)))
    beside = Tracklet(TWO, segment(TWO, "c", standing(0.0, 0.0), (0, 3)))
    close, same = (together(one, each, START_MS, START_MS + 3000, StitchRules())[0] for each in (passing, beside))
    assert close is not None
    assert same is not None
    assert close < same - 2


def test_nobody_is_in_two_places_at_once_however_alike_they_look():
    for away_m in (4, 9):
        seen = (seen_by(ONE, "a", standing(0, 0), 0, 20), seen_by(TWO, "b", standing(away_m, 0), 5, 20))
        assert _people(*seen, looks={"a": 1, "b": 1}) == [["a"], ["b"]]


def test_two_tracks_of_one_camera_at_once_are_two_people():
    seen = (seen_by(ONE, "a", standing(0, 0), 0, 20), seen_by(ONE, "b", standing(0.1, 0), 5, 20))
    assert _people(*seen) == [["a"], ["b"]]


def test_a_broken_track_goes_on():
    walk = walking(0.0, 2.0, 1.0)
    seen = (seen_by(ONE, "a", walk, 0, 6, noise_m=0.1), seen_by(ONE, "b", walk, 6.25, 12, noise_m=0.1))
    assert _people(*seen) == [["a", "b"]]


def test_a_track_may_break_twice_within_a_window():
    walk = standing(3.0, 2.0)
    seen = (seen_by(ONE, "a", walk, 0, 20), seen_by(ONE, "b", walk, 20.1, 20.4), seen_by(ONE, "c", walk, 20.5, 30))
    assert _people(*seen) == [["a", "b", "c"]]


@pytest.mark.parametrize("from_s", [5.5, 5.96, 6.0])
def test_two_tracks_in_one_frame_are_two_people_however_alike(from_s: float):
    walk = standing(3.0, 2.0)
    seen = (seen_by(ONE, "a", walk, 0, 6), seen_by(ONE, "b", walk, from_s, 12))
    assert _people(*seen, looks={"a": 1, "b": 1}) == [["a"], ["b"]]
    assert _people(seen_by(ONE, "a", walk, 0, 6), seen_by(ONE, "b", walk, 6.04, 12)) == [["a", "b"]]


def test_a_track_goes_on_as_another_segment_at_the_time_at_which_the_first_one_closed():
    walk = standing(3.0, 2.0)
    assert _people(seen_by(ONE, "a", walk, 0, 6), seen_by(ONE, "a", walk, 6, 12)) == [["a", "a"]]


def test_who_is_hidden_for_a_while_comes_out_near_by():
    seen = (
        seen_by(ONE, "a", standing(3.0, 2.0), 0, 30),
        seen_by(ONE, "b", standing(9.0, 2.0), 0, 30),
        seen_by(ONE, "c", standing(9.2, 2.1), 90, 120),
        seen_by(ONE, "d", standing(3.2, 2.1), 91, 120),
    )
    assert _people(*seen) == [["a", "d"], ["b", "c"]]


def test_who_stands_has_few_points_and_is_found_again():
    (device, first), then = (
        seen_by(ONE, "a", standing(3.0, 2.0), 0, 30),
        seen_by(ONE, "b", standing(3.0, 2.0), 30.25, 60),
    )
    assert _people((device, replace(first, path=first.path[:1])), then) == [["a", "b"]]


def test_nobody_is_so_fast():
    assert _people(seen_by(ONE, "a", standing(0, 0), 0, 10), seen_by(TWO, "b", standing(20, 0), 12, 30)) == [
        ["a"],
        ["b"],
    ]


def test_those_who_begin_together_are_assigned_jointly():
    """Alone, `c` would rather be `a`; that would leave nobody for `d`."""
    seen = (
        seen_by(ONE, "a", standing(0.0, 0.0), 0, 20),
        seen_by(ONE, "b", standing(2.4, 0.0), 0, 20),
        seen_by(ONE, "c", standing(1.1, 0.0), 22, 60),
        seen_by(ONE, "d", standing(-0.9, 0.0), 22.2, 60),
    )
    assert _people(*seen) == [["a", "d"], ["b", "c"]]


def test_a_short_segment_that_might_be_anybodys_is_nobodys():
    seen = (
        seen_by(ONE, "a", standing(0.0, 0.0), 0, 20),
        seen_by(ONE, "b", standing(1.0, 0.0), 0, 20),
        seen_by(ONE, "c", standing(0.5, 0.0), 22, 23.5),
        seen_by(ONE, "d", standing(0.5, 0.0), 25, 26),
    )
    assert _people(*seen, looks={"a": 1, "b": 2}) == [["a"], ["b"], ["c"], ["d"]]


def test_looks_decide_where_places_cannot():
    seen = (
        seen_by(ONE, "a", standing(0.0, 0.0), 0, 20),
        seen_by(ONE, "b", standing(1.0, 0.0), 0, 20),
        seen_by(TWO, "c", standing(0.5, 0.0), 40, 60),
    )
    assert _people(*seen, looks={"a": 1, "b": 2, "c": 2}) == [["a"], ["b", "c"]]
    assert _people(*seen, looks={"a": 1, "b": 2, "c": 1}) == [["a", "c"], ["b"]]


def _out_and_back(away_s: float) -> tuple[Seen, Seen]:
    out = (stay("door", "entrance", 10, 13),)
    back = (stay("door", "entrance", 16 + away_s, None),)
    return (
        seen_by(ONE, "out", walking(10.0, 0.0, -0.7), 0, 15, stays=out),
        seen_by(ONE, "back", walking(-0.7 * (15 + away_s) - 0.5, 0.0, 0.7), 15 + away_s, 30 + away_s, stays=back),
    )


@pytest.mark.parametrize(("away_s", "is_joined"), [(200, True), (880, True), (950, False)])
def test_who_went_out_and_comes_back_is_known_by_looks_within_the_window(away_s: float, is_joined: bool):
    seen = _out_and_back(away_s)
    expected = [["back", "out"]] if is_joined else [["back"], ["out"]]
    assert _people(*seen, looks={"out": 1, "back": 1}) == expected


@pytest.mark.parametrize("gap_s", [0.2, 1.0, 2.0])
@pytest.mark.parametrize("after_s", [0.0, 0.2, 0.6])
def test_who_walks_out_is_not_who_walks_in_a_moment_later(gap_s: float, after_s: float):
    """The second one's track begins in the street, or only in the door itself."""
    out = seen_by(ONE, "out", walking(10.0, 0.0, -0.7), 0, 15, stays=(stay("door", "entrance", 10, 13),))
    at_s = 15 + gap_s
    coming = (stay("door", "entrance", at_s + after_s, at_s + after_s + 2),)
    then = seen_by(ONE, "in", walking(-0.5 - 0.7 * at_s, 0.0, 0.7), at_s, at_s + 15, stays=coming)
    assert _people(out, then) == [["in"], ["out"]]


def test_place_alone_brings_nobody_back():
    seen = _out_and_back(20)
    assert _people(*seen) == [["back"], ["out"]]
    assert _people(*seen, looks={"out": 1, "back": 2}) == [["back"], ["out"]]


def test_who_leaves_is_not_who_then_appears_inside():
    out = (stay("door", "entrance", 10, 13),)
    seen = (
        seen_by(ONE, "out", walking(10.0, 0.0, -0.7), 0, 15, stays=out),
        seen_by(ONE, "in", standing(2.0, 0.0), 40, 60),
    )
    assert _people(*seen) == [["in"], ["out"]]


def test_after_the_longest_gap_nobody_goes_on():
    seen = (seen_by(ONE, "a", standing(0, 0), 0, 10), seen_by(ONE, "b", standing(0, 0), 700, 710))
    assert _people(*seen) == [["a"], ["b"]]
    late = seen_by(ONE, "c", standing(0, 0), 2000, 2010)
    assert _people(*seen, late) == [["a"], ["b"], ["c"]]


def test_a_segment_without_a_path_stands_alone():
    bare = segment(ONE, "a", standing(0, 0), (0, 10))
    no_path = VisitSegment(**{name: getattr(bare, name) for name in bare.__struct_fields__ if name != "path"})
    assert _people((ONE, no_path), seen_by(TWO, "b", standing(0, 0), 5, 10)) == [["a"], ["b"]]


def test_what_is_known_of_a_segment_does_not_depend_on_the_order():
    part = segment(ONE, "a", walking(0.0, 0.0, 1.0), (0, 10))
    later = replace(part, path=tuple(replace(point, t_ms=point.t_ms + 200) for point in part.path[1::2]))
    one, other = Tracklet(ONE, part), Tracklet(ONE, later)
    one.take(later)
    other.take(part)
    assert one.points == other.points
    assert one.position(START_MS - 5000) == (0.0, 0.0)
    assert one.position(START_MS + 60_000) == (10.0, 0.0)
    assert one.velocity() == one.velocity() == pytest.approx((1.0, 0.0))
    assert one.position(START_MS + 2500) == pytest.approx((2.5, 0.0), abs=0.06)


def test_the_forgotten_leave_nothing_behind():
    stitcher = Stitcher(StitchRules())
    old, new = segment(ONE, "a", standing(0, 0), (0, 10)), segment(ONE, "b", standing(0, 0), (700, 710))
    for each in (old, new):
        stitcher.take(ONE, each)
        stitcher.take_signature(signature(each, look(1)), each.opened_ms)
    stitcher.settle()
    stitcher.forget(START_MS + 600_000)
    assert [cluster.anchor.segment for cluster in stitcher.clusters()] == [new]
    assert stitcher.cluster_of(old.segment_id) is None
    assert stitcher.settle() == []


def _shop(seed: int) -> tuple[list[Seen], list[tuple[VisitSegment, bytes, int]]]:
    """Return every revision of the segments of four people who walk through three cameras, and some signatures."""
    random = Random(seed)
    revisions: list[Seen] = []
    looks = []
    for person in range(4):
        begin_s = float(random.randrange(25))
        walk = walking(-begin_s, float(person) * 1.1, 1.0)
        cuts = sorted(float(random.randrange(2, 28)) for _ in range(3))
        for number, (from_s, to_s) in enumerate(pairwise([0.0, *cuts, 30.0])):
            device = random.choice((ONE, TWO, THREE))
            span = (begin_s + from_s - 0.5, begin_s + to_s + float(random.randrange(3)) + 0.5)
            name = f"p{person}-{number}"
            stays = (stay("shelf", "shelf", span[0] + 0.5, span[1]),)
            for ordinal, known_s in enumerate((span[0] + 0.5, (span[0] + span[1]) / 2, None)):
                part = segment(device, name, walk, span, stays, ordinal=ordinal, known_s=known_s, noise_m=0.15)
                revisions.append((device, part))
            if random.random() < 0.5:
                looks.append((revisions[-1][1], look(person, 0.8, number), round(1000 * span[0]) + START_MS))
    return revisions, looks


@settings(max_examples=25)
@given(st.integers(0, 5), st.randoms(use_true_random=False), st.lists(st.booleans(), min_size=70, max_size=70))
def test_any_order_and_any_repetition_gives_the_same_people(seed: int, random: Random, settles: list[bool]):
    revisions, looks = _shop(seed)
    steady = Stitcher(StitchRules())
    for device, each in revisions:
        steady.take(device, each)
    for each, raw, t_ms in looks:
        steady.take_signature(signature(each, raw), t_ms)
    steady.settle()
    wild = Stitcher(StitchRules())
    news = [
        *(partial(Stitcher.take, device=device, segment=each) for device, each in revisions),
        *(partial(Stitcher.take_signature, signature=signature(e, raw), t_ms=t_ms) for e, raw, t_ms in looks),
    ]
    jumbled = [*news, *news[::4]]
    random.shuffle(jumbled)
    for take, is_settled in zip(jumbled, settles * 2, strict=False):
        take(wild)
        if is_settled:
            wild.settle()
    wild.settle()
    told = [
        [[(each.segment, each.points) for each in cluster.tracklets] for cluster in stitcher.clusters()]
        for stitcher in (steady, wild)
    ]
    assert told[0] == told[1]


def test_orders_of_three_revisions():
    revisions = _shop(1)[0][:6]
    found = set()
    for order in permutations(range(6)):
        stitcher = Stitcher(StitchRules())
        for index in order:
            stitcher.take(*revisions[index])
            if index % 2:
                stitcher.settle()
        stitcher.settle()
        found.add(str([[each.segment.segment_id for each in c.tracklets] for c in stitcher.clusters()]))
    assert len(found) == 1
