"""Alerts and deliveries as answers, e-mails and webhooks show them. Pure."""

from cloud.alerts.rules import titles_of
from cloud.alerts.schemas import Alert, Delivery, RuleBody
from cloud.db import AnyRow
from cloud.instants import show_instant, write_instant
from cloud.webhooks.listing import outcome_of


def show_alert(row: AnyRow) -> Alert:
    """Return an alert."""
    rule, evidence = RuleBody.model_validate(row.rule), row.evidence
    acknowledged = "open" if row.acknowledged_ms is None else "acknowledged"
    return Alert(
        id=row.id,
        rule_id=row.rule_id,
        rule_name=rule.name,
        severity=rule.severity,
        measure=rule.measure,
        unit=titles_of(rule.measure)[2],
        state=acknowledged if row.resolved_ms is None else "resolved",  # type: ignore[arg-type]  # one of the three
        store=row.store,
        device=row.device,
        region=row.region,
        value=row.value,
        coverage=evidence["coverage"],
        sample=evidence["sample"],
        usual=evidence["usual"],
        z=evidence["z"],
        start=show_instant(evidence["start_ms"]),
        end=show_instant(evidence["end_ms"]),
        opened_at=write_instant(row.opened_ms),
        told_at=show_instant(row.told_ms),
        acknowledged_at=show_instant(row.acknowledged_ms),
        acknowledged_by=row.acknowledged_by,
        acknowledged_key=row.acknowledged_key,
        resolved_at=show_instant(row.resolved_ms),
        resolution=row.resolution,
        rule=rule,
    )


def show_delivery(row: AnyRow) -> Delivery:
    """Return a delivery."""
    return Delivery(
        id=row.id,
        channel_id=row.channel_id,
        channel=row.channel,
        alert_id=row.alert_id,
        what=row.what,
        **outcome_of(row).model_dump(),
    )
