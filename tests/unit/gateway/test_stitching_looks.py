"""What signatures say of who is who, and how long it is remembered."""

from itertools import product
from math import hypot, sqrt
from operator import mul
from statistics import fmean

import pytest

from gateway.core.stitching import Stitcher, StitchRules
from gateway.core.stitching.appearance import MOST_KEPT, Appearances, Versions
from tests.unit.gateway.stitch_samples import START_MS, camera, look, seen_by, signature, standing

ONE, TWO = camera("cam-1"), camera("cam-2")


def test_signatures_of_another_day_or_form_say_nothing():
    seen = (seen_by(ONE, "a", standing(0, 0), 0, 20), seen_by(TWO, "b", standing(0.2, 0), 30, 50))
    for key, raw in (("yesterday", look(1)), ("today", look(1)[:32]), ("today", bytes(64))):
        stitcher = Stitcher(StitchRules())
        for device, each in seen:
            stitcher.take(device, each)
        stitcher.take_signature(signature(seen[0][1], look(2)), START_MS)
        stitcher.take_signature(signature(seen[1][1], raw, key), START_MS + 1)
        stitcher.take_signature(signature(seen[1][1], b"\x01", "today"), START_MS + 2)
        stitcher.settle()
        assert len(stitcher.clusters()) == 1


def test_of_many_signatures_the_earliest_count():
    looks = Appearances(StitchRules(look_dimensions=64), most_remembered=2)
    (device, first), (_, second) = seen_by(ONE, "a", standing(0, 0), 0, 20), seen_by(TWO, "b", standing(9, 0), 30, 50)
    early = [signature(first, look(1, sample=sample)) for sample in range(MOST_KEPT)]
    for order in (early, early[::-1]):
        for number, each in enumerate(order):
            looks.take(each, START_MS + 1000 * number)
    assert looks.take(signature(first, look(2)), START_MS + 60_000) is False
    assert looks.take(signature(second, look(1, sample=9)), START_MS + 30_000)
    assert looks.take(signature(second, look(1, sample=9)), START_MS + 30_000) is False
    one, two = (looks.versions([(device.device, each.segment_id)]) for each in (first, second))
    found = [looks.likeness(*pair) for pair in ((one, two), (two, one), (one, one), (one, two), (one, ()))]
    assert found[0] == found[3] == StitchRules().alike_most
    assert found[-1] is None


def test_what_the_days_signatures_decided_stays_when_they_are_gone():
    seen = (seen_by(ONE, "a", standing(0, 0), 0, 20), seen_by(ONE, "b", standing(1, 0), 0, 20))
    again = seen_by(TWO, "c", standing(0.5, 0), 40, 60)
    stitcher = Stitcher(StitchRules(look_dimensions=64))
    for number, (device, each) in enumerate((*seen, again)):
        stitcher.take(device, each)
        for sample in range(2):
            sign = signature(each, look(min(number, 1), sample=sample + 5 * number))
            stitcher.take_signature(sign, each.opened_ms + sample)
    stitcher.settle()
    before = [[each.segment.track_id for each in cluster.tracklets] for cluster in stitcher.clusters()]
    stitcher.forget_signatures()
    stitcher.take(*seen_by(ONE, "late", standing(90, 90), 30, 35))  # undoes the decision on the third
    stitcher.settle()
    after = [[each.segment.track_id for each in cluster.tracklets] for cluster in stitcher.clusters()]
    assert before == [["a"], ["b", "c"]]
    assert after == [*before, ["late"]]
    fresh = signature(again[1], look(7), key_id="tomorrow")
    stitcher.take_signature(fresh, again[1].opened_ms + 9)
    stitcher.settle()  # A new signature of the third alone compares with nothing.


def test_signatures_are_kept_of_so_many_segments_and_no_more():
    looks = Appearances(StitchRules(look_dimensions=64), most_segments=2)
    segments = [seen_by(ONE, name, standing(0, 0), 0, 20)[1] for name in "abc"]
    for number, each in enumerate(segments):
        looks.take(signature(each, look(1, sample=number)), START_MS)
    versions = [looks.versions([("cam-1", each.segment_id)]) for each in segments]
    assert looks.likeness(versions[0], versions[1]) is None
    assert looks.likeness(versions[1], versions[2]) is not None


def test_what_comparing_said_of_segments_that_are_forgotten_is_forgotten_and_of_others_outlives_the_day():
    looks = Appearances(StitchRules(look_dimensions=64))
    segments = [seen_by(ONE, name, standing(0, 0), 0, 20)[1] for name in "abcd"]
    for number, each in enumerate(segments):
        looks.take(signature(each, look(1, sample=number)), START_MS)
    one, two, gone, waiting = (looks.versions([("cam-1", each.segment_id)]) for each in segments)
    said, other = looks.likeness(one, two), looks.likeness(one, gone)
    looks.forget(segments[2].segment_id)
    looks.retain({each.segment_id for each in segments[:2]})
    assert looks.versions([("cam-1", segments[3].segment_id)]) == waiting, "its segment may come yet"
    looks.end_day()
    looks.retain({each.segment_id for each in segments[:2]})
    assert looks.versions([("cam-1", segments[3].segment_id)]) == ()
    assert looks.likeness(one, two) == said is not None
    assert (other is not None, looks.likeness(one, gone)) == (True, None)


