"""Keeps what became of single items: which of their codes were scanned, and which were sold."""

from collections.abc import Sequence

from msgspec.structs import replace

from simulators.core.item_codes import Item
from simulators.core.lines import ReceiptLine, ScanLine
from simulators.core.members import Member
from simulators.core.truth import TrueCodeScan, TrueSoldItem

HOME = "home"


class ItemLedger:
    """All scans of single items' codes and all sales of single items, in the order in which they were made."""

    def __init__(self) -> None:
        self._scans: list[TrueCodeScan] = []
        self._codes: set[str] = set()
        self._sold: dict[str, list[TrueSoldItem]] = {}

    def scanned(self, line: ScanLine, item: Item, where: str, true_ms: int, member: Member | None) -> None:
        """Keep a scan of one of an item's codes, if it has a serial.

        Args:
            line: What the scanner wrote, with its own time.
            item: What was held before the scanner.
            where: The terminal's id, or `HOME`.
            true_ms: When that was.
            member: Who was shown.
        """
        if not item.product.serialized:
            return
        scan = TrueCodeScan(
            code=line.code,
            t_ms=true_ms,
            told_ms=line.t_ms,
            where=where,
            inner=line.code == item.inner,
            genuine=item.is_genuine,
            first=line.code not in self._codes,
            member_id=member.member_id if member is not None else None,
        )
        self._codes.add(line.code)
        self._scans.append(scan)

    def receipt(self, line: ReceiptLine, items: Sequence[Item], now_ms: int) -> None:
        """Keep which single items a receipt sold or took back."""
        if line.kind == "sale":
            self._sell(line.receipt_id, items, now_ms)
        elif line.kind == "void":
            del self._sold[str(line.reverses_receipt_id)]
        else:
            sold = self._sold[str(line.reverses_receipt_id)]
            codes = {item.outer for item in items}
            sold[:] = [replace(each, returned_ms=now_ms) if each.code in codes else each for each in sold]

    def _sell(self, receipt_id: str, items: Sequence[Item], now_ms: int) -> None:
        self._sold[receipt_id] = [
            TrueSoldItem(
                code=item.outer,
                inner_code=item.inner,
                genuine=item.is_genuine,
                receipt_id=receipt_id,
                sold_ms=now_ms,
                returned_ms=None,
            )
            for item in items
            if item.product.serialized
        ]

    def scans(self) -> tuple[TrueCodeScan, ...]:
        """Return every scan of a single item's code."""
        return tuple(self._scans)

    def sales(self) -> tuple[TrueSoldItem, ...]:
        """Return every single item that was sold and whose sale was not voided."""
        return tuple(item for items in self._sold.values() for item in items)
