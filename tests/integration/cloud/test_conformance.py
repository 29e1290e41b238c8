"""What both databases must do alike: ingest once, derive the same in any order, rebuild to the same."""

import random

import msgspec
import pytest
from alembic.util import CommandError
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from cloud.config import Settings
from cloud.dead_letters.repository import count_by_reason
from cloud.dead_letters.service import replay_all, replay_one
from cloud.errors import ProblemError
from cloud.migrate import SchemaError, check, current_revision, newest_revision, require_current, upgrade
from cloud.tables import dead_letters, event_log, link_decisions
from tests.integration.cloud.support import MEMBERS, STORE, T0, TENANT, Cloud, Shop, consent, event_id_of, visit_id


def a_day(shop: Shop) -> list[bytes]:
    """Return events of every kind, with revisions, a correction, a void, a refund and contention."""
    wrong = shop.crossing(T0 + 5000)
    wrong_scan = shop.scan(18, MEMBERS[0])
    wrong_visit = shop.visit(9, 7, ("kiosk", 300, 320))
    return [
        shop.crossing(T0 + 1000),
        shop.crossing(T0 + 2000, "out"),
        wrong,
        shop.coverage(T0, T0 + 60_000),
        shop.occupancy(T0 + 1000, shelf=2),
        shop.occupancy(T0 + 2000, shelf=3),
        shop.health(T0 + 1000, 5),
        shop.health(T0 + 2000, 7),
        shop.visit(1, 1, ("kiosk", 10, None), status="open"),
        shop.visit(1, 2, ("kiosk", 10, 20), ("till", 30, 40)),
        shop.visit(2, 1, ("till", 100, 140)),
        shop.visit(3, 1, ("till", 130, 160)),
        shop.visit(4, 1, ("kiosk", 12, 15), staff_score=0.9),
        shop.visit(5, 3, status="merged", merged_into=visit_id(1)),
        shop.visit(9, 6, ("kiosk", 301, 310)),
        wrong_visit,
        shop.scan(15, MEMBERS[0]),
        wrong_scan,
        shop.scan(302, MEMBERS[2]),
        shop.scan(16, None),
        shop.sale(35, "r1", member=MEMBERS[0]),
        shop.sale(135, "r2", member=MEMBERS[1]),
        shop.sale(105, "r3", member=MEMBERS[2]),
        shop.sale(106, "r4", member=MEMBERS[1]),
        shop.sale(107, "r4", member=MEMBERS[1], kind="void", reverses="r4"),
        shop.sale(500, "r5", -300, MEMBERS[0], "refund", "r1"),
        shop.correction(wrong, wrong_scan, wrong_visit),
        shop.visit(6, 1, ("kiosk", 13, 16), staff_score=0.95, role="staff"),
        shop.staff_card(14),
    ]


def test_same_batch_twice_changes_nothing(cloud: Cloud, shop: Shop):
    events = a_day(shop)
    first = cloud.take_in(*events)
    state = cloud.state()
    again = cloud.take_in(*events)
    assert (first.received, first.inserted, first.duplicate, first.rejected) == (29, 29, 0, 0)
    assert (again.received, again.inserted, again.duplicate, again.rejected) == (29, 0, 29, 0)
    assert cloud.state() == state


def test_duplicates_within_a_batch_count_as_duplicates(cloud: Cloud, shop: Shop):
    raw = shop.crossing(T0)
    receipt = cloud.take_in(raw, raw, raw)
    assert (receipt.inserted, receipt.duplicate) == (1, 2)


def test_rebuild_comes_to_the_same_state(cloud: Cloud, shop: Shop):
    for member in (0, 1):
        consent(cloud, member)
    cloud.take_in(*a_day(shop))
    state = cloud.state()
    with cloud.database.read() as session:
        decisions = session.number(select(func.count()).select_from(link_decisions))
    cloud.now_ms += 1000
    cloud.projector.rebuild()
    assert cloud.state() == state
    with cloud.database.read() as session:
        assert session.number(select(func.count()).select_from(link_decisions)) == decisions


