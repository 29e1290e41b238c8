"""An alert's life: it opens once after its condition has held for a while, and ends once after it has not. Pure."""

from typing import Literal, NamedTuple

from msgspec import Struct

Phase = Literal["clear", "holding", "open", "clearing"]
Change = Literal["opened", "resolved"]
_MS = 1000


class Standing(Struct, frozen=True):
    """Where one rule stands with one subject, and since when."""

    phase: Phase = "clear"
    since_ms: int = 0

    @property
    def is_open(self) -> bool:
        """Return whether there is an alert."""
        return self.phase in {"open", "clearing"}


CLEAR = Standing()


class Step(NamedTuple):
    """Where a rule stands now, and what changed for people."""

    standing: Standing
    change: Change | None


def step(standing: Standing, now_ms: int, *, holds: bool | None, hold_s: float, clear_s: float) -> Step:
    """Take one verdict in.

    What is unknown ends a hold that was under way, since nobody saw it hold throughout, and ends no alert. So between
    two openings lie at least `clear_s` and `hold_s`, however a value flutters about its limit.

    Args:
        standing: Before.
        now_ms: Unix milliseconds; not before the last time.
        holds: Whether the condition holds; None: unknown.
        hold_s: How long it must hold for an alert to open.
        clear_s: How long it must not hold for an alert to end.
    """
    if not standing.is_open:
        return _while_clear(standing, now_ms, round(hold_s * _MS), holds=holds)
    return _while_open(standing, now_ms, round(clear_s * _MS), holds=holds)


def _while_clear(standing: Standing, now_ms: int, hold_ms: int, *, holds: bool | None) -> Step:
    if not holds:
        return Step(CLEAR, None)
    since_ms = standing.since_ms if standing.phase == "holding" else now_ms
    if now_ms - since_ms >= hold_ms:
        return Step(Standing("open", now_ms), "opened")
    return Step(Standing("holding", since_ms), None)


def _while_open(standing: Standing, now_ms: int, clear_ms: int, *, holds: bool | None) -> Step:
    if holds is not False:
        return Step(standing if standing.phase == "open" else Standing("open", now_ms), None)
    since_ms = standing.since_ms if standing.phase == "clearing" else now_ms
    if now_ms - since_ms >= clear_ms:
        return Step(CLEAR, "resolved")
    return Step(Standing("clearing", since_ms), None)
