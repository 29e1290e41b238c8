"""Visits: the highest revision that was not corrected wins, in whatever order revisions come."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace
from sqlalchemy import Table, delete, func, select

from cloud.among import among
from cloud.analytics.queue import enqueue_visits
from cloud.db import AnyRow, ReadSession, WriteSession, chunks
from cloud.linking.queue import enqueue_news, enqueue_old_stays
from cloud.projections.base import StoredEvent, by_tenant
from cloud.projections.corrections import stands
from cloud.tables import event_log, visit_revisions, visit_stays, visits
from contracts.events import decode_event
from contracts.payloads import Correction, Stay, VisitRevised

Revisions = Mapping[str, tuple[str, VisitRevised]]
"""Of each event the store and what it says."""


class VisitsProjection:
    """Keeps which revisions there are, and of each visit the one that holds."""

    name = "visits"
    types: frozenset[str] | None = frozenset({VisitRevised.TYPE, Correction.TYPE})
    tables: tuple[Table, ...] = (visit_revisions, visit_stays, visits)

    def apply(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Note revisions, then settle every visit that one of these events touches."""
        for tenant, group in by_tenant(events).items():
            revised = [(event, event.payload(VisitRevised)) for event in group if event.event_type == VisitRevised.TYPE]
            rows = [
                {
                    "tenant": tenant,
                    "event_id": event.event_id,
                    "store": event.store,
                    "visit_id": visit.visit_id,
                    "revision": visit.revision,
                }
                for event, visit in revised
            ]
            session.insert_new(visit_revisions, rows)
            corrected = [
                event_id
                for event in group
                if event.event_type == Correction.TYPE
                for event_id in event.payload(Correction).corrects
            ]
            touched = {visit.visit_id for _, visit in revised} | _visits_of(session, tenant, corrected)
            read = {event.event_id: (event.store, visit) for event, visit in revised}
            for part in chunks(sorted(touched)):
                _settle(session, tenant, part, read)


def _visits_of(session: ReadSession, tenant: str, event_ids: Sequence[str]) -> set[str]:
    """Return the visits that some of these events revised."""
    found: set[str] = set()
    for part in chunks(event_ids):
        statement = select(visit_revisions.c.visit_id).where(
            visit_revisions.c.tenant == tenant, among(visit_revisions.c.event_id, part)
        )
        found.update(row.visit_id for row in session.rows(statement))
    return found


def _settle(session: WriteSession, tenant: str, visit_ids: Sequence[str], read: Revisions) -> None:
    """Make each visit what its best revision says; one without any left disappears."""
    current = {
        row.visit_id: row.event_id
        for row in session.rows(
            select(visits.c.visit_id, visits.c.event_id).where(
                visits.c.tenant == tenant, among(visits.c.visit_id, visit_ids)
            )
        )
    }
    best = {row.visit_id: row.event_id for row in _best_revisions(session, tenant, visit_ids)}
    changed = [key for key in visit_ids if current.get(key) != best.get(key)]
    if not changed:
        return
    enqueue_news(session, tenant, "visit", changed)
    _take_out(session, tenant, [key for key in changed if key in current])
    holding = _revisions(session, tenant, [best[key] for key in changed if key in best], read)
    session.insert(visits, [_visit_row(tenant, store, event_id, visit) for event_id, (store, visit) in holding])
    session.insert(visit_stays, [row for _, (store, visit) in holding for row in _stay_rows(tenant, store, visit)])
    enqueue_visits(session, tenant, changed)


def _take_out(session: WriteSession, tenant: str, visit_ids: Sequence[str]) -> None:
    """Delete visits, and queue what they told."""
    if not visit_ids:
        return
    enqueue_old_stays(session, tenant, visit_ids)
    enqueue_visits(session, tenant, visit_ids)
    for table in (visit_stays, visits):
        session.execute(delete(table).where(table.c.tenant == tenant, among(table.c.visit_id, visit_ids)))


def _revisions(
    session: ReadSession, tenant: str, event_ids: Sequence[str], read: Revisions
) -> list[tuple[str, tuple[str, VisitRevised]]]:
    """Return revisions by event id: those that were just read, and the others from the log."""
    found = dict(read)
    older = payloads(session, tenant, [event_id for event_id in event_ids if event_id not in read])
    found |= {event_id: (store, visit) for store, event_id, visit in older}
    return [(event_id, found[event_id]) for event_id in sorted(event_ids) if event_id in found]


def _best_revisions(session: ReadSession, tenant: str, visit_ids: Sequence[str]) -> Iterable[AnyRow]:
    rank = (
        func.row_number()
        .over(
            partition_by=visit_revisions.c.visit_id,
            order_by=(visit_revisions.c.revision.desc(), visit_revisions.c.event_id.desc()),
        )
        .label("rank")
    )
    ranked = (
        select(visit_revisions, rank)
        .where(
            visit_revisions.c.tenant == tenant, among(visit_revisions.c.visit_id, visit_ids), stands(visit_revisions)
        )
        .subquery()
    )
    return session.rows(select(ranked.c.visit_id, ranked.c.event_id).where(ranked.c.rank == 1))


def payloads(session: ReadSession, tenant: str, event_ids: Sequence[str]) -> list[tuple[str, str, VisitRevised]]:
    """Return (store, event id, revision), read from the log."""
    if not event_ids:
        return []
    statement = (
        select(event_log.c.event_id, event_log.c.store, event_log.c.raw)
        .where(event_log.c.tenant == tenant, among(event_log.c.event_id, event_ids))
        .order_by(event_log.c.event_id)
    )
    found = []
    for row in session.rows(statement):
        data = decode_event(bytes(row.raw)).data
        if isinstance(data, VisitRevised):
            found.append((row.store, row.event_id, data))
    return found


def _visit_row(tenant: str, store: str, event_id: str, visit: VisitRevised) -> dict[str, object]:
    return {
        "tenant": tenant,
        "visit_id": visit.visit_id,
        "event_id": event_id,
        "store": store,
        "revision": visit.revision,
        "status": visit.status,
        "opened_ms": visit.opened_ms,
        "updated_ms": visit.updated_ms,
        "closed_ms": visit.closed_ms,
        "staff_score": visit.staff_score,
        "role": visit.role,
        "staff_rule_version": visit.staff_rule_version,
        "staff_evidence": msgspec.to_builtins(visit.staff_evidence),
        "party_id": visit.party_id,
        "merged_into": visit.merged_into,
        "path": msgspec.to_builtins(visit.path),
        "path_error_m": visit.path_error_m,
        "rule_version": visit.rule_version,
    }


def ended_stays(visit: VisitRevised) -> list[Stay]:
    """Return the stays. In a closed visit no stay goes on: one without an end ended with the visit."""
    ended_ms = None if visit.status == "open" else visit.closed_ms or visit.updated_ms
    return [replace(stay, left_ms=ended_ms) if stay.left_ms is None else stay for stay in visit.stays]


def _stay_rows(tenant: str, store: str, visit: VisitRevised) -> list[dict[str, object]]:
    return [
        {
            "tenant": tenant,
            "visit_id": visit.visit_id,
            "ordinal": ordinal,
            "store": store,
            "zone_id": stay.zone_id,
            "zone_kind": stay.zone_kind,
            "entered_ms": stay.entered_ms,
            "left_ms": stay.left_ms,
        }
        for ordinal, stay in enumerate(ended_stays(visit))
    ]
