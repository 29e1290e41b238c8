"""HTTP of erasure."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from cloud.auth import ERRORS, INVALID, CanIngest, CanManageMembers, InContext
from cloud.consents.schemas import Namespace
from cloud.erasure.service import Eraser
from cloud.erasure.tombstones import erasures_after
from cloud.identity.statements import Identifier
from cloud.instants import parse_instant
from contracts.erasure import ERASURES_PATH, MOST_ERASURES

router = APIRouter(tags=["members"], responses=ERRORS)


_ERASURES_EXAMPLE = {
    "secret": "...",
    "items": [{"digest": "9f86d081...", "from_ms": 0, "until_ms": 1772442000000}],
    "next_after": 1,
    "has_more": False,
}


class ErasureReceipt(BaseModel):
    """What was erased, in counts."""

    identifiers: int = Field(description="All those of the member's profile")
    events: int = Field(description="Scans and receipts that no longer name the member")
    statements: int = Field(description="Statements of identity that named the member")
    consents: int
    link_decisions: int
    dead_letters: int


async def get_eraser(request: Request) -> Eraser:
    """Return what erases, for FastAPI's `Depends`."""
    eraser: Eraser = request.app.state.eraser
    return eraser


@router.delete("/v1/members/{namespace}/{pseudonym}", summary="Erase a member", responses=INVALID)
def erase_member(
    namespace: Annotated[Namespace, Path(description="Of one of the member's identifiers")],
    pseudonym: Annotated[str, Path(pattern=r"^[a-z2-7]{32}$", description="That identifier's pseudonym")],
    principal: CanManageMembers,
    eraser: Annotated[Eraser, Depends(get_eraser)],
    at: Annotated[str | None, Query(description="When it was that member's, RFC 3339; now unless given")] = None,
) -> ErasureReceipt:
    """Forget the person to whom an identifier belongs, with all identifiers of the profile, before the answer is sent.

    Scans and receipts stay as an unknown person's. What comes later and is from before this moment loses the member
    too; what happens after it is a new member's. Of an identifier that others had before or after, theirs stays.
    """
    at_ms = None if at is None else parse_instant("at", at)
    erased = eraser.erase(principal.tenant, Identifier(namespace, pseudonym), at_ms)
    return ErasureReceipt(
        identifiers=erased.identifiers,
        events=erased.events,
        statements=erased.statements,
        consents=erased.consents,
        link_decisions=erased.link_decisions,
        dead_letters=erased.dead_letters,
    )


@router.get(
    ERASURES_PATH,
    summary="Whom gateways must forget",
    response_class=Response,
    responses={
        200: {
            "description": "Hashes of erased identifiers, oldest first, and the key under which they are made.",
            "content": {"application/json": {"example": _ERASURES_EXAMPLE}},
        }
    },
)
def read_erasures(
    principal: CanIngest,
    context: InContext,
    after: Annotated[int, Query(ge=0, le=1 << 62, description="The `next_after` of the answer before")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ERASURES, description="How many at most")] = MOST_ERASURES,
) -> Response:
    """List, for a gateway, whom its file must no longer name. Only who holds an identifier can tell that it is meant.

    A cursor that lies ahead, as after an older backup of the cloud came back, begins anew.
    """
    with context.database.read() as session:
        found = erasures_after(session, principal.tenant, after, limit)
    return Response(msgspec.json.encode(found), media_type="application/json")
