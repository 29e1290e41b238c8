"""Who was erased, known by a keyed hash alone: enough to recognize what comes back, too little to say who it was."""

import hmac
from collections.abc import Iterable
from hashlib import sha256

from msgspec import Struct
from sqlalchemy import select

from cloud.db import ReadSession, WriteSession, chunks
from cloud.erasure.tables import erased_identifiers, erasure_keys
from cloud.identity.holdings import Holding
from cloud.identity.statements import Identifier
from cloud.runtime import TokenSource


class Erased(Struct, frozen=True):
    """A time of which everything that happened is forgotten: both instants belong to it, Unix milliseconds."""

    from_ms: int
    until_ms: int


def erased_among(
    session: ReadSession, tenant: str, identifiers: Iterable[Identifier]
) -> dict[Identifier, list[Erased]]:
    """Return which of these identifiers were erased, and for which times."""
    secret = _secret(session, tenant)
    if secret is None:
        return {}
    by_digest = {digest_of(secret, each.namespace, each.pseudonym): each for each in identifiers}
    found: dict[Identifier, list[Erased]] = {}
    for part in chunks(sorted(by_digest)):
        rows = session.rows(
            select(erased_identifiers).where(
                erased_identifiers.c.tenant == tenant, erased_identifiers.c.digest.in_(part)
            )
        )
        for row in rows:
            found.setdefault(by_digest[row.digest], []).append(Erased(row.from_ms, row.erased_ms))
    return found


def is_erased(erased: Iterable[Erased] | None, at_ms: int) -> bool:
    """Return whether what happened or was said at a time is forgotten."""
    return any(each.from_ms <= max(at_ms, 0) <= each.until_ms for each in erased or ())


def bury(session: WriteSession, tenant: str, forgotten: Iterable[Holding], erased_ms: int, tokens: TokenSource) -> None:
    """Remember that these identifiers were erased for these times, as far as they have passed."""
    if _secret(session, tenant) is None:
        session.insert_new(erasure_keys, [{"tenant": tenant, "secret": tokens()}])
    secret = _secret(session, tenant) or ""
    rows = [
        {
            "tenant": tenant,
            "digest": digest_of(secret, each.namespace, each.pseudonym),
            "from_ms": each.from_ms,
            "erased_ms": min(erased_ms, each.until_ms - 1),
        }
        for each in forgotten
    ]
    session.upsert(erased_identifiers, rows)


def _secret(session: ReadSession, tenant: str) -> str | None:
    row = session.first(select(erasure_keys.c.secret).where(erasure_keys.c.tenant == tenant))
    return None if row is None else str(row.secret)


def digest_of(secret: str, namespace: str, pseudonym: str) -> str:
    """Return the keyed hash by which an identifier is known to be erased."""
    return hmac.new(secret.encode(), f"{namespace}\0{pseudonym}".encode(), sha256).hexdigest()
