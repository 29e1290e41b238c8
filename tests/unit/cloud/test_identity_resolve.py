"""Who is who follows from the set of statements, keeps the limits, and can be undone."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.identity.resolve import Cluster, resolve
from cloud.identity.statements import Identifier, Rules, Statement, neighbours_of

nx = pytest.importorskip("networkx", reason="the oracle needs the extra dev")

NO_LIMITS = Rules(limits={"member_number": 99, "phone": 99, "card": 99}, hub_neighbours=99)
TIGHT = Rules(limits={"member_number": 2, "phone": 1, "card": 2})
IDENTIFIERS = st.builds(
    Identifier, st.sampled_from(["member_number", "phone", "card"]), st.integers(0, 4).map(lambda n: f"p{n}")
)


def statement(number: int, *identifiers: Identifier, rank: int = 5, at_ms: int | None = None) -> Statement:
    return Statement(
        statement_id=f"s{number}",
        rank=rank,
        at_ms=number if at_ms is None else at_ms,
        identifiers=identifiers,
    )


@st.composite
def worlds(draw: st.DrawFn) -> list[Statement]:
    sets = draw(st.lists(st.lists(IDENTIFIERS, min_size=1, max_size=4, unique=True), max_size=12))
    return [
        statement(number, *named, rank=draw(st.integers(0, 1)), at_ms=draw(st.integers(0, 3)))
        for number, named in enumerate(sets)
    ]


def partition(clusters: tuple[Cluster, ...]) -> set[frozenset[Identifier]]:
    return {frozenset(cluster.identifiers) for cluster in clusters}


NUMBER, PHONE, CARD = (Identifier(namespace, "a") for namespace in ("member_number", "phone", "card"))
OTHER_NUMBER, OTHER_PHONE = Identifier("member_number", "b"), Identifier("phone", "b")


@given(worlds())
def test_without_limits_persons_are_connected_components(world: list[Statement]):
    graph = nx.Graph()
    for each in world:
        graph.add_nodes_from(each.identifiers)
        nx.add_path(graph, each.identifiers)
    expected = {frozenset(component) for component in nx.connected_components(graph)}
    assert partition(resolve(world, NO_LIMITS).clusters) == expected


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_in_which_statements_arrive_changes_nothing(world: list[Statement], random: Random):
    shuffled = list(world)
    random.shuffle(shuffled)
    assert resolve(shuffled, TIGHT) == resolve(world, TIGHT)


@given(worlds())
def test_limits_hold_and_every_refusal_would_have_broken_one(world: list[Statement]):
    resolution = resolve(world, TIGHT)
    cluster_of = {identifier: cluster for cluster in resolution.clusters for identifier in cluster.holdings}
    assert {each.identifier for each in cluster_of} == {identifier for each in world for identifier in each.identifiers}
    for cluster in resolution.clusters:
        for namespace in TIGHT.limits:
            held = sum(identifier.namespace == namespace for identifier in cluster.identifiers)
            assert held <= TIGHT.limit(namespace)
    for refusal in resolution.refusals:
        together = {*cluster_of[refusal.left].identifiers, *cluster_of[refusal.right].identifiers}
        assert sum(each.namespace == refusal.namespace for each in together) > refusal.allowed


@given(worlds())
def test_joins_explain_each_person(world: list[Statement]):
    named = {each.statement_id: set(each.identifiers) for each in world}
    for cluster in resolve(world, TIGHT).clusters:
        tree = nx.Graph()
        tree.add_nodes_from(cluster.holdings)
        for join in cluster.joins:
            assert {join.left.identifier, join.right.identifier} <= named[join.statement_id]
            tree.add_edge(join.left, join.right)
        assert nx.is_tree(tree)
        assert cluster.anchor in cluster.holdings


@given(worlds())
def test_parts_that_share_no_identifier_are_resolved_alike_apart_and_together(world: list[Statement]):
    graph = nx.Graph()
    for each in world:
        nx.add_path(graph, each.identifiers)
        graph.add_nodes_from(each.identifiers)
    apart: set[Cluster] = set()
    for component in nx.connected_components(graph):
        apart |= set(resolve([each for each in world if each.identifiers[0] in component], TIGHT).clusters)
    assert apart == set(resolve(world, TIGHT).clusters)


def test_the_more_trusted_source_goes_first_then_the_earlier_statement():
    crm, till = statement(2, PHONE, NUMBER, rank=0), statement(1, PHONE, OTHER_NUMBER, rank=5)
    rules = Rules(limits={"member_number": 1, "phone": 1})
    assert partition(resolve([till, crm], rules).clusters) == {frozenset({PHONE, NUMBER}), frozenset({OTHER_NUMBER})}
    (refusal,) = resolve([till, crm], rules).refusals
    assert (refusal.statement_id, refusal.reason, refusal.namespace, refusal.allowed) == (
        "s1",
        "limit",
        "member_number",
        1,
    )
    earlier = statement(3, PHONE, OTHER_NUMBER, rank=0, at_ms=0)
    assert partition(resolve([earlier, crm], rules).clusters) == {frozenset({PHONE, OTHER_NUMBER}), frozenset({NUMBER})}


def test_the_member_number_that_was_stated_first_names_the_profile():
    signed_up_twice = [statement(1, PHONE, OTHER_NUMBER), statement(2, PHONE, NUMBER)]
    (cluster,) = resolve(signed_up_twice, TIGHT).clusters
    assert cluster.anchor.identifier == OTHER_NUMBER


def test_an_identifier_that_names_nobody_joins_nobody_and_leaves_the_others_joined():
    named_with_all = statement(1, PHONE, NUMBER, CARD)
    resolution = resolve([named_with_all], TIGHT, blocked={NUMBER})
    assert partition(resolution.clusters) == {frozenset({PHONE, CARD}), frozenset({NUMBER})}
    assert [(refusal.reason, refusal.allowed) for refusal in resolution.refusals] == [("blocked", 0)]
    assert [refusal.reason for refusal in resolve([named_with_all], TIGHT, hubs={NUMBER}).refusals] == ["hub"]


def test_a_household_never_merges():
    family = Statement(statement_id="h", rank=0, at_ms=0, identifiers=(NUMBER, OTHER_NUMBER), relation="household")
    assert partition(resolve([family], TIGHT).clusters) == {frozenset({NUMBER}), frozenset({OTHER_NUMBER})}
    assert neighbours_of([family]) == {}


def test_an_unknown_namespace_may_have_one_identifier_and_ranks_last():
    rules = Rules(limits={"phone": 1})
    assert rules.limit("loyalty") == 1
    assert rules.rank("loyalty") == 1
    assert neighbours_of([statement(1, PHONE, CARD)]) == {PHONE: {CARD}, CARD: {PHONE}}
