"""How many waiting events to send at once, and which: the newest, for live figures, beside the oldest. Pure."""

from msgspec import Struct
from msgspec.structs import replace

QUICK_S = 1.0
"""A batch that is answered within this time may grow."""
SLOW_S = 5.0
"""One that takes longer than this shrinks."""


class Pace(Struct, frozen=True, kw_only=True):
    """The size of batches: doubled while answers are quick, halved in trouble, so that any line finds its own.

    Attributes:
        events: Events in the next batch, at most.
        most: The most in any batch.
    """

    events: int
    most: int

    def answered(self, took_s: float) -> "Pace":
        """Return the pace after an answer that took so many seconds."""
        if took_s <= QUICK_S:
            return replace(self, events=min(self.most, self.events * 2))
        return self if took_s <= SLOW_S else self.troubled()

    def troubled(self) -> "Pace":
        """Return the pace after a batch that was too large, timed out or met a cloud in trouble."""
        return replace(self, events=max(1, self.events // 2))


def shares(events: int, live_share: float, turn: int) -> tuple[int, int]:
    """Return how many of the oldest and of the newest waiting events make a batch; neither starves the other.

    Args:
        events: Events in the batch, at least 1.
        live_share: The share of the newest, 0 to 1. From two events on, a batch has at least one of each kind.
        turn: Counts batches: a single event is one of the oldest and one of the newest in turn.
    """
    if events == 1:
        return (1, 0) if turn % 2 == 0 else (0, 1)
    newest = min(events - 1, max(1, round(events * live_share)))
    return events - newest, newest
