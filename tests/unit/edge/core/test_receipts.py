"""The POS tap: sales, voids, refunds, and receipts that cannot be right."""

import msgspec
import pytest

from contracts.events import Source
from contracts.pseudonym import pseudonymize
from edge.core.receipts import PosRules, receipt_line
from edge.errors import BadInputError

KEY = b"k" * 32
RULES = PosRules(source=Source("acme", "store-1", "till"), pseudonym_key=KEY, zone_id="till-zone")
RECEIPT = {
    "t_ms": 5,
    "receipt_id": "r-1",
    "lines": [{"gtin": "4006381333931", "quantity": 2, "unit_price_minor": 199, "description": "pens"}],
    "total_minor": 398,
    "currency": "EUR",
    "tender": "card",
    "member": {"namespace": "card", "value": "123"},
}


def _line(**changes: object) -> bytes:
    return msgspec.json.encode({**RECEIPT, **changes})


@pytest.mark.parametrize(
    "line",
    [
        b'{"x":' + b"[" * 100_000,
        b'{"receipt_id":"\xff"}',
        _line(t_ms=253_402_300_800_000),
    ],
)
def test_a_hostile_line_is_refused_as_any_other(line: bytes):
    with pytest.raises(BadInputError):
        receipt_line(line, 1000, RULES)


def test_a_sale():
    draft = receipt_line(_line(), 1000, RULES)
    assert draft is not None
    sale = draft.data
    assert (draft.time_ms, sale.kind, sale.total_minor, sale.zone_id) == (5, "sale", 398, "till-zone")
    assert (sale.lines[0].gtin, sale.lines[0].quantity) == ("04006381333931", 2)
    assert sale.member == pseudonymize("card", "123", KEY)


def test_a_receipt_without_a_time_gets_the_taps():
    draft = receipt_line(_line(t_ms=None, member=None), 1000, RULES)
    assert draft is not None
    assert (draft.time_ms, draft.data.member) == (1000, None)


def test_a_refund_names_the_receipt_that_it_reverses():
    draft = receipt_line(_line(kind="refund", receipt_id="r-2", reverses_receipt_id="r-1"), 0, RULES)
    assert draft is not None
    assert draft.data.reverses_receipt_id == "r-1"


def test_an_item_without_gtin_is_sold_all_the_same():
    draft = receipt_line(_line(lines=[{"quantity": 1, "unit_price_minor": 398}]), 0, RULES)
    assert draft is not None
    assert draft.data.lines[0].gtin is None


def test_the_same_receipt_is_the_same_event():
    assert receipt_line(_line(), 1, RULES) == receipt_line(_line(), 2, RULES)


def test_empty_lines_are_passed_over():
    assert receipt_line(b"\r", 0, RULES) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "expected a receipt"),
        (_line(currency="euro"), "currency"),
        (_line(total_minor="398"), "total_minor"),
        (_line(kind="refund"), "needs reverses_receipt_id"),
        (_line(lines=[{"gtin": "4006381333932", "quantity": 1, "unit_price_minor": 1}]), "check digit"),
        (_line(member={"namespace": "card", "value": ""}), "r-1: .* cannot be empty"),
    ],
)
def test_bad_receipts_say_what_is_wrong(line: bytes, words: str):
    with pytest.raises(BadInputError, match=words):
        receipt_line(line, 0, RULES)
