"""Who might be either of two people waits until more is known."""

from functools import partial
from math import cos, inf, sin
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.events import Source
from contracts.payloads import VisitSegment
from gateway.core.stitching import Stitcher, StitchRules, Visits
from gateway.core.stitching.appearance import Appearances, Versions
from gateway.core.stitching.clusters import Cluster
from gateway.core.stitching.pairs import Pairs
from gateway.core.stitching.sight import Blends, Sight
from gateway.core.stitching.tracklets import Tracklet
from gateway.core.stitching.waiting import Waiting
from tests.unit.gateway.stitch_samples import (
    START_MS,
    Seen,
    Walk,
    camera,
    look,
    segment,
    signature,
    standing,
    stay,
    walking,
)

ONE, TWO, THREE, GATEWAY = camera("cam-1"), camera("cam-2"), camera("cam-3"), camera("gateway")
RULES = StitchRules(look_dimensions=64, look_noise_sd=1.0, look_camera_sd=0.7)


def _seen(device: Source, name: str, walk: Walk, from_s: float, to_s: float, noise_m: float = 0.0) -> Seen:
    stays = (stay("shelf", "shelf", from_s + 1, to_s),)
    return device, segment(device, name, walk, (from_s, to_s), stays, noise_m=noise_m)


HIDDEN = (
    _seen(ONE, "a", standing(0.0, 0.0), 0, 20),
    _seen(ONE, "b", standing(1.0, 0.0), 0, 20),
    _seen(ONE, "c", standing(0.5, 0.0), 22, 60),
)
"""Two who are hidden, and one of them who comes out where both might be."""


def _stitched(*seen: Seen, looks: dict[str, int] | None = None) -> Stitcher:
    stitcher = Stitcher(RULES)
    looks = {"a": 1, "b": 2} if looks is None else looks
    for device, each in seen:
        stitcher.take(device, each)
        if each.track_id in looks:
            for sample in range(3):
                drawn = look(looks[each.track_id], sample=10 * ord(each.track_id) + sample)
                stitcher.take_signature(signature(each, drawn), each.opened_ms + sample)
    stitcher.settle()
    return stitcher


def _people(stitcher: Stitcher) -> list[list[str]]:
    return sorted(sorted(each.segment.track_id for each in cluster.tracklets) for cluster in stitcher.clusters())


def _show(visits: Visits, each: VisitSegment, looks: dict[str, int]) -> None:
    for sample in range(3 if each.track_id in looks else 0):
        sign = look(looks[each.track_id], sample=10 * ord(each.track_id) + sample)
        visits.take_signature(signature(each, sign), each.opened_ms + sample)


def _visits(*seen: Seen) -> list[list[str]]:
    names = {each.segment_id: each.track_id for _, each in seen}
    visits = Visits(GATEWAY, RULES)
    for device, each in seen:
        visits.take(device, each)
        _show(visits, each, {"a": 1, "b": 2})
    visits.settle()
    return sorted([names[part] for part in each.segment_ids] for each in visits.visits() if each.status == "closed")


def test_where_nobody_was_seen_well_waiting_would_not_help():
    assert _people(_stitched(*HIDDEN, looks={})) == [["a", "c"], ["b"]]


def test_who_might_be_either_is_nobodys_visit():
    assert _people(_stitched(*HIDDEN)) == [["a"], ["b"], ["c"]]
    assert _visits(*HIDDEN) == [["a"], ["b"]]


@pytest.mark.parametrize(("who", "expected"), [(1, [["a", "c", "d"], ["b"]]), (2, [["a"], ["b", "c", "d"]])])
def test_looks_that_are_seen_later_decide(who: int, expected: list[list[str]]):
    later = _seen(TWO, "d", standing(0.5, 0.0), 50, 80)
    assert _people(_stitched(*HIDDEN, later, _seen(ONE, "z", standing(40, 40), 90, 99))) == [
        ["a"],
        ["b"],
        ["c"],
        ["d"],
        ["z"],
    ]
    found = _stitched(
        *HIDDEN, later, _seen(ONE, "z", standing(40, 40), 90, 99), looks={"a": 1, "b": 2, "d": who, "z": 9}
    )
    assert _people(found) == [*expected, ["z"]]


