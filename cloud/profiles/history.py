"""SQL that reads what was known of a profile at a time in the past.

"As known at": what the cloud had been told by then, whenever it happened. An event counts if it had been received, a
statement or a consent if it had been recorded, a decision if it had been asserted and not yet retracted. So a view
shows what whoever asked at that time was shown, and not what came out later.

Visits are shown only of who consents now: withdrawing reaches the past too.
"""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from cloud.among import among
from cloud.consents.repository import granted_profiles
from cloud.db import AnyRow, ReadSession, chunks
from cloud.errors import not_found
from cloud.identity.holdings import Holding
from cloud.identity.ownership import by_namespace, timelines_of
from cloud.identity.statements import Identifier
from cloud.identity.tables import identity_ledger, identity_map, identity_mentions, identity_statements
from cloud.identity.timelines import Timeline, came_from, name_of, overlaid, owner_at
from cloud.instants import write_instant
from cloud.profiles.facts import Facts, KnownLink, KnownStay, KnownVisit, Named
from cloud.profiles.live import (
    TOUCH_COLUMNS,
    attributes_by_profile,
    consents_by_profile,
    links_by_profile,
    read_touch,
    said_by,
)
from cloud.profiles.tables import profile_attributes
from cloud.tables import (
    consents,
    corrected_events,
    event_log,
    link_decisions,
    profile_identifiers,
    touches,
    visit_revisions,
)
from cloud.visits.projection import ended_stays, payloads

_void = touches.alias("void")
_statements, _mentions, _ledger = identity_statements.c, identity_mentions.c, identity_ledger.c


def load_facts_at(session: ReadSession, tenant: str, one_id: str, known_ms: int) -> Facts:
    """Return what was known of a profile; by a One ID that had gone into another one by then, of that other one.

    Raises:
        ProblemError: 404, no profile was known under that One ID.
    """
    owned = _owned(session, tenant, one_id, known_ms)
    survivor = _named_like(tenant, owned, one_id) or one_id
    if survivor != one_id:
        one_id = survivor
        owned = _owned(session, tenant, one_id, known_ms)
    mine = {each for each, timeline in owned.items() if any(span.one_id == one_id for span in timeline)}
    rows = [
        row
        for row in _touch_rows(session, tenant, mine, known_ms)
        if owner_at(owned[Identifier(row.namespace, row.pseudonym)], row.time_ms) == one_id
    ]
    known = [read_touch(row, is_corrected=not row.stands, is_reversed=bool(row.is_reversed)) for row in rows]
    shown = {Named(row.namespace, row.pseudonym) for row in rows if row.stands}
    stated = {Named(*each) for each in _stated(session, tenant, mine, known_ms)}
    identifiers = tuple(sorted(shown | stated))
    if not identifiers:
        remedy = f"nothing was known of it at {write_instant(known_ms)}; leave as_of out to ask for now"
        raise not_found(noun="profile", key=one_id, remedy=remedy)
    links = _links(session, tenant, one_id, known_ms, rows)

    def owner(named: Named, at_ms: int) -> str | None:
        timeline = owned.get(Identifier(named.namespace, named.pseudonym))
        return one_id if timeline is not None and owner_at(timeline, at_ms) == one_id else None

    return Facts(
        one_id=one_id,
        identifiers=identifiers,
        touches=tuple(known),
        links=tuple(links),
        visits=_visits(session, tenant, {each for link in links for each in link.posteriors}, known_ms),
        consents=tuple(
            consents_by_profile(
                session,
                tenant,
                and_(said_by(consents.c, tenant, identifiers), consents.c.recorded_ms <= known_ms),
                owner,
            ).get(one_id, ())
        ),
        attributes=tuple(
            attributes_by_profile(
                session,
                and_(said_by(profile_attributes.c, tenant, identifiers), profile_attributes.c.recorded_ms <= known_ms),
                owner,
            ).get(one_id, ())
        ),
    )


def _names(named: Named | Identifier) -> tuple[str, str]:
    return named.namespace, named.pseudonym


