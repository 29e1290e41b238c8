"""Touches: scans and receipts, and the profiles that they belong to."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Table, select

from cloud.among import among
from cloud.analytics.queue import enqueue_touches
from cloud.codes.queue import enqueue_codes_of_touches
from cloud.db import WriteSession, chunks
from cloud.identity.names import one_id_of
from cloud.identity.ownership import owners_of
from cloud.identity.service import IDENTITY
from cloud.identity.statements import Identifier
from cloud.linking.decide import Touch, ineligibility
from cloud.linking.queue import enqueue_news
from cloud.profiles.recount import recount_profiles
from cloud.profiles.tables import profile_purchases, rfm_histogram
from cloud.projections.base import StoredEvent, by_tenant, lock_cursor
from cloud.tables import profile_identifiers, profiles, touches
from contracts.payloads import CodeScanned, Correction, PosSale
from contracts.pseudonym import MemberPseudonym

Row = dict[str, object]


class TouchesProjection:
    """Keeps touches, and of each profile its identifiers and when it was first and last seen."""

    name = "touches"
    types: frozenset[str] | None = frozenset({CodeScanned.TYPE, PosSale.TYPE, Correction.TYPE})
    tables: tuple[Table, ...] = (touches, profiles, profile_identifiers, profile_purchases, rfm_histogram)

    def apply(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Add touches, then queue and recount what they and the corrections change."""
        lock_cursor(session, IDENTITY)  # Nobody moves identifiers between reading the map and writing touches.
        for tenant, group in by_tenant(events).items():
            rows = [_scan_row(event) for event in group if event.event_type == CodeScanned.TYPE]
            rows += [_sale_row(event) for event in group if event.event_type == PosSale.TYPE]
            session.insert_new(touches, _with_profiles(session, tenant, rows))
            changed = [event.event_id for event in group if event.event_type != Correction.TYPE]
            for event in group:
                if event.event_type == Correction.TYPE:
                    changed += event.payload(Correction).corrects
            one_ids: set[str] = set()
            for part in chunks(sorted(set(changed))):
                one_ids |= _queue(session, tenant, part)
            recount_profiles(session, tenant, sorted(one_ids))  # Once: all touches of each are read.


def _with_profiles(session: WriteSession, tenant: str, rows: list[Row]) -> list[Row]:
    """Return the rows, each with the One ID of the profile that its identifier belonged to then."""
    named = {Identifier(str(row["namespace"]), str(row["pseudonym"])) for row in rows if row["pseudonym"] is not None}
    owners = owners_of(session, tenant, named)
    for row in rows:
        if row["pseudonym"] is not None:
            identifier = Identifier(str(row["namespace"]), str(row["pseudonym"]))
            row["one_id"] = owners.at(identifier, int(str(row["time_ms"])))
    return rows


def _queue(session: WriteSession, tenant: str, event_ids: Sequence[str]) -> set[str]:
    """Queue these touches and the receipts that they reverse; return the One IDs whose profiles they change."""
    rows = session.rows(
        select(touches.c.touch_id, touches.c.store, touches.c.one_id, touches.c.reverses_receipt_id).where(
            touches.c.tenant == tenant, among(touches.c.touch_id, event_ids)
        )
    )
    changed = list(rows)
    reversed_receipts = sorted({row.reverses_receipt_id for row in rows if row.reverses_receipt_id is not None})
    stores = {(row.store, row.reverses_receipt_id) for row in rows}
    for part in chunks(reversed_receipts):
        statement = select(touches.c.touch_id, touches.c.store, touches.c.one_id, touches.c.receipt_id).where(
            touches.c.tenant == tenant, touches.c.receipt_id.in_(part)
        )
        changed += [row for row in session.rows(statement) if (row.store, row.receipt_id) in stores]
    queued = [row.touch_id for row in changed]
    enqueue_news(session, tenant, "touch", queued)
    enqueue_codes_of_touches(session, tenant, queued)
    enqueue_touches(session, tenant, queued)
    return {row.one_id for row in changed if row.one_id is not None}


def _row(event: StoredEvent, kind: str, zone_id: str | None, proof: str, member: MemberPseudonym | None) -> Row:
    touch = Touch(
        touch_id=event.event_id,
        time_ms=event.time_ms,
        corrected_ms=event.corrected_ms,
        zone_id=zone_id,
        one_id=None if member is None else one_id_of(event.tenant, member.namespace, member.pseudonym),
        in_store_proof=proof,
        is_reversal=kind == "void",
    )
    return {
        "tenant": event.tenant,
        "touch_id": event.event_id,
        "store": event.store,
        "device": event.device,
        "kind": kind,
        "time_ms": event.time_ms,
        "at_ms": touch.at_ms,
        "zone_id": zone_id,
        "in_store_proof": proof,
        "namespace": None if member is None else member.namespace,
        "pseudonym": None if member is None else member.pseudonym,
        "one_id": touch.one_id,
        "ineligible": ineligibility(touch),
        "code": None,
        "gtin": None,
        "serial": None,
        "receipt_id": None,
        "reverses_receipt_id": None,
        "total_minor": None,
        "currency": None,
        "lines": None,
    }


def _scan_row(event: StoredEvent) -> Row:
    scan = event.payload(CodeScanned)
    return {
        **_row(event, "scan", scan.zone_id, scan.in_store_proof, scan.member),
        "code": _storable(scan.code),
        "gtin": scan.gtin,
        "serial": None if scan.serial is None else _storable(scan.serial),
    }


def _sale_row(event: StoredEvent) -> Row:
    sale = event.payload(PosSale)
    # A void without a reference voids the receipt whose number it carries.
    reverses = sale.reverses_receipt_id or (sale.receipt_id if sale.kind == "void" else None)
    return {
        **_row(event, sale.kind, sale.zone_id, "terminal", sale.member),
        "receipt_id": sale.receipt_id,
        "reverses_receipt_id": reverses,
        "total_minor": sale.total_minor,
        "currency": sale.currency,
        "lines": msgspec.to_builtins(sale.lines),
    }


def _storable(text: str) -> str:
    """Return scanned text as every database can keep it; PostgreSQL has no NUL in text."""
    return text.replace("\0", "\ufffd")
