"""HTTP of the dead letters."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from cloud.auth import ERRORS, NOT_FOUND, CanAdminister, CanRead, InContext
from cloud.dead_letters.repository import count_by_reason, list_waiting
from cloud.dead_letters.schemas import DeadLetter, DeadLetters, ReplayReceipt
from cloud.dead_letters.service import replay_all, replay_one
from cloud.instants import write_instant

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"], responses=ERRORS)

MAX_ID = (1 << 63) - 1
"""What a column of either database holds."""


@router.get("", summary="Events that were refused and wait")
def get_dead_letters(
    principal: CanRead,
    context: InContext,
    after_id: Annotated[int, Query(ge=0, le=MAX_ID, description="`next_after_id` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most")] = 50,
) -> DeadLetters:
    """List waiting dead letters in the order they came. Their bytes are shown to keys with the scope `admin`."""
    shows_raw = "admin" in principal.scopes
    with context.database.read() as session:
        counts = count_by_reason(session, principal.tenant)
        rows = list_waiting(session, principal.tenant, after_id, limit)
    items = [
        DeadLetter(
            id=row.id,
            reason=row.reason,
            detail=row.detail,
            event_id=row.event_id,
            received_at=write_instant(row.received_ms),
            raw=None if row.raw is None or not shows_raw else bytes(row.raw).decode(errors="replace"),
            replayable=row.raw is not None,
        )
        for row in rows
    ]
    following = items[-1].id if len(items) == limit else None
    return DeadLetters(total=sum(counts.values()), by_reason=counts, items=items, next_after_id=following)


@router.post("/replay", summary="Replay every waiting dead letter")
def post_replay_all(principal: CanAdminister, context: InContext) -> ReplayReceipt:
    """Judge each anew: those that are good now go into the log."""
    receipt = replay_all(context.database, context.clock, principal.tenant)
    context.wake()
    return receipt


@router.post("/{letter_id}/replay", summary="Replay one dead letter", responses=NOT_FOUND)
def post_replay(
    letter_id: Annotated[int, Path(ge=1, le=MAX_ID, description="Its `id`")],
    principal: CanAdminister,
    context: InContext,
) -> ReplayReceipt:
    """Judge it anew: if it is good now, it goes into the log."""
    receipt = replay_one(context.database, context.clock, principal.tenant, letter_id)
    context.wake()
    return receipt
