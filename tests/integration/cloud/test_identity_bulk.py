"""Very many statements at once end in the state in which they would one by one."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from cloud.identity.service import add_statements, block, load_in_bulk, retract
from cloud.identity.statements import UNSAID, Rules, Statement, Validity
from cloud.identity.tables import identity_ledger
from contracts.pseudonym import MemberPseudonym
from tests.integration.cloud.support import MEMBERS, T0, TENANT, Cloud, NewCloud, Shop
from tests.integration.cloud.test_identity import PHONES, named

RULES = Rules(limits={"member_number": 2, "phone": 3}, hub_neighbours=3, quarantine_ms={"phone": 500})
"""So narrow that a few statements reach every limit."""
PEOPLE = st.lists(st.sampled_from([*MEMBERS, *PHONES[:4]]), min_size=1, max_size=3, unique=True)
TIMES = st.sampled_from([UNSAID, UNSAID, Validity(None, T0 + 2000), Validity(T0 + 1000, None), Validity(T0, T0 + 1500)])
WORLDS = st.lists(st.tuples(PEOPLE, TIMES, st.booleans(), st.integers(0, 1)), min_size=1, max_size=10).map(
    lambda said: [_said(number, *each) for number, each in enumerate(said)]
)


def _said(number: int, people: list[MemberPseudonym], times: Validity, is_household: bool, rank: int) -> Statement:
    identifiers = named(*people)
    return Statement(
        statement_id=f"s{number}",
        rank=rank,
        at_ms=T0 + number * 300,
        identifiers=tuple(sorted(identifiers)),
        relation="household" if is_household and number % 3 == 0 else "same_person",
        validity={} if times == UNSAID else {identifiers[-1]: times},
    )


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.identity.bulk.PART", 2)


def _load(cloud: Cloud, statements: list[Statement], rules: Rules = RULES) -> int:
    with cloud.database.write() as session:
        return load_in_bulk(session, TENANT, [("crm", each) for each in statements], rules, cloud.now_ms)


def _add(cloud: Cloud, *statements: Statement) -> None:
    with cloud.database.write() as session:
        add_statements(session, TENANT, [("crm", each) for each in statements], RULES, cloud.now_ms)


def _derived(cloud: Cloud) -> dict[str, list[tuple[object, ...]]]:
    cloud.projector.catch_up()
    return {name: rows for name, rows in cloud.state().items() if name != "identity_ledger"}


def _moves(cloud: Cloud) -> list[tuple[object, ...]]:
    columns = [column for column in identity_ledger.c if column.name != "position"]
    with cloud.database.read() as session:
        return sorted(tuple(map(str, row)) for row in session.rows(select(*columns)))


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=WORLDS, before=st.integers(0, 4), gone=st.integers(0, 9))
def test_at_once_or_one_by_one_is_the_same_also_when_taken_back(
    new_cloud: NewCloud, world: list[Statement], before: int, gone: int
):
    shop = Shop()
    touches = [shop.scan(i, each) for i, each in enumerate((MEMBERS[0], PHONES[0], MEMBERS[1], PHONES[1]))]
    one_by_one, together, in_bulk = clouds = [new_cloud() for _ in range(3)]
    for cloud in clouds:
        cloud.take_in(*touches)
        with cloud.database.write() as session:
            block(session, TENANT, named(PHONES[3])[0], "a kiosk", RULES, cloud.now_ms)
        for statement in world[:before]:
            _add(cloud, statement)
    for statement in world[before:]:
        _add(one_by_one, statement)
    _add(together, *world[before:])
    assert _load(in_bulk, world) == len(world[before:])
    assert _derived(in_bulk) == _derived(one_by_one)
    if len(world) > before + 1:
        assert _moves(in_bulk) == _moves(together), "the ledger tells of the same moves as of one batch"
    for cloud in clouds:
        with cloud.database.write() as session:
            retract(session, TENANT, world[gone % len(world)].statement_id, RULES, cloud.now_ms)
    assert _derived(in_bulk) == _derived(one_by_one)
    for cloud in clouds:
        cloud.close()


def test_a_first_member_base_on_either_database(cloud: Cloud):
    statements = [_said(i, [MEMBERS[i % 4], PHONES[i % 5]], UNSAID, False, 1) for i in range(7)]
    assert [_load(cloud, statements, Rules()) for _ in range(2)] == [7, 0]
    state = _derived(cloud)
    cloud.projector.rebuild()
    assert _derived(cloud) == state
