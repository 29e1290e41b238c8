"""Item codes in the database: verdicts follow every change, in any order, and a rebuild finds them again."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from cloud.codes import queries
from cloud.codes.links import ItemLink
from cloud.codes.recording import PhoneScan, record_scan, unnamed_scan
from cloud.codes.registry import IssuedItem, put_position, register
from cloud.codes.store_token import InStore
from cloud.codes.tables import code_states, code_verdicts
from cloud.db import Page
from cloud.errors import ProblemError
from cloud.identity.service import add_statements
from cloud.identity.statements import Identifier, Rules, Statement
from cloud.tables import event_log
from contracts.payloads import CodeScanned
from contracts.pseudonym import MemberPseudonym
from tests.integration.cloud.support import MEMBERS, T0, TENANT, Cloud, NewCloud, Shop, ms

GTIN = "09521230000185"
OUTER = IssuedItem(gtin=GTIN, serial="PACK", kind="outer", lot="L1")
INNER = IssuedItem(gtin=GTIN, serial="CAP", kind="inner", lot="L1", outer_serial="PACK")


def scan(
    shop: Shop,
    serial: str,
    at_s: float,
    member: MemberPseudonym | None = None,
    proof: str = "none",
    gtin: str = GTIN,
) -> bytes:
    data = CodeScanned(
        scan_id="s",
        code=f"https://id.example/01/{gtin}/21/{serial}",
        gtin=gtin,
        serial=serial,
        member=member,
        result="item",
        in_store_proof=proof,  # type: ignore[arg-type]  # a test's plain text
    )
    return shop.event("term-1", data, ms(at_s))


def issue(cloud: Cloud, *items: IssuedItem) -> None:
    with cloud.database.write() as session:
        register(session, TENANT, items, cloud.now_ms)
    cloud.projector.catch_up()


def verdicts(cloud: Cloud, serial: str) -> list[str]:
    statement = select(code_verdicts.c.verdict).where(code_verdicts.c.serial == serial)
    with cloud.database.read() as session:
        return [row.verdict for row in session.rows(statement.order_by(code_verdicts.c.time_ms))]


def alert(cloud: Cloud, serial: str) -> str | None:
    with cloud.database.read() as session:
        rows = session.rows(select(code_states.c.alert).where(code_states.c.serial == serial))
        return None if not rows else rows[0].alert


def test_verdicts_follow_scans_records_corrections_and_identities(cloud: Cloud, shop: Shop):
    first, second = scan(shop, "CAP", 100, MEMBERS[0]), scan(shop, "CAP", 200, MEMBERS[1])
    cloud.take_in(second)
    assert verdicts(cloud, "CAP") == ["looked_up"], "nobody has issued codes of this GTIN yet"
    issue(cloud, OUTER, INNER)
    assert verdicts(cloud, "CAP") == ["first"]
    cloud.take_in(first)
    assert (verdicts(cloud, "CAP"), alert(cloud, "CAP")) == (["first", "repeat"], "repeat")
    same = Statement(
        statement_id="s",
        rank=1,
        at_ms=T0,
        identifiers=tuple(Identifier(each.namespace, each.pseudonym) for each in MEMBERS[:2]),
    )
    with cloud.database.write() as session:
        add_statements(session, TENANT, [("crm", same)], Rules(), cloud.now_ms)
    cloud.projector.catch_up()
    assert (verdicts(cloud, "CAP"), alert(cloud, "CAP")) == (["first", "again"], None)
    cloud.take_in(shop.correction(first))
    assert verdicts(cloud, "CAP") == ["first"]
    cloud.take_in(shop.correction(second))
    assert (verdicts(cloud, "CAP"), alert(cloud, "CAP")) == ([], None)


def test_an_outer_code_authenticates_once_its_cap_was_opened(cloud: Cloud, shop: Shop):
    issue(cloud, OUTER, INNER)
    looks = [scan(shop, "PACK", at_s, MEMBERS[0], "terminal") for at_s in (10, 20)]
    cloud.take_in(*looks, scan(shop, "PACK", 300, MEMBERS[1]))
    assert verdicts(cloud, "PACK") == ["looked_up"] * 3
    cloud.take_in(scan(shop, "CAP", 100, MEMBERS[1]))
    assert verdicts(cloud, "PACK") == ["looked_up", "looked_up", "first"]
    issue(cloud, msgspec.structs.replace(OUTER, sold_ms=ms(15)))
    assert verdicts(cloud, "PACK") == ["looked_up", "first", "repeat"]


def test_a_serial_that_nobody_issued_and_one_in_two_places(cloud: Cloud, shop: Shop):
    issue(cloud, OUTER)
    other = Shop(store="store-2")
    cloud.take_in(scan(shop, "GUESSED", 5), scan(shop, "PACK", 0, proof="terminal"))
    cloud.take_in(scan(other, "PACK", 1200, proof="terminal"))
    assert (alert(cloud, "GUESSED"), alert(cloud, "PACK")) == ("unknown_code", None)
    with cloud.database.write() as session:
        put_position(session, TENANT, "store-1", 51.5, 0.0)
        put_position(session, TENANT, "store-2", -33.9, 151.2)
    cloud.projector.catch_up()
    assert (verdicts(cloud, "PACK"), alert(cloud, "PACK")) == (["looked_up", "impossible_travel"], "cloned")


def test_a_serial_longer_than_any_is_kept_and_not_judged(cloud: Cloud, shop: Shop):
    issue(cloud, OUTER)
    cloud.take_in(scan(shop, "é" * 2000, 5), scan(shop, "a'; DROP TABLE t--", 6))
    assert len(cloud.state()["touches"]) == 2
    assert [row[3] for row in cloud.state()["code_verdicts"]] == ["a'; DROP TABLE t--"]


def test_what_is_printed_never_changes_and_packs_come_before_what_lies_in_them(cloud: Cloud):
    issue(cloud, OUTER, INNER, INNER)
    for wrong, fault in (
        (msgspec.structs.replace(OUTER, kind="inner"), "was issued with kind 'outer', not 'inner'"),
        (msgspec.structs.replace(INNER, serial="NEW", outer_serial="NONE"), "got 'NONE'"),
        (msgspec.structs.replace(INNER, serial="NEW", outer_serial="CAP"), "got 'CAP'"),
    ):
        with pytest.raises(ProblemError, match=fault):
            issue(cloud, wrong)


SERIALS = st.sampled_from(["PACK", "CAP", "OTHER"])


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    taken=st.lists(
        st.tuples(
            SERIALS,
            st.integers(0, 3000),
            st.sampled_from([None, *MEMBERS[:2]]),
            st.sampled_from(["terminal", "none"]),
            st.sampled_from(["store-1", "store-2"]),
        ),
        min_size=1,
        max_size=7,
    ),
    wrong=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_any_order_of_scans_and_records_ends_in_the_same_verdicts(
    new_cloud: NewCloud,
    taken: list[tuple[str, int, MemberPseudonym | None, str, str]],
    wrong: bool,
    order: object,
):
    shops = {name: Shop(store=name) for name in ("store-1", "store-2")}
    events = [scan(shops[store], serial, at_s, member, proof) for serial, at_s, member, proof, store in taken]
    if wrong:
        events.append(shops["store-1"].correction(events[0]))
    at_once, piecemeal = new_cloud(), new_cloud()
    issue(at_once, OUTER, INNER)
    at_once.take_in(*events)
    pieces: list[bytes | IssuedItem] = [*events, OUTER]
    order.shuffle(pieces)  # type: ignore[attr-defined]  # hypothesis's random has no public type
    for piece in [*pieces, INNER]:
        if isinstance(piece, bytes):
            piecemeal.take_in(piece)
        else:
            issue(piecemeal, piece)
    expected = at_once.state()
    assert piecemeal.state() == expected
    at_once.projector.rebuild()
    assert at_once.state() == expected
    assert expected["code_queue"] == []
    at_once.close()
    piecemeal.close()


def test_a_phones_scans_are_numbered_without_gaps_and_found_again(cloud: Cloud):
    issue(cloud, OUTER, INNER)
    link = ItemLink(gtin=GTIN, serial="CAP")
    shelf = InStore(store="store-1", terminal="till-1", zone_id="till")
    for number, place in enumerate((None, shelf, None)):
        with cloud.database.write() as session:
            record_scan(session, TENANT, "web", PhoneScan(item=link, place=place), T0 + number)
    with cloud.database.rehearse() as session:
        record_scan(session, TENANT, "web", PhoneScan(item=link), T0)
    with cloud.database.write() as session:
        record_scan(session, TENANT, "web", PhoneScan(item=ItemLink(gtin=GTIN, serial="GUESS")), T0 + 3)
    cloud.projector.catch_up()
    with cloud.database.read() as session:
        numbers = [(row.device, row.sequence) for row in session.rows(select(event_log).order_by(event_log.c.position))]
        history = queries.history_of(session, TENANT, (GTIN, "CAP"))
        alerts = queries.list_alerts(session, TENANT, None, Page(0, 10))
        listed = queries.list_codes(session, queries.CodeFilter(tenant=TENANT, alert="repeat"), 10)
        count = queries.count_alerts(session, TENANT, "unknown_code")
        other = queries.list_codes(session, queries.CodeFilter(tenant="other"), 10)
    assert numbers == [("resolver", 1), ("resolver-till--till-1", 1), ("resolver", 2), ("resolver", 3)]
    assert [(row.verdict, row.store, row.zone_id, row.in_store_proof) for row in history] == [
        ("first", "web", None, "none"),
        ("repeat", "store-1", "till", "store_token"),
        ("repeat", "web", None, "none"),
    ]
    assert [(row.serial, row.alert) for row in alerts] == [("GUESS", "unknown_code"), ("CAP", "repeat")]
    assert ([row.serial for row in listed], count, other) == (["CAP"], 1, [])


def test_a_scan_supersedes_the_same_one_from_before_its_maker_signed_in(cloud: Cloud):
    issue(cloud, OUTER, INNER)
    link, other = ItemLink(gtin=GTIN, serial="CAP"), ItemLink(gtin=GTIN, serial="PACK")
    with cloud.database.write() as session:
        event_id = record_scan(session, TENANT, "web", PhoneScan(item=link), T0)
    late_ms = T0 + 16 * 60_000
    with cloud.database.read() as session:
        found = [
            unnamed_scan(session, tenant, event_id, item, now_ms)
            for tenant, item, now_ms in (
                (TENANT, link, T0),
                (TENANT, other, T0),
                (TENANT, link, late_ms),
                ("b", link, T0),
            )
        ]
    assert found == [event_id, None, None, None]
    with cloud.database.write() as session:
        named = record_scan(
            session, TENANT, "web", PhoneScan(item=link, member=MEMBERS[0], supersedes=event_id), T0 + 1000
        )
    cloud.projector.catch_up()
    with cloud.database.read() as session:
        assert unnamed_scan(session, TENANT, named, link, T0 + 2000) is None, "it is somebody's"
    assert verdicts(cloud, "CAP") == ["first"]
