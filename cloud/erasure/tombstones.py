"""Who was erased, known by a keyed hash alone: enough to recognize what comes back, too little to say who it was."""

import hmac
from collections.abc import Iterable, Mapping
from hashlib import sha256

from sqlalchemy import select

from cloud.db import ReadSession, WriteSession, chunks
from cloud.erasure.tables import erased_identifiers, erasure_keys
from cloud.identity.resolve import Identifier
from cloud.runtime import TokenSource


def erased_among(session: ReadSession, tenant: str, identifiers: Iterable[Identifier]) -> dict[Identifier, int]:
    """Return which of these identifiers were erased, with the instant up to which: Unix milliseconds."""
    secret = _secret(session, tenant)
    if secret is None:
        return {}
    by_digest = {_digest(secret, identifier): identifier for identifier in identifiers}
    found: dict[Identifier, int] = {}
    for part in chunks(sorted(by_digest)):
        rows = session.rows(
            select(erased_identifiers.c.digest, erased_identifiers.c.erased_ms).where(
                erased_identifiers.c.tenant == tenant, erased_identifiers.c.digest.in_(part)
            )
        )
        found.update({by_digest[row.digest]: row.erased_ms for row in rows})
    return found


def is_after(row: Mapping[str, object], erased_ms: int | None) -> bool:
    """Return whether what was said at `at_ms` may be recorded: nobody was erased, or it was said after that."""
    return erased_ms is None or int(str(row["at_ms"])) > erased_ms


def bury(
    session: WriteSession, tenant: str, identifiers: Iterable[Identifier], erased_ms: int, tokens: TokenSource
) -> None:
    """Remember that these identifiers were erased."""
    if _secret(session, tenant) is None:
        session.insert_new(erasure_keys, [{"tenant": tenant, "secret": tokens()}])
    secret = _secret(session, tenant) or ""
    rows = [{"tenant": tenant, "digest": _digest(secret, each), "erased_ms": erased_ms} for each in identifiers]
    session.upsert(erased_identifiers, rows)


def _secret(session: ReadSession, tenant: str) -> str | None:
    row = session.first(select(erasure_keys.c.secret).where(erasure_keys.c.tenant == tenant))
    return None if row is None else str(row.secret)


def _digest(secret: str, identifier: Identifier) -> str:
    text = "\0".join((identifier.namespace, identifier.pseudonym))
    return hmac.new(secret.encode(), text.encode(), sha256).hexdigest()
