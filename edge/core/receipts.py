"""A POS tap's logic. Pure: a receipt as a JSON line in, a sale event out."""

from typing import Literal

import msgspec
from msgspec import Struct

from contracts.decoding import decode_json
from contracts.events import EventDraft, Source, draft_event
from contracts.fields import Currency, Name, Text, TimeMs
from contracts.payloads import PosSale, SaleLine
from contracts.pseudonym import MemberPseudonym, pseudonymize
from edge.core.codes import parse_item_code
from edge.core.scanning import ShownMember
from edge.errors import BadInputError


class _ReceiptLine(Struct, frozen=True, kw_only=True):
    quantity: float
    unit_price_minor: int
    gtin: str | None = None
    description: Text | None = None


class _Receipt(Struct, frozen=True, kw_only=True):
    receipt_id: Name
    lines: tuple[_ReceiptLine, ...]
    total_minor: int
    currency: Currency
    kind: Literal["sale", "void", "refund"] = "sale"
    t_ms: TimeMs | None = None
    reverses_receipt_id: Name | None = None
    tender: Name | None = None
    member: ShownMember | None = None


_DECODER = msgspec.json.Decoder(_Receipt)


class PosRules(Struct, frozen=True, kw_only=True):
    """How a POS tap reads its lines."""

    source: Source
    pseudonym_key: bytes
    zone_id: str | None = None


def receipt_line(line: bytes, now_ms: int, rules: PosRules) -> EventDraft[PosSale] | None:
    """Return the event that one line makes, None for an empty line.

    Args:
        line: One receipt as a JSON object.
        now_ms: The tap's clock, Unix milliseconds; used where the receipt has no time of its own.
        rules: How lines are read.

    Raises:
        BadInputError: The line is no JSON, lacks a field, has a value that is not allowed, names a GTIN with a wrong
            check digit, or is a void or refund that does not say of which receipt.
    """
    if not line.strip():
        return None
    try:
        receipt = decode_json(_DECODER, line)
    except msgspec.MsgspecError as error:
        msg = f"expected a receipt as a JSON object with receipt_id, lines, total_minor and currency: {error}"
        raise BadInputError(msg) from error
    if receipt.kind != "sale" and receipt.reverses_receipt_id is None:
        msg = f"receipt {receipt.receipt_id}: a {receipt.kind} needs reverses_receipt_id"
        raise BadInputError(msg)
    time_ms = now_ms if receipt.t_ms is None else receipt.t_ms
    data = PosSale(
        receipt_id=receipt.receipt_id,
        kind=receipt.kind,
        reverses_receipt_id=receipt.reverses_receipt_id,
        lines=tuple(_sale_line(each, receipt.receipt_id) for each in receipt.lines),
        total_minor=receipt.total_minor,
        currency=receipt.currency,
        tender=receipt.tender,
        member=_member(receipt, rules),
        zone_id=rules.zone_id,
    )
    return draft_event(rules.source, data, time_ms, receipt.receipt_id, receipt.kind)


def _member(receipt: _Receipt, rules: PosRules) -> MemberPseudonym | None:
    if receipt.member is None:
        return None
    try:
        return pseudonymize(receipt.member.namespace, receipt.member.value, rules.pseudonym_key)
    except ValueError as error:
        msg = f"receipt {receipt.receipt_id}: {error}"
        raise BadInputError(msg) from error


def _sale_line(line: _ReceiptLine, receipt_id: str) -> SaleLine:
    gtin = None
    if line.gtin is not None:
        item = parse_item_code(line.gtin)
        if item is None:
            msg = f"receipt {receipt_id}: expected a GTIN with a right check digit, got {line.gtin!r}"
            raise BadInputError(msg)
        gtin = item.gtin
    return SaleLine(
        gtin=gtin, quantity=line.quantity, unit_price_minor=line.unit_price_minor, description=line.description
    )