@pytest.mark.parametrize("seed", range(3))
def test_any_order_and_batches_come_to_the_same_state(cloud: Cloud, shop: Shop, seed: int):
    events = a_day(shop)
    for member in (0, 1):
        consent(cloud, member)
    cloud.take_in(*events)
    expected = cloud.state()
    with cloud.database.write() as session:
        for table in ("link_hypotheses", "link_decisions", "event_log", "consents"):
            session.execute(text(f"DELETE FROM {table}"))
    cloud.projector.rebuild()
    order = random.Random(seed)
    order.shuffle(events)
    while events:
        size = order.randint(1, 5)
        cloud.take_in(*events[:size])
        del events[:size]
        if len(events) < 20 and cloud.tokens == 0:
            consent(cloud, 1)
            cloud.tokens = 1
    consent(cloud, 0)
    cloud.projector.catch_up()
    found = cloud.state()
    assert found.pop("stores") == expected.pop("stores")
    assert found == expected


def test_decisions_of_the_day(cloud: Cloud, shop: Shop):
    events = a_day(shop)
    for member in (0, 1):
        consent(cloud, member)
    cloud.take_in(*events)
    by_touch = cloud.decisions()
    scan, wrong_scan, late_scan, _, sale, between, vetoed, voided = (event_id_of(raw) for raw in events[16:24])
    refund = event_id_of(events[25])
    assert by_touch == {
        scan: "linked",
        sale: "linked",
        between: "ambiguous",
        vetoed: "vetoed",
        late_scan: "vetoed",
        refund: "null",
    }
    assert wrong_scan not in by_touch
    assert voided not in by_touch


def test_withdrawal_retracts_at_once_and_leaves_the_history(cloud: Cloud, shop: Shop):
    scan = shop.scan(15, MEMBERS[0])
    consent(cloud, 0)
    cloud.take_in(shop.visit(1, 1, ("kiosk", 10, 20)), scan)
    assert cloud.decisions() == {event_id_of(scan): "linked"}
    assert consent(cloud, 0, granted=False, at_ms=T0 + 1000) == 1
    assert cloud.decisions() == {event_id_of(scan): "vetoed"}
    assert consent(cloud, 0, granted=False, at_ms=T0 + 1000) == 0
    assert consent(cloud, 0, granted=True, at_ms=T0 + 500) == 0, "an older statement changes nothing"
    assert cloud.decisions() == {event_id_of(scan): "vetoed"}
    with cloud.database.read() as session:
        rows = session.rows(select(link_decisions.c.decision, link_decisions.c.retracted_ms))
    assert {row.decision: row.retracted_ms for row in rows} == {"linked": cloud.now_ms, "vetoed": None}


def test_a_visit_is_never_linked_to_two_profiles(cloud: Cloud, shop: Shop):
    first, second = shop.scan(15, MEMBERS[0]), shop.scan(17, MEMBERS[1])
    consent(cloud, 0)
    consent(cloud, 1)
    cloud.take_in(shop.visit(1, 1, ("kiosk", 10, 20)), first)
    assert set(cloud.decisions().values()) == {"linked"}
    cloud.take_in(second)
    assert set(cloud.decisions().values()) == {"ambiguous"}
    consent(cloud, 1, granted=False, at_ms=T0 + 1)
    assert cloud.decisions() == {event_id_of(first): "linked", event_id_of(second): "vetoed"}


def test_a_later_revision_moves_the_link(cloud: Cloud, shop: Shop):
    scan = shop.scan(15, MEMBERS[0])
    consent(cloud, 0)
    cloud.take_in(shop.visit(1, 1, ("kiosk", 10, None), status="open"), scan)
    cloud.take_in(shop.visit(1, 3, ("till", 10, 20)))
    assert cloud.decisions() == {event_id_of(scan): "null"}
    cloud.take_in(shop.visit(1, 2, ("kiosk", 10, 20)))
    assert cloud.decisions() == {event_id_of(scan): "null"}, "revision 2 is older than 3"
    cloud.take_in(shop.visit(2, 1, ("kiosk", 16, 20)))
    assert cloud.decisions() == {event_id_of(scan): "linked"}, "16 s lies within the tolerance of 15 s"


