"""Takes verdicts in: opens and resolves alerts, and tells of both when it is not quiet."""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo

import msgspec
from msgspec import Struct

from cloud.alerts.delivery_repository import hand_to_channels
from cloud.alerts.judging import Reading, Verdict
from cloud.alerts.lifecycle import CLEAR, Step, step
from cloud.alerts.quiet import is_quiet
from cloud.alerts.repository import (
    Held,
    StandingKey,
    change_alert,
    note,
    read_standings,
    rule_of,
    untold,
    write_standing,
)
from cloud.alerts.rules import AlertRule
from cloud.alerts.tables import alerts
from cloud.analytics.selection import Shop
from cloud.db import AnyRow, ReadSession, WriteSession
from contracts.ids import deterministic_id

_NOTHING = Held(CLEAR, None)


class Found(Struct, frozen=True):
    """What one rule said of one subject."""

    rule_id: str
    rule: AlertRule
    reading: Reading
    verdict: Verdict

    @property
    def key(self) -> StandingKey:
        """Return where its standing is kept."""
        return self.rule_id, self.reading.subject.key

    def next(self, held: Mapping[StandingKey, Held], now_ms: int) -> Step:
        """Return where the rule stands with the subject now."""
        before = held.get(self.key, _NOTHING).standing
        rule, holds = self.rule, self.verdict.holds
        return step(before, now_ms, holds=holds, hold_s=rule.hold_s, clear_s=rule.clear_s)


class Round(Struct, frozen=True):
    """What was found for one tenant: the verdicts, which rules rested, and every shop."""

    tenant: str
    found: list[Found]
    resting: set[str]
    shops: list[Shop]


def is_changed(session: ReadSession, judged: Round, now_ms: int) -> bool:
    """Return whether there is anything to write."""
    held = read_standings(session, judged.tenant)
    if any(each.next(held, now_ms).standing != held.get(each.key, _NOTHING).standing for each in judged.found):
        return True
    return bool(_unwatched(held, judged) or _to_tell(session, judged, now_ms))


def take_in(session: WriteSession, judged: Round, now_ms: int) -> None:
    """Write what changed."""
    held = read_standings(session, judged.tenant)
    for each in judged.found:
        before = held.get(each.key, _NOTHING)
        standing, change = each.next(held, now_ms)
        alert_id = before.alert_id
        if change == "opened":
            alert_id = _open(session, judged.tenant, each, now_ms)
        elif change == "resolved":
            _resolve(session, judged.tenant, alert_id, now_ms, "cleared")
        if standing != before.standing:
            write_standing(session, judged.tenant, each.key, Held(standing, alert_id))
    for key in _unwatched(held, judged):
        _resolve(session, judged.tenant, held[key].alert_id, now_ms, "unwatched")
        write_standing(session, judged.tenant, key, _NOTHING)
    for alert in _to_tell(session, judged, now_ms):
        _tell(session, alert, now_ms)


def _unwatched(held: Mapping[StandingKey, Held], judged: Round) -> list[StandingKey]:
    """Return where a rule stands with what it no longer watches: rule, store or camera are gone, or it is disabled."""
    watched = {each.key for each in judged.found}
    return sorted(key for key in held if key not in watched and key[0] not in judged.resting)


def _open(session: WriteSession, tenant: str, each: Found, now_ms: int) -> str:
    subject, reading, verdict = each.reading.subject, each.reading, each.verdict
    alert_id = deterministic_id(now_ms, "alert", tenant, each.rule_id, subject.key)
    row = {
        "id": alert_id,
        "tenant": tenant,
        "rule_id": each.rule_id,
        "rule": msgspec.to_builtins(each.rule),
        "store": subject.store or None,
        "device": subject.device or None,
        "region": subject.region or None,
        "value": reading.value,
        "evidence": {
            "start_ms": reading.start_ms,
            "end_ms": reading.end_ms,
            "coverage": reading.coverage,
            "sample": reading.sample,
            "usual": verdict.usual,
            "z": verdict.z,
        },
        "opened_ms": now_ms,
    }
    session.insert(alerts, [row])
    note(session, tenant, alert_id, now_ms, "opened", {"value": reading.value})
    return alert_id


def _resolve(session: WriteSession, tenant: str, alert_id: str | None, now_ms: int, why: str) -> None:
    if alert_id is not None:
        change_alert(session, alert_id, {"resolved_ms": now_ms, "resolution": why})
        note(session, tenant, alert_id, now_ms, "resolved", {"resolution": why})


def _to_tell(session: ReadSession, judged: Round, now_ms: int) -> list[AnyRow]:
    """Return the alerts of which somebody is to be told, where it is not quiet."""
    return [
        alert
        for alert in untold(session, judged.tenant)
        if not is_quiet(rule_of(alert).quiet, _zones(judged.shops, alert), now_ms)
    ]


def _zones(shops: Sequence[Shop], alert: AnyRow) -> list[tzinfo]:
    """Return the time zones of the shops that an alert may be of; UTC where they are gone."""
    zones = [
        shop.calendar.zone
        for shop in shops
        if alert.store in {None, shop.store} and alert.region in {None, shop.region}
    ]
    return zones or [UTC]


def _tell(session: WriteSession, alert: AnyRow, now_ms: int) -> None:
    if alert.resolved_ms is None:
        told = hand_to_channels(session, alert, "opened", now_ms)
        change_alert(session, alert.id, {"told_ms": now_ms})
        note(session, alert.tenant, alert.id, now_ms, "told", {"channels": told})
    else:
        told = hand_to_channels(session, alert, "resolved", now_ms)
        change_alert(session, alert.id, {"resolution_told_ms": now_ms})
        note(session, alert.tenant, alert.id, now_ms, "resolution_told", {"channels": told})
