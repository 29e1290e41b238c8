"""Each part of the scorecard, on small stores of which everything is known."""

import numpy as np
import pytest

from simulators.core.observer import perfect_observation
from simulators.core.scoring import (
    MeasuredCodeScan,
    MeasuredCrossing,
    MeasuredCrossings,
    MeasuredIdentifier,
    MeasuredLink,
    MeasuredPeople,
    MeasuredProfile,
    MeasuredTouch,
    MeasuredVisit,
    Observation,
    Options,
    Scorecard,
    TrackRef,
    TrackSpan,
    score,
)
from simulators.core.scoring.dwell import wasserstein
from simulators.core.scoring.measured import blocks_of
from simulators.core.truth import Truth
from tests.unit.simulators.scoring.made import at, code_scan, identity, person, touch, truth

OPTIONS = Options()


def _span(track: str, begin: float, end: float, camera: str = "cam") -> TrackSpan:
    return TrackSpan(camera_id=camera, track_id=track, from_ms=at(begin), to_ms=at(end))


def _visit(visit_id: str, *tracks: TrackSpan, is_staff: bool = False) -> MeasuredVisit:
    opened = min((track.from_ms for track in tracks), default=at(1))
    closed = max((track.to_ms for track in tracks), default=at(2))
    return MeasuredVisit(visit_id=visit_id, opened_ms=opened, closed_ms=closed, tracks=tracks, is_staff=is_staff)


def _score_visits(true: Truth, *visits: MeasuredVisit) -> Scorecard:
    return score(Observation(visits=visits), true, OPTIONS)


def test_counts_without_times_are_scored_as_totals() -> None:
    true = truth(person("a", (10, 50)), person("b", (20, None)))
    card = score(Observation(counts={"door": MeasuredCrossings(crossed_in=3, crossed_out=0)}), true, OPTIONS)
    assert card.counting is not None
    door = card.counting.tripwires[0]
    assert (door.crossed_in.error, door.crossed_out.error, door.crossed_in.blocks) == (1, -1, None)
    assert door.crossed_in.error_share.value == 0.5
    assert door.crossed_in.error_share.interval is not None
    assert door.crossed_in.error_share.interval.method == "poisson"
    assert (card.counting.inside_measured, card.counting.inside_true, card.counting.is_conserved) == (3, 1, False)
    nobody = score(Observation(counts={}), truth(person("c", role="passer_by")), OPTIONS).counting
    assert nobody is not None
    assert nobody.tripwires[0].crossed_in.error_share.value is None


def test_an_unknown_tripwire_is_refused() -> None:
    crossing = MeasuredCrossing(tripwire_id="dor", direction="in", t_ms=at(1))
    with pytest.raises(ValueError, match="unknown tripwire 'dor'; the truth knows door"):
        score(Observation(crossings=(crossing,)), truth(person("a", (1, 2))), OPTIONS)


def test_long_runs_are_cut_into_hours_and_short_ones_into_five_minutes() -> None:
    short, long = blocks_of(truth(seconds=3 * 3600)), blocks_of(truth(seconds=4 * 3600))
    assert (short.block_ms, short.count) == (300_000, 36)
    assert (long.block_ms, long.count) == (3_600_000, 4)
    assert (long.of(at(-5)), long.of(at(3601)), long.of(at(99_999))) == (0, 1, 3)


def test_people_are_compared_at_the_times_of_the_looks_alone() -> None:
    true = truth(person("a", (10, 50), stays=[("shelf", 10, 30)]), person("b", (40, None)))
    looks = [(0, 0), (10, 1), (45, 1), (50, 1), (9999, 7)]
    people = tuple(MeasuredPeople(place=None, t_ms=at(t), people=n) for t, n in looks)
    shelf = MeasuredPeople(place="shelf", t_ms=at(29), people=3)
    store, zone = score(Observation(people=(*people, shelf)), true, OPTIONS).occupancy
    assert (store.exact.samples, store.exact.value, store.bias.value) == (4, 0.75, -0.25)
    assert (zone.place, zone.mean_absolute_error.value, zone.mean_absolute_error.interval) == ("shelf", 2, None)
    assert [(point.true, point.measured) for point in store.series] == [(0, 0), (1, 1), (2, 1), (1, 1)]


