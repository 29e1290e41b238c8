"""Verdicts on the scans of one code: by rule, in any order, against an oracle that compares every pair."""

from itertools import combinations
from math import acos, cos, radians, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.codes.judge import CodeRules, CodeScan, IssuedCode, Judgement, Kind, Place, distance_m, judge

RULES = CodeRules()
EXACT = CodeRules(clock_tolerance_ms=0)
MINUTE_MS = 60_000
LONDON = Place(store="london", latitude_deg=51.5074, longitude_deg=-0.1278)
PARIS = Place(store="paris", latitude_deg=48.8566, longitude_deg=2.3522)
SYDNEY = Place(store="sydney", latitude_deg=-33.8688, longitude_deg=151.2093)
CORNER, MALL = Place(store="corner"), Place(store="mall")


def scan(minute: float, person: str | None = None, place: Place | None = None) -> CodeScan:
    return CodeScan(scan_id=f"s{minute}", time_ms=round(minute * MINUTE_MS), person=person, place=place)


def judged(*scans: CodeScan, kind: Kind = "inner", sold: float | None = None, rules: CodeRules = RULES) -> Judgement:
    sold_ms = None if sold is None else round(sold * MINUTE_MS)
    return judge(scans, IssuedCode(kind=kind, sold_ms=sold_ms), rules, registered=True)


def verdicts(judgement: Judgement) -> list[str]:
    return list(judgement.verdicts.values())


def test_the_first_scan_of_an_inner_code_authenticates_and_others_are_told_apart() -> None:
    result = judged(scan(1, "ann"), scan(2, "ann"), scan(3, "ben"), scan(4))
    assert verdicts(result) == ["first", "again", "repeat", "repeat"]
    assert (result.first_scan_id, result.persons, result.is_cloned) == ("s1", 2, False)


def test_two_unknown_people_are_never_held_to_be_the_same() -> None:
    assert verdicts(judged(scan(1), scan(2))) == ["first", "repeat"]


def test_looking_up_prices_before_the_sale_authenticates_nothing() -> None:
    lookups = [scan(1, "ann", CORNER), scan(2, "ben", CORNER), scan(3, "cy", CORNER)]
    assert set(verdicts(judged(*lookups, kind="outer"))) == {"looked_up"}
    result = judged(*lookups, scan(4, "cy"), scan(5, "ann"), kind="outer", sold=3.5)
    assert verdicts(result) == ["looked_up"] * 3 + ["first", "repeat"]
    assert not result.is_cloned


def test_a_serial_that_was_never_issued_is_unknown_only_where_its_gtin_has_a_registry() -> None:
    scans = [scan(1), scan(2)]
    assert verdicts(judge(scans, None, RULES, registered=True)) == ["unknown_code"] * 2
    elsewhere = judge(scans, None, RULES, registered=False)
    assert (verdicts(elsewhere), elsewhere.first_scan_id) == (["looked_up"] * 2, None)


def test_three_profiles_that_claim_one_item_mean_several_items() -> None:
    assert judged(scan(1, "ann"), scan(2, "ben"), scan(3, "cy")).is_cloned
    assert not judged(scan(1, "ann"), scan(2, "ben"), scan(3), scan(4)).is_cloned


@pytest.mark.parametrize(
    ("start", "end", "minutes", "expected"),
    [
        (LONDON, PARIS, 21, "impossible_travel"),  # 343.6 km at 250 m/s take 22.9 minutes, a minute less for clocks
        (LONDON, PARIS, 22, "repeat"),
        (LONDON, LONDON, 0.5, "repeat"),
        (CORNER, MALL, 8.9, "impossible_travel"),
        (CORNER, MALL, 9, "repeat"),
        (CORNER, LONDON, 1, "impossible_travel"),
        (CORNER, None, 1, "repeat"),
    ],
)
def test_travel_is_bounded_by_distance_or_by_minutes(
    start: Place, end: Place | None, minutes: float, expected: str
) -> None:
    result = judged(scan(0, place=start), scan(minutes, place=end))
    assert verdicts(result) == ["first", expected]
    assert result.is_cloned == (expected == "impossible_travel")


def test_a_scan_that_cannot_be_does_not_authenticate() -> None:
    lookup, far, home = scan(0, place=CORNER), scan(1, place=MALL), scan(600)
    result = judged(lookup, far, home, kind="outer", sold=0.5)
    assert verdicts(result) == ["looked_up", "impossible_travel", "first"]


def test_distances_agree_with_the_law_of_cosines() -> None:
    for start, end in combinations((LONDON, PARIS, SYDNEY), 2):
        assert start.latitude_deg is not None
        assert end.latitude_deg is not None
        lat, other = radians(start.latitude_deg), radians(end.latitude_deg)
        turn = radians((end.longitude_deg or 0) - (start.longitude_deg or 0))
        expected = 6_371_008.8 * acos(sin(lat) * sin(other) + cos(lat) * cos(other) * cos(turn))
        assert distance_m(start, end) == pytest.approx(expected, rel=1e-9)
    assert distance_m(LONDON, CORNER) is None


SCANS = st.lists(
    st.builds(
        CodeScan,
        scan_id=st.sampled_from("abcdefgh"),
        time_ms=st.integers(0, 40).map(lambda minute: minute * MINUTE_MS),
        person=st.sampled_from([None, "ann", "ben", "cy"]),
        place=st.sampled_from([None, LONDON, PARIS, SYDNEY]),
    ),
    max_size=8,
    unique_by=lambda each: each.scan_id,
)
ISSUED = st.none() | st.builds(
    IssuedCode,
    kind=st.sampled_from(["outer", "inner"]),
    sold_ms=st.none() | st.integers(0, 40).map(lambda minute: minute * MINUTE_MS),
)


@settings(max_examples=150)
@given(scans=SCANS, issued=ISSUED, registered=st.booleans(), order=st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_gives_the_same_verdicts(
    scans: list[CodeScan], issued: IssuedCode | None, registered: bool, order: object
) -> None:
    shuffled = [*scans, *scans[:2]]
    order.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's random has no public type
    expected = judge(scans, issued, RULES, registered=registered)
    assert judge(shuffled, issued, RULES, registered=registered) == expected
    assert set(expected.verdicts) == {each.scan_id for each in scans}
    assert verdicts(expected).count("first") == (expected.first_scan_id is not None) <= 1


@settings(max_examples=150)
@given(scans=SCANS)
def test_travel_is_called_impossible_just_where_some_pair_of_scans_is(scans: list[CodeScan]) -> None:
    def cannot(one: CodeScan, other: CodeScan) -> bool:
        if one.place is None or other.place is None:
            return False
        apart_m = distance_m(one.place, other.place) or 0.0
        return apart_m > 250.0 * abs(one.time_ms - other.time_ms) / 1000

    some_pair = any(cannot(one, other) for one, other in combinations(scans, 2))
    found = "impossible_travel" in verdicts(judged(*scans, rules=EXACT))
    assert found == some_pair
