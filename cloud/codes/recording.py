"""A scan by a person's own phone becomes an event in the log, as a terminal's would.

A store token on a shelf or a till is a terminal to the linker: where whoever reads it stands is learned of each one
apart. So every such place reports under a device of its own, with numbers of its own.
"""

import re
from hashlib import sha256

from msgspec import Struct
from sqlalchemy import select, update

from cloud.codes.links import ItemLink
from cloud.codes.store_token import InStore
from cloud.db import ReadSession, WriteSession
from cloud.ingest.judge import judge_line
from cloud.ingest.repository import append_events
from cloud.projections.base import ENVELOPE, StoredEvent, lock_cursor
from cloud.tables import event_log, projection_cursors
from contracts.events import Source, draft_event, encode_event
from contracts.payloads import CodeScanned, Correction
from contracts.privacy import UplinkPayload
from contracts.pseudonym import MemberPseudonym

RESOLVER_DEVICE = "resolver"
_NUMBERS = "resolver"
"""Under this name stands the number of the last event of which nothing proves where it was made."""
_DEVICE = re.compile(r"[a-z0-9-]{1,64}")
_SUPERSEDED_WITHIN_MS = 15 * 60_000


class PhoneScan(Struct, frozen=True, kw_only=True):
    """One scan.

    Attributes:
        item: What was scanned.
        place: Where, as a fresh store token proves. None: unknown.
        member: Whose phone it was. None: nobody's that is known.
        supersedes: The event of the same scan from before the member signed in. None: there is none.
    """

    item: ItemLink
    place: InStore | None = None
    member: MemberPseudonym | None = None
    supersedes: str | None = None


def device_at(place: InStore | None) -> str:
    """Return the device that scans at a place are reported under: one for each zone and terminal of a store."""
    if place is None:
        return RESOLVER_DEVICE
    name = f"{RESOLVER_DEVICE}-{place.zone_id}--{place.terminal}"
    if _DEVICE.fullmatch(name) and name.count("--") == 1 and not place.zone_id.endswith("-"):
        return name
    return f"{RESOLVER_DEVICE}-{sha256(f'{place.zone_id}~{place.terminal}'.encode()).hexdigest()[:16]}"


def unnamed_scan(session: ReadSession, tenant: str, event_id: str, item: ItemLink, now_ms: int) -> str | None:
    """Return the event id if it is a recent scan of an item by a phone that nobody had signed in on, else None."""
    is_it = (event_log.c.tenant == tenant) & (event_log.c.event_id == event_id)
    columns = (*ENVELOPE, "raw")
    row = session.first(
        select(*(event_log.c[name] for name in columns))
        .where(is_it, event_log.c.type == CodeScanned.TYPE)
        .where(event_log.c.time_ms >= now_ms - _SUPERSEDED_WITHIN_MS)
    )
    if row is None:
        return None
    event = StoredEvent.of(row)
    scan = event.payload(CodeScanned)
    is_phone = event.device == RESOLVER_DEVICE or event.device.startswith(f"{RESOLVER_DEVICE}-")
    return event_id if is_phone and scan.member is None and scan.code == item.path else None


def record_scan(session: WriteSession, tenant: str, home_store: str, made: PhoneScan, now_ms: int) -> str:
    """Append a scan to the event log, and that the one which it supersedes did not occur; return the scan's event id.

    Args:
        session: The transaction; it holds the numbers until it ends, so that they have no gaps.
        tenant: Whose resolver it is.
        home_store: What stands as the store of scans of which nothing proves where they were made.
        made: The scan.
        now_ms: When, Unix milliseconds.
    """
    item, place = made.item, made.place
    source = Source(tenant, home_store if place is None else place.store, device_at(place))
    number = _next_number(session, source)
    scan = CodeScanned(
        scan_id=f"web-{number}",
        code=item.path,
        gtin=item.gtin,
        serial=item.serial,
        lot=item.lot,
        result="item",
        member=made.member,
        zone_id=None if place is None else place.zone_id,
        in_store_proof="none" if place is None else "store_token",
    )
    event_id = _append(session, source, scan, number, now_ms)
    if made.supersedes is not None:
        correction = Correction(
            corrects=(made.supersedes,), reason="incorrect_data", corrective_event_ids=(event_id,), note="signed in"
        )
        _append(session, source, correction, _next_number(session, source), now_ms)
    return event_id


def _next_number(session: WriteSession, source: Source) -> int:
    name = _NUMBERS
    if source.device != RESOLVER_DEVICE:
        name = f"{_NUMBERS}:{sha256(str(source).encode()).hexdigest()[:32]}"
    number = lock_cursor(session, name) + 1
    session.execute(update(projection_cursors).where(projection_cursors.c.name == name).values(position=number))
    return number


def _append(session: WriteSession, source: Source, data: UplinkPayload, number: int, now_ms: int) -> str:
    event = draft_event(source, data, now_ms, number).numbered(source, number)
    append_events(session, [judge_line(encode_event(event), source.tenant)], now_ms)
    return event.id
