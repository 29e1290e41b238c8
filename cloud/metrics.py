"""What Prometheus reads, in its text format 0.0.4: whether figures keep up, and what waits. Nothing of any tenant."""

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import func, select

from cloud.alerts.delivery_repository import count_dead
from cloud.alerts.tables import alerts
from cloud.auth import InContext
from cloud.context import Context
from cloud.ingest.repository import log_head
from cloud.lag import read_lags
from cloud.tables import dead_letters, link_queue
from cloud.webhooks.tables import webhook_deliveries

METRICS_PATH = "/metrics"
_MEDIA_TYPE = "text/plain; version=0.0.4"

router = APIRouter(tags=["health"])


@router.get(METRICS_PATH, include_in_schema=False)
async def get_metrics(context: InContext) -> Response:
    """Answer with the current figures. It asks for no key: let only the network of the operator reach it."""
    return Response(await run_in_threadpool(_text, context), media_type=_MEDIA_TYPE)


def _text(context: Context) -> str:
    with context.database.read() as session:
        lags = read_lags(session, context.clock())
        waiting = select(func.count()).select_from(dead_letters).where(dead_letters.c.replayed_ms.is_(None))
        families: list[tuple[str, str, list[tuple[str, float]]]] = [
            ("log_position", "Highest position of the event log.", [("", log_head(session))]),
            (
                "projection_lag_events",
                "Positions that a projection has not read.",
                [(f'{{projection="{lag.name}"}}', lag.positions) for lag in lags],
            ),
            (
                "projection_lag_seconds",
                "How long the oldest event that a projection has not read has waited.",
                [(f'{{projection="{lag.name}"}}', lag.seconds) for lag in lags],
            ),
            (
                "projections_failing",
                "1 while the projections of this process fail, else 0.",
                [("", int(context.projection_failure() is not None))],
            ),
            ("link_queue", "Changes that wait for the linker.", [("", session.number(_count_of_links))]),
            ("dead_letters", "Refused events that wait for a replay.", [("", session.number(waiting))]),
            (
                "alerts_open",
                "Alerts that are not over and that nobody acknowledged.",
                [("", session.number(_open_alerts))],
            ),
            (
                "undeliverable",
                "Messages that nobody took, and of which no attempt is left.",
                [('{to="alert channels"}', count_dead(session)), ('{to="webhooks"}', session.number(_dead_webhooks))],
            ),
        ]
    lines = []
    for name, help_text, samples in families:
        full = f"shopthread_cloud_{name}"
        lines += [f"# HELP {full} {help_text}", f"# TYPE {full} gauge"]
        lines += [f"{full}{labels} {value}" for labels, value in samples]
    return "\n".join(lines) + "\n"


_open_alerts = (
    select(func.count()).select_from(alerts).where(alerts.c.resolved_ms.is_(None), alerts.c.acknowledged_ms.is_(None))
)
_dead_webhooks = select(func.count()).select_from(webhook_deliveries).where(webhook_deliveries.c.state == "dead")
_count_of_links = select(func.count()).select_from(link_queue)
