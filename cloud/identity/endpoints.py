"""HTTP of identity."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query

from cloud.auth import ERRORS, INVALID, INVALID_BODY, NOT_FOUND, CanManageMembers, InContext
from cloud.consents.schemas import Namespace
from cloud.context import Context
from cloud.db import WriteSession
from cloud.errors import invalid_value
from cloud.identity import repository, service
from cloud.identity.explain import show_entry, show_holders, show_move, show_refusal
from cloud.identity.explanation_repository import refusals_by
from cloud.identity.ownership import timelines_of
from cloud.identity.schemas import (
    BlockBody,
    Changes,
    Holders,
    IdentifierBody,
    Ledger,
    StatedIdentifier,
    StatementBody,
    Statements,
)
from cloud.identity.statements import UNSAID, Identifier, Statement, Validity
from cloud.identity.timelines import Move
from cloud.instants import parse_instant

router = APIRouter(prefix="/v1/identity", tags=["members"], responses=ERRORS)
DryRun = Annotated[bool, Query(description="Answer what would change, and change nothing")]


@router.post("/statements", summary="State which identifiers belong to one person", responses=INVALID_BODY)
def add(
    body: Statements,
    principal: CanManageMembers,
    context: InContext,
    dry_run: DryRun = False,
) -> Changes:
    """Join identifiers into profiles, as far as the limits allow; all statements are taken in, or none.

    The outcome does not depend on the order in which statements come. Whatever a statement joins, its end separates.
    """
    stated = [(each.source, _statement(each)) for each in body.statements]
    tenant = principal.tenant

    def work(session: WriteSession) -> Changes:
        ids = [each.statement_id for _, each in stated]
        service.refuse_changed(session, tenant, stated)
        known = len(repository.known_statements(session, tenant, ids))
        moves = service.add_statements(session, tenant, stated, context.rules, context.clock())
        refusals = refusals_by(session, tenant, ids)
        return Changes(
            added=len(set(ids)) - known,
            known=known,
            moves=[show_move(move) for move in moves],
            refusals=[show_refusal(row) for row in refusals],
            dry_run=dry_run,
        )

    return _in_transaction(context, work, dry_run=dry_run)


@router.delete("/statements/{statement_id}", summary="Take a statement back", responses=NOT_FOUND)
def take_back(
    statement_id: Annotated[str, Path(max_length=128, description="The id that the statement was given")],
    principal: CanManageMembers,
    context: InContext,
    dry_run: DryRun = False,
) -> Changes:
    """Make everything as if the statement had never been made: profiles, their touches and their links."""
    return _in_transaction(
        context,
        lambda session: _changes(
            service.retract(session, principal.tenant, statement_id, context.rules, context.clock()), dry_run=dry_run
        ),
        dry_run=dry_run,
    )


@router.put("/blocks", summary="Declare that an identifier names nobody", responses=INVALID_BODY)
def add_block(body: BlockBody, principal: CanManageMembers, context: InContext) -> Changes:
    """Separate everything that this identifier alone joined, and keep it from joining anything."""
    identifier = Identifier(body.identifier.namespace, body.identifier.pseudonym)
    return _in_transaction(
        context,
        lambda session: _changes(
            service.block(session, principal.tenant, identifier, body.reason, context.rules, context.clock())
        ),
    )


@router.delete("/blocks/{namespace}/{pseudonym}", summary="Let an identifier name somebody again", responses=NOT_FOUND)
def remove_block(
    namespace: Annotated[Namespace, Path(description="Of the identifier")],
    pseudonym: Annotated[str, Path(pattern=r"^[a-z2-7]{32}$", description="Of the identifier")],
    principal: CanManageMembers,
    context: InContext,
) -> Changes:
    """Take the declaration back; the statements that name it join again what they joined before."""
    identifier = Identifier(namespace, pseudonym)
    return _in_transaction(
        context,
        lambda session: _changes(
            service.unblock(session, principal.tenant, identifier, context.rules, context.clock())
        ),
    )


@router.get("/identifiers/{namespace}/{pseudonym}", summary="Whose an identifier is, and was", responses=INVALID)
def read_holders(
    namespace: Annotated[Namespace, Path(description="Of the identifier")],
    pseudonym: Annotated[str, Path(pattern=r"^[a-z2-7]{32}$", description="Of the identifier")],
    principal: CanManageMembers,
    context: InContext,
) -> Holders:
    """Show to which profile scans and receipts with this identifier belong, by when they were made."""
    identifier = Identifier(namespace, pseudonym)
    with context.database.read() as session:
        return show_holders(timelines_of(session, principal.tenant, [identifier])[identifier])


@router.get("/ledger", summary="Every move of an identifier from one profile to another")
def read_ledger(
    principal: CanManageMembers,
    context: InContext,
    after: Annotated[int, Query(ge=0, le=1 << 62, description="The `next_after` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most")] = 100,
) -> Ledger:
    """Show moves in the order in which they were made, with what caused each."""
    with context.database.read() as session:
        rows = repository.ledger_after(session, principal.tenant, after, limit)
    return Ledger(items=[show_entry(row) for row in rows], next_after=rows[-1].position if rows else after)


def _in_transaction(context: Context, work: Callable[[WriteSession], Changes], *, dry_run: bool = False) -> Changes:
    with context.database.rehearse() if dry_run else context.database.write() as session:
        changes = work(session)
    context.wake()
    return changes


def _changes(moves: Sequence[Move], *, dry_run: bool = False) -> Changes:
    return Changes(added=0, known=0, moves=[show_move(move) for move in moves], refusals=[], dry_run=dry_run)


def _statement(body: StatementBody) -> Statement:
    return Statement(
        statement_id=body.id,
        rank=body.rank,
        at_ms=parse_instant("at", body.at),
        identifiers=tuple(sorted({_identifier(each) for each in body.identifiers})),
        relation=body.relation,
        validity=_validity(body.identifiers),
    )


def _identifier(body: IdentifierBody) -> Identifier:
    return Identifier(body.namespace, body.pseudonym)


def _validity(identifiers: Sequence[StatedIdentifier]) -> dict[Identifier, Validity]:
    """Return what a statement says of when identifiers were the person's.

    Raises:
        ProblemError: 422, a time ends before it begins, or one identifier has two.
    """
    found: dict[Identifier, Validity] = {}
    for each in identifiers:
        from_ms = None if each.valid_from is None else max(0, parse_instant("valid_from", each.valid_from))
        until_ms = None if each.valid_until is None else parse_instant("valid_until", each.valid_until)
        if until_ms is not None and until_ms <= (from_ms or 0):
            raise invalid_value(
                name="valid_until", value=each.valid_until, allowed=f"after valid_from, {each.valid_from or '1970'}"
            )
        said = Validity(from_ms, until_ms)
        if found.setdefault(_identifier(each), said) != said:
            allowed = "one time for each identifier; make a statement for each time"
            raise invalid_value(name="identifiers", value=f"{each.namespace}:{each.pseudonym}", allowed=allowed)
    return {identifier: said for identifier, said in found.items() if said != UNSAID}