def test_a_switched_id_belongs_to_whoever_it_was_at_the_time() -> None:
    # Track t1 is with a until second 50, then with b; t2 the other way round.
    a = person("a", (10, 90), tracks=[("cam", "t1", 8, 50), ("cam", "t2", 50.25, 92)])
    b = person("b", (10, 90), tracks=[("cam", "t2", 8, 50), ("cam", "t1", 50.25, 92)])
    card = _score_visits(truth(a, b), _visit("v1", _span("t1", 8, 92)), _visit("v2", _span("t2", 8, 92)))
    assert card.visits is not None
    assert card.tracking is not None
    assert card.tracking.det_a.value == 1
    # 80 instants of each person, 41 (10 to 50) under one id and 39 under the other.
    assert card.tracking.ass_a.value == pytest.approx((41 * 41 / (160 - 41) + 39 * 39 / (160 - 39)) / 80)
    assert card.tracking.idf1.value == pytest.approx(41 / 80)
    assert (card.visits.merges.value, card.visits.splits.value, card.visits.found) == (1, 1, 0)


def test_a_double_switch_gives_each_its_own_again() -> None:
    # The truth tells one span per person and id, so the spans of t1 overlap: a, b, and a again.
    a = person("a", (10, 90), tracks=[("cam", "t1", 8, 92)])
    b = person("b", (10, 90), tracks=[("cam", "t1", 40, 50)])
    card = _score_visits(truth(a, b), _visit("v1", _span("t1", 8, 92)))
    assert card.tracking is not None
    assert card.tracking.matched == 80
    assert card.tracking.id_matched == 69


def test_the_way_to_the_door_counts_neither_for_nor_against() -> None:
    a = person("a", (10, 20), tracks=[("cam", "t1", 5, 25)])
    card = _score_visits(truth(a), _visit("v1", _span("t1", 5, 25)))
    assert card.tracking is not None
    assert (card.tracking.true, card.tracking.measured) == (10, 10)
    assert card.dwell[0].mean_error.value == 10


def test_visits_of_no_customer_are_told_apart() -> None:
    true = truth(
        person("a", (10, 60), tracks=[("cam", "t1", 10, 60)]),
        person("passer", role="passer_by", tracks=[("cam", "t2", 10, 60)]),
        person("cashier", (0, None), role="staff", tracks=[("cam", "t3", 0, 600)]),
        person("carrier", (5, 50), role="delivery", tracks=[("cam", "t4", 5, 50)]),
    )
    visits = [_visit(f"v{n}", _span(f"t{n}", 12, 40)) for n in (1, 2, 3, 4, 5)]
    unseen, short = _visit("v6"), _visit("v7", _span("t1", 20.1, 20.9))
    card = _score_visits(true, *visits, unseen, short, _visit("v8", _span("t3", 0, 600), is_staff=True))
    assert card.visits is not None
    found = card.visits
    assert (found.true, found.measured, found.found, found.set_aside) == (1, 6, 1, 1)
    assert (found.empty, found.of_passers_by, found.of_workers) == (5, 1, 2)


def test_two_cameras_that_are_not_stitched_find_a_visit_once() -> None:
    true = truth(person("a", (10, 60), tracks=[("c1", "t", 10, 60), ("c2", "t", 12, 60)]))
    card = _score_visits(true, _visit("v1", _span("t", 10, 60, "c1")), _visit("v2", _span("t", 12, 60, "c2")))
    assert card.visits is not None
    assert (card.visits.found, card.visits.recall.value, card.visits.pieces) == (1, 1, 1)