def test_signatures_count_from_the_time_on_at_which_they_were_taken():
    looks = Appearances(StitchRules(look_dimensions=64))
    segments = [seen_by(ONE, name, standing(0, 0), 0, 40)[1] for name in "ab"]
    for second, person in ((9, 1), (30, 2)):
        looks.take(signature(segments[0], look(person)), START_MS + 1000 * second)
    looks.take(signature(segments[1], look(1, sample=1)), START_MS)
    one, two = ([("cam-1", each.segment_id)] for each in segments)
    assert looks.versions(one, START_MS + 8999) == ()
    early, late = looks.versions(one, START_MS + 9000), looks.versions(one)
    like = [looks.likeness(each, looks.versions(two)) for each in (early, late)]
    assert like[0] == StitchRules().alike_most
    assert like[1] is not None
    assert like[1] < like[0]
    looks.put_right(segments[0].segment_id, 5000)
    assert looks.versions(one, START_MS + 4000) is early, "the clock was ahead"
    looks.take(signature(segments[0], look(3)), START_MS + 20_000)
    assert looks.versions(one, START_MS + 4000) is early, "what is told of a later time changes nothing"


def test_a_late_look_says_something_of_later_decisions_alone():
    """Whoever of two came out is seen well a minute later, and only then is it known who that was."""
    seen = (seen_by(ONE, "a", standing(0, 0), 0, 20), seen_by(ONE, "b", standing(1, 0), 0, 20))
    out, then = seen_by(ONE, "c", standing(0.5, 0), 22, 90), seen_by(TWO, "z", standing(40, 40), 50, 60)
    later = seen_by(TWO, "y", standing(40, 40), 70, 80)
    stitcher = Stitcher(StitchRules(look_dimensions=64))
    for number, (device, each) in enumerate((*seen, out, then, later)):
        stitcher.take(device, each)
        if number < len(seen):
            stitcher.take_signature(signature(each, look(number)), each.opened_ms)
    stitcher.settle()
    assert stitcher.cluster_of(out[1].segment_id) is not stitcher.cluster_of(seen[1][1].segment_id)
    stitcher.take_signature(signature(out[1], look(1, sample=3)), START_MS + 85_000)
    stitcher.settle()
    assert stitcher.cluster_of(out[1].segment_id) is stitcher.cluster_of(seen[1][1].segment_id)


def test_sums_are_bounded_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.core.stitching.appearance._MOST_SUMS", 1)
    monkeypatch.setattr("gateway.core.stitching.appearance._MOST_INTERNED", 1)
    looks = Appearances(StitchRules(look_dimensions=64))
    segments = [seen_by(ONE, name, standing(0, 0), 0, 20)[1] for name in "ab"]
    for number, each in enumerate(segments):
        looks.take(signature(each, look(1, sample=number)), START_MS)
    one, two = (looks.versions([("cam-1", each.segment_id)]) for each in segments)
    assert looks.likeness(one, two) == looks.likeness(two, one)


@pytest.mark.parametrize(("seen", "then"), [("ab", "c"), ("abc", "ab"), ("aab", "abb"), ("a", "a")])
def test_what_looks_say_is_the_mean_over_the_pairs_of_cameras(seen: str, then: str):
    rules = StitchRules(look_dimensions=5, look_noise_sd=1.3, look_camera_sd=0.8)
    looks, sides = Appearances(rules), list[Versions]()
    vectors: list[dict[str, list[int]]] = []
    for side, cameras in enumerate((seen, then)):
        segments, sums = [], dict[str, list[list[int]]]()
        for number, name in enumerate(cameras):
            _, each = seen_by(camera(name), f"{side} {number}", standing(0, 0), 0, 20)
            raw = look(1, noise=2.0, sample=10 * side + number)
            looks.take(signature(each, raw), START_MS)
            segments.append((name, each.segment_id))
            sums.setdefault(name, []).append(memoryview(raw).cast("b").tolist())
        sides.append(looks.versions(segments))
        vectors.append({name: [len(many), *map(sum, zip(*many, strict=True))] for name, many in sums.items()})
    weights = []
    for (a_name, (a_count, *a)), (b_name, (b_count, *b)) in product(vectors[0].items(), vectors[1].items()):
        spread = sqrt((1 + 0.8**2 + 1.3**2 / a_count) * (1 + 0.8**2 + 1.3**2 / b_count))
        different = 0.8**2 / spread if a_name == b_name else 0.0
        same = different + 1 / spread
        cosine = sum(map(mul, a, b)) / (hypot(*a) * hypot(*b))
        weights.append((cosine - (same + different) / 2) * (same - different) * 5)
    expected = fmean(weights)
    assert abs(expected) < rules.alike_most
    assert looks.likeness(*sides) == pytest.approx(expected)
