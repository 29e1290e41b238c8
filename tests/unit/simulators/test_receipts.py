"""Receipts and scans are such as tills and terminals write."""

from msgspec import UNSET

from contracts.pseudonym import NAMESPACES
from simulators.core.gtin import is_valid_gtin
from tests.unit.simulators.runs import START_MS, Simulated, corner_shop, half_hour

SEEDS = range(1, 8)


def test_receipts_add_up(run: Simulated) -> None:
    assert run.receipts
    for receipt in run.receipts:
        assert receipt.total_minor == sum(line.quantity * line.unit_price_minor for line in receipt.lines)
        assert (receipt.total_minor > 0) == (receipt.kind == "sale")
    assert run.truth.totals.revenue_minor == sum(receipt.total_minor for receipt in run.receipts)


def test_a_till_writes_each_receipt_id_once_and_in_order_of_time(run: Simulated) -> None:
    ids = [receipt.receipt_id for receipt in run.receipts]
    times = [receipt.t_ms for receipt in run.receipts]
    assert len(ids) == len(set(ids))
    assert times == sorted(times)
    assert times[0] > START_MS


def test_voids_and_refunds_happen_and_name_an_earlier_sale() -> None:
    kinds = set()
    for seed in SEEDS:
        sales = {}
        for receipt in half_hour(seed).receipts:
            kinds.add(receipt.kind)
            if receipt.kind == "sale":
                sales[receipt.receipt_id] = receipt
                assert receipt.reverses_receipt_id is UNSET
                continue
            assert isinstance(receipt.reverses_receipt_id, str)
            earlier = sales.pop(receipt.reverses_receipt_id)
            assert -receipt.total_minor <= earlier.total_minor
            if receipt.kind == "void":
                assert -receipt.total_minor == earlier.total_minor
    assert kinds == {"sale", "void", "refund"}


def test_every_item_number_is_valid_and_on_a_shelf(run: Simulated) -> None:
    stocked = {product.gtin for shelf in run.scenario.shelves for product in shelf.products}
    sold = {line.gtin for receipt in run.receipts for line in receipt.lines}
    assert sold <= stocked
    scanned = {
        scan.code.split("/01/")[1][:14] if scan.code.startswith("https://") else scan.code.zfill(14)
        for scan in run.scans
    }
    assert scanned
    assert scanned <= stocked
    assert all(is_valid_gtin(gtin) for gtin in stocked)


def test_some_scans_are_digital_links_and_some_are_bar_codes() -> None:
    codes = [scan.code for seed in SEEDS for scan in half_hour(seed).scans]
    links = [code for code in codes if code.startswith(corner_shop().resolver + "/01/")]
    assert 0 < len(links) < len(codes)
    assert all(len(code) == 13 and code.isdigit() for code in codes if code not in links)


def test_members_show_identifiers_that_the_contracts_know(run: Simulated) -> None:
    members = [*(scan.member for scan in run.scans), *(receipt.member for receipt in run.receipts)]
    shown = [member for member in members if member is not UNSET]
    assert shown
    assert {identifier.namespace for identifier in shown} <= set(NAMESPACES)
    assert len(shown) < len(run.scans) + len(run.receipts)
