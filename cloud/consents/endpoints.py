"""HTTP of consents."""

from typing import Annotated

from fastapi import APIRouter, Query

from cloud.auth import ERRORS, INVALID_BODY, CanManageMembers, InContext
from cloud.consents.repository import history
from cloud.consents.schemas import (
    Consent,
    ConsentReceipt,
    Consents,
    ConsentsReceipt,
    ConsentStatement,
    ConsentStatements,
    Namespace,
)
from cloud.consents.service import put_consent, put_consents
from cloud.db import Page
from cloud.instants import write_instant

router = APIRouter(prefix="/v1/consents", tags=["members"], responses=ERRORS)


@router.put("", summary="Record what a member said", responses=INVALID_BODY)
def record_statement(body: ConsentStatement, principal: CanManageMembers, context: InContext) -> ConsentReceipt:
    """Add a statement to the history; the member's latest by `at` holds, whenever the touch was.

    A withdrawal ends the member's links before the answer is sent. The same statement again changes nothing.
    """
    return put_consent(context, principal.tenant, body)


@router.post("", summary="Record what many members said", responses=INVALID_BODY)
def record_statements(body: ConsentStatements, principal: CanManageMembers, context: InContext) -> ConsentsReceipt:
    """Add up to 1,000 statements to the history, all or none; otherwise as the single one."""
    return put_consents(context, principal.tenant, body.statements)


@router.get("", summary="What members said, the latest first")
def list_statements(
    principal: CanManageMembers,
    context: InContext,
    namespace: Annotated[Namespace | None, Query(description="Statements of identifiers of this kind alone")] = None,
    pseudonym: Annotated[
        str | None, Query(pattern=r"^[a-z2-7]{32}$", description="Statements of this identifier alone")
    ] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="How many to leave out")] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most")] = 100,
) -> Consents:
    """Show the history, of everyone or of one identifier."""
    with context.database.read() as session:
        rows = history(session, principal.tenant, namespace, pseudonym, Page(offset, limit))
    return Consents(
        items=[
            Consent(
                namespace=row.namespace,
                pseudonym=row.pseudonym,
                purpose=row.purpose,
                granted=row.granted,
                at=write_instant(row.at_ms),
                recorded_at=write_instant(row.recorded_ms),
            )
            for row in rows
        ]
    )