def test_nobody_at_all() -> None:
    card = _score_visits(truth(), _visit("v1", _span("t1", 1, 9)))
    assert card.visits is not None
    assert (card.visits.true, card.visits.empty, card.visits.recall.value) == (0, 1, None)
    assert card.visits.error_share.value is None
    empty = _score_visits(truth(person("a", (1, 9))))
    assert empty.visits is not None
    assert (empty.visits.recall.value, empty.dwell[0].distance.value) == (0, None)


def test_wasserstein_of_known_cases() -> None:
    two, ten = np.array([1.0, 3.0]), np.array([10.0])
    assert wasserstein(two, two + 4) == 4
    assert wasserstein(two, ten) == 8
    assert wasserstein(two, ten, np.array([3.0, 1.0])) == pytest.approx(8.5)
    assert wasserstein(two, ten, None, np.array([0.0])) != wasserstein(two, ten)
    assert np.isnan(wasserstein(np.array([]), np.array([])))


def test_one_long_block_has_a_distance_without_interval() -> None:
    card = score(perfect_observation(truth(person("a", (10, 60)))), truth(person("a", (10, 60))), OPTIONS)
    assert card.dwell[0].distance.value == 0
    assert card.dwell[0].distance.interval is None


def _links(true: Truth, *links: MeasuredLink, visits: tuple[MeasuredVisit, ...] | None = None) -> Scorecard:
    return score(Observation(links={"mine": links}, visits=visits), true, OPTIONS)


def _ref(track: str) -> tuple[TrackRef, ...]:
    return (TrackRef(camera_id="cam", track_id=track),)


def test_every_verdict_on_a_link() -> None:
    a = person("a", (10, 90), party="p", tracks=[("cam", "t1", 8, 50), ("cam", "t2", 50.25, 92)])
    b = person("b", (10, 90), party="p", tracks=[("cam", "t3", 8, 92)])
    c = person("c", (10, 90), tracks=[("cam", "t2", 8, 50), ("cam", "t1", 50.25, 92)])
    touches = [touch(a, 40), touch(a, 60, rivals=1), touch(a, 70, "abstain"), touch(c, 80, "no_consent"), touch(c, 85)]
    true = truth(a, b, c, touches=touches)

    def link(t: float, track: str) -> MeasuredLink:
        return MeasuredLink(device_id="till-1", t_ms=at(t), visit=_ref(track))

    card = _links(
        true,
        link(40, "t1"),  # right: t1 was with a then
        link(60, "t1"),  # wrong: by then it was with c
        link(70, "t3"),  # the party
        link(80, "t1"),  # no consent
        link(85, "ghost"),  # nobody
        link(99, "t1"),  # no touch
    ).links[0]
    assert (card.linked, card.correct, card.exact, card.without_consent, card.unknown) == (6, 2, 1, 1, 1)
    assert (card.touches, card.recall.value, card.recall_alone.value, card.abstention.value) == (4, 0.5, 1 / 3, 0)
    assert card.calibration is None
    rivals = {part.name: part for part in card.slices if part.of == "rivals"}
    assert (rivals["1"].precision.value, rivals["1"].touches) == (0, 1)
    assert (rivals["0"].linked, rivals["0"].correct) == (4, 2)
    before = _links(true, MeasuredLink(device_id="till-1", t_ms=at(40), visit=_ref("t2"))).links[0]
    assert before.correct == 0


def test_tracks_that_have_ended_are_judged_by_all_they_were() -> None:
    a = person("a", (10, 90), tracks=[("cam", "t1", 8, 30)])
    true = truth(a, touches=[touch(a, 60)])
    assert _links(true, MeasuredLink(device_id="till-1", t_ms=at(60), visit=_ref("t1"))).links[0].exact == 1


