"""SQL of what rollups are made from: visits, touches, links, crossings, waits and coverage that stand."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sqlalchemy import and_, func, select

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
from cloud.footfall.buckets import Bucket, spread, without_gaps
from cloud.footfall.repository import crossings_by_slot
from cloud.projections.corrections import stands
from cloud.spans import Spans
from cloud.tables import coverage_intervals, link_decisions, link_hypotheses, touches, visit_stays, visits
from cloud.touches.repository import reversal_of
from cloud.visits.repository import COUNTED
from cloud.visits.roles import is_staff, staff_made

Fact = TypeVar("Fact")

_MILLI = 1000


class FactReader:
    """Reads what happened in one store."""

    def __init__(self, session: ReadSession, tenant: str, store: str, staff_score: float) -> None:
        self._session = session
        self._tenant = tenant
        self._store = store
        self._staff_score = staff_score

    def hours(self, hours: Sequence[Bucket]) -> list[Facts]:
        """Return what happened in each of some hours, which lie in order; between them there may be others."""
        during = without_gaps(hours)
        crossed = crossings_by_slot(self._session, self._tenant, self._store, during)
        visited = self._visits(during)
        opened = {visit.visit_id: visit.opened_ms for visit in visited}
        begun = [visit.visit_id for each in _at(visited, lambda visit: visit.opened_ms, hours) for visit in each]
        crossings = _at(crossed, lambda slot: slot[0], hours)
        coverage = spread(((fact.start_ms, fact.end_ms - 1, fact) for fact in self._coverage(during)), hours)
        present = spread(((visit.opened_ms, visit.ended_ms, visit) for visit in visited), hours)
        stays = _at(self._stays(begun), lambda stay: opened[stay.visit_id], hours)
        touched = _at(self._touches(during), lambda touch: touch.time_ms, hours)
        links = _at(self._links(begun), lambda link: opened[link.visit_id], hours)
        waits = _at(self._waits(during), lambda wait: wait.joined_ms, hours)
        return [
            Facts(
                crossings=_counts(((key.tripwire_kind, key.direction), count) for _, key, count in crossings[index]),
                coverage=coverage[index],
                visits=present[index],
                stays=stays[index],
                touches=touched[index],
                links=links[index],
                waits=waits[index],
            )
            for index in range(len(hours))
        ]

    def _coverage(self, during: Sequence[Bucket]) -> list[CoverageFact]:
        """Return the intervals of coverage that overlap some spans; one that claims too much counts nowhere."""
        spans = _spans(during)
        table = coverage_intervals
        statement = (
            select(table.c.event_id, table.c.device, table.c.start_ms, table.c.end_ms, table.c.observed_s)
            .distinct()
            .select_from(
                spans.find_in(
                    table,
                    table.c.tenant == self._tenant,
                    table.c.store == self._store,
                    table.c.end_ms > spans.start,
                    table.c.end_ms < spans.end + MAX_INTERVAL_MS,
                    table.c.start_ms < spans.end,
                    table.c.end_ms > table.c.start_ms,
                    table.c.end_ms - table.c.start_ms <= MAX_INTERVAL_MS,
                    stands(table),
                )
            )
        )
        return [
            CoverageFact(device, start_ms, end_ms, round(observed_s * _MILLI))
            for event_id, device, start_ms, end_ms, observed_s in self._session.rows(statement)
            if event_id is not None
        ]

    def _visits(self, during: Sequence[Bucket]) -> list[VisitFact]:
        """Return the visits that counted and overlap some spans, each once."""
        spans = _spans(during)
        began_before = visits.c.opened_ms < spans.start
        overlapping = spans.find_in(
            visits,
            visits.c.tenant == self._tenant,
            visits.c.store == self._store,
            visits.c.status.in_(COUNTED),
            visits.c.opened_ms > spans.start - MAX_PRESENCE_MS,
            visits.c.opened_ms < spans.end,
            ~began_before | (func.coalesce(visits.c.closed_ms, visits.c.updated_ms) >= spans.start),
        )
        statement = (
            select(
                visits.c.visit_id,
                visits.c.opened_ms,
                visits.c.updated_ms,
                visits.c.closed_ms,
                visits.c.status,
                visits.c.role,
                visits.c.staff_score,
                visits.c.party_id,
            )
            .distinct()
            .select_from(overlapping)
        )
        rows = [row for row in self._session.rows(statement) if row.visit_id is not None]
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

    def _touches(self, during: Sequence[Bucket]) -> list[TouchFact]:
        spans = _spans(during)
        statement = (
            select(touches, reversal_of().label("is_reversed"), link_decisions.c.decision)
            .select_from(
                spans.find_in(
                    touches,
                    touches.c.tenant == self._tenant,
                    touches.c.store == self._store,
                    spans.hold(touches.c.time_ms),
                    stands(touches, "touch_id"),
                )
            )
            .outerjoin(
                link_decisions,
                and_(
                    link_decisions.c.tenant == touches.c.tenant,
                    link_decisions.c.touch_id == touches.c.touch_id,
                    link_decisions.c.retracted_ms.is_(None),
                ),
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
            if row.touch_id is not None
        ]

    def _waits(self, during: Sequence[Bucket]) -> list[WaitFact]:
        spans = _spans(during)
        statement = select(queue_waits).select_from(
            spans.find_in(
                queue_waits,
                queue_waits.c.tenant == self._tenant,
                queue_waits.c.store == self._store,
                spans.hold(queue_waits.c.joined_ms),
                stands(queue_waits),
            )
        )
        return [
            WaitFact(joined_ms=row.joined_ms, left_ms=row.left_ms, outcome=row.outcome)
            for row in self._session.rows(statement)
            if row.event_id is not None
        ]


def _spans(during: Iterable[Bucket]) -> Spans:
    return Spans((span.start_ms, span.end_ms) for span in during)


def _at(facts: Iterable[Fact], moment_of: Callable[[Fact], int], hours: Sequence[Bucket]) -> list[list[Fact]]:
    """Return, for each hour, the facts whose moment lies in it."""
    moments = ((moment_of(fact), fact) for fact in facts)
    return spread(((moment_ms, moment_ms, fact) for moment_ms, fact in moments), hours)


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
