"""An erased member is in no table, comes back by no replay, and what others know stays."""

from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from cloud.app import make_eraser
from cloud.context import rules_of
from cloud.erasure.service import Erasure
from cloud.identity.names import one_id_of
from cloud.identity.service import add_statements, block
from cloud.identity.statements import Identifier, Statement
from cloud.schema import metadata
from cloud.tables import consents, event_log, touches
from contracts.pseudonym import pseudonymize
from shopthread.cloud_commands import app as cli
from tests.integration.cloud.support import KEY, MEMBERS, T0, TENANT, Cloud, Shop, consent, event_id_of
from tests.integration.cloud.test_properties import give_consent

PHONE = pseudonymize("phone", "p1", KEY)
CARD = pseudonymize("card", "c1", KEY)
FRIEND = MEMBERS[1]


def identifier(pseudonym: Any) -> Identifier:  # noqa: ANN401 - a member's or a statement's
    return Identifier(pseudonym.namespace, pseudonym.pseudonym)


PERSON = [identifier(each) for each in (MEMBERS[0], PHONE, CARD)]


def state(cloud: Cloud, number: int, *people: Any, at_ms: int = T0) -> None:  # noqa: ANN401 - as above
    said = Statement(
        statement_id=f"crm:{number}", rank=0, at_ms=at_ms, identifiers=tuple(identifier(one) for one in people)
    )
    with cloud.database.write() as session:
        add_statements(session, TENANT, [("crm", said)], rules_of(cloud.settings), cloud.now_ms)


def found_in(cloud: Cloud, *needles: str) -> set[str]:
    """Return the tables of which any column of any row holds one of the texts."""
    hits = set()
    with cloud.database.read() as session:
        for table in metadata.sorted_tables:
            for row in session.rows(select(table)):
                text = " ".join(bytes(v).decode(errors="replace") if isinstance(v, bytes) else str(v) for v in row)
                if any(needle in text for needle in needles):
                    hits.add(table.name)
    return hits


def erase(cloud: Cloud, who: Identifier = PERSON[1]) -> Erasure:
    return make_eraser(cloud.settings, cloud.database, cloud.clock, cloud.token).erase(TENANT, who)


@pytest.fixture
def lived(cloud: Cloud, shop: Shop) -> list[bytes]:
    """Return the events of a person and a friend, all known of them taken in."""
    state(cloud, 1, MEMBERS[0], PHONE)
    state(cloud, 2, MEMBERS[0], CARD)
    consent(cloud, 0)
    consent(cloud, 1)
    events = [
        shop.visit(1, 1, ("kiosk", 10, 20)),
        shop.visit(2, 1, ("till", 100, 120)),
        shop.scan(15, MEMBERS[0]),
        shop.sale(110, "r1", 500, PHONE),
        shop.sale(111, "r2", 700, FRIEND),
        shop.sale(112, "r3", 100, PHONE).replace(b'"currency":"EUR"', b'"currency":"euro"'),
    ]
    cloud.take_in(*events)
    with cloud.database.write() as session:
        block(session, TENANT, PERSON[2], "a kiosk", rules_of(cloud.settings), cloud.now_ms)
    cloud.projector.catch_up()
    events.append(shop.scan(16, CARD))
    cloud.ingest(events[-1:])  # In the log, and read by no projection yet.
    return events


@pytest.mark.usefixtures("lived")
def test_nothing_names_an_erased_member(cloud: Cloud):
    needles = [each.pseudonym for each in PERSON[:2]]
    names = [one_id_of(TENANT, each.namespace, each.pseudonym) for each in PERSON[:2]]
    assert {"event_log", "touches", "identity_map", "consents", "dead_letters", "profiles"} <= found_in(
        cloud, *needles, *names
    )
    done = erase(cloud)
    assert (done.identifiers, done.events, done.dead_letters, done.consents) == (2, 2, 1, 1)
    assert found_in(cloud, *needles) == set()
    cloud.projector.catch_up()
    assert found_in(cloud, *needles) == set()
    assert found_in(cloud, *names) <= {"changes", "webhook_deliveries"}, "consumers are told that the profile is gone"
    again = erase(cloud)
    assert (again.events, again.statements, again.link_decisions) == (0, 0, 0)


