"""What becomes of single items: scans in the store and at home, sales, what comes back."""

from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest
from msgspec import UNSET
from msgspec.structs import replace

from simulators.core.home_scans import HomeScans
from simulators.core.item_codes import Item
from simulators.core.item_ledger import HOME, ItemLedger
from simulators.core.layout import Product
from simulators.core.lines import ReceiptItem, ReceiptKind, ReceiptLine
from simulators.core.member_base import MemberBase
from simulators.core.scenario import Codes
from simulators.core.scoring.codes import score_code_scans
from simulators.core.scoring.measured import MeasuredCodeScan
from tests.unit.simulators.runs import START_MS, corner_shop
from tests.unit.simulators.trial import CODES, agrees, run_trial, trial, trial_scenario

WINE = Product(gtin="09521230000185", name="Red wine", price_minor=899, serialized=True)
COFFEE = Product(gtin="09521230000154", name="Filter coffee", price_minor=649, serialized=True)
MILK = Product(gtin="09521230000017", name="Milk", price_minor=139)
MEMBERS = MemberBase(corner_shop().members, 1)


def _item(number: int, product: Product = WINE, *, inner: bool = True) -> Item:
    base = f"https://id.example/01/{product.gtin}/21/"
    return Item(product=product, outer=f"{base}P{number}", inner=f"{base}U{number}" if inner else None)


def _receipt(receipt_id: str, kind: ReceiptKind, reverses: str | None = None) -> ReceiptLine:
    return ReceiptLine(
        t_ms=START_MS,
        receipt_id=receipt_id,
        kind=kind,
        reverses_receipt_id=reverses if reverses is not None else UNSET,
        lines=(ReceiptItem(gtin=WINE.gtin, quantity=1, unit_price_minor=1, description="x"),),
        total_minor=1,
        currency="EUR",
        tender="card",
    )


def _home(codes: Codes) -> HomeScans:
    return HomeScans(replace(corner_shop(), codes=codes), MEMBERS, 1)


def test_shares_of_scans_at_home_and_repeats_are_recovered_with_their_delays() -> None:
    codes = Codes(scanned_at_home=0.4, home_after_s=(100.0, 300.0), scanned_again=0.3)
    home, buyer = _home(codes), MEMBERS.members[5]
    for number in range(3000):
        home.receipt(_receipt(f"r{number}", "sale"), [_item(number)], buyer, START_MS)
    scans = home.due(START_MS + 10**9)
    assert [scan.line.t_ms for scan in scans] == sorted(scan.line.t_ms for scan in scans)
    times = defaultdict(list)
    for scan in scans:
        assert scan.line.code == scan.item.inner
        times[scan.line.code].append(scan)
    assert agrees(len(times), 3000, 0.4)
    assert agrees(len(scans) - len(times), len(times), 0.3)
    after_s = np.array([found[0].line.t_ms - START_MS for found in times.values()]) / 1000
    assert 100 <= after_s.min() < 105
    assert 295 < after_s.max() <= 300
    assert after_s.mean() == pytest.approx(200, abs=4 * 200 / np.sqrt(12 * len(times)))
    first = [found[0] for found in times.values()]
    again = [found[1] for found in times.values() if len(found) == 2]
    shown = corner_shop().behaviour.show_member
    assert agrees(sum(scan.member is buyer for scan in first), len(first), shown)
    assert agrees(sum(scan.member is not None for scan in again), len(again), shown)
    assert not [scan for scan in again if scan.member is buyer]
    for scan in scans:
        identifier = scan.line.member
        assert (identifier is UNSET) == (scan.member is None)
        if scan.member is not None:
            assert identifier in scan.member.identifiers(scan.line.t_ms)


def test_who_is_no_member_scans_without_saying_who() -> None:
    home = _home(Codes(scanned_at_home=1.0, home_after_s=(1.0, 2.0)))
    home.receipt(_receipt("r", "sale"), [_item(1)], None, START_MS)
    assert home.due(START_MS + 999) == []
    (scan,) = home.due(START_MS + 2000)
    assert scan.member is None
    assert scan.line.member is UNSET
    assert home.due(START_MS + 10_000) == []


def test_what_came_back_is_not_scanned_at_home() -> None:
    home = _home(Codes(scanned_at_home=1.0, home_after_s=(1.0, 2.0), scanned_again=1.0))
    bought = [_item(1), _item(2), _item(3, COFFEE), _item(4, inner=False), _item(5, MILK, inner=False)]
    mistaken, copy = [_item(6), _item(7)], _item(2)
    home.receipt(_receipt("a", "sale"), [*bought, copy], None, START_MS)
    home.receipt(_receipt("b", "sale"), mistaken, None, START_MS)
    home.receipt(_receipt("c", "refund", "a"), bought[1:2], None, START_MS)
    home.receipt(_receipt("d", "refund", "a"), bought[4:], None, START_MS)
    home.receipt(_receipt("e", "void", "b"), mistaken, None, START_MS)
    home.receipt(_receipt("f", "sale"), mistaken[:1], None, START_MS)
    scans = Counter(id(scan.item) for scan in home.due(START_MS + 10_000))
    assert scans == {id(item): 2 for item in (bought[0], bought[2], copy, mistaken[0])}


def test_a_ledger_keeps_sales_but_not_voided_ones_and_marks_what_came_back() -> None:
    ledger, milk = ItemLedger(), _item(3, MILK, inner=False)
    ledger.receipt(_receipt("a", "sale"), [_item(1), _item(2), milk], START_MS)
    ledger.receipt(_receipt("b", "sale"), [_item(4)], START_MS + 1)
    ledger.receipt(_receipt("c", "void", "b"), [_item(4)], START_MS + 2)
    ledger.receipt(_receipt("d", "refund", "a"), [_item(2)], START_MS + 3)
    ledger.receipt(_receipt("e", "refund", "a"), [milk], START_MS + 4)
    sold = [(item.code[-2:], item.receipt_id, item.sold_ms, item.returned_ms) for item in ledger.sales()]
    assert sold == [("P1", "a", START_MS, None), ("P2", "a", START_MS, START_MS + 3)]


