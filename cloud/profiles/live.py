"""SQL that reads what is known of profiles now, many at a time."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from cloud.among import among
from cloud.db import AnyRow, ReadSession, chunks
from cloud.identity.ownership import timelines_of
from cloud.identity.statements import Identifier
from cloud.identity.timelines import span_at
from cloud.profiles.facts import (
    AttributeSaid,
    ConsentSaid,
    Facts,
    KnownLink,
    KnownStay,
    KnownTouch,
    KnownVisit,
    Named,
    SoldLine,
)
from cloud.profiles.tables import MATCH_PREFIX, product_categories, profile_attributes
from cloud.projections.corrections import stands
from cloud.tables import (
    consents,
    link_decisions,
    link_hypotheses,
    profile_identifiers,
    touches,
    visit_stays,
    visits,
)
from cloud.touches.repository import reversal_of

OwnerAt = Callable[[Named, int], str | None]
"""Returns the One ID to which an identifier belonged at a time, Unix milliseconds; None: to none in question."""
TOUCH_COLUMNS = (
    touches.c.touch_id,
    touches.c.one_id,
    touches.c.kind,
    touches.c.time_ms,
    touches.c.store,
    touches.c.device,
    touches.c.zone_id,
    touches.c.gtin,
    touches.c.receipt_id,
    touches.c.reverses_receipt_id,
    touches.c.total_minor,
    touches.c.currency,
    touches.c.lines,
    touches.c.ineligible,
)


def load_facts(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> dict[str, Facts]:
    """Return what is known of these profiles; of one that there is not, nothing but its One ID."""
    loaded: dict[str, Facts] = {}
    for part in chunks(one_ids):
        owners, identifiers = _identifiers(session, tenant, part)
        known = load_touches(session, tenant, part)
        links = _links(session, tenant, part)
        compared = {visit_id for of_it in links.values() for link in of_it for visit_id in link.posteriors}
        seen = _visits(session, tenant, compared)
        said = consents_by_profile(session, tenant, said_by(consents.c, tenant, owners.names()), owners.at)
        attributes = attributes_by_profile(session, said_by(profile_attributes.c, tenant, owners.names()), owners.at)
        for one_id in part:
            mine = {visit_id for link in links.get(one_id, ()) for visit_id in link.posteriors}
            loaded[one_id] = Facts(
                one_id=one_id,
                identifiers=tuple(identifiers.get(one_id, ())),
                touches=tuple(known.get(one_id, ())),
                links=tuple(links.get(one_id, ())),
                visits=tuple(seen[visit_id] for visit_id in sorted(mine) if visit_id in seen),
                consents=tuple(said.get(one_id, ())),
                attributes=tuple(attributes.get(one_id, ())),
            )
    return loaded


def load_touches(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> dict[str, list[KnownTouch]]:
    """Return the touches of at most 500 profiles, the earliest first."""
    found: dict[str, list[KnownTouch]] = {}
    statement = (
        select(*TOUCH_COLUMNS, stands(touches, "touch_id").label("stands"), reversal_of().label("is_reversed"))
        .where(touches.c.tenant == tenant, among(touches.c.one_id, one_ids))
        .order_by(touches.c.time_ms, touches.c.touch_id)
    )
    for row in session.rows(statement):
        touch = read_touch(row, is_corrected=not row.stands, is_reversed=bool(row.is_reversed))
        found.setdefault(row.one_id, []).append(touch)
    return found


def read_touch(row: AnyRow, *, is_corrected: bool, is_reversed: bool) -> KnownTouch:
    """Return the touch that a row with `TOUCH_COLUMNS` holds."""
    return KnownTouch(
        touch_id=row.touch_id,
        kind=row.kind,
        time_ms=row.time_ms,
        store=row.store,
        device=row.device,
        zone_id=row.zone_id,
        gtin=row.gtin,
        receipt_id=row.receipt_id,
        reverses_receipt_id=row.reverses_receipt_id,
        total_minor=row.total_minor,
        currency=row.currency,
        lines=tuple(SoldLine(line["gtin"], line["quantity"]) for line in row.lines or ()),
        ineligible=row.ineligible,
        is_corrected=is_corrected,
        is_reversed=is_reversed,
    )


class Owned:
    """Which of some profiles each identifier belongs to, and when."""

    def __init__(self) -> None:
        self._spans: dict[Named, list[tuple[int, int, str]]] = {}

    def add(self, named: Named, from_ms: int, until_ms: int, one_id: str) -> None:
        """Know that an identifier belongs to a profile from one instant on up to another."""
        self._spans.setdefault(named, []).append((from_ms, until_ms, one_id))

    def names(self) -> Collection[Named]:
        """Return the identifiers."""
        return self._spans.keys()

    def at(self, named: Named, at_ms: int) -> str | None:
        """Return to which profile an identifier belongs at a time, None: to none of these."""
        spans = self._spans.get(named, ())
        return next((one_id for start, end, one_id in spans if start <= max(at_ms, 0) < end), None)


def _identifiers(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> tuple[Owned, dict[str, list[Named]]]:
    owned, found = Owned(), dict[str, set[Named]]()
    names = profile_identifiers.c
    rows = session.rows(select(profile_identifiers).where(names.tenant == tenant, names.one_id.in_(one_ids)))
    for row in rows:
        named = Named(row.namespace, row.pseudonym)
        found.setdefault(row.one_id, set()).add(named)
        owned.add(named, row.from_ms, row.until_ms, row.one_id)
    return owned, {one_id: sorted(of_it) for one_id, of_it in found.items()}


def _links(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> dict[str, list[KnownLink]]:
    return links_by_profile(
        session,
        and_(
            link_decisions.c.tenant == tenant,
            link_decisions.c.one_id.in_(one_ids),
            link_decisions.c.retracted_ms.is_(None),
        ),
    )


def links_by_profile(session: ReadSession, condition: ColumnElement[bool]) -> dict[str, list[KnownLink]]:
    """Return decisions with what they compared, by One ID, in the order of their ids."""
    decided = link_decisions.c
    statement = (
        select(
            decided.id,
            decided.one_id,
            decided.touch_id,
            decided.decision,
            decided.stage,
            decided.reason,
            decided.visit_id,
            link_hypotheses.c.visit_id.label("compared"),
            link_hypotheses.c.posterior,
        )
        .outerjoin(link_hypotheses, link_hypotheses.c.decision_id == decided.id)
        .where(condition)
        .order_by(decided.id, link_hypotheses.c.visit_id)
    )
    rows: dict[str, list[AnyRow]] = {}
    for row in session.rows(statement):
        rows.setdefault(row.id, []).append(row)
    found: dict[str, list[KnownLink]] = {}
    for of_it in rows.values():
        first = of_it[0]
        link = KnownLink(
            link_id=first.id,
            touch_id=first.touch_id,
            decision=first.decision,
            stage=first.stage,
            reason=first.reason,
            visit_id=first.visit_id,
            posteriors={row.compared: row.posterior for row in of_it if row.compared is not None},
        )
        found.setdefault(first.one_id, []).append(link)
    return found


def _visits(session: ReadSession, tenant: str, visit_ids: Iterable[str]) -> dict[str, KnownVisit]:
    found: dict[str, KnownVisit] = {}
    for part in chunks(sorted(visit_ids)):
        stays: dict[str, list[KnownStay]] = {}
        in_part = and_(visit_stays.c.tenant == tenant, visit_stays.c.visit_id.in_(part))
        ordered = select(visit_stays).where(in_part).order_by(visit_stays.c.visit_id, visit_stays.c.ordinal)
        for row in session.rows(ordered):
            stay = KnownStay(row.zone_id, row.zone_kind, row.entered_ms, row.left_ms)
            stays.setdefault(row.visit_id, []).append(stay)
        columns = (visits.c.visit_id, visits.c.store, visits.c.status, visits.c.opened_ms, visits.c.closed_ms)
        for row in session.rows(select(*columns).where(visits.c.tenant == tenant, visits.c.visit_id.in_(part))):
            found[row.visit_id] = KnownVisit(
                visit_id=row.visit_id,
                store=row.store,
                status=row.status,
                opened_ms=row.opened_ms,
                closed_ms=row.closed_ms,
                stays=tuple(stays.get(row.visit_id, ())),
            )
    return found


def consents_by_profile(
    session: ReadSession, tenant: str, condition: ColumnElement[bool], owner_at: OwnerAt
) -> dict[str, list[ConsentSaid]]:
    """Return the statements that meet a condition, by the One ID that owned the identifier, in order of recording.

    Behind them, what refusals say of whoever had an identifier next that nobody is known to have had then.
    """
    everything = [
        ConsentSaid(
            identifier=Named(row.namespace, row.pseudonym),
            purpose=row.purpose,
            granted=row.granted,
            at_ms=row.at_ms,
            order=row.id,
        )
        for row in session.rows(select(consents).where(condition).order_by(consents.c.id))
    ]
    found: dict[str, list[ConsentSaid]] = {}
    for said in everything:
        owner = owner_at(said.identifier, said.at_ms)
        if owner is not None:
            found.setdefault(owner, []).append(said)
    for owner, said in _refused_before(session, tenant, everything, owner_at):
        found.setdefault(owner, []).append(said)
    return found


def _refused_before(
    session: ReadSession, tenant: str, everything: Collection[ConsentSaid], owner_at: OwnerAt
) -> Iterator[tuple[str, ConsentSaid]]:
    """Yield refusals that were the last word before an identifier was anybody's, with whose it was next."""
    refusing = {said.identifier for said in everything if not said.granted}
    named = {each: Identifier(each.namespace, each.pseudonym) for each in refusing}
    timelines = timelines_of(session, tenant, named.values())
    last: dict[tuple[str, Named, str], ConsentSaid] = {}
    for said in sorted(everything, key=lambda each: (each.at_ms, not each.granted)):
        if said.identifier in refusing:
            span = span_at(timelines[named[said.identifier]], said.at_ms)
            owner = None if span.is_held else owner_at(said.identifier, span.until_ms)
            if owner is not None:
                last[owner, said.identifier, said.purpose] = said
    yield from ((owner, said) for (owner, _, _), said in last.items() if not said.granted)


