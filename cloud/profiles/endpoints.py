"""HTTP of profiles."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from cloud.analytics.formats import MEDIA_TYPES
from cloud.auth import ERRORS, INVALID, INVALID_BODY, NOT_FOUND, CanManageMembers, InContext
from cloud.errors import Problem, ProblemError, invalid_value
from cloud.instants import parse_instant
from cloud.profiles import records, repository
from cloud.profiles.export import MissingPyarrowError, export_pages, writer_for
from cloud.profiles.schemas import (
    AttributeStatements,
    Categories,
    Profile,
    Profiles,
    RecordsReceipt,
)
from cloud.profiles.service import get_profile, list_profiles
from cloud.profiles.timeline import parse_before
from cloud.profiles.view import Asked

_SINCE = "Shopthread-Changes-Since"
_WITHHELD = "Shopthread-Withheld-Profiles"
_MEDIA_TYPES = (MEDIA_TYPES["csv"], MEDIA_TYPES["parquet"])
router = APIRouter(prefix="/v1", tags=["members"], responses=ERRORS)


@router.get("/profiles", summary="Profiles, the last seen first")
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
        return Profiles(total=total, items=list_profiles(session, principal.tenant, rows))


@router.get(
    "/profiles/{one_id}", summary="One profile: everything known of a member", responses={**NOT_FOUND, **INVALID}
)
def read_profile(
    one_id: Annotated[str, Path(description="The profile's One ID")],
    principal: CanManageMembers,
    context: InContext,
    *,
    as_of: Annotated[
        str | None,
        Query(description="RFC 3339: as it was known at that time, whenever things happened; not in the future"),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="How many entries of the timeline at most")] = 100,
    before: Annotated[str | None, Query(description="`next_before` of the page of the timeline before")] = None,
) -> Profile:
    """Show what a member showed, bought and likes, how attached he or she is, and why each visit was linked or was not.

    A visit that only may be the member's is shown with its probability, and counts for no more than that.
    """
    now_ms = context.clock()
    as_of_ms = None if as_of is None else parse_instant("as_of", as_of)
    if as_of_ms is not None and as_of_ms > now_ms:
        raise invalid_value(name="as_of", value=as_of, allowed="not in the future")
    asked = Asked(
        tenant=principal.tenant,
        one_id=one_id,
        now_ms=now_ms,
        rules=context.settings.lifecycle,
        as_of_ms=as_of_ms,
        limit=limit,
        before=None if before is None else parse_before(before),
    )
    with context.database.read() as session:
        return get_profile(session, asked)


@router.post("/attributes", summary="State what is known of members", responses=INVALID_BODY)
def state_attributes(body: AttributeStatements, principal: CanManageMembers, context: InContext) -> RecordsReceipt:
    """Add up to 1,000 statements, all or none; the same again changes nothing.

    Of several sources the most trusted one's latest word holds. An empty value takes back what the source said.
    """
    recorded = records.record_attributes(context, principal.tenant, body.statements)
    context.wake()
    return RecordsReceipt(recorded=recorded)


@router.put("/product-categories", summary="Say which category items belong to", responses=INVALID_BODY)
def put_categories(body: Categories, principal: CanManageMembers, context: InContext) -> RecordsReceipt:
    """Set the categories of up to 1,000 items; preferences of members count by them."""
    return RecordsReceipt(recorded=records.put_categories(context, principal.tenant, body.items))


@router.get(
    "/exports/profiles.{kind}",
    summary="Every profile as a table",
    response_class=Response,
    responses={
        200: {
            "description": f"A row a profile. `{_WITHHELD}` tells how many are left out, since consent was withdrawn",
            "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in _MEDIA_TYPES},
        },
        501: {"model": Problem, "description": "This installation cannot write Parquet"},
    },
)
def export_profiles(
    kind: Annotated[Literal["csv", "parquet"], Path(description="The file's format")],
    principal: CanManageMembers,
    context: InContext,
) -> StreamingResponse:
    """Send all profiles as they are at one moment, page by page."""
    try:
        write = writer_for(kind)
    except MissingPyarrowError as error:
        raise ProblemError(HTTPStatus.NOT_IMPLEMENTED, "no-parquet", "Cannot write Parquet", str(error)) from error
    export = export_pages(context.database, principal.tenant, context.clock(), context.settings.lifecycle)
    chunks = write(export, lambda _rows: None)
    headers = {
        _WITHHELD: str(export.withheld),
        _SINCE: str(export.since),
        "Content-Disposition": f'attachment; filename="profiles.{kind}"',
    }
    return StreamingResponse(chunks, headers=headers, media_type=MEDIA_TYPES[kind])
