"""How long to wait before trying again. Pure."""

from msgspec import Struct


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """Waits that grow with each failure.

    Attributes:
        first_s: Upper bound of the first wait.
        longest_s: Upper bound of every wait.
    """

    first_s: float = 0.5
    longest_s: float = 60.0


def wait_s(policy: RetryPolicy, failures: int, chance: float) -> float:
    """Return the seconds to wait after `failures` failures in a row.

    Exponential backoff with equal jitter: half of the bound is certain, the other half is left to chance, so that
    thousands of gateways do not return at once when the cloud does.

    Args:
        policy: The bounds.
        failures: Failures in a row, at least 1.
        chance: A random number from 0 to 1.

    Raises:
        ValueError: `failures` is below 1 or `chance` is not from 0 to 1.
    """
    if failures < 1 or not 0 <= chance <= 1:
        msg = f"expected failures >= 1 and chance from 0 to 1, got {failures} and {chance}"
        raise ValueError(msg)
    doublings = min(failures - 1, 62)
    bound_s = min(policy.longest_s, policy.first_s * 2.0**doublings)
    return bound_s / 2 * (1 + chance)
