"""SQL of consents: a history, of which the latest statement holds."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Subquery, exists, func, select

from cloud.among import among
from cloud.db import AnyRow, Page, ReadSession, WriteSession, chunks
from cloud.identity.ownership import by_namespace, timelines_of
from cloud.identity.statements import Identifier
from cloud.identity.tables import identity_map
from cloud.identity.timelines import Span, Timeline, speakers_at
from cloud.tables import consents, profile_identifiers

VISIT_LINKING = "visit_linking"


def record_consents(session: WriteSession, rows: Sequence[dict[str, object]]) -> None:
    """Add statements; the same statement again is a no-op."""
    session.insert_new(consents, rows)


def unknown_consents(session: ReadSession, rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Return which of these statements are not recorded yet, each once."""
    columns = ("tenant", "namespace", "pseudonym", "purpose", "at_ms", "granted")
    new = {tuple(row[name] for name in columns): row for row in rows}
    for part in chunks(sorted({str(row["pseudonym"]) for row in rows})):
        for held in session.rows(select(*(consents.c[name] for name in columns)).where(consents.c.pseudonym.in_(part))):
            new.pop(tuple(held), None)
    return list(new.values())


def history(
    session: ReadSession, tenant: str, namespace: str | None, pseudonym: str | None, page: Page
) -> Sequence[AnyRow]:
    """Return statements, the latest first."""
    statement = select(consents).where(consents.c.tenant == tenant)
    if namespace is not None:
        statement = statement.where(consents.c.namespace == namespace)
    if pseudonym is not None:
        statement = statement.where(consents.c.pseudonym == pseudonym)
    return session.rows(statement.order_by(*_LATEST_FIRST).offset(page.offset).limit(page.limit))


def granted_profiles(session: ReadSession, tenant: str, one_ids: Iterable[str]) -> frozenset[str]:
    """Return the profiles all of whose stated consents hold, by each identifier's latest statement.

    A profile without a statement is not among them. If two statements name the same instant, the refusal holds. A
    refusal from before an identifier is known to have been anybody's is whose it was next, too; a grant is not.
    """
    refused: set[str] = set()
    granted: set[str] = set()
    for part in chunks(sorted(set(one_ids))):
        latest = _latest(tenant, profile_identifiers.c.one_id.in_(part), consents.c.purpose == VISIT_LINKING)
        for row in session.rows(select(latest.c.one_id, latest.c.granted).where(latest.c.age == 1)):
            (granted if row.granted else refused).add(row.one_id)
    granted -= refused
    said_no = _refusals(session, tenant, _identifiers_of(session, tenant, granted)) if granted else {}
    return frozenset(one_id for one_id in granted if VISIT_LINKING not in said_no.get(one_id, ()))


def refused_profiles(
    session: ReadSession, tenant: str, owners: Mapping[Identifier, str] | None = None
) -> frozenset[str]:
    """Return the profiles that refuse, or withdrew, some consent, by an identifier's latest statement.

    A statement counts for whose the identifier was when it was made; made before the identifier is known to have been
    anybody's, also for whoever held it next. Whether any shop ever saw the identifier does not matter.

    Args:
        session: The transaction.
        tenant: Whose profiles.
        owners: Look at these profiles alone, each with an identifier of it. None: at all of the tenant.
    """
    named = None if owners is None else {*owners, *_identifiers_of(session, tenant, owners.values())}
    refused = _refusals(session, tenant, named).keys()
    return frozenset(refused if owners is None else refused & set(owners.values()))


def _refusals(session: ReadSession, tenant: str, named: Iterable[Identifier] | None) -> dict[str, set[str]]:
    """Return which purposes each profile refuses, by an identifier's last word; None: through all of the tenant's."""
    said = _statements_of_refusers(session, tenant, named)
    timelines = timelines_of(session, tenant, said)
    found: dict[str, set[str]] = {}
    for identifier, statements in said.items():
        for one_id, purposes in _last_words(timelines[identifier], statements).items():
            if refused := {purpose for purpose, granted in purposes.items() if not granted}:
                found.setdefault(one_id, set()).update(refused)
    return found


