"""Alerts that ended and deliveries go when they are old; whatever still matters stays."""

import pytest
from sqlalchemy import select

from cloud.alerts.tables import alert_channels, alert_deliveries, alert_log, alerts
from cloud.app import make_retainer
from cloud.config import Settings
from cloud.retention import records
from cloud.retention.policy import MS_PER_DAY
from cloud.retention.report import describe
from cloud.webhooks.tables import webhook_deliveries
from tests.integration.cloud.support import T0, TENANT, Cloud

OLD_MS, NEW_MS = T0 - 31 * MS_PER_DAY, T0 - 29 * MS_PER_DAY
ENDED = {"old": OLD_MS, "old-too": OLD_MS + 1, "old-untold": OLD_MS, "new": NEW_MS, "open": None}
"""When each alert ended."""

DELIVERIES = [
    ("old", "delivered", OLD_MS),
    ("old-untold", "pending", OLD_MS),
    ("new", "dead", OLD_MS),
    ("new", "delivered", NEW_MS),
    ("open", "pending", OLD_MS),
]
"""Of which alert, its state, and when it is due or was last tried."""

WEBHOOKS = [(1, "delivered", OLD_MS), (2, "pending", OLD_MS), (3, "dead", NEW_MS)]
"""The position of the change, the state, and when it is due or was last tried."""


def fill(cloud: Cloud) -> None:
    channel = {"id": "c", "tenant": TENANT, "kind": "email", "name": "c", "target": "a@example.com", "language": "en"}
    sent = {"tenant": TENANT, "attempts": 1}
    with cloud.database.write() as session:
        session.insert(alert_channels, [{**channel, "created_ms": 0}])
        found = {"tenant": TENANT, "rule_id": "r", "rule": {}, "value": 1.0, "evidence": {}, "opened_ms": 0}
        session.insert(alerts, [{**found, "id": name, "resolved_ms": ended_ms} for name, ended_ms in ENDED.items()])
        noted = {"tenant": TENANT, "at_ms": 0, "what": "opened", "detail": {}}
        session.insert(alert_log, [{**noted, "alert_id": name} for name in ENDED])
        told = [
            {**sent, "channel_id": "c", "alert_id": name, "what": "opened", "state": state, "next_ms": next_ms}
            for name, state, next_ms in DELIVERIES
        ]
        session.insert(alert_deliveries, told)
        hooks = [
            {**sent, "webhook_id": "w", "position": position, "state": state, "next_ms": next_ms}
            for position, state, next_ms in WEBHOOKS
        ]
        session.insert(webhook_deliveries, hooks)


def held(cloud: Cloud) -> tuple[set[str], set[str], list[tuple[str, str]], list[int]]:
    with cloud.database.read() as session:
        return (
            {row.id for row in session.rows(select(alerts.c.id))},
            {row.alert_id for row in session.rows(select(alert_log.c.alert_id))},
            sorted(tuple(row) for row in session.rows(select(alert_deliveries.c.alert_id, alert_deliveries.c.state))),
            sorted(row.position for row in session.rows(select(webhook_deliveries.c.position))),
        )


def test_old_records_go_and_whatever_waits_stays(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(records, "WINDOW", 1)
    fill(cloud)
    before = held(cloud)
    cloud.now_ms = T0
    settings = Settings(retention="alert=30,delivery=30")
    retainer = make_retainer(settings, cloud.database, cloud.clock)
    planned = retainer.plan()
    assert [(each.type, each.events) for each in planned] == [("alert", 2), ("delivery", 3)]
    assert held(cloud) == before
    assert retainer.apply() == planned
    assert held(cloud) == (
        {"old-untold", "new", "open"},
        {"old-untold", "new", "open"},
        [("new", "delivered"), ("old-untold", "pending"), ("open", "pending")],
        [2, 3],
    )
    assert retainer.plan() == []
    told = list(describe(settings.retention_policy, planned, applied=True))
    assert told[0].split()[:6] == ["alert", "30", "days", "2", "records", "ended"]
    assert told[-1] == "taken out"


def test_one_may_go_without_the_other(cloud: Cloud):
    fill(cloud)
    cloud.now_ms = T0
    make_retainer(Settings(retention="alert=30"), cloud.database, cloud.clock).apply()
    assert held(cloud)[2:] == (
        [("new", "dead"), ("new", "delivered"), ("old-untold", "pending"), ("open", "pending")],
        [1, 2, 3],
    )
