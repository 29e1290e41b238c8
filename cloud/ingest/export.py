"""The event log as lines, for whatever wants to read it outside the database."""

from collections.abc import Iterator

from sqlalchemy import select

from cloud.db import Database
from cloud.ingest.repository import log_head
from cloud.tables import event_log

_PAGE = 2000


def export_events(database: Database, tenant: str, store: str) -> Iterator[bytes]:
    """Yield every event of a store as it came, one JSON text each, in the order of the log.

    What comes in after the first line was asked for is left out, and memory holds a page at a time.
    """
    with database.read() as session:
        until = log_head(session)
    position = 0
    while True:
        with database.read() as session:
            rows = session.rows(
                select(event_log.c.position, event_log.c.raw)
                .where(
                    event_log.c.tenant == tenant,
                    event_log.c.store == store,
                    event_log.c.position > position,
                    event_log.c.position <= until,
                )
                .order_by(event_log.c.position)
                .limit(_PAGE)
            )
        if not rows:
            return
        yield from (bytes(row.raw) for row in rows)
        position = rows[-1].position
