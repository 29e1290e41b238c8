"""Rules of API keys: random, shown once, kept as a hash, bound to one tenant and to scopes."""

import hmac
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Literal, get_args

from cloud.db import Database, ReadSession
from cloud.keys.repository import StoredKey, add_key, add_session, end_session, find_key, find_session_key, revoke_key
from cloud.keys.sealing import NONCE_BYTES, seal, unseal
from cloud.runtime import Clock, TokenSource
from contracts.ids import deterministic_id
from contracts.topics import check_name

Scope = Literal["ingest", "read", "members", "alerts", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
KEY_PREFIX = "stk_"
KEY_MEMORY_MS = 1000
"""How long a key that was found is taken for found: so long a key that another process revoked may still open."""
_MOST_REMEMBERED = 1000
_MS = 1000


class ScopeError(ValueError):
    """A scope that there is not."""


class NewKey:
    """A key just made; `secret` is shown now and never again."""

    def __init__(self, key_id: str, secret: str) -> None:
        self.key_id = key_id
        self.secret = secret


def digest_of(secret: str) -> str:
    """Return the hash under which a secret is kept. Secrets carry 256 random bits, so no salt or stretching is due."""
    return sha256(secret.encode()).hexdigest()


def check_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Return the scopes, known to exist.

    Raises:
        ScopeError: One does not, or there is none.
    """
    found = frozenset(scopes)
    unknown = sorted(found - set(SCOPES))
    if unknown or not found:
        msg = f"scopes must be some of {', '.join(SCOPES)}, got {', '.join(unknown) or 'none'}"
        raise ScopeError(msg)
    return found


class KeyService:
    """Makes, finds and ends keys and browser sessions."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        tokens: TokenSource,
        session_lifetime_s: float,
        service_key: Callable[[], bytes],
    ) -> None:
        self._service_key = service_key
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._session_lifetime_ms = round(session_lifetime_s * _MS)
        self._recent: dict[str, tuple[StoredKey, int]] = {}

    def fresh_token(self) -> str:
        """Return 256 random bits as text, for whatever else needs a secret."""
        return self._tokens()

    def seal(self, secret: str, owner: str) -> str:
        """Return a secret as the database keeps it: it opens under the service's key and for its owner alone.

        Raises:
            ConfigError: The service's key cannot be read or made.
        """
        return seal(self._service_key(), secret.encode(), owner, sha256(self._tokens().encode()).digest()[:NONCE_BYTES])

    def unseal(self, sealed: str, owner: str) -> str:
        """Return a secret that `seal` kept.

        Raises:
            SealError: It was kept under another key, for something else, or is damaged.
            ConfigError: The service's key cannot be read or made.
        """
        return unseal(self._service_key(), sealed, owner).decode()

    def create(self, tenant: str, scopes: Iterable[str]) -> NewKey:
        """Make a key for a tenant.

        Raises:
            ScopeError: A scope does not exist.
            TopicError: The tenant's name is not 1 to 64 of a-z, 0-9 and '-'.
        """
        check_name("tenant", tenant)
        secret = KEY_PREFIX + self._tokens()
        now_ms = self._clock()
        digest = digest_of(secret)
        key = StoredKey(deterministic_id(now_ms, "key", digest), tenant, digest, check_scopes(scopes))
        with self._database.write() as session:
            add_key(session, key, now_ms)
        return NewKey(key.key_id, secret)

    def revoke(self, tenant: str, key_id: str) -> bool:
        """End a key; return whether there was one. Other processes know within `KEY_MEMORY_MS`."""
        self._recent.clear()
        with self._database.write() as session:
            return revoke_key(session, tenant, key_id, self._clock())

    def by_secret(self, secret: str) -> StoredKey | None:
        """Return the key that `secret` opens, or None. A gateway in a hurry does not cost a look-up each request."""
        known = self.remembered(secret)
        if known is not None:
            return known
        digest = digest_of(secret)
        now_ms = self._clock()
        with self._database.read() as session:
            key = _same(find_key(session, digest), digest)
        if key is not None:
            if len(self._recent) >= _MOST_REMEMBERED:
                self._recent.clear()
            self._recent[digest] = (key, now_ms)
        return key

    def remembered(self, secret: str) -> StoredKey | None:
        """Return the key that `secret` opens if it was found a moment ago, else None; the database is not asked."""
        digest = digest_of(secret)
        known = self._recent.get(digest)
        if known is None or not 0 <= self._clock() - known[1] < KEY_MEMORY_MS:
            return None
        return _same(known[0], digest)

    def by_session(self, token: str) -> StoredKey | None:
        """Return the key behind a browser session, or None."""
        digest = digest_of(token)
        with self._database.read() as session:
            return _same(self._session_key(session, digest), digest)

    def sign_in(self, key: StoredKey) -> str:
        """Open a browser session for a key and return its token, which is no key and expires."""
        token = self._tokens()
        now_ms = self._clock()
        with self._database.write() as session:
            add_session(session, digest_of(token), key.key_id, now_ms + self._session_lifetime_ms, now_ms)
        return token

    def sign_out(self, token: str) -> None:
        """Close a browser session."""
        with self._database.write() as session:
            end_session(session, digest_of(token))

    def _session_key(self, session: ReadSession, digest: str) -> StoredKey | None:
        return find_session_key(session, digest, self._clock())


def _same(key: StoredKey | None, digest: str) -> StoredKey | None:
    """Return the key if its hash is `digest`, compared in constant time."""
    return key if key is not None and hmac.compare_digest(key.digest, digest) else None