def test_rejected_lines_are_kept_once_and_replayed_after_a_fix(cloud: Cloud, shop: Shop):
    good = shop.crossing(T0)
    other = Shop(tenant="other").crossing(T0)
    unknown = good.replace(b"footfall.crossing.v1", b"footfall.crossing.v9")
    secret = good.replace(b"footfall.crossing.v1", b"appearance.signature.v1")
    batch = [good, b"{", unknown, other, secret, b'{"id":"\\u0000"}']
    receipt = cloud.take_in(*batch)
    assert (receipt.received, receipt.inserted, receipt.rejected) == (6, 1, 5)
    reasons = [(rejection.line, rejection.reason.value) for rejection in receipt.rejections]
    assert reasons == [
        (2, "not_json"),
        (3, "unknown_type"),
        (4, "wrong_source"),
        (5, "invalid_data"),
        (6, "invalid_envelope"),
    ]
    cloud.take_in(*batch)
    with cloud.database.read() as session:
        counts = count_by_reason(session, TENANT)
        rows = session.rows(select(dead_letters).order_by(dead_letters.c.id))
    assert sum(counts.values()) == 5
    assert rows[3].raw is None, "what may hold an appearance signature is not kept"
    fixed = shop.crossing(T0 + 1)
    with cloud.database.write() as session:
        session.execute(dead_letters.update().where(dead_letters.c.id == rows[1].id).values(raw=fixed))
    outcome = replay_all(cloud.database, cloud.clock, TENANT)
    assert (outcome.replayed, outcome.still_rejected, outcome.not_replayable) == (1, 3, 1)
    again = replay_one(cloud.database, cloud.clock, TENANT, rows[1].id)
    assert again.replayed == 1
    with cloud.database.read() as session:
        assert session.number(select(func.count()).select_from(event_log)) == 2
    with pytest.raises(ProblemError, match="no dead-letter '999'"):
        replay_one(cloud.database, cloud.clock, TENANT, 999)


def test_money_that_no_column_holds_is_refused(cloud: Cloud, shop: Shop):
    sale = msgspec.json.decode(shop.sale(1, "r1"))
    sale["data"]["total_minor"] = 10**30
    receipt = cloud.take_in(msgspec.json.encode(sale).replace(b'"total_minor":"', b'"total_minor":'))
    assert receipt.rejected == 1


def test_text_with_nul_does_not_stop_the_projections(cloud: Cloud, shop: Shop):
    scan = shop.scan(15, MEMBERS[0]).replace(b"https://id.example", b"\\u0000")
    assert cloud.take_in(scan).inserted == 1
    with cloud.database.read() as session:
        assert session.number(select(func.count()).select_from(event_log)) == 1


def test_a_reader_cannot_write(cloud: Cloud):
    with pytest.raises(DatabaseError), cloud.database.read() as session:
        session.connection.execute(text("DELETE FROM stores"))


def test_schema_is_what_the_tables_declare(cloud: Cloud):
    check(cloud.database)
    assert current_revision(cloud.database) == newest_revision()


def test_schema_behind_is_named_with_the_remedy(empty_settings: Settings):
    cloud = Cloud(empty_settings)
    with pytest.raises(SchemaError, match=r"revision none.*cloud migrate"):
        require_current(cloud.database)
    with pytest.raises(CommandError):
        check(cloud.database)
    upgrade(cloud.database)
    upgrade(cloud.database)
    require_current(cloud.database)
    cloud.close()


def test_stores_are_kept_apart_by_tenant(cloud: Cloud, shop: Shop):
    cloud.take_in(shop.crossing(T0))
    cloud.ingest([Shop(tenant="other").crossing(T0)], tenant="other")
    cloud.projector.catch_up()
    assert [row[:2] for row in cloud.state()["stores"]] == [(TENANT, STORE), ("other", STORE)]


def test_statistics_are_refreshed_as_the_log_grows(cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cloud.projections.projector.FIRST_STATISTICS", 2)
    refreshed: list[int] = []
    monkeypatch.setattr(cloud.database, "refresh_statistics", lambda: refreshed.append(1))
    for number in range(5):
        cloud.take_in(shop.crossing(T0 + number))
    assert len(refreshed) == 2, "at positions 2 and 4"
    monkeypatch.undo()
    cloud.database.refresh_statistics()
