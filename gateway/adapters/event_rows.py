"""What the event store is asked for visits, and what its rows are called outside."""

from msgspec import Struct

from contracts.events import Source
from gateway.adapters.event_schema import SPAN_BITS

_SINCE = f"""
FROM event_span CROSS JOIN event
ON event.position BETWEEN max(event_span.span << {SPAN_BITS}, :after + 1) AND ((event_span.span + 1) << {SPAN_BITS}) - 1
WHERE event_span.span >= :after >> {SPAN_BITS} AND event_span.latest_ms >= :since_ms AND event.received_ms >= :since_ms
"""


def _about(*kinds: str) -> str:
    return " OR ".join(f"instr(event.body, CAST('org.shopthread.{kind}.' AS BLOB)) > 0" for kind in kinds)


def rows_about(*kinds: str) -> str:
    """Return the statement that selects position and body of events in order; others cost it no time.

    Args:
        kinds: How their types begin. The statement's parameters: `after`, a position, and `since_ms`, when they came.
    """
    in_order = "ORDER BY event_span.span, event.position"
    return f"SELECT event.position, event.body {_SINCE} AND ({_about(*kinds)}) {in_order}"


VISIT_ROWS = rows_about("visit", "staff")
"""What visits follow from, and visits as told."""

HAS_CARDS = f"SELECT EXISTS (SELECT 1 {_SINCE} AND ({_about('staff')}))"
"""Whether any staff card was shown."""


CLOUD_REFUSED = "cloud_refused"
"""The reason of a dead letter that the cloud refuses."""
UNFIT = "unfit_for_uplink"
"""The reason of a dead letter that must not leave the store, or cannot be read any more."""


class Held(Struct, frozen=True):
    """What to acknowledge to a device: everything of `epoch` up to `through` is on disk."""

    source: Source
    epoch: str
    through: int


class Refusal(Struct, frozen=True):
    """Why the cloud refuses an event."""

    reason: str
    detail: str


class WaitingEvent(Struct, frozen=True):
    """An event that the cloud has not confirmed."""

    position: int
    source: str
    body: bytes


class SourceTally(Struct, frozen=True):
    """One device's events, counted.

    Attributes:
        source: The device.
        received: Distinct events taken in.
        duplicate: Repetitions dropped.
        uploaded: Events that the cloud confirmed.
        refused: Events that the cloud refused.
        thinned: Events deleted unsent because the disk filled.
        limited: Messages not taken in, nor acknowledged, because the device sent too many at once.
    """

    source: str
    received: int
    duplicate: int
    uploaded: int
    refused: int
    thinned: int = 0
    limited: int = 0

    @property
    def waiting(self) -> int:
        """Return how many events the cloud has not answered yet."""
        return self.received - self.uploaded - self.refused - self.thinned


class DeadLetter(Struct, frozen=True):
    """A message that could not be accepted, with its bytes."""

    id: int
    received_ms: int
    origin: str
    reason: str
    detail: str
    body: bytes


class DeviceRow(Struct, frozen=True):
    """A device's presence."""

    source: str
    kind: str
    online: bool
    software_version: str
    since_ms: int
