"""SQL of consents: a history, of which the latest statement holds."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Subquery, func, select

from cloud.db import AnyRow, Page, ReadSession, WriteSession, chunks
from cloud.identity.timelines import Span
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

    A profile without a statement is not among them. If two statements name the same instant, the refusal holds.
    """
    refused: set[str] = set()
    granted: set[str] = set()
    for part in chunks(sorted(set(one_ids))):
        latest = _latest(tenant, profile_identifiers.c.one_id.in_(part), consents.c.purpose == VISIT_LINKING)
        for row in session.rows(select(latest.c.one_id, latest.c.granted).where(latest.c.age == 1)):
            (granted if row.granted else refused).add(row.one_id)
    return frozenset(granted - refused)


def refused_profiles(session: ReadSession, tenant: str) -> frozenset[str]:
    """Return the profiles of a tenant that refuse, or withdrew, some consent, by an identifier's latest statement."""
    latest = _latest(tenant)
    rows = session.rows(select(latest.c.one_id).distinct().where(latest.c.age == 1, ~latest.c.granted))
    return frozenset(row.one_id for row in rows)


def refusing(session: ReadSession, tenant: str, owners: Mapping[str, str]) -> frozenset[str]:
    """Return which of some members refuse, or withdrew, some consent, by pseudonym.

    Args:
        session: The transaction.
        tenant: Whose members.
        owners: The One ID of each, by pseudonym. A refusal by any identifier of that profile counts, and one by the
            pseudonym itself, though nothing else be known of it.
    """
    refused: dict[tuple[str, str, str], str] = {}
    for part in chunks(sorted(owners)):
        statement = (
            select(consents.c.namespace, consents.c.pseudonym, consents.c.purpose, consents.c.granted)
            .where(consents.c.tenant == tenant, consents.c.pseudonym.in_(part))
            .order_by(consents.c.at_ms, consents.c.granted.desc())
        )
        for row in session.rows(statement):
            key = (row.namespace, row.pseudonym, row.purpose)
            refused.pop(key, None)
            if not row.granted:
                refused[key] = row.pseudonym
    profiles: set[str] = set()
    for part in chunks(sorted(set(owners.values()))):
        latest = _latest(tenant, profile_identifiers.c.one_id.in_(part))
        rows = session.rows(select(latest.c.one_id).where(latest.c.age == 1, ~latest.c.granted))
        profiles.update(row.one_id for row in rows)
    own = set(refused.values())
    return frozenset(pseudonym for pseudonym, one_id in owners.items() if pseudonym in own or one_id in profiles)


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