def speaking_among(session: ReadSession, tenant: str, identifiers: Iterable[Identifier]) -> set[Identifier]:
    """Return through which of these identifiers anything was ever said of a consent."""
    said = consents.c
    return {
        Identifier(namespace, row.pseudonym)
        for namespace, part in by_namespace(identifiers)
        for row in session.rows(
            select(said.pseudonym)
            .distinct()
            .where(said.tenant == tenant, said.namespace == namespace, among(said.pseudonym, part))
        )
    }


def _identifiers_of(session: ReadSession, tenant: str, one_ids: Iterable[str]) -> set[Identifier]:
    held = identity_map.c
    return {
        Identifier(row.namespace, row.pseudonym)
        for part in chunks(sorted(set(one_ids)))
        for row in session.rows(
            select(held.namespace, held.pseudonym).where(held.tenant == tenant, among(held.one_id, part))
        )
    }


def _statements_of_refusers(
    session: ReadSession, tenant: str, named: Iterable[Identifier] | None
) -> dict[Identifier, list[AnyRow]]:
    """Return all statements through identifiers by which somebody ever refused, the earliest first."""
    refusal = consents.alias("refusal")
    statement = (
        select(consents.c.namespace, consents.c.pseudonym, consents.c.purpose, consents.c.at_ms, consents.c.granted)
        .where(consents.c.tenant == tenant)
        .where(
            exists().where(
                refusal.c.tenant == consents.c.tenant,
                refusal.c.namespace == consents.c.namespace,
                refusal.c.pseudonym == consents.c.pseudonym,
                ~refusal.c.granted,
            )
        )
        .order_by(consents.c.at_ms, consents.c.granted.desc())
    )
    parts = (
        [statement]
        if named is None
        else [
            statement.where(consents.c.namespace == namespace, among(consents.c.pseudonym, part))
            for namespace, part in by_namespace(named)
        ]
    )
    found: dict[Identifier, list[AnyRow]] = {}
    for part in parts:
        for row in session.rows(part):
            found.setdefault(Identifier(row.namespace, row.pseudonym), []).append(row)
    return found


def _last_words(timeline: Timeline, statements: Iterable[AnyRow]) -> dict[str, dict[str, bool]]:
    """Return what was last said of each purpose through an identifier, for each profile that it counts for."""
    found: dict[str, dict[str, bool]] = {}
    for row in statements:
        for one_id in speakers_at(timeline, row.at_ms):
            found.setdefault(one_id, {})[row.purpose] = row.granted
    return found


def _latest(tenant: str, *conditions: ColumnElement[bool]) -> Subquery:
    """Return statements with their profile and their age among those of one identifier and purpose, 1 the latest."""
    age = (
        func.row_number()
        .over(
            partition_by=(
                profile_identifiers.c.one_id,
                consents.c.namespace,
                consents.c.pseudonym,
                consents.c.purpose,
            ),
            order_by=_LATEST_FIRST,
        )
        .label("age")
    )
    return (
        select(profile_identifiers.c.one_id, consents.c.granted, age)
        .join(
            profile_identifiers,
            (profile_identifiers.c.tenant == consents.c.tenant)
            & (profile_identifiers.c.namespace == consents.c.namespace)
            & (profile_identifiers.c.pseudonym == consents.c.pseudonym)
            & (profile_identifiers.c.from_ms <= consents.c.at_ms)
            & (profile_identifiers.c.until_ms > consents.c.at_ms),
        )
        .where(consents.c.tenant == tenant, *conditions)
        .subquery()
    )


def consent_in_force(session: ReadSession, tenant: str, namespace: str, pseudonym: str, held: Span) -> bool:
    """Return whether the latest statement through an identifier, while it was one person's, grants visit linking."""
    row = session.first(
        select(consents.c.granted)
        .where(consents.c.tenant == tenant, consents.c.purpose == VISIT_LINKING)
        .where(consents.c.namespace == namespace, consents.c.pseudonym == pseudonym)
        .where(consents.c.at_ms >= held.from_ms, consents.c.at_ms < held.until_ms)
        .order_by(*_LATEST_FIRST)
        .limit(1)
    )
    return row is not None and bool(row.granted)


_LATEST_FIRST = (consents.c.at_ms.desc(), consents.c.granted, consents.c.id.desc())
"""False sorts before true on both databases."""
