"""The application: the one place that builds adapters, the clock and the source of secrets."""

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from cloud.alerts.channel_endpoints import router as channels_router
from cloud.alerts.endpoints import router as alerts_router
from cloud.alerts.evaluator import AlertEvaluator
from cloud.alerts.mail import SmtpSender, no_mail
from cloud.alerts.sender import AlertSender
from cloud.analytics.endpoints import router as analytics_router
from cloud.analytics.follower import AnalyticsFollower
from cloud.analytics.live import router as live_router
from cloud.analytics.view_endpoints import router as views_router
from cloud.audits.endpoints import router as audits_router
from cloud.background import BackgroundWorker
from cloud.changes.endpoints import router as changes_router
from cloud.changes.follower import ChangeFollower
from cloud.codes.endpoints import router as codes_router
from cloud.codes.follower import CodeFollower
from cloud.codes.resolver import make_resolver
from cloud.codes.resolver import router as resolver_router
from cloud.codes.shopper_endpoints import router as shopper_router
from cloud.config import Settings
from cloud.consents.endpoints import router as consents_router
from cloud.context import Context, code_rules_of, gate_of, rules_of
from cloud.dashboard.endpoints import add_dashboard
from cloud.db import Database
from cloud.dead_letters.endpoints import router as dead_letters_router
from cloud.duplicates.endpoints import router as duplicates_router
from cloud.erasure.endpoints import router as erasure_router
from cloud.erasure.service import Eraser
from cloud.errors import add_error_handlers, describe_problems, refuse_nul
from cloud.floor.endpoints import router as floor_router
from cloud.footfall.endpoints import router as footfall_router
from cloud.health import router as health_router
from cloud.identity.endpoints import router as identity_router
from cloud.identity.service import Identities
from cloud.ingest.endpoints import router as ingest_router
from cloud.keys.endpoints import router as keys_router
from cloud.keys.key_file import read_service_key
from cloud.keys.service import KeyService
from cloud.lateness.endpoints import router as lateness_router
from cloud.linking.decide import Linker, RuleLinker
from cloud.linking.endpoints import router as links_router
from cloud.linking.probabilistic import LinkRules, ProbabilisticLinker
from cloud.linking.service import LinkFollower
from cloud.linking.terminal_follower import TerminalFollower
from cloud.metrics import router as metrics_router
from cloud.profiles.endpoints import router as profiles_router
from cloud.projections.projector import Follower, Projector
from cloud.projections.registry import PROJECTIONS
from cloud.projections.worker import ProjectionWorker
from cloud.retention.service import Retainer
from cloud.runtime import Clock, TokenSource
from cloud.security_headers import SecurityHeaders
from cloud.stores.endpoints import all_devices as devices_router
from cloud.stores.endpoints import router as stores_router
from cloud.visits.endpoints import router as visits_router
from cloud.webhooks.endpoints import router as webhooks_router
from cloud.webhooks.sender import HttpSender
from cloud.webhooks.worker import WebhookSender

_TOKEN_BYTES = 32
_DESCRIPTION = """
Takes in the events of shops and serves what follows from them: footfall with coverage, visits, unified profiles.

* **Keys.** Every endpoint but `/healthz` needs `Authorization: Bearer KEY`. A key belongs to one tenant and has scopes:
  `ingest`, `read`, `members`, `alerts`, `admin`.
* **Errors** are problem documents (RFC 9457); `detail` names the bad value and what to do.
* **Instants** are RFC 3339 in UTC, lengths metres, money minor units.
* **Unknown is null, never 0.** A figure stands beside how much was observed.
* **Figures follow ingest** within a moment; `GET /v1/stores/{store}/reconciliation` says how far they are behind.
"""


def system_clock() -> int:
    """Return the current instant in Unix milliseconds."""
    return time.time_ns() // 1_000_000


