"""Scores of measured figures."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.scoring import (
    MeasuredCrossings,
    MeasuredLink,
    TrackRef,
    score_footfall,
    score_links,
    wilson_lower_bound,
)
from simulators.core.truth import TrueTouch, Truth
from tests.unit.simulators.runs import Simulated


def _link(truth: Truth, touch: TrueTouch, person_id: str) -> MeasuredLink:
    person = next(person for person in truth.people if person.person_id == person_id)
    visit = tuple(TrackRef(camera_id=track.camera_id, track_id=track.track_id) for track in person.tracks)
    return MeasuredLink(device_id=touch.device_id, t_ms=touch.t_ms, visit=visit)


def test_wilson_bound_of_known_cases() -> None:
    # Brown, Cai and DasGupta (2001): at full success the interval begins at n / (n + z^2).
    assert wilson_lower_bound(10, 10, z=1.96) == pytest.approx(10 / (10 + 1.96**2))
    assert wilson_lower_bound(0, 10) == 0.0
    assert wilson_lower_bound(0, 0) == 0.0
    with pytest.raises(ValueError, match="0 to trials"):
        wilson_lower_bound(3, 2)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.1, 4))
def test_wilson_bound_solves_the_score_equation(case: tuple[int, int], z: float) -> None:
    hits, trials = case
    bound = wilson_lower_bound(hits, trials, z)
    assert 0 <= bound <= hits / trials + 1e-12
    assert hits / trials - bound == pytest.approx(z * sqrt(bound * (1 - bound) / trials), abs=1e-6)


def test_true_counts_score_without_error(run: Simulated) -> None:
    totals = run.truth.totals.tripwires
    measured = {
        total.tripwire_id: MeasuredCrossings(crossed_in=total.crossed_in, crossed_out=total.crossed_out)
        for total in totals
    }
    assert all(score.error_in == score.error_out == 0 for score in score_footfall(measured, run.truth))


def test_errors_have_a_sign_and_missing_counts_are_nothing_counted(run: Simulated) -> None:
    door, pavement = run.truth.totals.tripwires
    measured = {"door": MeasuredCrossings(crossed_in=door.crossed_in + 2, crossed_out=door.crossed_out - 1)}
    scores = score_footfall(measured, run.truth)
    assert (scores[0].error_in, scores[0].error_out) == (2, -1)
    assert scores[0].error_in_share == 2 / door.crossed_in
    assert scores[1].error_in == -pavement.crossed_in
    assert scores[1].error_in_share == 1.0
    with pytest.raises(ValueError, match="unknown tripwire 'dor'; the truth knows door, pavement"):
        score_footfall({"dor": MeasuredCrossings(crossed_in=0, crossed_out=0)}, run.truth)


def test_a_linker_that_knows_the_truth_is_perfect(run: Simulated) -> None:
    truth = run.truth
    links = [_link(truth, touch, touch.person_id) for touch in truth.touches if touch.expected == "link"]
    score = score_links(links, truth)
    assert (score.precision, score.recall) == (1.0, 1.0)
    assert score.linked == score.correct == truth.totals.expected_links
    assert score.abstention == truth.totals.expected_abstentions / score.touches


def test_every_kind_of_wrong_link_costs_precision(run: Simulated) -> None:
    truth = run.truth
    link = next(touch for touch in truth.touches if touch.expected == "link")
    nobody = next(touch for touch in truth.touches if touch.expected == "no_member")
    passer_by = next(person.person_id for person in truth.people if person.role == "passer_by")
    ghost = MeasuredLink(device_id="kiosk-1", t_ms=1, visit=(TrackRef(camera_id="cam-1", track_id="p1"),))
    unseen = MeasuredLink(
        device_id=link.device_id, t_ms=link.t_ms, visit=(TrackRef(camera_id="cam-1", track_id="p99999"),)
    )
    abstained = MeasuredLink(device_id=link.device_id, t_ms=link.t_ms)
    wrong = score_links([_link(truth, link, passer_by), _link(truth, nobody, nobody.person_id), ghost], truth)
    assert (wrong.linked, wrong.correct, wrong.without_consent, wrong.unknown) == (3, 0, 1, 1)
    assert (wrong.precision, wrong.precision_lower, wrong.recall) == (0.0, 0.0, 0.0)
    assert score_links([unseen], truth).correct == 0
    nothing = score_links([abstained], truth)
    assert (nothing.linked, nothing.precision, nothing.abstention) == (0, None, 1.0)
