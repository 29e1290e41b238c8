"""HTTP of the change feed."""

from typing import Annotated

from fastapi import APIRouter, Query

from cloud.auth import ERRORS, INVALID, CanManageMembers, InContext
from cloud.changes.repository import changes_after, show_change
from cloud.changes.schemas import ChangeKind, ChangesPage
from cloud.errors import invalid_value

router = APIRouter(prefix="/v1/changes", tags=["members"], responses=ERRORS)
_MAX_DIGITS = 18


@router.get("", summary="What changed, in order", responses=INVALID)
def read_changes(
    principal: CanManageMembers,
    context: InContext,
    since: Annotated[str, Query(description="The `next_since` of the page before; 0: from the beginning")] = "0",
    kind: Annotated[list[ChangeKind] | None, Query(description="Of these kinds alone; of all unless given")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most")] = 200,
) -> ChangesPage:
    """List changes of profiles, links and consents after a cursor. None is ever left out.

    A profile that changed several times in a moment may be told of once; read it for what it says now.
    """
    if not since.isascii() or not since.isdigit() or len(since) > _MAX_DIGITS:
        raise invalid_value(name="since", value=since, allowed="the next_since of the page before, or 0")
    with context.database.read() as session:
        rows = changes_after(session, principal.tenant, int(since), kind or (), limit + 1)
    shown = rows[:limit]
    return ChangesPage(
        items=[show_change(row) for row in shown],
        next_since=str(shown[-1].position) if shown else since,
        has_more=len(rows) > limit,
    )