def test_no_genuine_serial_is_sold_twice() -> None:
    sold = trial().truth.sold_items
    genuine = [item for item in sold if item.genuine]
    for codes in ([item.code for item in genuine], [item.inner_code for item in genuine if item.inner_code]):
        assert len(codes) == len(set(codes)) > 10
    assert agrees(len(sold) - len(genuine), len(sold), CODES.counterfeits)
    assert agrees(sum(item.inner_code is not None for item in genuine), len(genuine), CODES.under_cap)


def test_some_serials_turn_up_in_two_places() -> None:
    sold = trial().truth.sold_items
    times = Counter(item.code for item in sold)
    twice = [item for item in sold if times[item.code] > 1]
    assert twice
    assert all(sum(item.genuine for item in twice if item.code == code) <= 1 for code in times)


def test_items_that_were_sold_are_on_the_receipts() -> None:
    run = trial()
    receipts = {receipt.receipt_id: receipt for receipt in run.receipts}
    voided = {receipt.reverses_receipt_id for receipt in run.receipts if receipt.kind == "void"}
    serialized = {each.gtin for shelf in run.scenario.shelves for each in shelf.products if each.serialized}
    found = Counter((item.receipt_id, item.code.split("/01/")[1][:14]) for item in run.truth.sold_items)
    expected: Counter[tuple[str, str]] = Counter()
    for receipt in receipts.values():
        if receipt.kind == "sale" and receipt.receipt_id not in voided:
            for line in receipt.lines:
                if line.gtin in serialized:
                    expected[receipt.receipt_id, line.gtin] += line.quantity
    assert found == expected
    back = {(item.receipt_id, item.returned_ms) for item in run.truth.sold_items if item.returned_ms is not None}
    refunds = {
        (touch_receipt.reverses_receipt_id, touch.true_ms)
        for touch in run.truth.touches
        if touch.kind == "refund" and (touch_receipt := receipts[touch.receipt_id or ""]).lines[0].gtin in serialized
    }
    assert back == refunds
    assert refunds


def test_every_scan_of_a_single_item_is_in_the_truth_in_order() -> None:
    run = trial()
    found = Counter((scan.where, scan.code, scan.told_ms) for scan in run.truth.code_scans)
    lines = [("kiosk-1", line) for line in run.scans] + [(HOME, line) for line in run.home_scans]
    assert found == Counter((where, line.code, line.t_ms) for where, line in lines if "/21/" in line.code)
    times = [scan.t_ms for scan in run.truth.code_scans]
    assert times == sorted(times)
    seen: set[str] = set()
    for scan in run.truth.code_scans:
        assert scan.first == (scan.code not in seen)
        assert scan.inner == (scan.where == HOME) == ("/21/U" in scan.code)
        seen.add(scan.code)
    assert {(scan.inner, scan.genuine) for scan in run.truth.code_scans} == set(product((False, True), repeat=2))
    assert {(scan.inner, scan.first) for scan in run.truth.code_scans} == set(product((False, True), repeat=2))


def test_a_code_under_the_cap_is_read_after_its_item_was_sold() -> None:
    run = trial()
    sold_ms: dict[str | None, int] = {}
    for item in run.truth.sold_items:
        sold_ms.setdefault(item.inner_code, item.sold_ms)
    shortest_ms = 1000 * CODES.home_after_s[0]
    assert len(run.home_scans) > 30
    for line in run.home_scans:
        assert line.t_ms >= sold_ms[line.code] + shortest_ms


def test_nothing_is_scanned_at_home_after_it_came_back() -> None:
    run = trial()
    times = Counter(item.inner_code for item in run.truth.sold_items)
    back = {item.inner_code: item.returned_ms for item in run.truth.sold_items if item.returned_ms is not None}
    assert back
    for line in run.home_scans:
        assert times[line.code] > 1 or line.t_ms <= back.get(line.code, line.t_ms)


def test_a_wrong_clock_gives_no_receipt_id_twice_and_what_is_reversed_was_sold_before() -> None:
    receipts = trial().receipts
    assert len({receipt.receipt_id for receipt in receipts}) == len(receipts)
    sold: set[str] = set()
    for receipt in receipts:
        assert receipt.receipt_id == f"till-1-{receipt.t_ms}"
        if receipt.kind == "sale":
            sold.add(receipt.receipt_id)
        else:
            sold.remove(str(receipt.reverses_receipt_id))


def test_receipts_of_the_trial_are_voided_as_often_as_asked_for() -> None:
    kinds = Counter(receipt.kind for receipt in trial().receipts)
    assert agrees(kinds["void"], kinds["sale"] - kinds["void"], trial().scenario.behaviour.voids)
    assert kinds["refund"] > 5


def test_the_same_seed_gives_the_same_scans_and_sales() -> None:
    once, again = (run_trial(trial_scenario(), 4, 0.25) for _ in range(2))
    assert once.truth == again.truth
    assert once.home_scans == again.home_scans


def test_scans_are_scored_by_the_time_that_the_scanner_told() -> None:
    truth = trial().truth
    measured = [
        MeasuredCodeScan(code=scan.code, t_ms=scan.told_ms or 0, first=scan.first, genuine=scan.genuine)
        for scan in truth.code_scans
    ]
    score = score_code_scans(measured, truth)
    assert score.unknown == 0
    assert {(flag.precision.value, flag.recall.value) for flag in score.flags} == {(1.0, 1.0)}
