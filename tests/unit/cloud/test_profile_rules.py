"""What follows from what is known of a member: stage, scores, preferences, which source's word holds."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.config import ConfigError, load_settings
from cloud.profiles.facts import (
    AttributeSaid,
    ConsentSaid,
    Facts,
    KnownLink,
    KnownStay,
    KnownTouch,
    KnownVisit,
    Named,
    SoldLine,
    TouchKind,
    WeighedVisit,
    weigh_visits,
)
from cloud.profiles.lifecycle import MS_PER_DAY, STAGES, LifecycleRules, lifecycle
from cloud.profiles.preferences import LONGEST_STAY_MS, liked_categories, liked_zones
from cloud.profiles.rfm import Buckets, bucket, buckets_of, purchases_by_currency, score
from cloud.profiles.survivorship import consent_states, surviving

NOW_MS = 1_000 * MS_PER_DAY
RULES = LifecycleRules()
DAYS = st.integers(0, 1_000).map(lambda day: day * MS_PER_DAY)
PURCHASES = st.lists(DAYS, max_size=8)
INTERESTS = st.lists(st.tuples(DAYS, st.floats(0, 1)), max_size=6)
MEMBER, OTHER = Named("card", "a"), Named("phone", "b")


def touch(number: int, kind: TouchKind = "sale", day: int = 0, minor: int | None = 100, **known: object) -> KnownTouch:
    values: dict[str, object] = {
        "touch_id": f"t{number}",
        "kind": kind,
        "time_ms": day * MS_PER_DAY,
        "store": "s",
        "device": "d",
        "total_minor": minor,
        "currency": None if kind == "scan" else "EUR",
        **known,
    }
    return KnownTouch(**values)  # type: ignore[arg-type]  # a test's mixed values


@pytest.mark.parametrize(
    ("purchase_days", "interests", "stage"),
    [
        ([], [], "no_purchase"),
        ([], [(990, 0.6), (995, 0.3)], "no_purchase"),
        ([], [(990, 0.6), (995, 0.4)], "potential"),
        ([], [(100, 5.0)], "no_purchase"),
        ([10], [], "ordinary"),
        ([10, 20], [], "repurchase"),
        ([700, 800, 900, 990], [], "loyal"),
        ([500, 600, 900, 990], [], "repurchase"),
    ],
)
def test_stages_are_those_of_the_member_depth_model(
    purchase_days: list[int], interests: list[tuple[int, float]], stage: str
):
    found = lifecycle(
        [day * MS_PER_DAY for day in purchase_days],
        [(day * MS_PER_DAY, weight) for day, weight in interests],
        NOW_MS,
        RULES,
    )
    assert found.stage == stage
    assert found.purchases == len(purchase_days)


@given(bought=PURCHASES, interests=INTERESTS, more=DAYS, order=st.randoms(use_true_random=False))
def test_a_purchase_never_lowers_the_stage_and_order_does_not_count(
    bought: list[int], interests: list[tuple[int, float]], more: int, order: Random
):
    before = lifecycle(bought, interests, NOW_MS, RULES)
    after = lifecycle([*bought, more], interests, NOW_MS, RULES)
    assert STAGES.index(after.stage) >= max(STAGES.index(before.stage), STAGES.index("ordinary"))
    shuffled = list(bought)
    order.shuffle(shuffled)
    assert lifecycle(shuffled, interests, NOW_MS, RULES) == before


def test_thresholds_are_told_in_the_version_and_must_make_sense():
    assert LifecycleRules(loyal_purchases=9).version == "lifecycle-1.potential-1in180d.repurchase-2.loyal-9in365d"
    assert load_settings({}, {}).lifecycle == RULES
    with pytest.raises(ConfigError, match=r"lifecycle_loyal_purchases must be .* \(5\) or more, got 4"):
        load_settings({"SHOPTHREAD_CLOUD_LIFECYCLE_REPURCHASE_PURCHASES": "5"}, {})


def test_voids_and_corrections_take_purchases_out_and_refunds_lower_the_value():
    touches = [
        touch(1, day=1, minor=1000),
        touch(2, day=2, minor=500, is_reversed=True),
        touch(3, day=3, minor=500, is_corrected=True),
        touch(4, "refund", day=4, minor=-300),
        touch(5, "refund", day=5, minor=200, is_corrected=True),
        touch(6, day=6, minor=70, currency="USD"),
        touch(7, "refund", day=6, minor=70, currency="GBP"),
        touch(8, "scan", day=7, minor=None),
        touch(9, day=9, minor=200),
    ]
    euro, dollar, pound = purchases_by_currency(touches)
    assert (euro.currency, euro.purchases, euro.net_minor, euro.average_minor) == ("EUR", 2, 900, 600)
    assert (euro.first_ms, euro.last_ms) == (MS_PER_DAY, 9 * MS_PER_DAY)
    assert (dollar.currency, dollar.net_minor) == ("USD", 70)
    assert (pound.purchases, pound.net_minor, pound.average_minor) == (0, -70, None)
    assert buckets_of([euro, dollar]) == Buckets(currency="EUR", recency=9, frequency=2, monetary=bucket(900))
    assert Buckets(currency="EUR", recency=9, frequency=2, monetary=5).of("recency") == 9
    assert buckets_of([pound]) is None
    assert buckets_of([]) is None
    assert len(Facts(one_id="x", identifiers=(), touches=tuple(touches)).standing()) == 7


@given(value=st.integers(1, 1 << 53))
def test_buckets_rise_with_the_value_and_are_fine_enough(value: int):
    assert bucket(value) <= bucket(value + 1) <= bucket(value) + 1
    wider = value + value // 15 + 1
    assert bucket(wider) > bucket(value), "numbers 7% apart are never confused"
    assert bucket(0) == bucket(-value) == 0


@given(values=st.lists(st.integers(0, 60), min_size=1, max_size=60))
def test_scores_are_fifths_as_counting_by_hand_finds_them(values: list[int]):
    counts, below = Counter(values), 0
    for value in sorted(counts):
        found = score(below, len(values))
        share = sum(other < value for other in values) / len(values)
        assert found == max(k for k in range(1, 6) if share >= (k - 1) / 5 - 1e-12)
        below += counts[value]
    with pytest.raises(ValueError, match="got"):
        score(len(values), len(values))


def link(number: int, decision: str, visit_id: str | None = None, **posteriors: float | None) -> KnownLink:
    return KnownLink(
        link_id=f"l{number}",
        touch_id=f"t{number}",
        decision=decision,
        stage="provisional" if decision == "ambiguous" else "final",
        reason="",
        visit_id=visit_id,
        posteriors=posteriors,
    )


def visit(visit_id: str, *stays: KnownStay) -> KnownVisit:
    return KnownVisit(visit_id=visit_id, store="s", status="closed", opened_ms=5, closed_ms=9, stays=stays)


def weigh(*links: KnownLink, visits: str = "abcd") -> dict[str, tuple[str, float, str]]:
    facts = Facts(one_id="x", identifiers=(), links=links, visits=tuple(visit(each) for each in visits))
    return {each.visit.visit_id: (each.decision, each.weight, each.stage) for each in weigh_visits(facts)}


def test_visits_weigh_what_is_believed_of_them():
    assert weigh(
        link(1, "linked", "a", a=0.97, b=0.01),
        link(2, "party", "a", a=0.6, b=0.4),
        link(3, "ambiguous", b=0.5, c=0.3),
        link(4, "vetoed"),
    ) == {
        "a": ("linked", 0.97, "final"),
        "b": ("party", 0.5, "final"),
        "c": ("ambiguous", 0.3, "provisional"),
    }
    assert weigh(link(1, "linked", "a", a=None), link(2, "ambiguous", b=None, c=None)) == {"a": ("linked", 1, "final")}
    assert weigh(link(1, "null", a=0.2), link(2, "linked", "z", z=1.0, d=0.009)) == {"a": ("null", 0.2, "final")}


def weighed(weight: float, *stays: KnownStay) -> WeighedVisit:
    return WeighedVisit(visit=visit("v", *stays), weight=weight, decision="party", stage="final", links=())


def test_what_is_bought_counts_three_times_what_is_scanned():
    lines = (SoldLine("1", 2), SoldLine("2", -1), SoldLine(None, 1), SoldLine("3", 1))
    touches = [touch(1, lines=lines), touch(2, "scan", gtin="2"), touch(3, "scan"), touch(4, "void", lines=lines)]
    found = liked_categories(touches, {"1": "tea", "2": "soap"})
    assert [(each.name, each.weight, each.share) for each in found] == [("tea", 3, 0.75), ("soap", 1, 0.25)]
    assert liked_categories(touches, {}) == []


def test_stays_count_by_the_weight_of_their_visit():
    shelf = KnownStay("tea", "shelf", 0, 10_000)
    endless = KnownStay("soap", "shelf", 0, 100 * LONGEST_STAY_MS)
    ignored = (KnownStay("till", "checkout", 0, 10_000), KnownStay("tea", "shelf", 0, None))
    found = liked_zones([weighed(0.5, shelf, *ignored), weighed(0.25, shelf, endless)])
    assert [(each.name, each.store, each.weight) for each in found] == [("soap", "s", 900), ("tea", "s", 7.5)]
    assert liked_zones([weighed(1, KnownStay("tea", "shelf", 5, 5))]) == []


WORDS = st.lists(
    st.builds(
        AttributeSaid,
        name=st.sampled_from(["tier", "size"]),
        value=st.sampled_from(["", "gold", "silver"]),
        source=st.sampled_from(["crm", "shop", "web"]),
        rank=st.integers(0, 2),
        at_ms=st.integers(0, 3),
    ),
    max_size=8,
)


@given(said=WORDS, order=st.randoms(use_true_random=False))
def test_which_word_holds_depends_on_no_order(said: list[AttributeSaid], order: Random):
    found = surviving(said)
    shuffled = [*said, *said]
    order.shuffle(shuffled)
    assert surviving(shuffled) == found
    for each in found:
        mine = [one for one in said if one.source == each.said.source and one.name == each.said.name]
        assert each.said.value
        assert each.said.at_ms == max(one.at_ms for one in mine), "of a source its latest word counts"


def test_the_most_trusted_source_holds_then_the_latest_and_what_is_taken_back_is_gone():
    def said(value: str, source: str, rank: int, at_ms: int) -> AttributeSaid:
        return AttributeSaid(name="tier", value=value, source=source, rank=rank, at_ms=at_ms)

    words = [said("gold", "crm", 0, 1), said("silver", "shop", 5, 9), said("bronze", "web", 5, 10)]
    (found,) = surviving(words)
    assert (found.said.value, found.passed_over) == ("gold", 2)
    (found,) = surviving([*words, said("", "crm", 0, 2)])
    assert (found.said.value, found.passed_over) == ("bronze", 1)
    assert surviving([said("", "crm", 0, 2)]) == []


def test_consent_is_in_force_if_every_identifier_grants_it():
    def said(who: Named, at_ms: int, order: int, *, granted: bool) -> ConsentSaid:
        return ConsentSaid(identifier=who, purpose="visit_linking", granted=granted, at_ms=at_ms, order=order)

    (state,) = consent_states([said(MEMBER, 1, 1, granted=True), said(OTHER, 2, 2, granted=True)])
    assert (state.in_force, state.at_ms) == (True, 2)
    (state,) = consent_states([said(MEMBER, 1, 1, granted=False), said(OTHER, 2, 2, granted=True)])
    assert (state.in_force, state.at_ms) == (False, 1)
    (state,) = consent_states([said(MEMBER, 1, 1, granted=False), said(MEMBER, 1, 2, granted=True)])
    assert not state.in_force, "of two at the same instant the refusal holds"
    assert consent_states([]) == []