@pytest.mark.usefixtures("lived")
def test_an_event_that_no_projection_has_read_is_redacted_too(cloud: Cloud):
    assert "event_log" in found_in(cloud, CARD.pseudonym)
    assert erase(cloud, PERSON[2]).events == 1
    assert found_in(cloud, CARD.pseudonym) == set()


def test_an_erased_member_comes_back_by_nothing(cloud: Cloud, shop: Shop, lived: list[bytes]):
    erase(cloud)
    cloud.projector.catch_up()
    held = cloud.state()
    receipt = cloud.take_in(*lived)
    assert receipt.duplicate == 6
    late = shop.scan(17, PHONE)
    cloud.take_in(late)
    state(cloud, 3, MEMBERS[0], PHONE, at_ms=cloud.now_ms)
    give_consent(cloud, 0, granted=True, second=5)
    names = [each.pseudonym for each in PERSON[:2]]
    assert found_in(cloud, *names) <= {"dead_letters"}
    erase(cloud)
    assert found_in(cloud, *names) == set()
    cloud.projector.rebuild()
    assert found_in(cloud, *names) == set()
    rebuilt = cloud.state()
    assert [row for row in rebuilt["touches"] if event_id_of(late) not in row] == held["touches"]


@pytest.mark.usefixtures("lived")
def test_others_keep_what_is_theirs(cloud: Cloud):
    with cloud.database.read() as session:
        total = session.number(select(touches.c.total_minor).where(touches.c.receipt_id == "r1"))
    friends = found_in(cloud, FRIEND.pseudonym)
    erase(cloud)
    cloud.projector.catch_up()
    assert found_in(cloud, FRIEND.pseudonym) == friends
    with cloud.database.read() as session:
        row = session.first(select(touches).where(touches.c.receipt_id == "r1"))
        assert row is not None
        assert (row.total_minor, row.one_id, row.ineligible) == (total, None, "no_member")
        assert len(session.rows(select(event_log.c.position))) == 6
        assert len(session.rows(select(consents.c.id))) == 1


@pytest.mark.usefixtures("lived")
def test_who_comes_again_later_is_a_new_member(cloud: Cloud, shop: Shop):
    erase(cloud)
    cloud.now_ms += 60_000
    cloud.take_in(shop.scan((cloud.now_ms - T0) / 1000, PHONE))
    assert {"event_log", "touches", "profiles"} <= found_in(
        cloud, PHONE.pseudonym, one_id_of(TENANT, PHONE.namespace, PHONE.pseudonym)
    )


def test_a_statement_keeps_the_others_whom_it_names(cloud: Cloud):
    state(cloud, 1, MEMBERS[0], PHONE)
    with cloud.database.write() as session:
        block(session, TENANT, PERSON[1], "shared", rules_of(cloud.settings), cloud.now_ms)
    erase(cloud, PERSON[0])
    assert found_in(cloud, MEMBERS[0].pseudonym) == set()
    assert {"identity_mentions", "identity_statements"} <= found_in(cloud, PHONE.pseudonym, "crm:1")


@pytest.mark.usefixtures("lived")
def test_the_command_erases_and_names_what_it_cannot_read(cloud: Cloud):
    where = ["--tenant", TENANT, "--database-url", cloud.settings.resolved_database_url]
    wrong = CliRunner().invoke(cli, ["erase", "--member", "phone", *where])
    assert wrong.exit_code == 1
    assert "expected NAMESPACE:PSEUDONYM" in wrong.output
    member = ["erase", "--member", f"phone:{PHONE.pseudonym}", *where]
    wrong = CliRunner().invoke(cli, [*member, "--at", "yesterday"])
    assert (wrong.exit_code, "--at: " in wrong.output) == (1, True)
    done = CliRunner().invoke(cli, [*member, "--at", "2026-03-02T09:00:00Z"])
    assert done.exit_code == 0, done.output
    assert "erased 2 identifiers: 2 events" in done.output
