"""When to try again, and when to stop. Pure: no clock, randomness or I/O."""

from hashlib import sha256
from http import HTTPStatus
from typing import Literal

from msgspec import Struct

Outcome = Literal["delivered", "pending", "dead", "gone"]

FIRST_DELAY_MS = 5_000
LONGEST_DELAY_MS = 24 * 3_600_000
_FACTOR = 5
_JITTER = 0.2


class Answer(Struct, frozen=True, kw_only=True):
    """What came of one attempt: an HTTP status, or the fault that kept it from having one."""

    status: int | None = None
    fault: str | None = None

    @property
    def is_gone(self) -> bool:
        """Return whether the receiver said that it is no more."""
        return self.status == HTTPStatus.GONE

    @property
    def is_taken(self) -> bool:
        """Return whether the receiver took the message: any status of 200 to 299."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


def outcome(answer: Answer, attempts: int, most_attempts: int) -> Outcome:
    """Return what becomes of a delivery.

    Args:
        answer: Of the last attempt.
        attempts: How many there have been, that one included.
        most_attempts: After how many a delivery is dead.
    """
    if answer.is_taken:
        return "delivered"
    if answer.is_gone:
        return "gone"
    return "dead" if attempts >= most_attempts else "pending"


def delay_ms(attempts: int, message: str) -> int:
    """Return how long to wait after so many attempts: 5 s, then five times as long each, a day at most.

    Up to a fifth is taken off, by the message, so that not all are tried again at one instant.
    """
    whole: int = min(FIRST_DELAY_MS * _FACTOR ** (attempts - 1), LONGEST_DELAY_MS)
    share = int.from_bytes(sha256(f"{message}/{attempts}".encode()).digest()[:4], "big") / 2**32
    return round(whole * (1 - _JITTER * share))


def after_attempt(answer: Answer, attempts: int, most_attempts: int, message: str, now_ms: int) -> dict[str, object]:
    """Return how a delivery stands after an attempt, as its columns hold it.

    Args:
        answer: Of that attempt.
        attempts: How many there have been, that one included.
        most_attempts: After how many a delivery is dead.
        message: What tells it from others.
        now_ms: When the attempt ended.
    """
    became = outcome(answer, attempts, most_attempts)
    return {
        "state": "dead" if became == "gone" else became,
        "attempts": attempts,
        "next_ms": now_ms + (delay_ms(attempts, message) if became == "pending" else 0),
        "status": answer.status,
        "fault": answer.fault,
    }
