"""Where people stood: one row an event, so a correction takes one out and nothing is counted twice."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Table

from cloud.db import WriteSession
from cloud.floor.tables import floor_heat
from cloud.projections.base import StoredEvent
from contracts.payloads import FloorHeat


class FloorProjection:
    """Keeps how long people stood in each square, by device and interval."""

    name = "floor"
    types: frozenset[str] | None = frozenset({FloorHeat.TYPE})
    tables: tuple[Table, ...] = (floor_heat,)

    def apply(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Add the events' rows."""
        session.insert_new(floor_heat, [_row(event) for event in events])


def _row(event: StoredEvent) -> dict[str, object]:
    heat = event.payload(FloorHeat)
    return {
        "tenant": event.tenant,
        "event_id": event.event_id,
        "store": event.store,
        "device": event.device,
        "start_ms": heat.interval_start_ms,
        "end_ms": heat.interval_end_ms,
        "cell_m": heat.cell_m,
        "cells": msgspec.to_builtins(heat.cells),
    }
