"""How long to wait before trying again. Pure."""

from msgspec import Struct

_MOST_DOUBLINGS = 62


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """Waits that grow with each failure.

    Attributes:
        first_s: Upper bound of the first wait.
        longest_s: Upper bound of every wait that nobody asked for.
        longest_asked_s: Upper bound of a wait that the cloud asks for.
    """

    first_s: float = 0.5
    longest_s: float = 60.0
    longest_asked_s: float = 3600.0


def wait_s(policy: RetryPolicy, failures: int, chance: float, asked_s: float = 0.0) -> float:
    """Return the seconds to wait after `failures` failures in a row.

    Exponential backoff with full jitter, so that thousands of gateways do not return at once when the cloud does
    (M. Brooker, "Exponential Backoff and Jitter", 2015). Where the cloud asks for a wait (Retry-After, RFC 9110,
    section 10.2.3), the jitter comes on top of it.

    Args:
        policy: The bounds.
        failures: Failures in a row, at least 1.
        chance: A random number from 0 to 1.
        asked_s: The wait that the cloud asks for, 0 for none.

    Raises:
        ValueError: `failures` is below 1, `chance` is not from 0 to 1, or `asked_s` is negative.
    """
    if failures < 1 or not 0 <= chance <= 1 or asked_s < 0:
        msg = f"expected failures >= 1, chance from 0 to 1 and asked_s >= 0, got {failures}, {chance} and {asked_s}"
        raise ValueError(msg)
    bound_s = min(policy.longest_s, policy.first_s * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
    return min(asked_s, policy.longest_asked_s) + bound_s * chance
