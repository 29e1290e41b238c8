"""Which events some correction declared wrong. It runs before every other projection, which all read its table."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, FromClause, Table, exists

from cloud.db import WriteSession
from cloud.projections.base import StoredEvent
from cloud.tables import corrected_events
from contracts.payloads import Correction


class CorrectionsProjection:
    """Keeps, by event, the corrections that name it; the event itself may come later."""

    name = "corrections"
    types: frozenset[str] | None = frozenset({Correction.TYPE})
    tables: tuple[Table, ...] = (corrected_events,)

    def apply(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Note each corrected event."""
        rows = []
        for event in events:
            correction = event.payload(Correction)
            rows += [
                {
                    "tenant": event.tenant,
                    "event_id": corrected,
                    "correction_id": event.event_id,
                    "reason": correction.reason,
                }
                for corrected in correction.corrects
            ]
        session.insert_new(corrected_events, rows)


def stands(table: FromClause, event_id: str = "event_id") -> ColumnElement[bool]:
    """Return the condition that the event behind a row was not corrected."""
    return ~exists().where(
        corrected_events.c.tenant == table.c.tenant, corrected_events.c.event_id == table.c[event_id]
    )
