"""SQL of API keys and browser sessions."""

from sqlalchemy import delete, select, update

from cloud.db import ReadSession, WriteSession
from cloud.tables import api_keys, sessions


class StoredKey:
    """A key as the database knows it: never the key itself."""

    def __init__(self, key_id: str, tenant: str, digest: str, scopes: frozenset[str]) -> None:
        self.key_id = key_id
        self.tenant = tenant
        self.digest = digest
        self.scopes = scopes


def find_key(session: ReadSession, digest: str) -> StoredKey | None:
    """Return the unrevoked key whose hash is `digest`."""
    row = session.first(select(api_keys).where(api_keys.c.digest == digest, api_keys.c.revoked_ms.is_(None)))
    return None if row is None else StoredKey(row.id, row.tenant, row.digest, frozenset(row.scopes.split()))


def find_session_key(session: ReadSession, digest: str, now_ms: int) -> StoredKey | None:
    """Return the unrevoked key behind the unexpired browser session whose hash is `digest`."""
    row = session.first(
        select(api_keys, sessions.c.digest.label("session_digest"))
        .join(sessions, sessions.c.key_id == api_keys.c.id)
        .where(sessions.c.digest == digest, sessions.c.expires_ms > now_ms, api_keys.c.revoked_ms.is_(None))
    )
    return None if row is None else StoredKey(row.id, row.tenant, row.session_digest, frozenset(row.scopes.split()))


def add_key(session: WriteSession, key: StoredKey, now_ms: int) -> None:
    """Keep a new key's hash."""
    scopes = " ".join(sorted(key.scopes))
    row = {"id": key.key_id, "tenant": key.tenant, "digest": key.digest, "scopes": scopes, "created_ms": now_ms}
    session.insert(api_keys, [row])


def revoke_key(session: WriteSession, tenant: str, key_id: str, now_ms: int) -> bool:
    """End a key and its browser sessions; return whether there was one to end."""
    statement = update(api_keys).where(
        api_keys.c.tenant == tenant, api_keys.c.id == key_id, api_keys.c.revoked_ms.is_(None)
    )
    ended = session.execute(statement.values(revoked_ms=now_ms))
    if ended:
        session.execute(delete(sessions).where(sessions.c.key_id == key_id))
    return ended > 0


def add_session(session: WriteSession, digest: str, key_id: str, expires_ms: int, now_ms: int) -> None:
    """Keep a new browser session's hash and forget the expired ones."""
    session.execute(delete(sessions).where(sessions.c.expires_ms <= now_ms))
    session.insert(sessions, [{"digest": digest, "key_id": key_id, "expires_ms": expires_ms}])


def end_session(session: WriteSession, digest: str) -> None:
    """Forget a browser session."""
    session.execute(delete(sessions).where(sessions.c.digest == digest))
