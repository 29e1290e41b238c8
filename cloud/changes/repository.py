"""SQL of the change feed."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select

from cloud.changes.schemas import ChangeBody
from cloud.changes.tables import changes
from cloud.db import AnyRow, ReadSession, WriteSession
from cloud.instants import write_instant
from cloud.projections.base import read_cursor
from cloud.tables import projection_cursors
from cloud.webhooks.tables import webhook_deliveries

FORGOTTEN = "changes forgotten"
"""The cursor up to which changes are no longer kept."""
_FORGETS = 1000


def changes_after(
    session: ReadSession, tenant: str, position: int, kinds: Collection[str], limit: int
) -> Sequence[AnyRow]:
    """Return changes after a position in order; of every kind where `kinds` is empty."""
    statement = select(changes).where(changes.c.tenant == tenant, changes.c.position > position)
    if kinds:
        statement = statement.where(changes.c.kind.in_(sorted(kinds)))
    return session.rows(statement.order_by(changes.c.position).limit(limit))


def newest_position(session: ReadSession) -> int:
    """Return the position of the newest change: from there on follows whatever is not in this transaction's view."""
    return max(session.number(select(func.max(changes.c.position))), read_cursor(session, FORGOTTEN))


def forget_before(session: WriteSession, before_ms: int) -> None:
    """Forget some of the changes that were published before a time, with their deliveries; remember up to which."""
    oldest = select(changes.c.position).where(changes.c.at_ms < before_ms).order_by(changes.c.position).limit(_FORGETS)
    positions = [row.position for row in session.rows(oldest)]
    if positions:
        session.execute(delete(changes).where(changes.c.position <= positions[-1]))
        session.execute(delete(webhook_deliveries).where(webhook_deliveries.c.position <= positions[-1]))
        session.upsert(projection_cursors, [{"name": FORGOTTEN, "position": positions[-1]}])


def show_change(row: AnyRow) -> ChangeBody:
    """Return a change as answers and webhooks write it."""
    return ChangeBody(
        id=f"chg_{row.position}", at=write_instant(row.at_ms), kind=row.kind, one_id=row.one_id, data=row.data
    )
