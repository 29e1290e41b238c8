"""Duplicates among simulated members, of whom it is known who stands twice."""

import random
import sys
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.duplicate_members import members
from cloud.duplicates.matching import MissingSplinkError, Record, chances, find_pairs
from contracts.traits import TRAITS, match_code

KEY = b"0123456789abcdef"


def simulated(people: int) -> tuple[list[Record], dict[str, int]]:
    """Return records, and who stands behind each."""
    records, who = [], {}
    for number, each in enumerate(members(people, 0.2, seed=3)):
        values = {trait: getattr(each, trait) for trait in TRAITS}
        codes = {trait: match_code(trait, value, KEY) for trait, value in values.items() if value}
        records.append(Record(one_id=f"{number:05d}", codes=codes))
        who[f"{number:05d}"] = each.person
    return records, who


def test_most_are_found_and_nearly_none_wrongly():
    pytest.importorskip("splink", reason="finding duplicates needs the extra dedupe")
    records, who = simulated(400)
    steps: list[str] = []
    pairs = find_pairs(records, 0.95, steps.append)
    right = sum(who[pair.left] == who[pair.right] for pair in pairs)
    assert right / len(pairs) >= 0.97
    assert right / (len(records) - 400) >= 0.75
    assert steps == ["learning", "comparing"]
    for pair in pairs:
        weight = pair.prior_weight + sum(each.weight + each.frequency_weight for each in pair.evidence)
        assert 1 / (1 + 2**-weight) == pytest.approx(pair.probability, abs=1e-3), "the weights explain the probability"


def test_the_same_records_in_another_order_are_the_same_pairs():
    pytest.importorskip("splink", reason="finding duplicates needs the extra dedupe")
    records, _ = simulated(60)
    pairs = find_pairs(records, 0.5)
    random.Random(1).shuffle(records)
    assert (find_pairs(records, 0.5), bool(pairs)) == (pairs, True)


def test_few_records_are_compared_with_what_is_usual():
    pytest.importorskip("splink", reason="finding duplicates needs the extra dedupe")
    records, _ = simulated(40)
    twice = Record(one_id="twice", codes=records[0].codes)
    found = {(pair.left, pair.right): pair for pair in find_pairs([*records, twice], 0.5)}
    same = found["00000", "twice"]
    assert {each.level for each in same.evidence} <= {"equal", "unknown"}
    assert same.probability > 0.99
    assert find_pairs(records[:1], 0.5) == []


def test_nobody_alike_and_nobody_known_are_no_pairs():
    pytest.importorskip("splink", reason="finding duplicates needs the extra dedupe")
    names = ["Anna", "Bertram", "Wolfgang"]
    strangers = [Record(one_id=name, codes={"given_name": match_code("given_name", name, KEY)}) for name in names]
    assert find_pairs(strangers, 0.01) == []
    assert find_pairs([Record(one_id="a", codes={}), Record(one_id="b", codes={})], 0.01) == []


@settings(max_examples=50)
@given(st.lists(st.text("ab", min_size=1, max_size=5) | st.none(), max_size=12))
def test_chances_are_those_of_all_pairs(values: list[str | None]):
    codes = [None if value is None else match_code("given_name", value, KEY) for value in values]
    found = chances(codes)
    pairs = list(combinations([code.split() for code in codes if code], 2))
    equal = sum(one[0] == other[0] for one, other in pairs)
    slip = sum(one[0] != other[0] and bool(set(one[1:]) & set(other[1:])) for one, other in pairs)
    assert found["equal"] == pytest.approx((equal + 0.5) / (len(pairs) + 1))
    assert found["slip"] == pytest.approx((slip + 0.5) / (len(pairs) + 1))
    assert 0 < found["different"] <= 1


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(MissingSplinkError, match=r"pip install 'shopthread\[dedupe\]'"):
        find_pairs([], 0.9)
