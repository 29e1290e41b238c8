"""SQL of who is told of alerts, and of what became of telling them."""

from collections.abc import Mapping, Sequence
from typing import Literal

from sqlalchemy import ColumnElement, and_, delete, func, select, update

from cloud.alerts.repository import rule_of
from cloud.alerts.tables import alert_channels, alert_deliveries, alerts
from cloud.db import AnyRow, ReadSession, WriteSession
from cloud.webhooks.listing import DeliveryPage

Told = Literal["opened", "resolved"]
_delivery = alert_deliveries.c


def list_channels(session: ReadSession, tenant: str) -> Sequence[AnyRow]:
    """Return a tenant's channels, the oldest first."""
    statement = select(alert_channels).where(alert_channels.c.tenant == tenant)
    return session.rows(statement.order_by(alert_channels.c.created_ms, alert_channels.c.id))


def find_channel(session: ReadSession, tenant: str, channel_id: str) -> AnyRow | None:
    """Return one channel, or None."""
    this = and_(alert_channels.c.tenant == tenant, alert_channels.c.id == channel_id)
    return session.first(select(alert_channels).where(this))


def remove_channel(session: WriteSession, tenant: str, channel_id: str) -> bool:
    """Forget a channel with its deliveries; return whether there was one."""
    session.execute(delete(alert_deliveries).where(_delivery.tenant == tenant, _delivery.channel_id == channel_id))
    this = and_(alert_channels.c.tenant == tenant, alert_channels.c.id == channel_id)
    return bool(session.execute(delete(alert_channels).where(this)))


def hand_to_channels(session: WriteSession, alert: AnyRow, what: Told, now_ms: int) -> list[str]:
    """Make deliveries of an alert, in the transaction that tells of it; return the names of the channels."""
    wanted = rule_of(alert).channels
    listening = [row for row in list_channels(session, alert.tenant) if row.id in wanted and row.disabled_ms is None]
    session.insert(
        alert_deliveries,
        [
            {
                "tenant": alert.tenant,
                "channel_id": channel.id,
                "alert_id": alert.id,
                "what": what,
                "state": "pending",
                "attempts": 0,
                "next_ms": now_ms,
            }
            for channel in listening
        ],
    )
    return [channel.name for channel in listening]


def has_due(session: ReadSession, now_ms: int) -> bool:
    """Return whether a delivery is due: who only looks holds no lock."""
    return session.first(select(_delivery.id).where(_is_due(now_ms)).limit(1)) is not None


def _is_due(now_ms: int) -> ColumnElement[bool]:
    return and_(_delivery.state == "pending", _delivery.next_ms <= now_ms)


def claim_due(session: WriteSession, now_ms: int, lease_ms: int, limit: int) -> Sequence[AnyRow]:
    """Return deliveries that are due with their channel and alert, put off by a lease so that nobody else takes them.

    Whoever dies with a lease leaves the delivery to be made again when it ends: at least once.
    """
    due = (
        select(_delivery.id)
        .where(_is_due(now_ms))
        .order_by(_delivery.next_ms, _delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = [row.id for row in session.rows(due)]
    session.execute(update(alert_deliveries).where(_delivery.id.in_(ids)).values(next_ms=now_ms + lease_ms))
    return session.rows(
        select(
            _delivery.id.label("delivery_id"),
            _delivery.channel_id,
            _delivery.what,
            _delivery.attempts,
            alert_channels.c.kind,
            alert_channels.c.target,
            alert_channels.c.secret,
            alert_channels.c.language,
            alerts,
        )
        .join(alert_channels, alert_channels.c.id == _delivery.channel_id)
        .join(alerts, alerts.c.id == _delivery.alert_id)
        .where(_delivery.id.in_(ids))
        .order_by(_delivery.id)
    )


def record_attempt(session: WriteSession, delivery_id: int, values: Mapping[str, object]) -> None:
    """Write down what came of an attempt."""
    session.execute(update(alert_deliveries).where(_delivery.id == delivery_id).values(**values))


def disable_channel(session: WriteSession, channel_id: str, now_ms: int) -> None:
    """Send nothing more to a channel: what waits for it is dead."""
    session.execute(update(alert_channels).where(alert_channels.c.id == channel_id).values(disabled_ms=now_ms))
    waiting = and_(_delivery.channel_id == channel_id, _delivery.state == "pending")
    session.execute(update(alert_deliveries).where(waiting).values(state="dead"))


def list_deliveries(
    session: ReadSession, tenant: str, of: ColumnElement[bool], asked: DeliveryPage
) -> Sequence[AnyRow]:
    """Return deliveries, the latest first, with the names of their channels."""
    theirs = (
        select(alert_deliveries, alert_channels.c.name.label("channel"))
        .join(alert_channels, alert_channels.c.id == _delivery.channel_id)
        .where(_delivery.tenant == tenant, of)
    )
    return asked.read(session, theirs, _delivery.state, _delivery.id)


def retry_delivery(session: WriteSession, tenant: str, channel_id: str, delivery_id: int, now_ms: int) -> bool:
    """Make a delivery due now, with all its attempts before it; return whether there is such a delivery."""
    this = and_(_delivery.tenant == tenant, _delivery.channel_id == channel_id, _delivery.id == delivery_id)
    values = {"state": "pending", "attempts": 0, "next_ms": now_ms}
    return bool(session.execute(update(alert_deliveries).where(this).values(values)))


def count_dead(session: ReadSession, tenant: str | None = None) -> int:
    """Return how many deliveries are dead, of a tenant or of all."""
    statement = select(func.count()).select_from(alert_deliveries).where(_delivery.state == "dead")
    return session.number(statement if tenant is None else statement.where(_delivery.tenant == tenant))