def test_who_looks_like_neither_is_somebody_new():
    then = (_seen(ONE, "c", standing(0.5, 0.0), 120, 160), _seen(TWO, "d", standing(0.5, 0.0), 130, 180))
    after = _seen(ONE, "z", standing(40, 40), 190, 199)
    found = _stitched(*HIDDEN[:2], *then, after, looks={"a": 1, "b": 2, "d": 7, "z": 9})
    assert _people(found) == [["a"], ["b"], ["c", "d"], ["z"]]
    assert not any(each.rivals for each in found.clusters())
    found.take(*_seen(ONE, "y", standing(40, 80), 150, 160))  # undoes that, and it is decided anew
    found.settle()
    assert _people(found) == [["a"], ["b"], ["c", "d"], ["y"], ["z"]]
    assert len(_visits(*HIDDEN[:2], *then, after)) == 3


def test_who_was_elsewhere_meanwhile_it_was_not():
    """The one walks off and is known again by looks while the undecided one still stands there."""
    away = _seen(TWO, "d", standing(6.0, 0.0), 30, 55)
    after = _seen(THREE, "z", standing(40, 40), 90, 99)
    found = _stitched(*HIDDEN, away, after, looks={"a": 1, "b": 2, "d": 1, "z": 9})
    assert _people(found) == [["a", "d"], ["b", "c"], ["z"]]


def test_of_two_who_come_out_one_decides_for_both():
    seen = (*HIDDEN[:2], _seen(ONE, "c", standing(0.5, 0.1), 22, 60), _seen(ONE, "d", standing(0.5, -0.1), 22.1, 60))
    assert _people(_stitched(*seen)) == [["a"], ["b"], ["c"], ["d"]]
    more = (_seen(TWO, "e", standing(0.5, 0.1), 25, 58), _seen(ONE, "z", standing(40, 40), 90, 99))
    found = _stitched(*seen, *more, _seen(ONE, "y", standing(20, 40), 95, 99), looks={"a": 1, "b": 2, "e": 2, "z": 9})
    assert ["a", "d"] in _people(found)
    assert [group for group in _people(found) if "c" in group] == [["b", "c", "e"]]


def test_nothing_more_is_known_of_who_was_seen_long_ago():
    later = _seen(TWO, "d", standing(0.5, 0.0), 800, 820)
    found = _stitched(*HIDDEN, later, _seen(ONE, "z", standing(40, 40), 830, 840), looks={"d": 1, "a": 1, "b": 2})
    assert ["c"] in _people(found)


def test_visits_are_told_again_once_it_is_known_whose_they_are():
    visits = Visits(GATEWAY, RULES)
    looks = {"a": 1, "b": 2, "d": 2}
    told = []
    for device, each in (*HIDDEN, _seen(TWO, "d", standing(0.5, 0.0), 50, 80), _seen(ONE, "z", standing(9, 9), 90, 99)):
        visits.take(device, each)
        _show(visits, each, looks)
        told.append({len(draft.data.segment_ids) for draft in visits.settle()})
    assert told == [{1}, {1}, set(), set(), {1, 3}]


def test_who_was_told_and_then_might_be_either_is_withdrawn():
    visits = Visits(GATEWAY, RULES)
    for device, each in (HIDDEN[0], HIDDEN[2]):
        visits.take(device, each)
    _show(visits, HIDDEN[0][1], {"a": 1})
    visits.settle()
    visits.take(*HIDDEN[1])
    drafts = {draft.data.segment_ids: draft.data.status for draft in visits.settle()}
    assert drafts == {(each.segment_id,): "closed" for _, each in HIDDEN[:2]}
    again = Visits(GATEWAY, RULES)
    for device, each in (HIDDEN[2], HIDDEN[1], HIDDEN[0]):
        again.take(device, each)
        _show(again, each, {"a": 1})
        statuses = {draft.data.status for draft in again.settle()}
    assert statuses == {"closed", "withdrawn"}


