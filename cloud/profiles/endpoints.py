"""HTTP of profiles."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from cloud.auth import ERRORS, NOT_FOUND, CanManageMembers, InContext
from cloud.profiles import repository
from cloud.profiles.schemas import Profile, Profiles
from cloud.profiles.service import get_profile, summarize

router = APIRouter(prefix="/v1/profiles", tags=["members"], responses=ERRORS)


@router.get("", summary="Profiles, the last seen first")
def read_profiles(
    principal: CanManageMembers,
    context: InContext,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="How many to leave out")] = 0,
    limit: Annotated[int, Query(ge=1, le=200, description="How many at most")] = 50,
) -> Profiles:
    """List profiles. Each is made of what a member showed: deterministic identifiers alone."""
    with context.database.read() as session:
        rows = repository.list_profiles(session, principal.tenant, offset, limit)
        total = repository.count_profiles(session, principal.tenant)
        return Profiles(total=total, items=summarize(session, principal.tenant, rows))


@router.get("/{one_id}", summary="One profile with its timeline", responses=NOT_FOUND)
def read_profile(
    one_id: Annotated[str, Path(description="The profile's One ID")],
    principal: CanManageMembers,
    context: InContext,
    limit: Annotated[int, Query(ge=1, le=500, description="How many entries of the timeline at most")] = 100,
) -> Profile:
    """Show visits, scans and purchases in one line of time, and why each visit was linked or was not."""
    with context.database.read() as session:
        return get_profile(session, principal.tenant, one_id, limit)
