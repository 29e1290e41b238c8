"""Puts records of identity into words."""

from cloud.db import AnyRow, ReadSession
from cloud.identity import repository
from cloud.identity.resolve import Identifier
from cloud.identity.schemas import IdentifierBody, IdentityExplanation, JoinBody, LedgerEntry, MoveBody, RefusalBody
from cloud.identity.service import Move
from cloud.instants import write_instant


def explain(session: ReadSession, tenant: str, one_id: str) -> IdentityExplanation:
    """Return why a profile's identifiers belong to one person."""
    return IdentityExplanation(
        joins=[
            JoinBody(
                left=_left(row),
                right=_right(row),
                statement_id=row.statement_id,
                source=row.source,
                at=write_instant(row.at_ms),
            )
            for row in repository.joins_of(session, tenant, one_id)
        ],
        refusals=[show_refusal(row) for row in repository.refusals_of(session, tenant, one_id)],
        household=repository.household_of(session, tenant, one_id),
    )


def show_refusal(row: AnyRow) -> RefusalBody:
    """Return a refusal with the rule that forbids the join."""
    details = {
        "limit": f"a person may have {row.allowed} {row.namespace}",
        "blocked": f"the {row.namespace} is declared to name nobody",
        "hub": f"the {row.namespace} stands together with too many others to name one person",
    }
    return RefusalBody(
        statement_id=row.statement_id,
        left=_left(row),
        right=_right(row),
        reason=row.reason,
        detail=details[row.reason],
    )


def show_move(move: Move) -> MoveBody:
    """Return a move as answers write it."""
    return MoveBody(identifier=_identifier(move.identifier), from_one_id=move.from_one_id, to_one_id=move.to_one_id)


def show_entry(row: AnyRow) -> LedgerEntry:
    """Return a row of the ledger as answers write it."""
    return LedgerEntry(
        position=row.position,
        at=write_instant(row.at_ms),
        cause=row.cause,
        statement_id=row.statement_id,
        identifier=IdentifierBody(namespace=row.namespace, pseudonym=row.pseudonym),
        from_one_id=row.from_one_id,
        to_one_id=row.to_one_id,
    )


def _identifier(identifier: Identifier) -> IdentifierBody:
    return IdentifierBody.model_validate({"namespace": identifier.namespace, "pseudonym": identifier.pseudonym})


def _left(row: AnyRow) -> IdentifierBody:
    return IdentifierBody(namespace=row.left_namespace, pseudonym=row.left_pseudonym)


def _right(row: AnyRow) -> IdentifierBody:
    return IdentifierBody(namespace=row.right_namespace, pseudonym=row.right_pseudonym)