def _named_like(tenant: str, owned: Mapping[Identifier, Timeline], one_id: str) -> str | None:
    """Return whose the identifier was after whose holding a profile is named, None: it is named after none of these."""
    return next(
        (
            span.one_id
            for identifier, timeline in owned.items()
            for span in timeline
            if name_of(tenant, Holding(identifier, span.from_ms)) == one_id
        ),
        None,
    )


def _owned(session: ReadSession, tenant: str, one_id: str, known_ms: int) -> dict[Identifier, Timeline]:
    """Return, of every identifier that ever had to do with a One ID, whose it was, as was known then.

    Whose it is as known now is on record; the ledger tells whose it was before each move since.
    """
    candidates = _candidates(session, tenant, one_id)
    if not any(name_of(tenant, Holding(each)) == one_id for each in candidates):
        candidates |= {
            each for each in _retracted(session, tenant, known_ms) if name_of(tenant, Holding(each)) == one_id
        }
    owners = timelines_of(session, tenant, candidates)
    for part in chunks(sorted({each.pseudonym for each in candidates})):
        moves = session.rows(
            select(identity_ledger).where(
                _ledger.tenant == tenant, _ledger.pseudonym.in_(part), _ledger.at_ms > known_ms
            )
        )  # In no order: SQLite would walk through all of the tenant's moves rather than sort these few.
        for move in sorted(moves, key=lambda row: row.position, reverse=True):
            if (identifier := Identifier(move.namespace, move.pseudonym)) in owners:
                one_id = came_from(tenant, identifier, move.from_one_id)
                owners[identifier] = overlaid(owners[identifier], one_id, move.from_ms, move.until_ms)
    return owners


def _candidates(session: ReadSession, tenant: str, one_id: str) -> set[Identifier]:
    held, mapped, touched = profile_identifiers.c, identity_map.c, touches.c
    statements = (
        select(held.namespace, held.pseudonym).where(held.tenant == tenant, held.one_id == one_id),
        select(mapped.namespace, mapped.pseudonym).where(mapped.tenant == tenant, mapped.one_id == one_id),
        select(mapped.namespace, mapped.pseudonym).where(
            mapped.tenant == tenant, mapped.own_id == one_id, mapped.own_id != mapped.one_id
        ),
        select(touched.namespace, touched.pseudonym)
        .distinct()
        .where(touched.tenant == tenant, touched.one_id == one_id),
        select(_ledger.namespace, _ledger.pseudonym)
        .distinct()
        .where(_ledger.tenant == tenant, _ledger.from_one_id == one_id),
    )
    return {Identifier(row.namespace, row.pseudonym) for each in statements for row in session.rows(each)}


def _retracted(session: ReadSession, tenant: str, known_ms: int) -> set[Identifier]:
    """Return the identifiers of statements that were taken back since: nothing else may remember them."""
    rows = session.rows(
        select(_mentions.namespace, _mentions.pseudonym)
        .distinct()
        .join(
            identity_statements,
            and_(_statements.tenant == _mentions.tenant, _statements.statement_id == _mentions.statement_id),
        )
        .where(_statements.tenant == tenant, _statements.retracted_ms > known_ms)
    )
    return {Identifier(row.namespace, row.pseudonym) for row in rows}


def _stated(
    session: ReadSession, tenant: str, identifiers: Iterable[Identifier], known_ms: int
) -> set[tuple[str, str]]:
    """Return which of these identifiers a statement named that was recorded then and not taken back."""
    found: set[tuple[str, str]] = set()
    for namespace, part in by_namespace(identifiers):
        rows = session.rows(
            select(_mentions.pseudonym)
            .distinct()
            .join(
                identity_statements,
                and_(_statements.tenant == _mentions.tenant, _statements.statement_id == _mentions.statement_id),
            )
            .where(
                _mentions.tenant == tenant,
                _mentions.namespace == namespace,
                among(_mentions.pseudonym, part),
                _statements.recorded_ms <= known_ms,
                or_(_statements.retracted_ms.is_(None), _statements.retracted_ms > known_ms),
            )
        )
        found |= {(namespace, row.pseudonym) for row in rows}
    return found


