"""Very many statements at once end in the state in which they would one by one."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import func, select

from cloud.erasure.tombstones import bury
from cloud.errors import ProblemError
from cloud.identity.holdings import Holding
from cloud.identity.loading import load_in_bulk
from cloud.identity.service import add_statements, block, retract
from cloud.identity.statements import UNSAID, Rules, Statement, Validity
from cloud.identity.tables import identity_ledger, identity_map
from cloud.migrate import check
from cloud.piles import Pile
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
    monkeypatch.setattr("cloud.piles._AT_ONCE", 3)


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
    assert [_load(cloud, some, Rules()) for some in (statements[:5], statements, statements)] == [5, 2, 0]
    state = _derived(cloud)
    assert state["profiles"]
    cloud.projector.rebuild()
    assert _derived(cloud) == state


def test_more_members_come_to_many(new_cloud: NewCloud):
    grown, at_once = new_cloud(), new_cloud()
    statements = [_said(i, [each], UNSAID, False, 1) for i, each in enumerate((*MEMBERS, *PHONES))]
    assert _load(grown, statements[1:]) + _load(grown, statements[:1]) == _load(at_once, statements)
    assert _derived(grown) == _derived(at_once)
    check(grown.database)


def test_whom_a_limit_keeps_apart_is_resolved_by_the_rules(new_cloud: NewCloud):
    one_by_one, at_once = new_cloud(), new_cloud()
    statements = [_said(i, [MEMBERS[i], PHONES[0]], UNSAID, False, 1) for i in range(3)]
    statements += [_said(i, [PHONES[i]], UNSAID, False, 1) for i in range(3, 5)]
    _add(one_by_one, *statements)
    _load(at_once, statements)
    assert _derived(at_once) == _derived(one_by_one)
    assert len(_derived(at_once)["identity_refusals"]) == 1


def test_what_was_put_aside_goes_with_a_transaction_that_fails(new_cloud: NewCloud):
    cloud = new_cloud()
    with pytest.raises(ValueError, match="stop"), cloud.database.write() as session, Pile(session, identity_map):
        int("stop")
    with cloud.database.write() as session, Pile(session, identity_map) as pile:
        assert session.number(select(func.count()).select_from(pile.table)) == 0


def test_one_id_stands_for_one_statement(new_cloud: NewCloud):
    cloud = new_cloud()
    statement = _said(0, [MEMBERS[0], PHONES[0]], UNSAID, False, 1)
    others = [_said(i, [MEMBERS[1]], UNSAID, False, 1) for i in range(1, 4)]
    assert _load(cloud, [statement, *others, statement]) == 4
    for held in (cloud, new_cloud()):
        with pytest.raises(ProblemError, match="'s0' says something else already"):
            _load(held, [statement, *others, replace(statement, rank=2)])


def test_what_was_erased_stays_erased(new_cloud: NewCloud):
    cloud = new_cloud()
    forgotten = named(PHONES[0])[0]
    with cloud.database.write() as session:
        bury(session, TENANT, [Holding(forgotten)], T0 + 10_000, cloud.token)
    statements = [_said(i, [MEMBERS[i], PHONES[i]], UNSAID, False, 1) for i in range(2)]
    assert _load(cloud, [*statements, _said(2, [PHONES[0]], UNSAID, False, 1)]) == 2
    assert forgotten.pseudonym not in {row[3] for row in _derived(cloud)["profile_identifiers"]}
