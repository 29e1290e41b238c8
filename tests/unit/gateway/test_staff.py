"""Who made a visit: evidence of one kind counts once, whatever the order in which segments come."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.fields import StaffEvidenceKind
from contracts.payloads import VisitSegment
from contracts.staff import MOST, StaffEvidence, score_of
from gateway.config import load_config
from gateway.core.staff import StaffDecision, StaffRules, decide
from gateway.errors import ConfigurationError
from tests.unit.gateway.stitch_samples import camera, segment, standing, stay

ONE = camera("cam-1")
RULES = StaffRules()
KINDS: tuple[StaffEvidenceKind, ...] = ("zone", "hours", "presence", "uniform")
CAMERA_KINDS = st.dictionaries(st.sampled_from(KINDS), st.floats(-MOST, MOST), max_size=4)


def _seen(name: str, until_s: float = 60.0, score: float | None = 0.1, **said: float) -> VisitSegment:
    found = tuple(StaffEvidence(kind=kind, log_odds=said[kind]) for kind in KINDS if kind in said)
    return replace(segment(ONE, name, standing(1, 1), (0, until_s)), staff_score=score, staff_evidence=found)


def test_where_nobody_looked_nothing_is_known():
    assert decide(RULES, [_seen("a", score=None)], ()) == StaffDecision(None, None, ())
    assert decide(RULES, [_seen("a")], ()) == StaffDecision(0.1, "customer", ())


@pytest.mark.parametrize(("in_zone_s", "role"), [(3, "customer"), (15, "customer"), (20, "staff"), (600, "staff")])
def test_time_in_staff_zones_makes_staff(in_zone_s: int, role: str):
    decision = decide(RULES, [_seen("a", 900)], [stay("desk", "staff", 5, 5 + in_zone_s), stay("rack", "shelf", 0, 99)])
    assert decision.role == role
    assert decision.score == score_of(decision.evidence)


def test_a_stay_that_goes_on_lasts_until_the_visit_is_known():
    ended, going_on = (decide(RULES, [_seen("a", 30)], [stay("desk", "staff", 12, left)]) for left in (30, None))
    assert ended == going_on


def test_whole_days_make_staff():
    assert decide(RULES, [_seen("a", 3600)], ()).role == "customer"
    assert decide(RULES, [_seen("a", 5 * 3600)], ()).role == "staff"


def test_many_short_tracks_in_one_uniform_are_one_look_at_it():
    """Of noisy looks at a customer some go wrong; the mean does not grow with their number."""
    looks = [_seen(f"t{number}", 10, uniform=4.0 if number % 5 == 0 else -1.0) for number in range(20)]
    assert decide(RULES, looks, ()) == StaffDecision(0.1, "customer", ())
    long, short = _seen("a", 100, uniform=3.0), _seen("b", 1, uniform=-1.0)
    (weighed,) = decide(RULES, [short, long], ()).evidence
    assert weighed.log_odds > 2.9


def test_kinds_add_up_and_a_card_is_one_of_them():
    decision = decide(RULES, [_seen("a", hours=2.0, uniform=1.0)], (), [1.5, 0.5])
    assert [(each.kind, each.log_odds) for each in decision.evidence] == [
        ("hours", 2.0),
        ("uniform", 1.0),
        ("card", 2.0),
    ]
    assert decision.role == "staff"


@given(
    st.lists(CAMERA_KINDS, min_size=1, max_size=5),
    st.lists(st.floats(0, 6), max_size=3),
    st.randoms(use_true_random=False),
)
def test_the_order_of_cameras_and_cards_does_not_matter(
    said: list[dict[str, float]], cards: list[float], random: Random
):
    seen = [_seen(f"t{number}", 10 + number, **each) for number, each in enumerate(said)]
    before = decide(RULES, seen, (), cards)
    random.shuffle(seen)
    random.shuffle(cards)
    assert decide(RULES, seen, (), cards) == before


@given(st.lists(CAMERA_KINDS, min_size=1, max_size=4), st.sampled_from(KINDS), st.floats(0, 3))
def test_no_camera_that_says_more_makes_staff_less_likely(
    said: list[dict[str, float]], kind: StaffEvidenceKind, more: float
):
    seen = [_seen(f"t{number}", **each) for number, each in enumerate(said)]
    raised = [_seen("t0", **{**said[0], kind: said[0].get(kind, 0.0) + more}), *seen[1:]]
    has_it = kind in said[0] or kind != "uniform"  # A first look at clothes may lower the mean of the others.
    before, after = decide(RULES, seen, ()), decide(RULES, raised, ())
    assert before.score is not None
    assert after.score is not None
    assert not has_it or after.score >= before.score


def test_the_table_staff_is_checked(tmp_path: Path):
    file = tmp_path / "gateway.toml"
    head = '[gateway]\ntenant = "acme"\nstore = "s1"\ndata_dir = "d"\n[cloud]\nurl = "http://c"\napi_key_file = "k"\n'
    file.write_text(head + "[staff]\nthreshold = 0.8\nzone_customer_s = 2.0\n", encoding="utf-8")
    assert load_config(file).staff == StaffRules(threshold=0.8, zone_customer_s=2.0)
    file.write_text(head + "[staff]\nvisit_customer_s = 20000.0\n", encoding="utf-8")
    with pytest.raises(
        ConfigurationError, match="visit_customer_s must be less than visit_staff_s, got 20000 and 14400"
    ):
        load_config(file)
