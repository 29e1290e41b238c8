"""Somebody who sets rules of alerts and looks what they find."""

from typing import Any

from cloud.app import make_alert_evaluator
from tests.integration.cloud.client import Client
from tests.integration.cloud.support import T0, Shop

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


class Watch:
    """Somebody who sets rules and looks what they find."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.cloud = client.cloud
        self.client.headers = client.key("read", "alerts", "admin")
        self.evaluator = make_alert_evaluator(self.cloud.settings, self.cloud.database, self.cloud.clock)

    def rule(self, **body: object) -> dict[str, Any]:
        answer = self.client.http.post("/v1/alert-rules", json={"name": "r", **body}, headers=self.client.headers)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def judge(self, at_ms: int) -> list[dict[str, Any]]:
        """Judge at an instant and return the alerts that there are then."""
        self.cloud.now_ms = at_ms
        self.evaluator.step()
        items: list[dict[str, Any]] = self.client.get("/v1/alerts", state="active")["items"]
        return items


def silence(watch: Watch, shop: Shop, **rule: object) -> dict[str, Any]:
    """Let a camera fall silent and return its alert, which opens an hour after T0."""
    watch.cloud.take_in(shop.coverage(T0 - HOUR_MS, T0))
    watch.rule(**{"measure": "camera_silence", "condition": "above", "limit": 60, "clear_s": 0, **rule})
    (alert,) = watch.judge(T0 + HOUR_MS)
    return alert


def end(watch: Watch, shop: Shop) -> None:
    now_ms = watch.cloud.now_ms + 60_000
    watch.cloud.take_in(shop.coverage(T0, now_ms))
    assert watch.judge(now_ms) == []


def add_channel(watch: Watch, **body: object) -> dict[str, Any]:
    answer = watch.client.http.post("/v1/alert-channels", json={"name": "c", **body}, headers=watch.client.headers)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made
