"""The quick way to persons, against the rules step by step."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.identity.holdings import Holding
from cloud.identity.plain import Named, Said, persons_of
from cloud.identity.resolve import Resolution, resolve
from cloud.identity.statements import Identifier, Rules, Statement

RULES = Rules(limits={"member_number": 1, "phone": 2}, hub_neighbours=99)
NAMED = st.tuples(st.sampled_from(["member_number", "phone", "email"]), st.sampled_from("abcd"))
SAID = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 3), st.lists(NAMED, min_size=1, max_size=3)), max_size=12
).map(lambda each: [(f"s{number}", *said) for number, said in enumerate(each)])


def _resolved(said: list[Said]) -> Resolution:
    statements = (
        Statement(statement_id=name, rank=rank, at_ms=at_ms, identifiers=tuple(Identifier(*each) for each in named))
        for name, rank, at_ms, named in said
    )
    return resolve(statements, RULES)


def _named(holding: Holding) -> Named:
    return holding.namespace, holding.pseudonym


@given(said=SAID)
def test_persons_are_those_of_the_rules_and_who_is_refused_anything_is_left_to_them(said: list[Said]):
    expected = _resolved(said)
    persons, beyond = persons_of(said, RULES)
    refused = {_named(holding) for each in expected.refusals for holding in (each.left, each.right)}
    assert refused <= beyond
    assert bool(refused) == bool(beyond), "nobody is left to the rules for nothing"
    assert {(person.anchor, tuple(sorted(person.members)), tuple(person.joins)) for person in persons} == {
        (
            _named(each.anchor),
            tuple(_named(holding) for holding in each.holdings),
            tuple((join.statement_id, _named(join.left), _named(join.right)) for join in each.joins),
        )
        for each in expected.clusters
        if beyond.isdisjoint(map(_named, each.holdings))
    }
