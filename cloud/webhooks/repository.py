"""SQL of webhooks and their deliveries."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, select, update

from cloud.changes.tables import changes
from cloud.db import AnyRow, ReadSession, WriteSession
from cloud.webhooks.listing import DeliveryPage
from cloud.webhooks.tables import webhook_deliveries, webhooks

_delivery = webhook_deliveries.c


def list_webhooks(session: ReadSession, tenant: str) -> Sequence[AnyRow]:
    """Return a tenant's webhooks, the oldest first."""
    statement = select(webhooks).where(webhooks.c.tenant == tenant)
    return session.rows(statement.order_by(webhooks.c.created_ms, webhooks.c.id))


def find_webhook(session: ReadSession, tenant: str, webhook_id: str) -> AnyRow | None:
    """Return one webhook, or None."""
    return session.first(select(webhooks).where(webhooks.c.tenant == tenant, webhooks.c.id == webhook_id))


def remove_webhook(session: WriteSession, tenant: str, webhook_id: str) -> bool:
    """Forget a webhook with its deliveries; return whether there was one."""
    session.execute(delete(webhook_deliveries).where(_delivery.tenant == tenant, _delivery.webhook_id == webhook_id))
    return bool(session.execute(delete(webhooks).where(webhooks.c.tenant == tenant, webhooks.c.id == webhook_id)))


def hand_to_webhooks(session: WriteSession, tenant: str, after: int, now_ms: int) -> None:
    """Make deliveries of the changes after a position, in the transaction that publishes them."""
    listening = [row for row in list_webhooks(session, tenant) if row.disabled_ms is None]
    if not listening:
        return
    published = session.rows(
        select(changes.c.position, changes.c.kind).where(changes.c.tenant == tenant, changes.c.position > after)
    )
    session.insert(
        webhook_deliveries,
        [
            {
                "webhook_id": webhook.id,
                "position": change.position,
                "tenant": tenant,
                "state": "pending",
                "attempts": 0,
                "next_ms": now_ms,
            }
            for webhook in listening
            for change in published
            if not webhook.kinds or change.kind in webhook.kinds
        ],
    )


def has_due(session: ReadSession, now_ms: int) -> bool:
    """Return whether a delivery is due: who only looks holds no lock."""
    due = select(_delivery.position).where(_delivery.state == "pending", _delivery.next_ms <= now_ms)
    return session.first(due.limit(1)) is not None


def claim_due(session: WriteSession, now_ms: int, lease_ms: int, limit: int) -> Sequence[AnyRow]:
    """Return deliveries that are due with their webhook and change, put off by a lease so that nobody else takes them.

    Whoever dies with a lease leaves the delivery to be made again when it ends: at least once.
    """
    due = (
        select(_delivery.webhook_id, _delivery.position)
        .where(_delivery.state == "pending", _delivery.next_ms <= now_ms)
        .order_by(_delivery.next_ms, _delivery.webhook_id, _delivery.position)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = []
    for row in session.rows(due):
        this = _this(row.webhook_id, row.position)
        session.execute(update(webhook_deliveries).where(this).values(next_ms=now_ms + lease_ms))
        found = session.first(
            select(
                _delivery.webhook_id,
                _delivery.attempts,
                webhooks.c.url,
                webhooks.c.secret,
                changes,
            )
            .join(webhooks, webhooks.c.id == _delivery.webhook_id)
            .join(changes, changes.c.position == _delivery.position)
            .where(this)
        )
        if found is None:
            session.execute(delete(webhook_deliveries).where(this))
        else:
            claimed.append(found)
    return claimed


def record_attempt(session: WriteSession, webhook_id: str, position: int, values: dict[str, object]) -> None:
    """Write down what came of an attempt."""
    session.execute(update(webhook_deliveries).where(_this(webhook_id, position)).values(values))


def disable(session: WriteSession, webhook_id: str, now_ms: int) -> None:
    """Send nothing more to a webhook: what waits for it is dead."""
    session.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(disabled_ms=now_ms))
    waiting = and_(_delivery.webhook_id == webhook_id, _delivery.state == "pending")
    session.execute(update(webhook_deliveries).where(waiting).values(state="dead"))


def list_deliveries(session: ReadSession, tenant: str, webhook_id: str, asked: DeliveryPage) -> Sequence[AnyRow]:
    """Return deliveries, that of the latest change first."""
    theirs = select(webhook_deliveries).where(_delivery.tenant == tenant, _delivery.webhook_id == webhook_id)
    return asked.read(session, theirs, _delivery.state, _delivery.position)


def retry_delivery(session: WriteSession, tenant: str, webhook_id: str, position: int, now_ms: int) -> bool:
    """Make a delivery due now, with all its attempts before it; return whether there is such a delivery."""
    this = and_(_delivery.tenant == tenant, _this(webhook_id, position))
    values = {"state": "pending", "attempts": 0, "next_ms": now_ms}
    return bool(session.execute(update(webhook_deliveries).where(this).values(values)))


def _this(webhook_id: str, position: int) -> ColumnElement[bool]:
    return and_(_delivery.webhook_id == webhook_id, _delivery.position == position)
