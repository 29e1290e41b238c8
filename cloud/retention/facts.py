"""Which rows stay when the event that they were made from is taken out of the log."""

from sqlalchemy import ColumnElement, Table, exists, select

from cloud.analytics.tables import queue_waits
from cloud.db import ReadSession
from cloud.floor.tables import floor_heat
from cloud.retention.tables import retired_counts
from cloud.tables import coverage_intervals, crossings, device_health, event_log, occupancy_samples
from contracts.operations import DeviceHealth
from contracts.payloads import Coverage, FloorHeat, FootfallCrossing, QueueWait, ZoneOccupancy

FACTS: dict[str, Table] = {
    FootfallCrossing.TYPE: crossings,
    Coverage.TYPE: coverage_intervals,
    ZoneOccupancy.TYPE: occupancy_samples,
    FloorHeat.TYPE: floor_heat,
    QueueWait.TYPE: queue_waits,
    DeviceHealth.TYPE: device_health,
}
"""By type of event, the table that holds everything derived from one event in one row, under the event's id."""


def has_retired(session: ReadSession) -> bool:
    """Return whether any event was ever taken out of the log."""
    return session.first(select(retired_counts.c.type).limit(1)) is not None


def is_in_log(table: Table) -> ColumnElement[bool]:
    """Return the condition that the log holds the event behind a row."""
    return exists().where(event_log.c.tenant == table.c.tenant, event_log.c.event_id == table.c.event_id)