def attributes_by_profile(
    session: ReadSession, condition: ColumnElement[bool], owner_at: OwnerAt
) -> dict[str, list[AttributeSaid]]:
    """Return what sources said that meets a condition, by the One ID that owned the identifier, in a fixed order.

    Match codes are left out: they serve the search for duplicates alone.
    """
    said = profile_attributes.c
    condition = and_(condition, ~said.name.startswith(MATCH_PREFIX, autoescape=True))
    order = (said.name, said.source, said.at_ms, said.value, said.rank, said.namespace, said.pseudonym)
    found: dict[str, list[AttributeSaid]] = {}
    for row in session.rows(select(profile_attributes).where(condition).order_by(*order)):
        owner = owner_at(Named(row.namespace, row.pseudonym), row.at_ms)
        if owner is not None:
            word = AttributeSaid(name=row.name, value=row.value, source=row.source, rank=row.rank, at_ms=row.at_ms)
            found.setdefault(owner, []).append(word)
    return found


def said_by(
    columns: ReadOnlyColumnCollection[str, Any], tenant: str, identifiers: Iterable[Named]
) -> ColumnElement[bool]:
    """Return the condition that a row is of one of these identifiers, or of one made of a name and a value of two."""
    named = list(identifiers)
    return and_(
        columns.tenant == tenant,
        columns.namespace.in_(sorted({each.namespace for each in named})),
        columns.pseudonym.in_(sorted({each.pseudonym for each in named})),
    )


def categories_of(session: ReadSession, tenant: str, known: Iterable[KnownTouch]) -> dict[str, str]:
    """Return the category of each item that some touches show, by GTIN, where one is on record."""
    shown: set[str] = set()
    for touch in known:
        shown.update(line.gtin for line in touch.lines if line.gtin is not None)
        shown.update(() if touch.gtin is None else (touch.gtin,))
    found: dict[str, str] = {}
    category = product_categories.c
    for part in chunks(sorted(shown)):
        rows = session.rows(
            select(category.gtin, category.category).where(category.tenant == tenant, category.gtin.in_(part))
        )
        found.update({row.gtin: row.category for row in rows})
    return found