def test_who_was_told_alone_and_then_might_be_either_is_withdrawn():
    visits = Visits(GATEWAY, RULES)
    visits.take(*HIDDEN[2])
    visits.settle()
    for device, each in HIDDEN[:2]:
        visits.take(device, each)
        _show(visits, each, {"a": 1, "b": 2})
    visits.settle()
    assert {each.segment_ids[0]: each.status for each in visits.visits()} == {
        HIDDEN[0][1].segment_id: "closed",
        HIDDEN[1][1].segment_id: "closed",
        HIDDEN[2][1].segment_id: "withdrawn",
    }


def test_the_forgotten_decide_nothing():
    apart = (_seen(ONE, "y", standing(40, 0), 0, 900), _seen(ONE, "z", standing(41, 0), 0, 40))
    stitcher = _stitched(*HIDDEN, *apart, _seen(ONE, "x", standing(40.5, 0), 41, 60))
    stitcher.forget(START_MS + 50_000)
    assert _people(stitcher) == [["c"], ["x", "z"], ["y"]]
    stitcher.take(*_seen(ONE, "w", standing(9, 90), 65, 70))
    stitcher.settle()
    assert ["c"] in _people(stitcher)


def test_who_is_undecided_looks_like_one_of_the_rivals():
    looks = Appearances(RULES)
    clusters = []
    for (device, each), who in zip((*HIDDEN, _seen(TWO, "d", standing(0, 0), 70, 80)), (1, 2, None, 1), strict=True):
        clusters.append(Cluster(Tracklet(device, each)))
        for sample in range(3 if who else 0):
            looks.take(signature(each, look(who or 0, sample=sample + 5 * (device == TWO))), START_MS + sample)
    a, b, c, d = clusters
    seen = looks.versions(d.looks())
    same, other = looks.likeness(looks.versions(a.looks()), seen), looks.likeness(looks.versions(b.looks()), seen)
    assert same == RULES.alike_most
    assert other == -RULES.alike_most
    assert Sight(looks, Blends(looks, inf), seen).likeness(c) is None
    c.rivals = [(a, 1.0), (b, 1.0)]
    found = Sight(looks, Blends(looks, inf), seen).likeness(c)
    assert found is not None
    assert same - 0.7 < found < same


def test_rivals_of_many_undecided_are_compared_once_each():
    count, compared = 40, []

    class Counted(Appearances):
        def likeness(self, one: Versions, other: Versions) -> float | None:
            compared.append(one)
            return super().likeness(one, other)

    looks = Counted(RULES)
    people = [Cluster(Tracklet(*_seen(ONE, f"p{index}", standing(0, 0), 0, 10))) for index in range(count)]
    for person in people:
        person.rivals = [(each, 0.0) for each in people if each is not person]
    sight = Sight(looks, Blends(looks, inf), (("two", "new", 1, 1),))
    assert [sight.likeness(each) for each in people] == [pytest.approx(0.0)] * count
    assert len(compared) == count, "not the product of how many rivals each has: 40 x 39 x 39 x 39"


def test_who_can_be_somebody_in_two_ways_is_it_by_the_likelier_one():
    seen = (*HIDDEN, _seen(TWO, "d", standing(0, 0), 70, 80))
    a, b, c, d = (Cluster(Tracklet(device, each)) for device, each in seen)
    c.rivals = [(a, 0.0), (b, 0.0)]
    d.rivals = [(a, 5.0), (c, 0.0)]
    looks = Appearances(RULES)
    waiting = Waiting(RULES, looks, Blends(looks, inf), Pairs(RULES))
    waiting.add(d)
    assert waiting.decide(START_MS + 80_000, START_MS + 70_000) == [d]
    assert (d.person(), c.person()) == (a, c), "that c may be a says no more of d than that d is a"


