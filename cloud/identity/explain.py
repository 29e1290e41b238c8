"""Puts records of identity into words."""

from cloud.db import AnyRow, ReadSession
from cloud.identity import explanation_repository
from cloud.identity.holdings import FOREVER_MS
from cloud.identity.ownership import periods_of
from cloud.identity.schemas import (
    HeldBody,
    HolderBody,
    Holders,
    IdentifierBody,
    IdentityExplanation,
    JoinBody,
    LedgerEntry,
    MoveBody,
    RefusalBody,
)
from cloud.identity.statements import Identifier
from cloud.identity.timelines import Move, Timeline, came_from
from cloud.instants import write_instant


def explain(session: ReadSession, tenant: str, one_id: str) -> IdentityExplanation:
    """Return why a profile's identifiers belong to one person."""
    return IdentityExplanation(
        periods=[
            HeldBody(
                identifier=_identifier(Identifier(row.namespace, row.pseudonym)),
                valid_from=show_from(row.from_ms),
                valid_until=show_until(row.until_ms),
            )
            for row in periods_of(session, tenant, one_id)
            if (row.from_ms, row.until_ms) != (0, FOREVER_MS)
        ],
        joins=[
            JoinBody(
                left=_left(row),
                right=_right(row),
                statement_id=row.statement_id,
                source=row.source,
                at=write_instant(row.at_ms),
            )
            for row in explanation_repository.joins_of(session, tenant, one_id)
        ],
        refusals=[show_refusal(row) for row in explanation_repository.refusals_of(session, tenant, one_id)],
        household=explanation_repository.household_of(session, tenant, one_id),
    )


def show_refusal(row: AnyRow) -> RefusalBody:
    """Return a refusal with the rule that forbids the join."""
    details = {
        "limit": f"a person may have {row.allowed} {row.namespace}",
        "blocked": f"the {row.namespace} is declared to name nobody",
        "hub": f"the {row.namespace} stands together with too many others to name one person",
        "quarantine": f"the {row.namespace} was given back not long before, and names nobody for a while",
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
    return MoveBody(
        identifier=_identifier(move.identifier),
        from_one_id=move.from_one_id,
        to_one_id=move.to_one_id,
        valid_from=show_from(move.from_ms),
        valid_until=show_until(move.until_ms),
    )


def show_entry(row: AnyRow) -> LedgerEntry:
    """Return a row of the ledger as answers write it."""
    return LedgerEntry(
        position=row.position,
        at=write_instant(row.at_ms),
        cause=row.cause,
        statement_id=row.statement_id,
        identifier=IdentifierBody(namespace=row.namespace, pseudonym=row.pseudonym),
        from_one_id=came_from(row.tenant, Identifier(row.namespace, row.pseudonym), row.from_one_id),
        to_one_id=row.to_one_id,
        valid_from=show_from(row.from_ms),
        valid_until=show_until(row.until_ms),
    )


def show_holders(timeline: Timeline) -> Holders:
    """Return whose an identifier is at each time as answers write it."""
    return Holders(
        items=[
            HolderBody(
                one_id=span.one_id,
                valid_from=show_from(span.from_ms),
                valid_until=show_until(span.until_ms),
                is_held=span.is_held,
            )
            for span in timeline
        ]
    )


def show_from(from_ms: int) -> str | None:
    """Return the beginning of a time, None where it has none."""
    return write_instant(from_ms) if from_ms else None


def show_until(until_ms: int) -> str | None:
    """Return the end of a time, None where it has none."""
    return write_instant(until_ms) if until_ms < FOREVER_MS else None


def _identifier(identifier: Identifier) -> IdentifierBody:
    return IdentifierBody.model_validate({"namespace": identifier.namespace, "pseudonym": identifier.pseudonym})


def _left(row: AnyRow) -> IdentifierBody:
    return IdentifierBody(namespace=row.left_namespace, pseudonym=row.left_pseudonym)


def _right(row: AnyRow) -> IdentifierBody:
    return IdentifierBody(namespace=row.right_namespace, pseudonym=row.right_pseudonym)
