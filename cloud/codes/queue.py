"""Which codes wait to be judged anew: those whose scans, records or places changed."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, literal_column, select

from cloud.codes.tables import code_queue
from cloud.db import WriteSession, chunks
from cloud.tables import touches

Code = tuple[str, str]
"""GTIN and serial."""

IS_SERIAL = func.length(touches.c.serial) <= literal_column("20")
"""What is longer is no serial of GS1's. The index of touches by code leaves it out, so the condition is spelt alike."""

_HAS_CODE = (touches.c.gtin.is_not(None), IS_SERIAL)


def enqueue_codes(session: WriteSession, tenant: str, codes: Iterable[Code]) -> None:
    """Queue codes; those that wait already are no-ops."""
    rows = [{"tenant": tenant, "gtin": gtin, "serial": serial} for gtin, serial in sorted(set(codes))]
    for part in chunks(rows):
        session.insert_new(code_queue, part)


def enqueue_codes_of_touches(session: WriteSession, tenant: str, touch_ids: Sequence[str]) -> None:
    """Queue the codes that these touches scanned."""
    for part in chunks(touch_ids):
        statement = select(touches.c.gtin, touches.c.serial).where(
            touches.c.tenant == tenant, touches.c.touch_id.in_(part), *_HAS_CODE
        )
        enqueue_codes(session, tenant, [(gtin, serial) for gtin, serial in session.rows(statement)])


def enqueue_codes_of_gtins(session: WriteSession, tenant: str, gtins: Sequence[str]) -> None:
    """Queue every scanned code of these GTINs."""
    for part in chunks(gtins):
        statement = select(touches.c.gtin, touches.c.serial).where(
            touches.c.tenant == tenant, touches.c.gtin.in_(part), *_HAS_CODE
        )
        enqueue_codes(session, tenant, [(gtin, serial) for gtin, serial in session.rows(statement.distinct())])


def enqueue_codes_of_store(session: WriteSession, tenant: str, store: str) -> None:
    """Queue every code that was scanned in a store."""
    statement = select(touches.c.gtin, touches.c.serial).where(
        touches.c.tenant == tenant, touches.c.store == store, *_HAS_CODE
    )
    enqueue_codes(session, tenant, [(gtin, serial) for gtin, serial in session.rows(statement.distinct())])


def requeue_all_codes(session: WriteSession) -> None:
    """Queue every scanned code of every tenant, and nothing else."""
    session.execute(delete(code_queue))
    scanned = select(touches.c.tenant, touches.c.gtin, touches.c.serial).where(*_HAS_CODE).distinct()
    session.execute(code_queue.insert().from_select(["tenant", "gtin", "serial"], scanned))
