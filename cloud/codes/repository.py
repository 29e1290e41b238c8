"""SQL of judging: what is known of codes and their scans, and the verdicts."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Table, and_, delete, func, or_, select

from cloud.codes.judge import CodeScan, IssuedCode, Kind, Place
from cloud.codes.queue import IS_SERIAL, Code
from cloud.codes.tables import code_queue, code_states, code_verdicts, item_codes, store_positions
from cloud.db import ReadSession, Values, WriteSession, chunks
from cloud.projections.corrections import stands
from cloud.tables import touches

QUEUE_STEP = 200
"""How many codes one transaction judges."""


def next_tenant(session: ReadSession) -> str | None:
    """Return a tenant with queued codes, or None."""
    row = session.first(select(code_queue.c.tenant).order_by(code_queue.c.tenant).limit(1))
    return None if row is None else str(row.tenant)


def next_codes(session: ReadSession, tenant: str) -> list[Code]:
    """Return queued codes of a tenant."""
    queued = select(code_queue.c.gtin, code_queue.c.serial).where(code_queue.c.tenant == tenant)
    ordered = queued.order_by(code_queue.c.gtin, code_queue.c.serial).limit(QUEUE_STEP)
    return [(gtin, serial) for gtin, serial in session.rows(ordered)]


def take_codes(session: WriteSession, tenant: str, codes: Sequence[Code]) -> None:
    """Remove codes from the queue."""
    session.execute(delete(code_queue).where(code_queue.c.tenant == tenant, among(code_queue, codes)))


def among(table: Table, codes: Iterable[Code], serial: str = "serial") -> ColumnElement[bool]:
    """Return the condition that a row is of one of these codes; there must be some."""
    by_gtin: dict[str, list[str]] = {}
    for gtin, value in codes:
        by_gtin.setdefault(gtin, []).append(value)
    return or_(*(and_(table.c.gtin == gtin, table.c[serial].in_(values)) for gtin, values in by_gtin.items()))


def load_issued(session: ReadSession, tenant: str, codes: Sequence[Code]) -> dict[Code, IssuedCode]:
    """Return what is known of those codes that were issued.

    An item is sold when the registry says so or when a code under its cap was first scanned, whichever was earlier.
    """
    found: dict[Code, tuple[Kind, int | None]] = {}
    statement = select(item_codes.c.gtin, item_codes.c.serial, item_codes.c.kind, item_codes.c.sold_ms)
    for gtin, serial, kind, sold_ms in session.rows(
        statement.where(item_codes.c.tenant == tenant, among(item_codes, codes))
    ):
        found[gtin, serial] = ("inner" if kind == "inner" else "outer", sold_ms)
    opened = _opened_ms(session, tenant, [code for code, (kind, _) in found.items() if kind == "outer"])
    return {
        code: IssuedCode(
            kind=kind, sold_ms=min((each for each in (sold_ms, opened.get(code)) if each is not None), default=None)
        )
        for code, (kind, sold_ms) in found.items()
    }


def _opened_ms(session: ReadSession, tenant: str, outers: Sequence[Code]) -> dict[Code, int]:
    """Return when the codes under the caps of these were first scanned."""
    if not outers:
        return {}
    statement = (
        select(item_codes.c.gtin, item_codes.c.outer_serial, func.min(touches.c.time_ms))
        .join(
            touches,
            and_(
                touches.c.tenant == item_codes.c.tenant,
                touches.c.gtin == item_codes.c.gtin,
                touches.c.serial == item_codes.c.serial,
            ),
        )
        .where(item_codes.c.tenant == tenant, item_codes.c.kind == "inner", stands(touches, "touch_id"))
        .where(IS_SERIAL, among(item_codes, outers, "outer_serial"))
        .group_by(item_codes.c.gtin, item_codes.c.outer_serial)
    )
    return {(gtin, serial): int(time_ms) for gtin, serial, time_ms in session.rows(statement)}


def outers_of(session: ReadSession, tenant: str, codes: Sequence[Code]) -> list[Code]:
    """Return the codes on the packs that these inner codes lie in."""
    statement = select(item_codes.c.gtin, item_codes.c.outer_serial).where(
        item_codes.c.tenant == tenant, item_codes.c.outer_serial.is_not(None), among(item_codes, codes)
    )
    return [(gtin, serial) for gtin, serial in session.rows(statement)]


def registered_gtins(session: ReadSession, tenant: str, gtins: Iterable[str]) -> set[str]:
    """Return of which GTINs any code was issued."""
    found: set[str] = set()
    for part in chunks(sorted(gtins)):
        statement = select(item_codes.c.gtin).where(item_codes.c.tenant == tenant, item_codes.c.gtin.in_(part))
        found.update(row.gtin for row in session.rows(statement.distinct()))
    return found


def load_scans(session: ReadSession, tenant: str, codes: Sequence[Code]) -> dict[Code, list[CodeScan]]:
    """Return the scans of these codes that stand. A scan proves its place only with an in-store proof."""
    of_store = and_(store_positions.c.tenant == touches.c.tenant, store_positions.c.store == touches.c.store)
    columns = (touches, store_positions.c.latitude_deg, store_positions.c.longitude_deg)
    statement = select(*columns).join(store_positions, of_store, isouter=True)
    scans: dict[Code, list[CodeScan]] = {code: [] for code in codes}
    of_codes = (touches.c.tenant == tenant, IS_SERIAL, among(touches, codes))
    for row in session.rows(statement.where(*of_codes, stands(touches, "touch_id"))):
        place = Place(store=row.store, latitude_deg=row.latitude_deg, longitude_deg=row.longitude_deg)
        scan = CodeScan(
            scan_id=row.touch_id,
            time_ms=row.time_ms,
            person=row.one_id,
            place=None if row.in_store_proof == "none" else place,
        )
        scans[row.gtin, row.serial].append(scan)
    return scans


def replace_verdicts(session: WriteSession, tenant: str, codes: Sequence[Code], rows: Sequence[Values]) -> None:
    """Replace the verdicts on these codes' scans."""
    session.execute(delete(code_verdicts).where(code_verdicts.c.tenant == tenant, among(code_verdicts, codes)))
    session.insert(code_verdicts, rows)


def replace_states(session: WriteSession, tenant: str, codes: Sequence[Code], rows: Sequence[Values]) -> None:
    """Replace what is told of these codes as a whole; one without a row has no scan that stands."""
    session.execute(delete(code_states).where(code_states.c.tenant == tenant, among(code_states, codes)))
    session.insert(code_states, rows)


def forget_verdicts(session: WriteSession) -> None:
    """Forget every verdict of every tenant."""
    session.execute(delete(code_verdicts))
    session.execute(delete(code_states))
