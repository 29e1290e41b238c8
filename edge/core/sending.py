"""Which rows of the outbox to publish when. Pure: a state and functions that return the next one.

At most `window` rows are on their way: published, but not yet acknowledged by the gateway. Where no acknowledgement
comes in time, everything that is not acknowledged is published again, each time after a longer wait. Duplicates are
harmless, since the gateway knows events by their ids.
"""

from msgspec import Struct
from msgspec.structs import replace


class SendPolicy(Struct, frozen=True, kw_only=True):
    """How eagerly to publish.

    Attributes:
        window: Rows on their way at once.
        first_resend_s: Wait for an acknowledgement before publishing again.
        longest_resend_s: The wait doubles with each try up to this.
    """

    window: int = 500
    first_resend_s: float = 2.0
    longest_resend_s: float = 60.0


class SendState(Struct, frozen=True, kw_only=True):
    """Where publishing stands. Numbers are sequence numbers; 0 is before the first row."""

    acknowledged_through: int
    sent_through: int
    tries: int = 0
    resend_at_s: float | None = None


def begin(acknowledged_through: int) -> SendState:
    """Return the state of a fresh connection: nothing is known to be on its way."""
    return SendState(acknowledged_through=acknowledged_through, sent_through=acknowledged_through)


def acknowledge(state: SendState, through: int, now_s: float, policy: SendPolicy) -> SendState:
    """Return the state after the gateway acknowledged everything up to `through`. An old acknowledgement is a no-op."""
    if through <= state.acknowledged_through:
        return state
    sent_through = max(state.sent_through, through)
    resend_at_s = now_s + policy.first_resend_s if sent_through > through else None
    return SendState(acknowledged_through=through, sent_through=sent_through, tries=0, resend_at_s=resend_at_s)


def next_rows(state: SendState, newest: int, now_s: float, policy: SendPolicy) -> tuple[SendState, range]:
    """Return the sequence numbers to publish now, and the state in which they are on their way.

    Args:
        state: Where publishing stands.
        newest: The highest sequence number in the outbox.
        now_s: A monotonic clock's seconds.
        policy: How eagerly to publish.
    """
    if state.resend_at_s is not None and now_s >= state.resend_at_s:
        state = replace(state, sent_through=state.acknowledged_through, tries=state.tries + 1, resend_at_s=None)
    last = min(newest, state.acknowledged_through + policy.window)
    if last <= state.sent_through:
        return state, range(0)
    rows = range(state.sent_through + 1, last + 1)
    resend_at_s = state.resend_at_s
    if resend_at_s is None:
        resend_at_s = now_s + min(policy.first_resend_s * 2.0**state.tries, policy.longest_resend_s)
    return replace(state, sent_through=last, resend_at_s=resend_at_s), rows
