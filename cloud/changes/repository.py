"""SQL of the change feed."""

from collections.abc import Collection, Sequence

from sqlalchemy import select

from cloud.changes.schemas import ChangeBody
from cloud.changes.tables import changes
from cloud.db import AnyRow, ReadSession
from cloud.instants import write_instant


def changes_after(
    session: ReadSession, tenant: str, position: int, kinds: Collection[str], limit: int
) -> Sequence[AnyRow]:
    """Return changes after a position in order; of every kind where `kinds` is empty."""
    statement = select(changes).where(changes.c.tenant == tenant, changes.c.position > position)
    if kinds:
        statement = statement.where(changes.c.kind.in_(sorted(kinds)))
    return session.rows(statement.order_by(changes.c.position).limit(limit))


def show_change(row: AnyRow) -> ChangeBody:
    """Return a change as answers and webhooks write it."""
    return ChangeBody(
        id=f"chg_{row.position}", at=write_instant(row.at_ms), kind=row.kind, one_id=row.one_id, data=row.data
    )
