"""How far the figures are behind the log."""

from msgspec import Struct
from sqlalchemy import select

from cloud.db import ReadSession
from cloud.ingest.repository import log_head
from cloud.projections.base import read_cursors
from cloud.projections.registry import PROJECTION_NAMES
from cloud.tables import event_log


class Lag(Struct, frozen=True):
    """How far one projection is behind: in positions of the log, and since when its oldest unread event has waited."""

    name: str
    positions: int
    seconds: float


def read_lags(session: ReadSession, now_ms: int) -> list[Lag]:
    """Return how far each projection is behind, in the order in which they run."""
    head = log_head(session)
    cursors = read_cursors(session, PROJECTION_NAMES)
    waited_s = {cursor: _waited_s(session, cursor, now_ms) for cursor in set(cursors.values())}
    return [Lag(name, head - cursors[name], waited_s[cursors[name]]) for name in PROJECTION_NAMES]


def _waited_s(session: ReadSession, cursor: int, now_ms: int) -> float:
    row = session.first(
        select(event_log.c.received_ms).where(event_log.c.position > cursor).order_by(event_log.c.position).limit(1)
    )
    return 0.0 if row is None else max(0.0, (now_ms - row.received_ms) / 1000)
