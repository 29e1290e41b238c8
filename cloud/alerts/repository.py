"""SQL of rules, standings, alerts and their log."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, and_, delete, func, select, update

from cloud.alerts.lifecycle import Standing
from cloud.alerts.rules import AlertRule
from cloud.alerts.tables import alert_log, alert_rules, alert_standings, alerts
from cloud.db import AnyRow, ReadSession, WriteSession

State = Literal["active", "open", "acknowledged", "resolved"]
What = Literal["opened", "told", "acknowledged", "resolved", "resolution_told"]
StandingKey = tuple[str, str]
"""A rule's id and a subject's key."""

_ACTIVE = alerts.c.resolved_ms.is_(None)
_STATES: Mapping[State, ColumnElement[bool]] = {
    "active": _ACTIVE,
    "open": and_(_ACTIVE, alerts.c.acknowledged_ms.is_(None)),
    "acknowledged": and_(_ACTIVE, alerts.c.acknowledged_ms.is_not(None)),
    "resolved": alerts.c.resolved_ms.is_not(None),
}


def rule_of(row: AnyRow) -> AlertRule:
    """Return the rule that a row holds."""
    return msgspec.convert(row.rule, AlertRule)


def list_rules(session: ReadSession, tenant: str) -> Sequence[AnyRow]:
    """Return a tenant's rules, the oldest first."""
    statement = select(alert_rules).where(alert_rules.c.tenant == tenant)
    return session.rows(statement.order_by(alert_rules.c.created_ms, alert_rules.c.id))


def tenants_to_judge(session: ReadSession) -> list[str]:
    """Return who has rules, or alerts of rules that are gone."""
    known = select(alert_rules.c.tenant).union(select(alert_standings.c.tenant)).subquery()
    return sorted(row.tenant for row in session.rows(select(known.c.tenant)))


def find_rule(session: ReadSession, tenant: str, rule_id: str) -> AnyRow | None:
    """Return one rule, or None."""
    return session.first(select(alert_rules).where(alert_rules.c.tenant == tenant, alert_rules.c.id == rule_id))


def put_rule(session: WriteSession, rule_id: str, values: Mapping[str, object]) -> None:
    """Replace a rule."""
    session.execute(update(alert_rules).where(alert_rules.c.id == rule_id).values(**values))


def remove_rule(session: WriteSession, tenant: str, rule_id: str) -> bool:
    """Forget a rule; return whether there was one. Its alerts stay, and are resolved when rules are judged next."""
    this = and_(alert_rules.c.tenant == tenant, alert_rules.c.id == rule_id)
    return bool(session.execute(delete(alert_rules).where(this)))


class Held(msgspec.Struct, frozen=True):
    """Where a rule stands with a subject, and the alert that there is."""

    standing: Standing
    alert_id: str | None


def read_standings(session: ReadSession, tenant: str) -> dict[StandingKey, Held]:
    """Return where every rule of a tenant stands with each subject of which it is not clear."""
    rows = session.rows(select(alert_standings).where(alert_standings.c.tenant == tenant))
    return {(row.rule_id, row.subject): Held(Standing(row.phase, row.since_ms), row.alert_id) for row in rows}


def write_standing(session: WriteSession, tenant: str, key: StandingKey, held: Held) -> None:
    """Keep where a rule stands with a subject; nothing is kept where it is clear."""
    rule_id, subject = key
    if held.standing.phase == "clear":
        this = and_(alert_standings.c.rule_id == rule_id, alert_standings.c.subject == subject)
        session.execute(delete(alert_standings).where(this))
        return
    row = {"rule_id": rule_id, "subject": subject, "tenant": tenant, "alert_id": held.alert_id}
    session.upsert(alert_standings, [{**row, "phase": held.standing.phase, "since_ms": held.standing.since_ms}])


def untold(session: ReadSession, tenant: str) -> Sequence[AnyRow]:
    """Return the alerts of which, or of whose end, nobody was told yet. Who was told of no beginning hears no end."""
    opened = and_(_ACTIVE, alerts.c.told_ms.is_(None))
    ended = and_(~_ACTIVE, alerts.c.told_ms.is_not(None), alerts.c.resolution_told_ms.is_(None))
    return session.rows(select(alerts).where(alerts.c.tenant == tenant, opened | ended).order_by(alerts.c.id))


def find_alert(session: ReadSession, tenant: str, alert_id: str) -> AnyRow | None:
    """Return one alert, or None."""
    return session.first(select(alerts).where(alerts.c.tenant == tenant, alerts.c.id == alert_id))


def change_alert(session: WriteSession, alert_id: str, values: Mapping[str, object]) -> None:
    """Set columns of an alert."""
    session.execute(update(alerts).where(alerts.c.id == alert_id).values(**values))


def note(
    session: WriteSession, tenant: str, alert_id: str, at_ms: int, what: What, detail: Mapping[str, object]
) -> None:
    """Write into the log what happened to an alert."""
    row = {"tenant": tenant, "alert_id": alert_id, "at_ms": at_ms, "what": what, "detail": dict(detail)}
    session.insert(alert_log, [row])


def read_log(session: ReadSession, alert_id: str) -> Sequence[AnyRow]:
    """Return what happened to an alert, in order."""
    return session.rows(select(alert_log).where(alert_log.c.alert_id == alert_id).order_by(alert_log.c.position))


def list_alerts(
    session: ReadSession,
    tenant: str,
    state: State | None,
    store: str | None,
    before: tuple[int, str] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return alerts, the latest first.

    Args:
        session: A transaction.
        tenant: Whose.
        state: Only those in this state.
        store: Only those of this store.
        before: When the last one of the page before opened, and its id.
        limit: How many at most.
    """
    statement = select(alerts).where(alerts.c.tenant == tenant)
    if state is not None:
        statement = statement.where(_STATES[state])
    if store is not None:
        statement = statement.where(alerts.c.store == store)
    if before is not None:
        opened_ms, alert_id = before
        earlier = and_(alerts.c.opened_ms == opened_ms, alerts.c.id < alert_id)
        statement = statement.where((alerts.c.opened_ms < opened_ms) | earlier)
    return session.rows(statement.order_by(alerts.c.opened_ms.desc(), alerts.c.id.desc()).limit(limit))


def count_active(session: ReadSession, tenant: str) -> dict[Literal["open", "acknowledged"], int]:
    """Return how many alerts are open and how many of these somebody acknowledged."""
    counted = select(func.count()).select_from(alerts).where(alerts.c.tenant == tenant)
    return {
        "open": session.number(counted.where(_STATES["open"])),
        "acknowledged": session.number(counted.where(_STATES["acknowledged"])),
    }
