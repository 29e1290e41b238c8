"""A store's terminal and till agents read every kind of line that a simulated store writes."""

from collections import Counter

import msgspec
import pytest
from msgspec import UNSET

pytest.importorskip("edge.core.codes", reason="needs the edge extra", exc_type=ImportError)

from contracts.events import Source
from contracts.payloads import CodeScanned
from contracts.pseudonym import pseudonymize
from edge.core.receipts import PosRules, receipt_line
from edge.core.scanning import ScanState, scan_line, scan_rules
from simulators.core.lines import ReceiptLine, ScanLine
from tests.unit.simulators.trial import trial

KEY = b"a tenant's secret"
KIOSK, TILL = Source("demo", "corner-shop", "kiosk-1"), Source("demo", "corner-shop", "till-1")
SCAN_RULES = scan_rules(KIOSK, KEY, {}, 30.0, "kiosk")
POS_RULES = PosRules(source=TILL, pseudonym_key=KEY, zone_id="checkout")
NAMESPACES = {"member_number", "phone", "card", "openid", None}


def _kind(line: ScanLine | ReceiptLine) -> str:
    if isinstance(line, ReceiptLine):
        return line.kind
    return "inner" if "/21/U" in line.code else "outer" if "/21/P" in line.code else "ean"


def _namespace(line: ScanLine | ReceiptLine) -> str | None:
    return None if line.member is UNSET else line.member.namespace


def test_every_kind_of_line_with_every_kind_of_member_is_written() -> None:
    run = trial()
    kinds = Counter((_kind(line), _namespace(line)) for line in (*run.scans, *run.home_scans))
    kinds += Counter((_kind(line), _namespace(line)) for line in run.receipts)
    assert {kind for kind, _ in kinds} == {"sale", "void", "refund", "inner", "outer", "ean"}
    assert {namespace for _, namespace in kinds} == NAMESPACES


def test_the_terminal_reads_every_scan() -> None:
    state, ids = ScanState(), set()
    for line in (*trial().scans, *trial().home_scans):
        state, draft = scan_line(state, msgspec.json.encode(line), 0, SCAN_RULES)
        assert draft is not None
        data = draft.data
        assert isinstance(data, CodeScanned)
        ids.add(data.scan_id)
        assert (draft.time_ms, data.code, data.result) == (line.t_ms, line.code, "item")
        parts = line.code.split("/")
        gtin, serial = (line.code.zfill(14), None) if _kind(line) == "ean" else (parts[-3], parts[-1])
        assert (data.gtin, data.serial, data.lot) == (gtin, serial, None)
        shown = None if line.member is UNSET else pseudonymize(line.member.namespace, line.member.value, KEY)
        assert data.member == shown
    assert len(ids) == len(trial().scans) + len(trial().home_scans)


def test_the_till_reads_every_receipt() -> None:
    for line in trial().receipts:
        draft = receipt_line(msgspec.json.encode(line), 0, POS_RULES)
        assert draft is not None
        data = draft.data
        assert (draft.time_ms, data.receipt_id, data.kind) == (line.t_ms, line.receipt_id, line.kind)
        assert (data.total_minor, data.currency, data.tender) == (line.total_minor, line.currency, line.tender)
        assert data.reverses_receipt_id == (None if line.kind == "sale" else line.reverses_receipt_id)
        assert [(each.gtin, each.quantity) for each in data.lines] == [
            (each.gtin, each.quantity) for each in line.lines
        ]
        shown = None if line.member is UNSET else pseudonymize(line.member.namespace, line.member.value, KEY)
        assert data.member == shown


def test_what_goes_on_the_wire_names_nobody_and_no_truth() -> None:
    run = trial()
    state, wire = ScanState(), []
    for line in run.scans:
        state, draft = scan_line(state, msgspec.json.encode(line), 0, SCAN_RULES)
        assert draft is not None
        wire.append(repr(draft))
    wire += [repr(receipt_line(msgspec.json.encode(line), 0, POS_RULES)) for line in run.receipts]
    text = "\n".join(wire)
    for identity in run.truth.identities:
        assert f"'{identity.member_id}'" not in text
        assert all(identifier.value not in text for identifier in identity.identifiers)