def random_token() -> str:
    """Return 256 random bits as URL-safe text."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def open_database(settings: Settings) -> Database:
    """Return the database that the settings name; the directory of a SQLite file is made."""
    path = settings.sqlite_path
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    return Database(settings.resolved_database_url, settings.busy_timeout_s, settings.sqlite_cache_mib)


def make_key_service(
    settings: Settings, database: Database, clock: Clock = system_clock, tokens: TokenSource = random_token
) -> KeyService:
    """Return what makes and finds keys."""
    service_key = cache(lambda: read_service_key(settings.secret_key_path))
    return KeyService(database, clock, tokens, settings.session_lifetime_s, service_key)


def make_projector(settings: Settings, database: Database, clock: Clock = system_clock) -> Projector:
    """Return what derives every figure from the log."""
    links = LinkFollower(make_linker(settings), gate_of(settings), clock)
    followers: list[Follower] = [
        TerminalFollower(gate_of(settings)),
        links,
        CodeFollower(code_rules_of(settings)),
        AnalyticsFollower(settings.staff_score_threshold, clock),
        ChangeFollower(clock, settings.change_feed_days),
    ]
    return Projector(database, PROJECTIONS, followers, [Identities(rules_of(settings), clock)])


def make_eraser(
    settings: Settings, database: Database, clock: Clock = system_clock, tokens: TokenSource = random_token
) -> Eraser:
    """Return what makes the database forget a member."""
    return Eraser(database, rules_of(settings), clock, tokens)


def make_retainer(settings: Settings, database: Database, clock: Clock = system_clock) -> Retainer:
    """Return what takes old events out of the log.

    Raises:
        ValueError: The policy names a type that must stay.
    """
    return Retainer(database, PROJECTIONS, settings.retention_policy, clock)


def make_linker(settings: Settings) -> Linker:
    """Return the linker that decides which visit made which touch."""
    gate = gate_of(settings)
    if settings.linker == "rule":
        return RuleLinker(gate)
    return ProbabilisticLinker(gate, LinkRules(least_posterior=settings.link_least_posterior))


def make_webhook_sender(settings: Settings, database: Database, clock: Clock = system_clock) -> WebhookSender:
    """Return what tells webhooks of changes."""
    send = HttpSender(settings.webhook_timeout_s, allow_private=settings.webhook_allow_private)
    keys = make_key_service(settings, database, clock)
    return WebhookSender(database, clock, send, settings.webhook_attempts, keys)


def make_alert_evaluator(settings: Settings, database: Database, clock: Clock = system_clock) -> AlertEvaluator:
    """Return what judges the rules of alerts."""
    return AlertEvaluator(database, clock, settings.staff_score_threshold)


def make_alert_sender(settings: Settings, database: Database, clock: Clock = system_clock) -> AlertSender:
    """Return what tells people of alerts."""
    post = HttpSender(settings.webhook_timeout_s, allow_private=settings.webhook_allow_private)
    server = settings.mail_server
    mail = no_mail if server is None else SmtpSender(server)
    keys = make_key_service(settings, database, clock)
    return AlertSender(database, clock, post, mail, settings.smtp_from or "", settings.webhook_attempts, keys)


def make_background_workers(
    settings: Settings, database: Database, clock: Clock = system_clock
) -> list[BackgroundWorker]:
    """Return what runs beside the projections: whoever tells others, and whoever judges alerts."""
    webhooks = make_webhook_sender(settings, database, clock)
    evaluator = make_alert_evaluator(settings, database, clock)
    sender = make_alert_sender(settings, database, clock)
    return [
        BackgroundWorker("webhooks", webhooks.step, settings.webhook_interval_s),
        BackgroundWorker("alerts", evaluator.step, settings.alert_interval_s),
        BackgroundWorker("alert deliveries", sender.step, settings.webhook_interval_s),
    ]


def create_app(
    settings: Settings,
    clock: Clock = system_clock,
    tokens: TokenSource = random_token,
    *,
    runs_projections: bool = True,
) -> FastAPI:
    """Return the application.

    Args:
        settings: Validated settings.
        clock: The current instant.
        tokens: Where secrets come from.
        runs_projections: False where another process, or a test, moves the projections.
    """
    database = open_database(settings)
    keys = make_key_service(settings, database, clock, tokens)
    context = Context(settings, database, clock, keys, make_linker(settings))
    worker = ProjectionWorker(make_projector(settings, database, clock), settings.projection_interval_s)
    beside = make_background_workers(settings, database, clock)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if runs_projections:
            context.wake = worker.wake
            context.projection_failure = worker.last_failure
            worker.start()
            for each in beside:
                each.start()
        yield
        if runs_projections:
            for each in beside:
                each.stop()
            worker.stop()
        database.dispose()

    app = FastAPI(
        title="Shopthread cloud",
        version="1",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_nul)],
    )
    app.state.context = context
    app.state.eraser = make_eraser(settings, database, clock, tokens)
    add_error_handlers(app)
    app.add_middleware(SecurityHeaders)
    for router in (
        health_router,
        ingest_router,
        stores_router,
        devices_router,
        footfall_router,
        floor_router,
        visits_router,
        analytics_router,
        views_router,
        live_router,
        links_router,
        profiles_router,
        consents_router,
        identity_router,
        duplicates_router,
        changes_router,
        webhooks_router,
        alerts_router,
        audits_router,
        lateness_router,
        channels_router,
        codes_router,
        dead_letters_router,
        erasure_router,
        keys_router,
    ):
        app.include_router(router)
    if settings.metrics:
        app.include_router(metrics_router)
    app.state.resolver = make_resolver(settings)
    if app.state.resolver is not None:
        app.include_router(resolver_router)
        if app.state.resolver.signing_in is not None:
            app.include_router(shopper_router)
    add_dashboard(app)
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            app.openapi_schema = describe_problems(made)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # as FastAPI's documentation extends it
