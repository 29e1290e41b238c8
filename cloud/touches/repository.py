"""SQL that tells which receipts stand."""

from sqlalchemy import ColumnElement, exists

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
