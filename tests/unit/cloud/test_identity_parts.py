"""Parts of the graph of statements, against networkx; and statements that went through the file of a bulk load."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.identity.bulk import derive_all
from cloud.identity.parts import crowded, groups_of, parts_of
from cloud.identity.reach import Reach
from cloud.identity.statements import Identifier, Rules, Statement, Validity

nx = pytest.importorskip("networkx", reason="the oracle needs the extra dev")

NAMED = st.lists(st.sets(st.integers(0, 12), max_size=4), max_size=14)


def mentions(named: list[set[int]]) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(number, identifier) for number, each in enumerate(named) for identifier in sorted(each)]
    return np.array([pair[0] for pair in pairs], np.int64), np.array([pair[1] for pair in pairs], np.uint64)


@given(named=NAMED, size=st.integers(1, 5))
def test_parts_are_whole_groups_of_what_shares_identifiers(named: list[set[int]], size: int):
    graph = nx.Graph()
    graph.add_nodes_from(range(len(named)))
    graph.add_edges_from((number, f"i{each}") for number, identifiers in enumerate(named) for each in identifiers)
    expected = {frozenset(n for n in group if isinstance(n, int)) for group in nx.connected_components(graph)}
    groups = groups_of(*mentions(named), len(named))
    found: dict[int, set[int]] = {}
    for number, group in enumerate(groups.tolist()):
        found.setdefault(group, set()).add(number)
    assert {frozenset(each) for each in found.values()} == expected
    parts = [part.tolist() for part in parts_of(groups, size)]
    assert sorted(number for part in parts for number in part) == list(range(len(named)))
    assert all(len(part) >= size for part in parts[:-1])
    for part in parts:
        assert all(group <= set(part) or not group & set(part) for group in expected)


def test_a_long_chain_is_one_group():
    order = np.random.default_rng(1).permutation(500)
    named = [{int(order[i]), int(order[i + 1])} for i in range(499)]
    assert len(set(groups_of(*mentions(named), 499).tolist())) == 1


@given(named=NAMED, most=st.integers(0, 6))
def test_whoever_may_stand_with_too_many_is_named_with_all_statements(named: list[set[int]], most: int):
    found = {identifier: part.tolist() for identifier, part in crowded(*mentions(named), most)}
    for identifier in range(13):
        naming = [number for number, each in enumerate(named) if identifier in each]
        bound = sum(len(named[number]) - 1 for number in naming)
        assert found.get(identifier) == (naming if bound > most else None)


def identifier(number: int) -> Identifier:
    return Identifier("phone", f"p{number}")


def _only_part(statements: list[Statement], blocked: set[Identifier], rules: Rules) -> Reach:
    parts: list[Reach] = []
    derive_all(statements, blocked, rules, parts.append)
    (part,) = parts
    return part


def test_a_statement_comes_whole_out_of_the_file_and_hubs_connect_nobody():
    hub, rules = identifier(0), Rules(hub_neighbours=2)
    said = [
        Statement(
            statement_id=f"s{number}",
            rank=number % 2,
            at_ms=number,
            identifiers=(hub, identifier(number)),
            relation="household" if number == 4 else "same_person",
            validity={hub: Validity(None, 7), identifier(number): Validity(3, None)} if number == 1 else {},
        )
        for number in range(1, 5)
    ]
    part = _only_part(said, {identifier(9), identifier(2)}, rules)
    assert part.statements == tuple(said)
    assert (set(part.hubs), set(part.blocked)) == ({hub}, {identifier(2)})
    assert set(part.alone) == {hub, identifier(2)}
    assert set(part.whole) == {"s1", "s2", "s3", "s4"}


def test_without_a_statement_there_is_nothing_to_derive():
    derive_all([], set(), Rules(), lambda reach: pytest.fail(f"there is no part, got {reach}"))
