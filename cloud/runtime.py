"""What the composition root hands in: the clock and the source of secrets."""

from collections.abc import Callable

Clock = Callable[[], int]
"""Returns the current instant in Unix milliseconds, UTC."""

TokenSource = Callable[[], str]
"""Returns a fresh, unguessable token of at least 256 random bits as URL-safe text."""

Wake = Callable[[], None]
"""Tells the projections that there is something new to read."""

FailureReport = Callable[[], str | None]
"""Returns why the projections stand still, None where they do not."""
