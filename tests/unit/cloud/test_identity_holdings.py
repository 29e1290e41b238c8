"""An identifier that goes from one person to another joins the records of each, and never the two."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.identity.holdings import FOREVER_MS, Holding, Holdings, held_from_until, instant_of
from cloud.identity.resolve import Cluster, resolve
from cloud.identity.statements import UNSAID, Identifier, Rules, Statement, Validity
from cloud.identity.timelines import (
    Move,
    Span,
    kept_from_others,
    moves_between,
    name_of,
    overlaid,
    owner_at,
    timelines_from,
    unheld,
)

nx = pytest.importorskip("networkx", reason="the oracle needs the extra dev")

LIMITS = {"member_number": 9, "phone": 9}
AT_ONCE = Rules(limits=LIMITS, quarantine_ms={})
RESTING = Rules(limits={"member_number": 1, "phone": 2}, quarantine_ms={"phone": 3})
ANNA, BERTA = (Identifier("member_number", name) for name in ("anna", "berta"))
PHONE = Identifier("phone", "p")
END = 12
"""Instants of the small worlds below are 0 to 11."""

TIMES = st.one_of(st.none(), st.integers(0, END - 1))
IDENTIFIERS = st.builds(Identifier, st.sampled_from(sorted(LIMITS)), st.integers(0, 2).map(lambda n: f"i{n}"))


@st.composite
def statements(draw: st.DrawFn, number: int) -> Statement:
    named = draw(st.lists(IDENTIFIERS, min_size=1, max_size=3, unique=True))
    validity = {}
    for each in named:
        start, end = draw(TIMES), draw(TIMES)
        if end is None or end > (start or 0):
            validity[each] = Validity(start, end)
    return Statement(
        statement_id=f"s{number}",
        rank=draw(st.integers(0, 1)),
        at_ms=draw(st.integers(0, END)),
        identifiers=tuple(named),
        validity=validity,
    )


@st.composite
def worlds(draw: st.DrawFn) -> list[Statement]:
    return [draw(statements(number)) for number in range(draw(st.integers(1, 8)))]


def said(number: int, member: Identifier, from_ms: int | None = None, until_ms: int | None = None, at_ms: int = 0):
    return Statement(
        statement_id=f"s{number}",
        rank=0,
        at_ms=at_ms,
        identifiers=(member, PHONE),
        validity={PHONE: Validity(from_ms, until_ms)},
    )


def owners(clusters: tuple[Cluster, ...]) -> dict[tuple[Identifier, int], int]:
    """Return to which cluster each identifier belongs at each instant."""
    return {
        (holding.identifier, instant): number
        for number, cluster in enumerate(clusters)
        for holding in cluster.holdings
        for instant in range(holding.from_ms, min(holding.until_ms, END))
    }


@given(worlds())
def test_persons_are_the_components_of_records_that_share_an_identifier_at_an_instant(world: list[Statement]):
    """The oracle knows no spans: a record touches an identifier instant by instant, and shares what it touches."""
    graph = nx.Graph()
    for each in world:
        for identifier in each.identifiers:
            touched = (instant for instant in range(END) if _touches(world, each, identifier, instant))
            graph.add_edges_from((each.statement_id, (identifier, instant)) for instant in touched)
    expected = {
        frozenset(node for node in component if isinstance(node, tuple)) for component in nx.connected_components(graph)
    }
    found: dict[int, set[tuple[Identifier, int]]] = {}
    for unit, number in owners(resolve(world, AT_ONCE).clusters).items():
        found.setdefault(number, set()).add(unit)
    assert {frozenset(units) for units in found.values()} == {units for units in expected if units}


def _touches(world: list[Statement], statement: Statement, identifier: Identifier, instant: int) -> bool:
    """Return whether a statement takes an identifier for its person's at an instant.

    Where it does not say so itself: nobody gave it back between the instant and when the statement was made.
    """
    validity, at_ms = statement.validity.get(identifier, UNSAID), statement.at_ms
    ends = {each.validity[identifier].until_ms for each in world if identifier in each.validity}
    given_back = {end for end in ends if end is not None}
    if validity.from_ms is None:
        known = at_ms if validity.until_ms is None else min(at_ms, validity.until_ms - 1)
        begins_after = not any(instant < end <= known for end in given_back)
    else:
        begins_after = instant >= validity.from_ms
    if validity.until_ms is None:
        return begins_after and not any(max(validity.from_ms or 0, at_ms) < end <= instant for end in given_back)
    return begins_after and instant < validity.until_ms


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_in_which_statements_arrive_changes_nothing(world: list[Statement], random: Random):
    shuffled = list(world)
    random.shuffle(shuffled)
    assert resolve(shuffled, RESTING) == resolve(world, RESTING)


@given(worlds())
def test_no_identifier_has_two_holders_at_once_and_none_while_it_rests(world: list[Statement]):
    resolution = resolve(world, RESTING)
    held = [holding for cluster in resolution.clusters for holding in cluster.holdings]
    assert len(held) == len(set(held))
    for left in held:
        for right in held:
            if left != right and left.identifier == right.identifier:
                assert left.until_ms <= right.from_ms or right.until_ms <= left.from_ms
    for cluster in resolution.clusters:
        assert len({each for each in cluster.identifiers if each.namespace == "phone"}) <= 2
    for holding in held:
        rest = 3 if holding.namespace == "phone" else 0
        ends = {v.until_ms for each in world for i, v in each.validity.items() if i == holding.identifier}
        assert not any(end is not None and end <= holding.from_ms < end + rest for end in ends)


@given(worlds())
def test_timelines_have_no_gaps_and_a_move_undone_is_as_before(world: list[Statement]):
    whole = timelines_from("acme", resolve(world, RESTING).clusters)
    part = timelines_from("acme", resolve(world[1:], RESTING).clusters)
    named = {identifier for each in world for identifier in each.identifiers}
    before = {each: part.get(each, unheld("acme", each)) for each in named}
    after = {each: whole.get(each, unheld("acme", each)) for each in named}
    for timeline in after.values():
        assert [span.from_ms for span in timeline] == [0, *(span.until_ms for span in timeline[:-1])]
        assert timeline[-1].until_ms == FOREVER_MS
    undone = dict(after)
    for move in moves_between(before, after):
        undone[move.identifier] = overlaid(undone[move.identifier], move.from_one_id, move.from_ms, move.until_ms)
    for identifier in named:
        for instant in range(END + 5):
            assert owner_at(undone[identifier], instant) == owner_at(before[identifier], instant)


def test_a_number_given_to_a_stranger_joins_neither_with_the_other():
    world = [said(1, ANNA, until_ms=10), said(2, BERTA, from_ms=20, at_ms=20)]
    clusters = resolve(world, AT_ONCE).clusters
    assert [cluster.identifiers for cluster in clusters] == [(ANNA, PHONE), (BERTA, PHONE)]
    timeline = timelines_from("acme", clusters)[PHONE]
    anna, berta = (name_of("acme", cluster.anchor) for cluster in clusters)
    nobody = name_of("acme", Holding(PHONE, 10))
    assert timeline == (
        Span(0, 10, anna, is_held=True),
        Span(10, 20, nobody),
        Span(20, FOREVER_MS, berta, is_held=True),
    )
    assert (owner_at(timeline, -1), owner_at(timeline, 9), owner_at(timeline, 10)) == (anna, anna, nobody)


def test_what_is_said_without_times_is_bounded_by_what_others_say_of_giving_back():
    world = [said(1, ANNA, until_ms=10), said(2, ANNA, at_ms=5), said(3, BERTA, at_ms=15)]
    assert [c.identifiers for c in resolve(world, AT_ONCE).clusters] == [(ANNA, PHONE), (BERTA, PHONE)]
    assert Holding(PHONE).pseudonym == "p"
    assert held_from_until(UNSAID, 5, [10, 30], 0) == (0, 10)
    assert held_from_until(UNSAID, 15, [10, 30], 0) == (10, 30)
    assert held_from_until(Validity(until_ms=40), 15, [10, 30], 0) == (10, 40)
    assert held_from_until(Validity(from_ms=2), 15, [10, 30], 0) == (2, 30)
    assert held_from_until(Validity(until_ms=9), 15, [8, 9], 0) == (8, 9)


def test_nobody_has_a_number_that_rests():
    assert held_from_until(Validity(from_ms=11), 11, [8, 10], 5) == (15, FOREVER_MS)
    world = [said(1, ANNA, until_ms=10), said(2, BERTA, from_ms=11, until_ms=12, at_ms=11)]
    resolution = resolve(world, RESTING)
    (refusal,) = resolution.refusals
    assert (refusal.reason, refusal.statement_id, refusal.right.identifier, refusal.allowed) == (
        "quarantine",
        "s2",
        PHONE,
        0,
    )
    assert [cluster.identifiers for cluster in resolution.clusters] == [(ANNA, PHONE), (BERTA,)]
    later = [said(1, ANNA, until_ms=10), said(2, BERTA, from_ms=11, at_ms=11)]
    assert Holdings(later, RESTING.quarantine_ms).of(PHONE) == (Holding(PHONE, 0, 10), Holding(PHONE, 13))


def test_a_number_that_rests_is_nobodys_anchor():
    two_phones = Statement(
        statement_id="s9",
        rank=1,
        at_ms=11,
        identifiers=(PHONE, Identifier("phone", "q"), Identifier("phone", "r")),
        validity={PHONE: Validity(11, 12)},
    )
    clusters = resolve([said(1, ANNA, until_ms=10), two_phones], Rules(limits={"phone": 5}, quarantine_ms={"phone": 9}))
    assert sorted(len(cluster.identifiers) for cluster in clusters.clusters) == [2, 2]


def test_an_instant_of_what_is_said_is_the_nearest_to_when_it_was_said():
    assert instant_of(Validity(5, 9), 7) == 7
    assert instant_of(Validity(5, 9), 1) == 5
    assert instant_of(Validity(5, 9), 20) == 8
    assert instant_of(UNSAID, 20) == 20


def test_a_household_names_every_holder_and_joins_none():
    family = Statement(statement_id="h", rank=0, at_ms=0, identifiers=(PHONE,), relation="household")
    world = [family, said(1, ANNA, until_ms=10), said(2, BERTA, from_ms=20, at_ms=20)]
    assert len(resolve(world, AT_ONCE).clusters) == 2
    assert resolve([family], AT_ONCE).clusters[0].holdings == (Holding(PHONE),)


def test_what_is_kept_from_others_reaches_to_their_times():
    timeline = (
        Span(0, 5, "gap"),
        Span(5, 10, "a", is_held=True),
        Span(10, 20, "none"),
        Span(20, 30, "b", is_held=True),
    )
    assert kept_from_others(PHONE, timeline, {"a"}) == [Holding(PHONE, 0, 20)]
    assert kept_from_others(PHONE, timeline, {"b"}) == [Holding(PHONE, 10)]
    assert kept_from_others(PHONE, timeline, {"c"}) == []
    assert kept_from_others(PHONE, unheld("acme", PHONE), {name_of("acme", Holding(PHONE))}) == [Holding(PHONE)]


def test_moves_that_follow_one_another_are_one():
    before = {PHONE: (Span(0, 5, "a", is_held=True), Span(5, FOREVER_MS, "b", is_held=True))}
    after = {PHONE: (Span(0, 3, "a", is_held=True), Span(3, 9, "c", is_held=True), Span(9, FOREVER_MS, "c"))}
    assert moves_between(before, after) == [Move(PHONE, "a", "c", 3, 5), Move(PHONE, "b", "c", 5, FOREVER_MS)]