def _came_later(tenant: ColumnElement[str], event_id: ColumnElement[str], known_ms: int) -> ColumnElement[bool]:
    """Return the condition that an event was received after a time; one whose log row is gone was not."""
    return exists().where(
        event_log.c.tenant == tenant, event_log.c.event_id == event_id, event_log.c.received_ms > known_ms
    )


def _stood(tenant: ColumnElement[str], event_id: ColumnElement[str], known_ms: int) -> ColumnElement[bool]:
    """Return the condition that no correction of an event had been received by a time."""
    corrected = corrected_events.c
    return ~exists().where(
        corrected.tenant == tenant,
        corrected.event_id == event_id,
        ~_came_later(corrected.tenant, corrected.correction_id, known_ms),
    )


def _touch_rows(session: ReadSession, tenant: str, identifiers: Collection[Identifier], known_ms: int) -> list[AnyRow]:
    touched, void = touches.c, _void.c
    reversed_then = exists().where(
        void.tenant == touched.tenant,
        void.store == touched.store,
        void.reverses_receipt_id == touched.receipt_id,
        void.kind == "void",
        ~_came_later(void.tenant, void.touch_id, known_ms),
        _stood(void.tenant, void.touch_id, known_ms),
    )
    wanted = {_names(each) for each in identifiers}
    found: list[AnyRow] = []
    for part in chunks(sorted({pseudonym for _, pseudonym in wanted})):
        statement = (
            select(
                *TOUCH_COLUMNS,
                touched.namespace,
                touched.pseudonym,
                _stood(touched.tenant, touched.touch_id, known_ms).label("stands"),
                reversed_then.label("is_reversed"),
            )
            .where(touched.tenant == tenant, touched.pseudonym.in_(part))
            .where(~_came_later(touched.tenant, touched.touch_id, known_ms))
        )
        found += [row for row in session.rows(statement) if (row.namespace, row.pseudonym) in wanted]
    return sorted(found, key=lambda row: (row.time_ms, row.touch_id))


def _links(session: ReadSession, tenant: str, one_id: str, known_ms: int, rows: Iterable[AnyRow]) -> list[KnownLink]:
    decided = link_decisions.c
    then = and_(
        decided.tenant == tenant,
        decided.one_id == one_id,
        decided.asserted_ms <= known_ms,
        or_(decided.retracted_ms.is_(None), decided.retracted_ms > known_ms),
    )
    owner_now: Mapping[str, str] = {row.touch_id: row.one_id for row in rows}
    consenting = granted_profiles(session, tenant, owner_now.values())
    return [
        link
        for link in links_by_profile(session, then).get(one_id, ())
        if not link.posteriors or owner_now.get(link.touch_id) in consenting
    ]


def _visits(session: ReadSession, tenant: str, visit_ids: Iterable[str], known_ms: int) -> tuple[KnownVisit, ...]:
    revised = visit_revisions.c
    rank = (
        func.row_number()
        .over(partition_by=revised.visit_id, order_by=(revised.revision.desc(), revised.event_id.desc()))
        .label("rank")
    )
    found: dict[str, KnownVisit] = {}
    for part in chunks(sorted(visit_ids)):
        ranked = (
            select(revised.event_id, rank)
            .where(revised.tenant == tenant, revised.visit_id.in_(part))
            .where(~_came_later(revised.tenant, revised.event_id, known_ms))
            .where(_stood(revised.tenant, revised.event_id, known_ms))
            .subquery()
        )
        best = session.rows(select(ranked.c.event_id).where(ranked.c.rank == 1))
        for store, _, visit in payloads(session, tenant, [row.event_id for row in best]):
            found[visit.visit_id] = KnownVisit(
                visit_id=visit.visit_id,
                store=store,
                status=visit.status,
                opened_ms=visit.opened_ms,
                closed_ms=visit.closed_ms,
                stays=tuple(
                    KnownStay(stay.zone_id, stay.zone_kind, stay.entered_ms, stay.left_ms)
                    for stay in ended_stays(visit)
                ),
            )
    return tuple(found[visit_id] for visit_id in sorted(found))