def test_once_somebody_undecided_is_seen_well_it_is_known_whose_part_others_are():
    seen = (*HIDDEN, _seen(THREE, "e", standing(0, 0), 65, 80), _seen(TWO, "d", standing(0, 0), 70, 80))
    a, b, c, e, d = (Cluster(Tracklet(device, each)) for device, each in seen)
    c.rivals, d.rivals, e.rivals = [(a, 0.0), (b, 0.0)], [(c, 0.0)], [(d, 0.0)]
    looks = Appearances(RULES)
    for (_, each), person in zip(seen, (1, 2, 1), strict=False):
        at_ms = each.opened_ms + (40_000 if person == 1 and each.track_id == "c" else 0)
        looks.take(signature(each, look(person, sample=ord(each.track_id))), at_ms)
    blends = Blends(looks, 20_000)
    waiting = Waiting(RULES, looks, blends, Pairs(RULES))
    for undecided in (d, e):
        waiting.add(undecided)
    blends.look_around(START_MS + 41_000)
    assert waiting.decide(START_MS + 41_000, START_MS + 40_000) == []
    for undecided, device in ((d, TWO), (e, THREE)):
        undecided.join(Tracklet(*_seen(device, f"{device.device} again", standing(0, 0), 82, 85)))
    blends.look_around(START_MS + 42_000)
    assert waiting.decide(START_MS + 42_000, START_MS + 41_000) == [e, d]
    assert e.person() is d.person() is a


def _crowd(seed: int) -> tuple[list[Seen], list[tuple[VisitSegment, bytes, int]]]:
    """Return revisions of four who stand close together, are hidden and come out, some of whom are seen well."""
    random = Random(seed)
    revisions: list[Seen] = []
    signs = []
    for person in range(4):
        x_m, begin_s = 0.7 * person, float(random.randrange(4))
        for number in range(3):
            span = (begin_s, begin_s + random.randrange(2, 30))
            device = random.choice((ONE, TWO))
            walk = standing(x_m, 0.0) if random.random() < 0.7 else walking(x_m - 0.3 * begin_s, 0.0, 0.3)
            for ordinal, known_s in enumerate((span[0] + 1, None)):
                part = segment(
                    device,
                    f"{person}-{number}",
                    walk,
                    span,
                    (stay("shelf", "shelf", span[0] + 0.5, span[1]),),
                    ordinal=ordinal,
                    known_s=known_s,
                    noise_m=0.15,
                )
                revisions.append((device, part))
            if random.random() < 0.4:
                signs.append(
                    (
                        revisions[-1][1],
                        look(person, 0.8, number),
                        round(1000 * (span[0] + random.choice((0, 6, 24)))) + START_MS,
                    )
                )
            begin_s = span[1] + random.choice((0.3, 2.0, 9.0))
    return revisions, signs


def _state(stitcher: Stitcher) -> list[object]:
    return [
        ([each.segment for each in cluster.tracklets], [rival.person().anchor.key for rival, _ in cluster.rivals])
        for cluster in stitcher.clusters()
    ]


@settings(max_examples=15)
@given(st.integers(0, 9), st.randoms(use_true_random=False), st.lists(st.integers(0, 3), min_size=40, max_size=40))
def test_any_order_leaves_the_same_people_waiting(seed: int, random: Random, settles: list[int]):
    revisions, signs = _crowd(seed)
    news = [
        *(partial(Stitcher.take, device=device, segment=each) for device, each in revisions),
        *(partial(Stitcher.take_signature, signature=signature(e, raw), t_ms=t_ms) for e, raw, t_ms in signs),
    ]
    steady, wild = Stitcher(RULES), Stitcher(RULES)
    for take in news:
        take(steady)
    steady.settle()
    random.shuffle(news)
    for take, steps in zip(news, settles, strict=False):
        take(wild)
        if not steps:
            wild.settle()
    for take in news[len(settles) :]:
        take(wild)
    wild.settle()
    assert _state(wild) == _state(steady)
    assert {id(wild.cluster_of(each.segment_id)) for _, each in revisions} == {id(each) for each in wild.clusters()}


