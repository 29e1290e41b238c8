"""Linking by rule: one visit fits and consent is given, or nothing is linked."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.linking.decide import Gate, Linking, RuleLinker, Scene, StayIndex, Touch, Visit, VisitStay, ineligibility

GATE = Gate(tolerance_ms=2000, max_stay_ms=60_000, staff_score=0.5)
EVERYONE = {"ann", "bob", "eve"}


def touch(time_ms: int = 15_000, one_id: str | None = "ann", touch_id: str = "t1", **fields: object) -> Touch:
    return Touch(**{"touch_id": touch_id, "time_ms": time_ms, "zone_id": "till", "one_id": one_id, **fields})  # type: ignore[arg-type]  # a test's plain fields


def visit(visit_id: str, entered_ms: int = 10_000, left_ms: int | None = 20_000, **fields: object) -> Visit:
    stays = (VisitStay(zone_id="till", entered_ms=entered_ms, left_ms=left_ms),)
    return Visit(**{"visit_id": visit_id, "status": "closed", "stays": stays, **fields})  # type: ignore[arg-type]  # a test's plain fields


def decide(touches: list[Touch], visits: list[Visit], consents: set[str] = EVERYONE) -> Linking:
    scene = Scene(touches=touches, visits=visits, consents=consents)
    linking = RuleLinker(GATE).link(scene)
    assert RuleLinker(GATE).fits(scene) == {
        touch_id: frozenset(each.visit_id for each in decision.hypotheses)
        for touch_id, decision in linking.decisions.items()
        if decision.decision != "vetoed"
    }
    return linking


def test_the_only_visit_is_linked_and_no_probability_is_made_up():
    decision = decide([touch()], [visit("v1")]).decisions["t1"]
    assert (decision.decision, decision.visit_id, decision.stage) == ("linked", "v1", "final")
    assert [(one.visit_id, one.posterior) for one in decision.hypotheses] == [("v1", None)]


@pytest.mark.parametrize(
    ("time_ms", "expected"), [(7_999, "null"), (8_000, "linked"), (22_000, "linked"), (22_001, "null")]
)
def test_tolerance_is_inclusive_on_both_sides(time_ms: int, expected: str):
    decision = decide([touch(time_ms)], [visit("v1")]).decisions["t1"]
    assert decision.decision == expected


def test_gap_is_measured_to_the_nearest_stay_in_the_zone():
    stays = (
        VisitStay(zone_id="till", entered_ms=0, left_ms=13_500),
        VisitStay(zone_id="till", entered_ms=16_000, left_ms=20_000),
        VisitStay(zone_id="shelf", entered_ms=14_000, left_ms=16_000),
    )
    decision = decide([touch()], [visit("v1", stays=stays)]).decisions["t1"]
    assert decision.hypotheses[0].features.gap_ms == 1000


def test_two_visits_are_ambiguous_and_both_are_kept():
    decision = decide([touch()], [visit("v2"), visit("v1")]).decisions["t1"]
    assert (decision.decision, decision.visit_id) == ("ambiguous", None)
    assert [one.visit_id for one in decision.hypotheses] == ["v1", "v2"]


def test_without_consent_no_visit_is_looked_at():
    decision = decide([touch()], [visit("v1")], {"bob"}).decisions["t1"]
    assert (decision.decision, decision.hypotheses, decision.stage) == ("vetoed", (), "final")


def test_staff_merged_and_withdrawn_visits_are_no_candidates():
    visits = [visit("v1", staff_score=0.5), visit("v2", status="merged"), visit("v3", status="withdrawn")]
    assert decide([touch()], visits).decisions["t1"].decision == "null"
    assert decide([touch()], [visit("v1", staff_score=0.1, role="staff")]).decisions["t1"].decision == "null"
    assert decide([touch()], [visit("v1", staff_score=0.8, role="customer")]).decisions["t1"].decision == "linked"
    assert decide([touch()], [visit("v1", staff_score=0.49)]).decisions["t1"].decision == "linked"


def test_open_visit_is_provisional_and_its_stay_ends_after_the_longest_stay():
    still_there = visit("v1", left_ms=None, status="open")
    assert decide([touch(60_000)], [still_there]).decisions["t1"].stage == "provisional"
    assert decide([touch(72_000)], [still_there]).decisions["t1"].decision == "linked"
    assert decide([touch(72_001)], [still_there]).decisions["t1"].decision == "null"
    assert decide([touch(72_001)], [visit("v1", left_ms=90_000)]).decisions["t1"].decision == "null"


def test_a_visit_with_two_claimants_goes_to_neither():
    touches = [touch(), touch(16_000, "bob", "t2")]
    found = decide(touches, [visit("v1")]).decisions
    assert {one.decision for one in found.values()} == {"ambiguous"}
    found = decide(touches, [visit("v1")], {"ann"}).decisions
    assert (found["t1"].decision, found["t2"].decision) == ("linked", "vetoed")


def test_two_touches_of_one_member_share_a_visit():
    found = decide([touch(), touch(16_000, "ann", "t2")], [visit("v1")]).decisions
    assert {one.visit_id for one in found.values()} == {"v1"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"one_id": None}, "no_member"),
        ({"in_store_proof": "none"}, "no_in_store_proof"),
        ({"zone_id": None}, "no_zone"),
        ({"is_reversal": True}, "reversal"),
        ({"is_reversed": True, "one_id": None}, "reversed"),
        ({"is_corrected": True, "is_reversed": True}, "corrected"),
    ],
)
def test_ineligible_touches_get_a_reason_and_no_decision(fields: dict[str, object], reason: str):
    linking = decide([touch(**fields)], [visit("v1")])  # type: ignore[arg-type]  # a test's plain fields
    assert linking.decisions == {}
    assert linking.ineligible == {"t1": reason}


def test_an_eligible_touch_has_no_reason_against_it():
    assert ineligibility(touch()) is None


def test_model_version_names_the_parameters():
    assert RuleLinker(GATE).model_version == "rule-1.tolerance-2000ms.staff-0.5"


TIMES = st.integers(0, 40).map(lambda number: number * 1000)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Touch], list[Visit], set[str]]:
    touches = [
        touch(draw(TIMES), draw(st.sampled_from(["ann", "bob", "eve", None])), f"t{number}")
        for number in range(draw(st.integers(0, 5)))
    ]
    visits = []
    for number in range(draw(st.integers(0, 5))):
        entered = draw(TIMES)
        left = draw(st.none() | st.integers(0, 10).map(lambda length, start=entered: start + length * 1000))  # type: ignore[misc]  # hypothesis infers the lambda's types
        status = draw(st.sampled_from(["open", "closed", "merged"]))
        score = draw(st.sampled_from([None, 0.9]))
        visits.append(visit(f"v{number}", entered, left, status=status, staff_score=score))
    return touches, visits, draw(st.sets(st.sampled_from(sorted(EVERYONE))))


@settings(max_examples=150)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_never_matters(world: tuple[list[Touch], list[Visit], set[str]], order: object):
    touches, visits, consents = world
    expected = decide(touches, visits, consents)
    for shuffled in (touches, visits):
        order.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's random has no public type
    assert decide(touches, visits, consents) == expected


def brute_force(one: Touch, visits: list[Visit]) -> dict[str, int]:
    """Return the gap by fitting visit, by looking at every stay: the oracle of the index."""
    found: dict[str, int] = {}
    for candidate in visits:
        if candidate.status == "merged" or candidate.staff_score is not None:
            continue
        for stay in candidate.stays:
            longest_ms = stay.entered_ms + GATE.max_stay_ms
            left_ms = longest_ms if stay.left_ms is None else min(stay.left_ms, longest_ms)
            gap_ms = max(stay.entered_ms - one.time_ms, one.time_ms - left_ms, 0)
            if stay.zone_id == one.zone_id and gap_ms <= GATE.tolerance_ms:
                found[candidate.visit_id] = min(gap_ms, found.get(candidate.visit_id, gap_ms))
    return found


@settings(max_examples=150)
@given(worlds())
def test_the_index_finds_what_looking_at_everything_finds(world: tuple[list[Touch], list[Visit], set[str]]):
    touches, visits, _ = world
    index = StayIndex(visits, GATE)
    for one in touches:
        found = {hypothesis.visit_id: hypothesis.features.gap_ms for hypothesis in index.hypotheses(one)}
        assert found == brute_force(one, visits)


@settings(max_examples=150)
@given(worlds())
def test_rules_that_always_hold(world: tuple[list[Touch], list[Visit], set[str]]):
    touches, visits, consents = world
    linking = decide(touches, visits, consents)
    assert linking.decisions.keys() | linking.ineligible.keys() == {one.touch_id for one in touches}
    assert not linking.decisions.keys() & linking.ineligible.keys()
    owners: dict[str, set[str]] = {}
    for decision in linking.decisions.values():
        assert (decision.visit_id is not None) == (decision.decision == "linked")
        assert (decision.decision == "vetoed") == (decision.one_id not in consents)
        if decision.visit_id is not None:
            assert [one.visit_id for one in decision.hypotheses] == [decision.visit_id]
            owners.setdefault(decision.visit_id, set()).add(decision.one_id)
    assert all(len(members) == 1 for members in owners.values())


def test_taking_a_rival_away_restores_the_link():
    touches, one, two = [touch()], visit("v1"), visit("v2")
    alone = decide(touches, [one])
    for both in permutations([one, two]):
        assert decide(touches, list(both)).decisions["t1"].decision == "ambiguous"
    assert decide(touches, [one]) == alone
