"""Puts a profile together: identifiers, totals and the timeline."""

from collections.abc import Sequence
from typing import Literal

from cloud.consents.repository import granted_profiles
from cloud.db import AnyRow, ReadSession
from cloud.identity.explain import explain
from cloud.instants import show_instant, write_instant
from cloud.profiles import repository
from cloud.profiles.schemas import Identifier, LinkReason, Profile, ProfileSummary, SalesTotal, TimelineEntry
from cloud.touches.repository import sale_totals


def summarize(session: ReadSession, tenant: str, rows: Sequence[AnyRow]) -> list[ProfileSummary]:
    """Return profiles with their counts, in the order of `rows`."""
    one_ids = [row.one_id for row in rows]
    identifiers = repository.identifiers_of(session, tenant, one_ids)
    touches = repository.count_touches(session, tenant, one_ids)
    visits = repository.count_linked_visits(session, tenant, one_ids)
    totals = sale_totals(session, tenant, one_ids)
    consenting = granted_profiles(session, tenant, one_ids)
    return [
        ProfileSummary(
            one_id=row.one_id,
            identifiers=[Identifier(namespace=i.namespace, pseudonym=i.pseudonym) for i in identifiers[row.one_id]],
            first_seen_at=show_instant(row.first_seen_ms),
            last_seen_at=show_instant(row.last_seen_ms),
            touches=touches.get(row.one_id, 0),
            linked_visits=visits.get(row.one_id, 0),
            sales=[
                SalesTotal(currency=currency, sales=sales, total_minor=total)
                for currency, (sales, total) in sorted(totals.get(row.one_id, {}).items())
            ],
            consent_to_visit_linking=row.one_id in consenting,
        )
        for row in rows
    ]


def get_profile(session: ReadSession, tenant: str, one_id: str, limit: int) -> Profile:
    """Return a profile with its timeline.

    Raises:
        ProblemError: 404, there is none.
    """
    row = repository.get_profile(session, tenant, one_id)
    one_id = row.one_id
    summary = summarize(session, tenant, [row])[0]
    entries = [
        *_visit_entries(repository.linked_visits(session, tenant, one_id)),
        *(_touch_entry(row) for row in repository.touches_with_decisions(session, tenant, one_id, limit)),
    ]
    entries.sort(key=lambda entry: (entry.at, entry.kind == "visit"), reverse=True)
    return Profile(**summary.model_dump(), identity=explain(session, tenant, one_id), timeline=entries[:limit])


def _visit_entries(rows: Sequence[AnyRow]) -> list[TimelineEntry]:
    entries: dict[str, TimelineEntry] = {}
    for row in rows:
        entry = entries.setdefault(
            row.visit_id,
            TimelineEntry(
                at=write_instant(row.opened_ms),
                kind="visit",
                store=row.store,
                visit_id=row.visit_id,
                visit_status=row.status,
                left_at=show_instant(row.closed_ms),
                links=[],
            ),
        )
        entry.links.append(_reason(row, "linked"))
    return list(entries.values())


def _touch_entry(row: AnyRow) -> TimelineEntry:
    return TimelineEntry(
        at=write_instant(row.time_ms),
        kind=row.kind,
        store=row.store,
        touch_id=row.touch_id,
        device=row.device,
        zone_id=row.zone_id,
        gtin=row.gtin,
        receipt_id=row.receipt_id,
        reverses_receipt_id=row.reverses_receipt_id,
        total_minor=row.total_minor,
        currency=row.currency,
        state=_state(row),
        not_eligible=row.ineligible,
        links=[] if row.link_id is None else [_reason(row, row.decision)],
    )


def _state(row: AnyRow) -> Literal["stands", "corrected", "voided"]:
    if not row.stands:
        return "corrected"
    return "voided" if row.kind == "sale" and row.is_reversed else "stands"


def _reason(row: AnyRow, decision: str) -> LinkReason:
    return LinkReason(link_id=row.link_id, touch_id=row.touch_id, decision=decision, stage=row.stage, reason=row.reason)
