"""How often one client asks for one code. Kept in memory, by keyed hash, for a minute; no address is stored."""

from collections import deque
from hashlib import blake2b
from threading import Lock

WINDOW_MS = 60_000
_MOST_REMEMBERED = 50_000


class RateLimits:
    """Counts what happened within the last minute, by whatever names it.

    Args:
        key: Secret bytes, at most 64, drawn anew by each process: without them no hash leads back to an address.
        limit: How often a minute is allowed.
    """

    def __init__(self, key: bytes, limit: int) -> None:
        self._key, self._limit = key, limit
        self._seen: dict[bytes, int] = {}
        self._order: deque[tuple[int, bytes]] = deque()
        self._lock = Lock()

    def allow(self, now_ms: int, *names: str) -> bool:
        """Count one more and return whether the limit still allows it. What is not allowed is not counted."""
        digest = blake2b("\0".join(names).encode("utf-8", "replace"), key=self._key, digest_size=16).digest()
        with self._lock:
            self._forget(now_ms)
            count = self._seen.get(digest, 0)
            if count >= self._limit:
                return False
            self._seen[digest] = count + 1
            self._order.append((now_ms, digest))
            return True

    def _forget(self, now_ms: int) -> None:
        while self._order and (self._order[0][0] <= now_ms - WINDOW_MS or len(self._order) > _MOST_REMEMBERED):
            _, digest = self._order.popleft()
            self._seen[digest] -= 1
            if not self._seen[digest]:
                del self._seen[digest]
