"""A scan by a person's own phone becomes an event in the log, as a terminal's would."""

from sqlalchemy import update

from cloud.codes.links import ItemLink
from cloud.codes.store_token import InStore
from cloud.db import WriteSession
from cloud.ingest.judge import judge_line
from cloud.ingest.repository import append_events
from cloud.projections.base import lock_cursor
from cloud.tables import projection_cursors
from contracts.events import Source, draft_event, encode_event
from contracts.payloads import CodeScanned

RESOLVER_DEVICE = "resolver"
_NUMBERS = "resolver"
"""Under this name stands the number of the resolver's last event."""


def record_scan(
    session: WriteSession, tenant: str, home_store: str, item: ItemLink, place: InStore | None, now_ms: int
) -> None:
    """Append a scan to the event log.

    Args:
        session: The transaction; it holds the numbers until it ends, so that they have no gaps.
        tenant: Whose resolver it is.
        home_store: What stands as the store of scans of which nothing proves where they were made.
        item: What was scanned.
        place: Where, as a fresh store token proves. None: unknown.
        now_ms: When, Unix milliseconds.
    """
    number = lock_cursor(session, _NUMBERS) + 1
    session.execute(update(projection_cursors).where(projection_cursors.c.name == _NUMBERS).values(position=number))
    source = Source(tenant, home_store if place is None else place.store, RESOLVER_DEVICE)
    scan = CodeScanned(
        scan_id=f"web-{number}",
        code=item.path,
        gtin=item.gtin,
        serial=item.serial,
        lot=item.lot,
        result="item",
        zone_id=None if place is None else place.zone_id,
        in_store_proof="none" if place is None else "store_token",
    )
    raw = encode_event(draft_event(source, scan, now_ms, number).numbered(source, number))
    append_events(session, [judge_line(raw, tenant)], now_ms)
