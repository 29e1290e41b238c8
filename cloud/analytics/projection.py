"""Takes in waits, and queues the hours of what was declared wrong."""

from collections.abc import Sequence

from sqlalchemy import Table

from cloud.analytics.queue import enqueue_corrected, enqueue_spans
from cloud.analytics.tables import queue_waits
from cloud.db import WriteSession
from cloud.projections.base import StoredEvent, by_tenant
from contracts.payloads import Correction, QueueWait


class AnalyticsProjection:
    """Keeps waits, one row an event; the rollups themselves follow from queues (`cloud.analytics.follower`)."""

    name = "analytics"
    types: frozenset[str] | None = frozenset({QueueWait.TYPE, Correction.TYPE})
    tables: tuple[Table, ...] = (queue_waits,)

    def apply(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Add waits, then queue their hours and those of corrected events."""
        for tenant, group in by_tenant(events).items():
            rows = [_wait_row(event) for event in group if event.event_type == QueueWait.TYPE]
            session.insert_new(queue_waits, rows)
            enqueue_spans(
                session, tenant, [(str(row["store"]), int(row["joined_ms"]), int(row["joined_ms"])) for row in rows]
            )
            corrected = [
                event_id
                for event in group
                if event.event_type == Correction.TYPE
                for event_id in event.payload(Correction).corrects
            ]
            enqueue_corrected(session, tenant, corrected)


def _wait_row(event: StoredEvent) -> dict[str, str | int]:
    wait = event.payload(QueueWait)
    return {
        "tenant": event.tenant,
        "event_id": event.event_id,
        "store": event.store,
        "device": event.device,
        "zone_id": wait.zone_id,
        "joined_ms": wait.joined_ms,
        "left_ms": wait.left_ms,
        "outcome": wait.outcome,
    }
