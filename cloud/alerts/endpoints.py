"""HTTP of alerts and rules."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query

from cloud.alerts import delivery_repository, repository
from cloud.alerts.repository import State
from cloud.alerts.rules import MEASURES, AlertRule, fault_of
from cloud.alerts.schemas import (
    Acknowledgement,
    AlertDetail,
    Alerts,
    LogEntry,
    MeasureBody,
    Measures,
    Rule,
    RuleBody,
    Rules,
)
from cloud.alerts.showing import show_alert, show_delivery
from cloud.alerts.tables import alert_deliveries, alert_rules
from cloud.analytics.catalogue import METRICS
from cloud.analytics.metric import Metric
from cloud.auth import ERRORS, INVALID, INVALID_BODY, NOT_FOUND, CanHandleAlerts, CanRead, InContext
from cloud.db import AnyRow, ReadSession
from cloud.errors import ProblemError, invalid_value, not_found
from cloud.instants import write_instant
from cloud.webhooks.listing import DeliveryPage
from contracts.ids import deterministic_id

router = APIRouter(prefix="/v1", tags=["alerts"], responses={**ERRORS, **INVALID})
_MOST_RULES = 200
_MOST_DELIVERIES = 100
AlertId = Annotated[str, Path(description="The `id` of an alert", max_length=36)]
RuleId = Annotated[str, Path(description="The `id` of a rule", max_length=36)]


@router.get("/alerts", summary="What rules found")
def get_alerts(
    principal: CanRead,
    context: InContext,
    *,
    state: Annotated[State | None, Query(description="`active`: open or acknowledged. Else all, as a log")] = None,
    store: Annotated[str | None, Query(description="Only of this store")] = None,
    before: Annotated[str | None, Query(max_length=60, description="`next_before` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most")] = 100,
) -> Alerts:
    """List alerts, the latest first, with how many are open and how many somebody has acknowledged."""
    position = _position(before)
    with context.database.read() as session:
        counts = repository.count_active(session, principal.tenant)
        dead = delivery_repository.count_dead(session, principal.tenant)
        rows = repository.list_alerts(session, principal.tenant, state, store, position, limit)
    following = f"{rows[-1].opened_ms}.{rows[-1].id}" if len(rows) == limit else None
    items = [show_alert(row) for row in rows]
    return Alerts(**counts, dead_deliveries=dead, items=items, next_before=following)


@router.get("/alerts/{alert_id}", summary="One alert with its log", responses=NOT_FOUND)
def get_alert(alert_id: AlertId, principal: CanRead, context: InContext) -> AlertDetail:
    """Tell what happened to an alert, and what became of telling of it."""
    with context.database.read() as session:
        return _detail(session, principal.tenant, alert_id)


@router.post("/alerts/{alert_id}/acknowledge", summary="Say that you have seen it", responses=NOT_FOUND)
def acknowledge(
    alert_id: AlertId, body: Acknowledgement, principal: CanHandleAlerts, context: InContext
) -> AlertDetail:
    """Note who has seen an alert, and when. It stays until its condition no longer holds; the first one counts."""
    with context.database.write() as session:
        alert = _held_alert(session, principal.tenant, alert_id)
        if alert.acknowledged_ms is None:
            now_ms = context.clock()
            values = {"acknowledged_by": body.by, "acknowledged_key": principal.key_id}
            repository.change_alert(session, alert_id, {"acknowledged_ms": now_ms, **values})
            detail = {"by": body.by, "key": principal.key_id}
            repository.note(session, principal.tenant, alert_id, now_ms, "acknowledged", detail)
        return _detail(session, principal.tenant, alert_id)


@router.get("/alert-measures", summary="What a rule may watch")
def get_measures(_principal: CanRead) -> Measures:
    """List measures of the moment, then the catalogue of metrics."""
    own = [
        MeasureBody(
            name=name,
            title_en=each.title_en,
            title_zh=each.title_zh,
            about=each.about,
            unit=each.unit,
            is_live=each.is_live,
            grains=[] if each.is_live else ["hour", "day"],
        )
        for name, each in MEASURES.items()
    ]
    return Measures(items=[*own, *(_measure_of(metric) for metric in METRICS.values())])


@router.get("/alert-rules", summary="Your rules")
def get_rules(principal: CanRead, context: InContext) -> Rules:
    """List rules, the oldest first."""
    with context.database.read() as session:
        return Rules(items=[_show_rule(row) for row in repository.list_rules(session, principal.tenant)])


@router.post("/alert-rules", summary="Add a rule", responses=INVALID_BODY)
def add_rule(body: RuleBody, principal: CanHandleAlerts, context: InContext) -> Rule:
    """Judge something from now on, every half minute; of whole hours and days every five minutes."""
    now_ms = context.clock()
    with context.database.write() as session:
        _check(session, principal.tenant, body)
        held = repository.list_rules(session, principal.tenant)
        if len(held) >= _MOST_RULES:
            detail = f"there are {len(held)} rules, as many as there may be; remove one first"
            raise ProblemError(HTTPStatus.CONFLICT, "too-many-rules", "Too many rules", detail)
        rule = body.model_dump(mode="json")
        rule_id = deterministic_id(now_ms, "alert-rule", principal.tenant, str(msgspec.json.encode(rule)), len(held))
        row = {"id": rule_id, "tenant": principal.tenant, "rule": rule, "created_ms": now_ms, "updated_ms": now_ms}
        session.insert(alert_rules, [row])
        return _show_rule(_held_rule(session, principal.tenant, rule_id))


@router.get("/alert-rules/{rule_id}", summary="One rule", responses=NOT_FOUND)
def get_rule(rule_id: RuleId, principal: CanRead, context: InContext) -> Rule:
    """Return a rule as it stands."""
    with context.database.read() as session:
        return _show_rule(_held_rule(session, principal.tenant, rule_id))


@router.put("/alert-rules/{rule_id}", summary="Change a rule", responses={**NOT_FOUND, **INVALID_BODY})
def put_rule(rule_id: RuleId, body: RuleBody, principal: CanHandleAlerts, context: InContext) -> Rule:
    """Set all of it. Alerts that are open stay, and end as the changed rule says."""
    with context.database.write() as session:
        _held_rule(session, principal.tenant, rule_id)
        _check(session, principal.tenant, body)
        values = {"rule": body.model_dump(mode="json"), "updated_ms": context.clock()}
        repository.put_rule(session, rule_id, values)
        return _show_rule(_held_rule(session, principal.tenant, rule_id))


@router.delete("/alert-rules/{rule_id}", summary="Remove a rule", responses=NOT_FOUND, status_code=204)
def remove_rule(rule_id: RuleId, principal: CanHandleAlerts, context: InContext) -> None:
    """Judge it no more. Its alerts stay in the log; one that is open ends as `unwatched`."""
    with context.database.write() as session:
        if not repository.remove_rule(session, principal.tenant, rule_id):
            raise _no_rule(rule_id)


def _check(session: ReadSession, tenant: str, body: RuleBody) -> None:
    """Make sure that a rule can be judged and told.

    Raises:
        ProblemError: 422, it cannot.
    """
    fault = fault_of(msgspec.convert(body.model_dump(mode="json"), AlertRule))
    if fault is not None:
        raise invalid_value(*fault)
    known = {row.id for row in delivery_repository.list_channels(session, tenant)}
    for channel in body.channels:
        if channel not in known:
            raise invalid_value(name="channels", value=channel, allowed="ids as GET /v1/alert-channels lists them")


def _position(before: str | None) -> tuple[int, str] | None:
    if before is None:
        return None
    opened_ms, _, alert_id = before.partition(".")
    if not (opened_ms.isascii() and opened_ms.isdecimal()) or len(opened_ms) > 15:  # noqa: PLR2004 - digits of milliseconds
        raise invalid_value(name="before", value=before, allowed="the next_before of the page before")
    return int(opened_ms), alert_id


def _detail(session: ReadSession, tenant: str, alert_id: str) -> AlertDetail:
    row = _held_alert(session, tenant, alert_id)
    log = repository.read_log(session, alert_id)
    of_alert = alert_deliveries.c.alert_id == alert_id
    deliveries = delivery_repository.list_deliveries(
        session, tenant, of_alert, DeliveryPage(None, None, _MOST_DELIVERIES)
    )
    return AlertDetail(
        **show_alert(row).model_dump(),
        log=[LogEntry(at=write_instant(each.at_ms), what=each.what, detail=each.detail) for each in log],
        deliveries=[show_delivery(each) for each in deliveries],
    )


def _held_alert(session: ReadSession, tenant: str, alert_id: str) -> AnyRow:
    row = repository.find_alert(session, tenant, alert_id)
    if row is None:
        raise not_found(noun="alert", key=alert_id, remedy="GET /v1/alerts lists them")
    return row


def _held_rule(session: ReadSession, tenant: str, rule_id: str) -> AnyRow:
    row = repository.find_rule(session, tenant, rule_id)
    if row is None:
        raise _no_rule(rule_id)
    return row


def _no_rule(rule_id: str) -> ProblemError:
    return not_found(noun="alert-rule", key=rule_id, remedy="GET /v1/alert-rules lists them")


def _show_rule(row: AnyRow) -> Rule:
    return Rule(
        **row.rule, id=row.id, created_at=write_instant(row.created_ms), updated_at=write_instant(row.updated_ms)
    )


def _measure_of(metric: Metric) -> MeasureBody:
    return MeasureBody(
        name=metric.name,
        title_en=metric.title_en,
        title_zh=metric.title_zh,
        about=metric.formula,
        unit=metric.unit,
        is_live=False,
        grains=[grain for grain in ("hour", "day") if grain in metric.grains],
    )
