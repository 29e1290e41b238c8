"""Records beside the log that go when they are old: alerts that ended, and what became of telling of anything."""

from msgspec import Struct
from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, select, tuple_

from cloud.alerts.tables import alert_deliveries, alert_log, alerts
from cloud.db import ReadSession, WriteSession
from cloud.webhooks.tables import webhook_deliveries

WINDOW = 500
"""How many records one transaction takes."""


class Records(Struct, frozen=True):
    """Records of one kind in one table."""

    table: Table
    moment: ColumnElement[int]
    """When they ended, or were last tried: what a policy's days count from."""
    may_go: ColumnElement[bool]
    children: tuple[Table, ...] = ()
    """Tables whose rows belong to these, by `alert_id`."""

    def measure(self, session: ReadSession, before_ms: int) -> tuple[int, int, int]:
        """Return how many would go, and the first and the last moment of them; zeros where none would."""
        found = session.first(
            select(func.count(), func.min(self.moment), func.max(self.moment)).where(self._is_old(before_ms))
        )
        return (0, 0, 0) if found is None or not found[0] else (int(found[0]), int(found[1]), int(found[2]))

    def take(self, session: WriteSession, before_ms: int) -> int:
        """Delete some with all that belongs to them; return how many."""
        key = tuple(self.table.primary_key)
        some = select(*key).where(self._is_old(before_ms)).order_by(*key).limit(WINDOW)
        taken = [tuple(row) for row in session.rows(some)]
        if taken:
            for child in self.children:
                session.execute(delete(child).where(child.c.alert_id.in_([each[0] for each in taken])))
            session.execute(delete(self.table).where(tuple_(*key).in_(taken)))
        return len(taken)

    def _is_old(self, before_ms: int) -> ColumnElement[bool]:
        return and_(self.moment < before_ms, self.may_go)


def _told(deliveries: Table) -> Records:
    """Return deliveries that will not be tried again."""
    return Records(deliveries, deliveries.c.next_ms, deliveries.c.state.in_(("delivered", "dead")))


_pending = exists().where(alert_deliveries.c.alert_id == alerts.c.id, alert_deliveries.c.state == "pending")
_ended = and_(alerts.c.resolved_ms.is_not(None), ~_pending)

RECORDS: dict[str, tuple[Records, ...]] = {
    "alert": (Records(alerts, alerts.c.resolved_ms, _ended, (alert_log, alert_deliveries)),),
    "delivery": (_told(alert_deliveries), _told(webhook_deliveries)),
}
"""By the name that a policy gives them."""
