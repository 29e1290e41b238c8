"""How often somebody may try: a token bucket. Pure."""

from msgspec import Struct


class RateRule(Struct, frozen=True):
    """So many tries at once, then one more every `every_s` seconds."""

    tries: int
    every_s: float


class Bucket(Struct, frozen=True):
    """Tries that are left, as of a time of a steady clock, seconds."""

    left: float
    at_s: float


def try_now(bucket: Bucket | None, rule: RateRule, now_s: float) -> tuple[Bucket, bool]:
    """Return what is left after a try, and whether it is allowed.

    Args:
        bucket: What was left, None: nobody tried yet.
        rule: What is allowed.
        now_s: A steady clock.
    """
    left = float(rule.tries) if bucket is None else bucket.left + max(0.0, now_s - bucket.at_s) / rule.every_s
    left = min(left, float(rule.tries))
    if left < 1:
        return Bucket(left, now_s), False
    return Bucket(left - 1, now_s), True


def is_full(bucket: Bucket, rule: RateRule, now_s: float) -> bool:
    """Return whether a bucket is as good as none and can be forgotten."""
    return bucket.left + max(0.0, now_s - bucket.at_s) / rule.every_s >= rule.tries
