"""SQL of what is asked of codes."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import and_, func, select

from cloud.codes.queue import IS_SERIAL, Code
from cloud.codes.tables import code_products, code_states, code_verdicts, item_codes
from cloud.db import AnyRow, AnySelect, Page, ReadSession
from cloud.errors import not_found
from cloud.projections.corrections import stands
from cloud.tables import touches

MAX_HISTORY = 500
_ISSUED = (item_codes.c.kind, item_codes.c.lot, item_codes.c.outer_serial, item_codes.c.sold_ms)
_PRODUCT = (code_products.c.name.label("product_name"), code_products.c.page_url)
_STATE = tuple(column for column in code_states.c if not column.primary_key)


class CodeFilter(Struct, frozen=True, kw_only=True):
    """Which issued codes are asked for; `after` is the last one of the page before."""

    tenant: str
    gtin: str | None = None
    lot: str | None = None
    kind: str | None = None
    alert: str | None = None
    after: Code | None = None


def list_codes(session: ReadSession, asked: CodeFilter, limit: int) -> Sequence[AnyRow]:
    """Return issued codes by GTIN and serial."""
    conditions: list[Any] = [item_codes.c.tenant == asked.tenant]
    wanted = {item_codes.c.gtin: asked.gtin, item_codes.c.lot: asked.lot, item_codes.c.kind: asked.kind}
    conditions += [column == value for column, value in wanted.items() if value is not None]
    if asked.alert is not None:
        conditions.append(code_states.c.alert == asked.alert)
    if asked.after is not None:
        gtin, serial = asked.after
        later = and_(item_codes.c.gtin == gtin, item_codes.c.serial > serial)
        conditions.append((item_codes.c.gtin > gtin) | later)
    ordered = _issued().where(*conditions).order_by(item_codes.c.gtin, item_codes.c.serial)
    return session.rows(ordered.limit(limit))


def get_code(session: ReadSession, tenant: str, code: Code) -> AnyRow:
    """Return a code that was issued, or else one that was scanned.

    Raises:
        ProblemError: 404, it was neither.
    """
    gtin, serial = code
    for statement, table in ((_issued(), item_codes), (_scanned(), code_states)):
        row = session.first(statement.where(table.c.tenant == tenant, table.c.gtin == gtin, table.c.serial == serial))
        if row is not None:
            return row
    remedy = "it was neither issued nor scanned; GET /v1/codes lists those that were issued"
    raise not_found(noun="code", key=f"{gtin}/{serial}", remedy=remedy)


def list_alerts(session: ReadSession, tenant: str, alert: str | None, page: Page) -> Sequence[AnyRow]:
    """Return codes with which something is wrong, the latest scanned first."""
    latest = (code_states.c.last_scan_ms.desc(), code_states.c.gtin, code_states.c.serial)
    wrong = _scanned().where(code_states.c.tenant == tenant, _is_alert(alert))
    return session.rows(wrong.order_by(*latest).offset(page.offset).limit(page.limit))


def count_alerts(session: ReadSession, tenant: str, alert: str | None) -> int:
    """Return with how many codes something is wrong."""
    return session.number(
        select(func.count()).select_from(code_states).where(code_states.c.tenant == tenant, _is_alert(alert))
    )


def history_of(session: ReadSession, tenant: str, code: Code) -> Sequence[AnyRow]:
    """Return a code's scans that stand, in order of time, each with its verdict."""
    judged = and_(code_verdicts.c.tenant == touches.c.tenant, code_verdicts.c.touch_id == touches.c.touch_id)
    statement = select(touches, code_verdicts.c.verdict).join(code_verdicts, judged, isouter=True)
    of_code = (touches.c.tenant == tenant, touches.c.gtin == code[0], touches.c.serial == code[1], IS_SERIAL)
    ordered = statement.where(*of_code, stands(touches, "touch_id")).order_by(touches.c.time_ms, touches.c.touch_id)
    return session.rows(ordered.limit(MAX_HISTORY))


def get_product(session: ReadSession, tenant: str, gtin: str) -> AnyRow | None:
    """Return what items of a GTIN are called, None where nobody said."""
    return session.first(select(code_products).where(code_products.c.tenant == tenant, code_products.c.gtin == gtin))


def lot_of(session: ReadSession, tenant: str, code: Code) -> str | None:
    """Return the lot that a code was issued with, whatever a printed link claims; None where none is known."""
    row = session.first(
        select(item_codes.c.lot).where(
            item_codes.c.tenant == tenant, item_codes.c.gtin == code[0], item_codes.c.serial == code[1]
        )
    )
    return None if row is None else row.lot


def _is_alert(alert: str | None) -> Any:  # noqa: ANN401 - a condition of SQLAlchemy's
    return code_states.c.alert.is_not(None) if alert is None else code_states.c.alert == alert


def _issued() -> AnySelect:
    same = and_(*(code_states.c[name] == item_codes.c[name] for name in ("tenant", "gtin", "serial")))
    product = and_(code_products.c.tenant == item_codes.c.tenant, code_products.c.gtin == item_codes.c.gtin)
    joined = item_codes.join(code_states, same, isouter=True).join(code_products, product, isouter=True)
    columns = (item_codes.c.gtin, item_codes.c.serial, *_ISSUED, *_PRODUCT, *_STATE)
    return select(*columns).select_from(joined)


def _scanned() -> AnySelect:
    same = and_(*(item_codes.c[name] == code_states.c[name] for name in ("tenant", "gtin", "serial")))
    product = and_(code_products.c.tenant == code_states.c.tenant, code_products.c.gtin == code_states.c.gtin)
    joined = code_states.join(item_codes, same, isouter=True).join(code_products, product, isouter=True)
    columns = (code_states.c.gtin, code_states.c.serial, *_ISSUED, *_PRODUCT, *_STATE)
    return select(*columns).select_from(joined)
