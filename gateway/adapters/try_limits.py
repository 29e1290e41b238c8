"""Counts tries by who makes them, so that nobody can try many codes or passwords."""

import threading
from collections.abc import Callable

from gateway.core.devices.rate_limit import Bucket, RateRule, is_full, try_now

PER_ADDRESS = RateRule(tries=5, every_s=30.0)
ALTOGETHER = RateRule(tries=30, every_s=6.0)


class TryLimits:
    """Buckets of tries, one for each address and one for all together. Safe for several threads.

    Args:
        monotonic_s: A steady clock.
        per_address: What one address may.
        altogether: What all may.
    """

    def __init__(
        self,
        monotonic_s: Callable[[], float],
        per_address: RateRule = PER_ADDRESS,
        altogether: RateRule = ALTOGETHER,
    ) -> None:
        self._monotonic_s, self._per_address, self._altogether = monotonic_s, per_address, altogether
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}
        self._all: Bucket | None = None

    def is_allowed(self, address: str) -> bool:
        """Count a try, and return whether it may be made."""
        with self._lock:
            now_s = self._monotonic_s()
            self._buckets = {
                name: bucket for name, bucket in self._buckets.items() if not is_full(bucket, self._per_address, now_s)
            }
            self._buckets[address], may = try_now(self._buckets.get(address), self._per_address, now_s)
            if may:
                self._all, may = try_now(self._all, self._altogether, now_s)
            return may

    def forget(self, address: str) -> None:
        """Forget the tries of who has shown that it may."""
        with self._lock:
            self._buckets.pop(address, None)
