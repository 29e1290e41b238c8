"""What terminals and tills write when somebody uses them."""

from collections.abc import Sequence

import numpy as np
from msgspec import UNSET

from simulators.core.floor import Buyer, Floor, Sale
from simulators.core.item_codes import Item
from simulators.core.lines import ReceiptItem, ReceiptKind, ReceiptLine, ScanLine, total_of
from simulators.core.members import Identifier
from simulators.core.people import Person
from simulators.core.service import KioskDesk, TillDesk

_CARD = 0.7
_TWO_OF_IT = 0.2


class KioskScans:
    """The scans of one customer at one terminal."""

    def __init__(self, floor: Floor, desk: KioskDesk, person: Person) -> None:
        self._floor, self._desk, self._person = floor, desk, person

    def scan(self, item: Item, shown: Identifier | None) -> None:
        """Hold an item before the terminal, which by now knows of what was shown."""
        told_ms = self._floor.told_ms(self._desk.kiosk.id)
        line = ScanLine(t_ms=told_ms, code=item.outer, member=shown if shown is not None else UNSET)
        self._floor.scan(self._desk, line, self._person, item)


class TillReceipts:
    """The receipts of one customer at one till."""

    def __init__(self, floor: Floor, desk: TillDesk, buyer: Buyer, rng: np.random.Generator) -> None:
        self._floor, self._desk, self._buyer, self._rng = floor, desk, buyer, rng
        self._items: list[Item] = []

    def sell_or_refund(self, purpose: str, basket: Sequence[Item], shown: Identifier | None) -> ReceiptLine | None:
        """Close the customer's receipt. Return it if it is a sale.

        Someone who came for a refund brings back an item of an earlier sale; before the first sale there is nothing
        to bring back, so no receipt is made.
        """
        if purpose == "refund":
            if self._floor.sales:
                sale = self._floor.sales.pop(int(self._rng.integers(len(self._floor.sales))))
                self._items = [sale.item]
                self._close("refund", (_times(sale.line, -1),), shown, reverses=sale.receipt_id)
            return None
        lines = tuple(self._line(item) for item in basket)
        receipt = self._close("sale", lines, shown)
        self._floor.remember_sale(Sale(receipt.receipt_id, lines[0], self._items[0]))
        return receipt

    def _line(self, item: Item) -> ReceiptItem:
        """Count an item, and now and then another one of the same product."""
        product, items = item.product, [item]
        if self._rng.random() < _TWO_OF_IT:
            items.append(self._floor.stock.take(product, self._rng))
        self._items += items
        return ReceiptItem(
            gtin=product.gtin,
            quantity=len(items),
            unit_price_minor=product.price_minor,
            description=product.name,
        )

    def void(self, sale: ReceiptLine, shown: Identifier | None) -> None:
        """Take a whole sale back, as a cashier does who made a mistake."""
        self._floor.sales = [other for other in self._floor.sales if other.receipt_id != sale.receipt_id]
        lines = tuple(_times(item, -item.quantity) for item in sale.lines)
        self._close("void", lines, shown, reverses=sale.receipt_id, tender=sale.tender)

    def ring_up_again(self, sale: ReceiptLine, shown: Identifier | None) -> None:
        """Sell the same again."""
        receipt = self._close("sale", sale.lines, shown, tender=sale.tender)
        self._floor.remember_sale(Sale(receipt.receipt_id, sale.lines[0], self._items[0]))

    def _close(
        self,
        kind: ReceiptKind,
        lines: tuple[ReceiptItem, ...],
        shown: Identifier | None,
        *,
        reverses: str | None = None,
        tender: str | None = None,
    ) -> ReceiptLine:
        told_ms = self._floor.told_ms(self._desk.till.id)
        receipt = ReceiptLine(
            t_ms=told_ms,
            receipt_id=f"{self._desk.till.id}-{told_ms}",
            kind=kind,
            reverses_receipt_id=reverses if reverses is not None else UNSET,
            lines=lines,
            total_minor=total_of(lines),
            currency=self._floor.scenario.currency,
            tender=tender or ("card" if self._rng.random() < _CARD else "cash"),
            member=shown if shown is not None else UNSET,
        )
        self._floor.receipt(self._desk, receipt, self._buyer, self._items)
        return receipt


def _times(item: ReceiptItem, quantity: int) -> ReceiptItem:
    return ReceiptItem(
        gtin=item.gtin,
        quantity=quantity,
        unit_price_minor=item.unit_price_minor,
        description=item.description,
    )
