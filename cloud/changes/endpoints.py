"""HTTP of the change feed."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from cloud.auth import ERRORS, INVALID, CanManageMembers, InContext
from cloud.changes.repository import FORGOTTEN, changes_after, show_change
from cloud.changes.schemas import ChangeKind, ChangesPage
from cloud.errors import Problem, ProblemError, invalid_value
from cloud.projections.base import read_cursor

_GONE: dict[int | str, dict[str, object]] = {410: {"model": Problem, "description": "The cursor is too old"}}
router = APIRouter(prefix="/v1/changes", tags=["members"], responses=ERRORS)
_MAX_DIGITS = 18


@router.get("", summary="What changed, in order", responses={**INVALID, **_GONE})
def read_changes(
    principal: CanManageMembers,
    context: InContext,
    since: Annotated[str, Query(description="The `next_since` of the page before; 0: the oldest kept")] = "0",
    kind: Annotated[list[ChangeKind] | None, Query(description="Of these kinds alone; of all unless given")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most")] = 200,
) -> ChangesPage:
    """List changes of profiles, links and consents after a cursor. None is ever left out.

    A profile that changed several times in a moment may be told of once; read it for what it says now.
    """
    if not since.isascii() or not since.isdigit() or len(since) > _MAX_DIGITS:
        raise invalid_value(name="since", value=since, allowed="the next_since of the page before, or 0")
    with context.database.read() as session:
        forgotten = read_cursor(session, FORGOTTEN)
        if 0 < int(since) < forgotten:
            detail = (
                f"changes up to {forgotten} are no longer kept; read all profiles with GET /v1/exports/profiles.csv, "
                "then follow from the cursor that its header names"
            )
            raise ProblemError(HTTPStatus.GONE, "changes-forgotten", "The cursor is too old", detail)
        rows = changes_after(session, principal.tenant, int(since), kind or (), limit + 1)
    shown = rows[:limit]
    return ChangesPage(
        items=[show_change(row) for row in shown],
        next_since=str(shown[-1].position) if shown else since,
        has_more=len(rows) > limit,
    )
