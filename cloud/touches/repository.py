"""SQL that tells which receipts stand."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, select

from cloud.db import ReadSession, chunks
from cloud.projections.corrections import stands
from cloud.tables import touches

_void = touches.alias("void")


def reversal_of() -> ColumnElement[bool]:
    """Return the condition that a void, which stands itself, names the receipt of a `touches` row."""
    return exists().where(
        _void.c.tenant == touches.c.tenant,
        _void.c.store == touches.c.store,
        _void.c.reverses_receipt_id == touches.c.receipt_id,
        _void.c.kind == "void",
        stands(_void, "touch_id"),
    )


def sale_totals(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> dict[str, dict[str, tuple[int, int]]]:
    """Return, by One ID and currency, how many sales stand and their total less refunds, in minor units.

    A sale stands if it was neither corrected nor voided. A refund lowers the total, whatever its sign.
    """
    totals: dict[str, dict[str, tuple[int, int]]] = {}
    for part in chunks(one_ids):
        statement = select(touches.c.one_id, touches.c.kind, touches.c.currency, touches.c.total_minor).where(
            touches.c.tenant == tenant,
            touches.c.one_id.in_(part),
            touches.c.kind.in_(("sale", "refund")),
            stands(touches, "touch_id"),
            ~reversal_of(),
        )
        for one_id, kind, currency, total_minor in session.rows(statement):
            by_currency = totals.setdefault(one_id, {})
            sales, total = by_currency.get(currency, (0, 0))
            refund = kind == "refund"
            by_currency[currency] = (sales + (not refund), total + (-abs(total_minor) if refund else total_minor))
    return totals
