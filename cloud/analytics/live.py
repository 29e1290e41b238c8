"""Who is in a shop and who waits in line, as a stream of server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from cloud.auth import ERRORS, NOT_FOUND, CanRead, InContext
from cloud.context import Context
from cloud.footfall.repository import latest_samples
from cloud.footfall.schemas import Occupancy
from cloud.footfall.service import StoreView, get_occupancy
from cloud.instants import write_instant
from cloud.stores.calendars import DEFAULT_TIME_ZONE
from cloud.stores.endpoints import StoreName
from cloud.stores.repository import get_store

router = APIRouter(prefix="/v1/stores", tags=["analytics"], responses={**ERRORS, **NOT_FOUND})

MEDIA_TYPE = "text/event-stream"
_RETRY_MS = 3000
_HEARTBEAT_S = 15.0


class QueueNow(BaseModel):
    """One queue, by the latest sample."""

    device: str
    zone_id: str
    people: int
    waiting: int | None = Field(description="How many of them wait in line; null: the camera does not tell")
    longest_wait_s: float | None
    at: str


class LiveStore(BaseModel):
    """What is going on in a shop."""

    store: str
    occupancy: Occupancy
    queues: list[QueueNow]


@router.get(
    "/{store}/live",
    summary="Occupancy and queues as they change",
    response_class=StreamingResponse,
    responses={
        200: {"model": LiveStore, "content": {MEDIA_TYPE: {}}, "description": "Server-sent events named `live`"}
    },
)
async def get_live(store: StoreName, principal: CanRead, context: InContext) -> StreamingResponse:
    """Send the state at once and again whenever it changed; open the stream anew when it ends after some minutes."""

    def look() -> str:
        return read_live(context, principal.tenant, store).model_dump_json(by_alias=True)

    first = await run_in_threadpool(look)
    settings = context.settings
    stream = events(look, first, settings.live_interval_s, settings.live_lifetime_s)
    return StreamingResponse(stream, media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})


async def events(look: Callable[[], str], first: str, interval_s: float, lifetime_s: float) -> AsyncIterator[str]:
    """Yield server-sent events: the first state, then each that differs, and a comment where long nothing changed.

    Args:
        look: Returns the state; it may block.
        first: The state that is known already.
        interval_s: How long to wait between two looks.
        lifetime_s: After how long to end.
    """
    yield f"retry: {_RETRY_MS}\nevent: live\ndata: {first}\n\n"
    known, silent_s = first, 0.0
    for _ in range(int(lifetime_s / interval_s)):
        await asyncio.sleep(interval_s)
        state = await run_in_threadpool(look)
        silent_s += interval_s
        if state != known:
            known, silent_s = state, 0.0
            yield f"event: live\ndata: {state}\n\n"
        elif silent_s >= _HEARTBEAT_S:
            silent_s = 0.0
            yield ": nothing changed\n\n"


def read_live(context: Context, tenant: str, store: str) -> LiveStore:
    """Return what is going on in a shop.

    Raises:
        ProblemError: 404, this tenant has none of that name.
    """
    with context.database.read() as session:
        row = get_store(session, tenant, store)
        threshold = context.settings.staff_score_threshold
        view = StoreView(tenant, store, row.time_zone or DEFAULT_TIME_ZONE, context.clock(), threshold)
        samples = latest_samples(session, tenant, store, view.today.start_ms)
        queues = [
            QueueNow(
                device=sample.device,
                zone_id=zone["zone_id"],
                people=zone["people"],
                waiting=zone.get("waiting"),
                longest_wait_s=zone.get("longest_wait_s"),
                at=write_instant(sample.time_ms),
            )
            for sample in samples
            for zone in sample.zones
            if zone["zone_kind"] == "queue"
        ]
        # Coverage grows by itself with the clock and is no change that anybody waits for.
        occupancy = get_occupancy(session, view).model_copy(update={"coverage_today": None})
        return LiveStore(store=store, occupancy=occupancy, queues=queues)
