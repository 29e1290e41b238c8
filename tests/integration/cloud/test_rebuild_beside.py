"""What comes while everything is derived anew is neither held up nor lost, and nothing that is gone comes back."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import select

from cloud.app import make_eraser
from cloud.db import WriteSession
from cloud.identity.explain import show_entry
from cloud.identity.service import add_statements, rebuild_identities
from cloud.identity.statements import Identifier, Rules, Statement
from cloud.identity.tables import identity_ledger
from cloud.projections.projector import TRIES_ASIDE
from tests.integration.cloud.support import MEMBERS, T0, TENANT, Cloud, NewCloud, Shop, consent
from tests.integration.cloud.test_conformance import a_day

Act = Callable[[], object]


@pytest.fixture
def rebuild_while(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return what rebuilds a cloud, lets one thing happen in the middle of each attempt, and counts the attempts."""

    def rebuild(cloud: Cloud, *acts: Act) -> int:
        attempts = 0

        def meddle(session: WriteSession, rules: Rules, now_ms: int) -> None:
            nonlocal attempts
            rebuild_identities(session, rules, now_ms)
            attempts += 1
            if attempts <= len(acts):
                acts[attempts - 1]()

        monkeypatch.setattr("cloud.identity.service.rebuild_identities", meddle)
        cloud.projector.rebuild()
        return attempts

    return rebuild


def state(cloud: Cloud, number: int) -> None:
    said = Statement(statement_id=f"s{number}", rank=1, at_ms=T0, identifiers=(member(0), member(number % 4)))
    with cloud.database.write() as session:
        add_statements(session, TENANT, [("crm", said)], Rules(), cloud.now_ms)


def member(number: int) -> Identifier:
    return Identifier(MEMBERS[number].namespace, MEMBERS[number].pseudonym)


def lived(cloud: Cloud, *events: bytes) -> None:
    consent(cloud, 0)
    cloud.take_in(*events)
    state(cloud, 1)
    cloud.projector.catch_up()


def test_events_that_come_meanwhile_are_taken_in(any_cloud: NewCloud, rebuild_while: Callable[..., int], shop: Shop):
    straight, rebuilt = any_cloud(), any_cloud()
    events = a_day(shop)
    lived(straight, *events)
    lived(rebuilt, *events[:15])

    def come() -> None:
        assert rebuilt.ingest(events[15:]).inserted == len(events) - 15
        if rebuilt.database.file is not None:
            rebuilt.projector.step()

    assert rebuild_while(rebuilt, come) == 1
    assert rebuilt.state() == straight.state()


def test_a_copy_under_which_somebody_was_erased_is_thrown_away(
    new_cloud: NewCloud, rebuild_while: Callable[..., int], shop: Shop
):
    straight, rebuilt = new_cloud(), new_cloud()
    for cloud, events in ((straight, a_day(Shop())), (rebuilt, a_day(shop))):
        lived(cloud, *events)

    def forget(cloud: Cloud) -> None:
        make_eraser(cloud.settings, cloud.database, cloud.clock, cloud.token).erase(TENANT, member(0))

    forget(straight)
    straight.projector.catch_up()
    assert rebuild_while(rebuilt, lambda: forget(rebuilt)) == 2
    assert rebuilt.state() == straight.state()
    file = rebuilt.database.file
    assert file is not None
    assert not [each.name for each in file.parent.iterdir() if each.is_dir()]


def test_what_a_killed_rebuild_left_goes_with_an_erasure(new_cloud: NewCloud, shop: Shop):
    cloud = new_cloud()
    lived(cloud, *a_day(shop))
    file = cloud.database.file
    assert file is not None
    left = file.with_name(f"{file.name}-rebuild")
    left.mkdir()
    (left / file.name).write_bytes(file.read_bytes())
    make_eraser(cloud.settings, cloud.database, cloud.clock, cloud.token).erase(TENANT, member(0))
    assert not left.exists()


def test_where_statements_come_all_the_time_the_file_itself_is_rebuilt(
    new_cloud: NewCloud, rebuild_while: Callable[..., int], shop: Shop
):
    straight, rebuilt = new_cloud(), new_cloud()
    for cloud, events in ((straight, a_day(Shop())), (rebuilt, a_day(shop))):
        lived(cloud, *events)
    for number in range(2, TRIES_ASIDE + 2):
        state(straight, number)
    straight.projector.catch_up()
    acts = [partial(state, rebuilt, number) for number in range(2, TRIES_ASIDE + 2)]
    assert rebuild_while(rebuilt, *acts) == TRIES_ASIDE + 1
    assert rebuilt.state() == straight.state()


def test_the_ledger_tells_of_what_other_rules_moved(new_cloud: NewCloud, monkeypatch: pytest.MonkeyPatch, shop: Shop):
    cloud = new_cloud()
    lived(cloud, *a_day(shop))
    narrow = Rules(limits={"member_number": 1})
    monkeypatch.setattr(
        "cloud.identity.service.rebuild_identities", lambda s, _, now: rebuild_identities(s, narrow, now)
    )
    cloud.projector.rebuild()
    with cloud.database.read() as session:
        rows = [show_entry(row) for row in session.rows(select(identity_ledger).order_by(identity_ledger.c.position))]
    assert [(row.cause, row.position) for row in rows] == [("stated", 1), ("rules", 2)]
    assert (rows[0].from_one_id, rows[0].to_one_id) == (rows[1].to_one_id, rows[1].from_one_id)