@settings(max_examples=15)
@given(st.integers(0, 9), st.randoms(use_true_random=False), st.lists(st.integers(0, 3), min_size=40, max_size=40))
def test_any_order_tells_the_same_visits_in_the_end(seed: int, random: Random, settles: list[int]):
    revisions, signs = _crowd(seed)
    news = [
        *(partial(Visits.take, device=device, segment=each) for device, each in revisions),
        *(partial(Visits.take_signature, signature=signature(e, raw), t_ms=t_ms) for e, raw, t_ms in signs),
    ]
    told = []
    for is_wild in (False, True):
        visits = Visits(GATEWAY, RULES)
        if is_wild:
            random.shuffle(news)
        for take, steps in zip(news, settles, strict=False):
            take(visits)
            if is_wild and not steps:
                visits.settle()
        visits.settle()
        told.append([replace(each, revision=0) for each in visits.visits() if each.status in {"open", "closed"}])
    assert told[0] == told[1]


def test_in_the_crowd_some_wait_and_some_are_decided():
    stitchers = []
    for seed in range(10):
        revisions, signs = _crowd(seed)
        stitcher = Stitcher(RULES)
        for device, each in revisions:
            stitcher.take(device, each)
        for each, raw, t_ms in signs:
            stitcher.take_signature(signature(each, raw), t_ms)
        stitcher.settle()
        stitchers.append(stitcher)
    assert any(each.rivals for stitcher in stitchers for each in stitcher.clusters())
    assert any(len(each.tracklets) > 2 for stitcher in stitchers for each in stitcher.clusters())


def test_once_neither_of_the_likeliest_can_be_it_the_third_is():
    third = _seen(ONE, "e", standing(0.5, 0.9), 0, 20)
    elsewhere = (_seen(TWO, "f", standing(5, 0), 30, 60), _seen(THREE, "g", standing(-5, 0), 30, 60))
    looks = {"a": 1, "b": 2, "e": 3, "f": 1, "g": 2}
    assert _people(_stitched(*HIDDEN, third, looks=looks)) == [["a"], ["b"], ["c"], ["e"]]
    found = _stitched(*HIDDEN, third, *elsewhere, _seen(ONE, "z", standing(40, 40), 90, 99), looks=looks)
    assert _people(found) == [["a", "f"], ["b", "g"], ["c", "e"], ["z"]]


@pytest.mark.parametrize(("others", "expected"), [(1, [["a", "c"]]), (6, [["a"], ["c"]])])
def test_who_is_likelier_than_any_other_but_not_than_all_of_them_is_not_known(others: int, expected: list[list[str]]):
    ring = [_seen(ONE, "mnopqr"[k], standing(2.1 * cos(k), 2.1 * sin(k)), 0, 20) for k in range(others)]
    near = (_seen(ONE, "a", standing(0, 0), 0, 20), _seen(ONE, "c", standing(0, 0), 22, 40))
    found = _people(_stitched(*near, *ring, looks={"a": 1, **{"mnopqr"[k]: k + 2 for k in range(others)}}))
    assert found == [*expected, *([name] for name in "mnopqr"[:others])]


@pytest.mark.parametrize(("others", "is_rival"), [(3, True), (8, True), (10, False)])
def test_a_glimpse_that_may_be_one_of_many_is_soon_asked_about_no_more(others: int, is_rival: bool):
    names = "mnopqrstuv"[:others]
    ring = [_seen(ONE, name, standing(0.3 * cos(k), 0.3 * sin(k)), 0, 20) for k, name in enumerate(names)]
    glimpses = (_seen(ONE, "g", standing(0, 0), 22, 23), _seen(ONE, "h", standing(0, 0), 23.2, 24))
    stitcher = _stitched(*ring, *glimpses, looks={name: k for k, name in enumerate(names)})
    found = stitcher.cluster_of(glimpses[1][1].segment_id)
    assert found is not None
    rivals = {rival.anchor.segment.track_id for rival, _ in found.rivals}
    assert rivals == {*names, *("g" if is_rival else "")}
