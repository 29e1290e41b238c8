"""Who was erased, known by a keyed hash alone: enough to recognize what comes back, too little to say who it was."""

from collections.abc import Iterable

from sqlalchemy import func, select

from cloud.among import among
from cloud.db import AnyRow, ReadSession, WriteSession, chunks
from cloud.erasure.tables import erased_identifiers, erasure_keys
from cloud.identity.holdings import Holding
from cloud.identity.statements import Identifier
from cloud.runtime import TokenSource
from contracts.erasure import ErasedIdentifier, Erasures, erasure_digest

_erased_at = erased_identifiers.c


def erased_among(
    session: ReadSession, tenant: str, identifiers: Iterable[Identifier]
) -> dict[Identifier, list[ErasedIdentifier]]:
    """Return which of these identifiers were erased, and for which times."""
    secret = _secret(session, tenant)
    if secret is None:
        return {}
    by_digest = {erasure_digest(secret, each.namespace, each.pseudonym): each for each in identifiers}
    found: dict[Identifier, list[ErasedIdentifier]] = {}
    for part in chunks(sorted(by_digest)):
        rows = session.rows(
            select(erased_identifiers).where(
                erased_identifiers.c.tenant == tenant, among(erased_identifiers.c.digest, part)
            )
        )
        for row in rows:
            found.setdefault(by_digest[row.digest], []).append(_erased(row))
    return found


def bury(session: WriteSession, tenant: str, forgotten: Iterable[Holding], erased_ms: int, tokens: TokenSource) -> None:
    """Remember that these identifiers were erased for these times, as far as they have passed.

    The log's lock is held: positions become visible in their own order.
    """
    if _secret(session, tenant) is None:
        session.insert_new(erasure_keys, [{"tenant": tenant, "secret": tokens()}])
    secret = _secret(session, tenant) or ""
    last = session.number(select(func.max(_erased_at.position)))
    rows = [
        {
            "tenant": tenant,
            "digest": erasure_digest(secret, each.namespace, each.pseudonym),
            "from_ms": each.from_ms,
            "erased_ms": min(erased_ms, each.until_ms - 1),
            "position": position,
        }
        for position, each in enumerate(forgotten, start=last + 1)
    ]
    session.upsert(erased_identifiers, rows)


def erasures_after(session: ReadSession, tenant: str, position: int, limit: int) -> Erasures:
    """Return whom the cloud has forgotten, from after a position on, for gateways."""
    newest = session.number(select(func.max(_erased_at.position)).where(_erased_at.tenant == tenant))
    position = position if position <= newest else 0
    rows = session.rows(
        select(erased_identifiers)
        .where(_erased_at.tenant == tenant, _erased_at.position > position)
        .order_by(_erased_at.position)
        .limit(limit + 1)
    )
    return Erasures(
        secret=_secret(session, tenant),
        items=tuple(_erased(row) for row in rows[:limit]),
        next_after=rows[:limit][-1].position if rows else position,
        has_more=len(rows) > limit,
    )


def _erased(row: AnyRow) -> ErasedIdentifier:
    return ErasedIdentifier(digest=row.digest, from_ms=row.from_ms, until_ms=row.erased_ms)


def _secret(session: ReadSession, tenant: str) -> str | None:
    row = session.first(select(erasure_keys.c.secret).where(erasure_keys.c.tenant == tenant))
    return None if row is None else str(row.secret)
