"""SQL of what rollups are made from: visits, touches, links, crossings, waits and coverage that stand."""

from collections.abc import Iterable, Sequence

from sqlalchemy import and_, select

from cloud.among import among
from cloud.analytics.cells import (
    MAX_PRESENCE_MS,
    CoverageFact,
    Facts,
    LinkFact,
    StayFact,
    TouchFact,
    VisitFact,
    WaitFact,
)
from cloud.analytics.parts import PPM
from cloud.analytics.queue import MAX_INTERVAL_MS
from cloud.analytics.tables import queue_waits
from cloud.db import AnyRow, ReadSession, chunks
from cloud.footfall.buckets import Bucket
from cloud.footfall.repository import coverage_between, crossings_by_slot
from cloud.projections.corrections import stands
from cloud.tables import link_decisions, link_hypotheses, touches, visit_stays, visits
from cloud.touches.repository import reversal_of
from cloud.visits.repository import COUNTED
from cloud.visits.roles import is_staff, staff_made

_MILLI = 1000


class FactReader:
    """Reads what happened in one store."""

    def __init__(self, session: ReadSession, tenant: str, store: str, staff_score: float) -> None:
        self._session = session
        self._tenant = tenant
        self._store = store
        self._staff_score = staff_score

    def hours(self, hours: Sequence[Bucket]) -> list[Facts]:
        """Return what happened in each of some hours, which lie in order, one after the other without a gap."""
        span = Bucket(hours[0].start_ms, hours[-1].end_ms)
        crossed = crossings_by_slot(self._session, self._tenant, self._store, span.start_ms, span.end_ms)
        coverage = self._coverage(span)
        visited = self._visits(span)
        begun = [visit.visit_id for visit in visited if visit.opened_ms >= span.start_ms]
        stays, links = self._stays(begun), self._links(begun)
        touched, waited = self._touches(span), self._waits(span)
        opened = {visit.visit_id: visit.opened_ms for visit in visited}
        return [
            Facts(
                crossings=_counts(
                    ((key.tripwire_kind, key.direction), count)
                    for slot_ms, key, count in crossed
                    if hour.start_ms <= slot_ms < hour.end_ms
                ),
                coverage=[fact for fact in coverage if fact.start_ms < hour.end_ms and fact.end_ms > hour.start_ms],
                visits=[v for v in visited if v.opened_ms < hour.end_ms and v.ended_ms >= hour.start_ms],
                stays=[stay for stay in stays if hour.start_ms <= opened[stay.visit_id] < hour.end_ms],
                touches=[touch for touch in touched if hour.start_ms <= touch.time_ms < hour.end_ms],
                links=[link for link in links if hour.start_ms <= opened[link.visit_id] < hour.end_ms],
                waits=[wait for wait in waited if hour.start_ms <= wait.joined_ms < hour.end_ms],
            )
            for hour in hours
        ]

    def _coverage(self, span: Bucket) -> list[CoverageFact]:
        intervals = coverage_between(self._session, self._tenant, self._store, span.start_ms, span.end_ms)
        return [
            CoverageFact(each.device, each.start_ms, each.end_ms, round(each.observed_s * _MILLI))
            for each in intervals
            if each.end_ms - each.start_ms <= MAX_INTERVAL_MS
        ]

    def _visits(self, span: Bucket) -> list[VisitFact]:
        """Return the visits that counted and overlap a span."""
        statement = select(
            visits.c.visit_id,
            visits.c.opened_ms,
            visits.c.updated_ms,
            visits.c.closed_ms,
            visits.c.status,
            visits.c.role,
            visits.c.staff_score,
            visits.c.party_id,
        ).where(
            visits.c.tenant == self._tenant,
            visits.c.store == self._store,
            visits.c.opened_ms < span.end_ms,
            visits.c.opened_ms > span.start_ms - MAX_PRESENCE_MS,
            visits.c.status.in_(COUNTED),
        )
        rows = [row for row in self._session.rows(statement) if _ended_ms(row) >= span.start_ms]
        first = self._first_of_parties({row.party_id for row in rows if row.party_id is not None})
        return [
            VisitFact(
                visit_id=row.visit_id,
                opened_ms=row.opened_ms,
                ended_ms=_ended_ms(row),
                is_closed=row.status == "closed",
                is_staff=is_staff(row.role, row.staff_score, self._staff_score),
                leads_party=row.party_id is None or first.get(row.party_id) == row.visit_id,
            )
            for row in rows
        ]

    def _first_of_parties(self, party_ids: Iterable[str]) -> dict[str, str]:
        """Return which customer's visit of each party began first."""
        first: dict[str, tuple[int, str]] = {}
        for part in chunks(sorted(party_ids)):
            statement = select(visits.c.party_id, visits.c.opened_ms, visits.c.visit_id).where(
                visits.c.tenant == self._tenant,
                visits.c.store == self._store,
                among(visits.c.party_id, part),
                visits.c.status.in_(COUNTED),
                ~staff_made(self._staff_score),
            )
            for party_id, opened_ms, visit_id in self._session.rows(statement):
                first[party_id] = min(first.get(party_id, (opened_ms, visit_id)), (opened_ms, visit_id))
        return {party_id: visit_id for party_id, (_, visit_id) in first.items()}

    def _stays(self, visit_ids: Sequence[str]) -> list[StayFact]:
        found = []
        for part in chunks(visit_ids):
            statement = select(visit_stays).where(
                visit_stays.c.tenant == self._tenant, among(visit_stays.c.visit_id, part)
            )
            found += [
                StayFact(
                    visit_id=row.visit_id,
                    zone_id=row.zone_id,
                    zone_kind=row.zone_kind,
                    entered_ms=row.entered_ms,
                    left_ms=row.left_ms,
                )
                for row in self._session.rows(statement)
            ]
        return found

    def _links(self, visit_ids: Sequence[str]) -> list[LinkFact]:
        """Return how probable each link of a visit with a touch is, by the decisions that hold."""
        found = []
        for part in chunks(visit_ids):
            statement = (
                select(
                    link_hypotheses.c.visit_id,
                    link_hypotheses.c.posterior,
                    link_decisions.c.decision,
                    link_decisions.c.visit_id.label("linked_visit_id"),
                    touches.c.kind,
                    touches.c.time_ms,
                )
                .join(link_decisions, link_decisions.c.id == link_hypotheses.c.decision_id)
                .join(
                    touches,
                    and_(touches.c.tenant == link_decisions.c.tenant, touches.c.touch_id == link_decisions.c.touch_id),
                )
                .where(
                    among(link_hypotheses.c.visit_id, part),
                    link_decisions.c.tenant == self._tenant,
                    link_decisions.c.retracted_ms.is_(None),
                    touches.c.kind.in_(("scan", "sale")),
                    stands(touches, "touch_id"),
                    ~reversal_of(),
                )
            )
            found += [
                LinkFact(visit_id=row.visit_id, kind=row.kind, time_ms=row.time_ms, weight_ppm=_weight_ppm(row))
                for row in self._session.rows(statement)
            ]
        return found

    def _touches(self, span: Bucket) -> list[TouchFact]:
        statement = (
            select(touches, reversal_of().label("is_reversed"), link_decisions.c.decision)
            .outerjoin(
                link_decisions,
                and_(
                    link_decisions.c.tenant == touches.c.tenant,
                    link_decisions.c.touch_id == touches.c.touch_id,
                    link_decisions.c.retracted_ms.is_(None),
                ),
            )
            .where(
                touches.c.tenant == self._tenant,
                touches.c.store == self._store,
                touches.c.time_ms >= span.start_ms,
                touches.c.time_ms < span.end_ms,
                stands(touches, "touch_id"),
            )
        )
        return [
            TouchFact(
                touch_id=row.touch_id,
                device=row.device,
                kind=row.kind,
                time_ms=row.time_ms,
                is_member=row.one_id is not None,
                is_void=row.kind == "void" or (row.kind != "scan" and bool(row.is_reversed)),
                currency=row.currency,
                total_minor=row.total_minor or 0,
                units_milli=sum(round(line["quantity"] * _MILLI) for line in row.lines or ()),
                is_decided=row.decision is not None,
                is_linked=row.decision == "linked",
            )
            for row in self._session.rows(statement)
        ]

    def _waits(self, span: Bucket) -> list[WaitFact]:
        statement = select(queue_waits).where(
            queue_waits.c.tenant == self._tenant,
            queue_waits.c.store == self._store,
            queue_waits.c.joined_ms >= span.start_ms,
            queue_waits.c.joined_ms < span.end_ms,
            stands(queue_waits),
        )
        return [
            WaitFact(joined_ms=row.joined_ms, left_ms=row.left_ms, outcome=row.outcome)
            for row in self._session.rows(statement)
        ]


def _counts(pairs: Iterable[tuple[tuple[str, str], int]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for key, count in pairs:
        found[key] = found.get(key, 0) + count
    return found


def _ended_ms(row: AnyRow) -> int:
    """Return the end of a visit as far as it is known: what was never closed counts to its last sign of life."""
    ended_ms = int(row.updated_ms if row.closed_ms is None else row.closed_ms)
    opened_ms = int(row.opened_ms)
    return max(min(ended_ms, opened_ms + MAX_PRESENCE_MS), opened_ms)


def _weight_ppm(row: AnyRow) -> int:
    """Return the probability of a link. Where a rule decided nobody estimated one: the linked visit has it whole."""
    if row.posterior is not None:
        return round(float(row.posterior) * PPM)
    return PPM if row.decision == "linked" and row.linked_visit_id == row.visit_id else 0