def test_decisions_and_posteriors() -> None:
    a = person("a", (10, 90), tracks=[("cam", "t1", 8, 92)])
    b = person("b", (10, 90), tracks=[("cam", "t2", 8, 92)])
    true = truth(a, b, touches=[touch(a, 20 + n, size=5) for n in range(4)])
    visits = (_visit("v1", _span("t1", 8, 92)), _visit("v2", _span("t2", 8, 92)))
    links = [
        MeasuredLink(device_id="till-1", t_ms=at(20), visit_id="v1", posterior=1.0, decision="linked"),
        MeasuredLink(device_id="till-1", t_ms=at(21), visit_id="v2", posterior=0.75, decision="party", party=True),
        MeasuredLink(device_id="till-1", t_ms=at(22), visit_id="v1", posterior=0.5, decision="ambiguous"),
        MeasuredLink(device_id="till-1", t_ms=at(23), decision="null", posterior=0.3),
    ]
    card = _links(true, *links, visits=visits).links[0]
    assert (card.linked, card.correct, card.abstention.value) == (2, 1, 0.5)
    assert card.calibration is not None
    assert card.calibration.brier.value == pytest.approx((0 + 0.75**2 + 0.5**2) / 3)
    assert card.calibration.ece == pytest.approx((0 + 0.75 + 0.5) / 3)
    assert [each.low for each in card.calibration.bins] == [0.5, 0.7, 0.9]
    (large,) = (part for part in card.slices if part.of == "party_size")
    assert (large.name, large.bins) == ("4+", card.calibration.bins)
    with pytest.raises(ValueError, match="names visit v9, which no event tells of; give the events of the same run"):
        _links(true, MeasuredLink(device_id="till-1", t_ms=at(20), visit_id="v9"), visits=visits)


def _profile(name: str, *values: str) -> MeasuredProfile:
    identifiers = tuple(MeasuredIdentifier(namespace="card", value=value) for value in values)
    return MeasuredProfile(profile_id=name, identifiers=identifiers)


def test_shared_cards_that_merge_a_household_are_counted() -> None:
    true = truth(
        identities=[
            identity("m1", "h1", "1", "2"),
            identity("m2", "h1", "3", shows_too=["2"]),
            identity("m3", "h2", "4"),
        ]
    )
    profiles = (_profile("p1", "1", "2", "3"), _profile("p2", "9"))
    found = score(Observation(profiles=profiles), true, OPTIONS).identity
    assert found is not None
    assert (found.people, found.profiles, found.identifiers, found.unknown, found.missing) == (2, 1, 3, 1, 1)
    assert (found.merged, found.merged_households, found.split) == (1, 1, 0)
    assert found.pair_precision.value == pytest.approx(1 / 3)
    assert found.pair_recall.value == 1
    assert found.b_cubed_precision.value == pytest.approx((2 * 2 / 3 + 1 / 3) / 3)
    with pytest.raises(ValueError, match="card 1 stands with both p1 and p3; it can be one's alone"):
        score(Observation(profiles=(*profiles, _profile("p3", "1"))), true, OPTIONS)


def test_flags_and_touches() -> None:
    a = person("a", (1, 9))
    true = truth(
        a, touches=[touch(a, 5)], revenue_minor=500, code_scans=[code_scan("x", 1), code_scan("x", 2, first=False)]
    )
    scans = (
        MeasuredCodeScan(code="x", t_ms=at(1), first=True, genuine=False),
        MeasuredCodeScan(code="x", t_ms=at(2)),
        MeasuredCodeScan(code="y", t_ms=at(3), first=True),
    )
    touches = tuple(MeasuredTouch(device_id="till-1", t_ms=at(5), kind="sale", total_minor=500) for _ in range(2))
    card = score(Observation(code_scans=scans, touches=touches), true, OPTIONS)
    assert card.codes is not None
    first, repeat, counterfeit = card.codes.flags
    assert (first.precision.value, first.recall.value) == (0.5, 1)
    assert (repeat.precision.value, repeat.recall.value) == (None, 0)
    assert (counterfeit.precision.value, counterfeit.recall.value, card.codes.unknown) == (0, None, 1)
    assert card.touches is not None
    assert (card.touches.found.value, card.touches.false, card.touches.revenue_error_minor) == (1, 1, 500)
