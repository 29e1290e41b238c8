"""HTTP of duplicates."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query

from cloud.auth import (
    ERRORS,
    INVALID,
    INVALID_BODY,
    NOT_FOUND,
    CanDecideOnMembers,
    CanManageMembers,
    InContext,
    Principal,
)
from cloud.consents.repository import refused_profiles
from cloud.context import Context
from cloud.db import AnyRow, Page, ReadSession, WriteSession
from cloud.duplicates import repository, service
from cloud.duplicates.repository import left_of, right_of
from cloud.duplicates.schemas import Decided, Deciding, DecisionBody, EvidenceBody, Proposal, Proposals, Side, State
from cloud.duplicates.service import Decision
from cloud.errors import Problem
from cloud.identity.explain import show_move
from cloud.identity.ownership import Owners, owners_of
from cloud.identity.schemas import IdentifierBody
from cloud.identity.statements import Identifier, Rules
from cloud.identity.timelines import Move
from cloud.instants import write_instant

router = APIRouter(prefix="/v1/duplicates", tags=["members"], responses=ERRORS)
ProposalId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="The proposal's id")]
_Act = Callable[[WriteSession, str, Decision, Rules], list[Move]]
_DECIDING: dict[int | str, dict[str, object]] = {
    **INVALID_BODY,
    **NOT_FOUND,
    409: {"model": Problem, "description": "It is decided already, or may not be joined; nothing changed"},
}


@router.get("", summary="Profiles that may be one person's", responses=INVALID)
def get_proposals(
    principal: CanManageMembers,
    context: InContext,
    *,
    state: Annotated[State, Query(description="What became of them")] = "open",
    offset: Annotated[int, Query(ge=0, le=1 << 31, description="How many to leave out")] = 0,
    limit: Annotated[int, Query(ge=1, le=200, description="How many at most")] = 50,
) -> Proposals:
    """List proposals of `shopthread cloud duplicates find`, each with what speaks for it, comparison by comparison."""
    with context.database.read() as session:
        total = repository.count_proposals(session, principal.tenant, state)
        rows = repository.list_proposals(session, principal.tenant, state, Page(offset, limit))
        shown = _show(session, principal.tenant, rows, context.clock())
        sides = [side for each in shown for side in (each.left, each.right)]
        owners = {Identifier(side.identifier.namespace, side.identifier.pseudonym): side.one_id for side in sides}
        refused = refused_profiles(session, principal.tenant, owners)
    if state == "open":
        shown = [each for each in shown if _may_be_decided(each, refused)]
    return Proposals(total=total, items=shown)


@router.post("/{proposal_id}/accept", summary="Join two profiles", responses=_DECIDING)
def accept(proposal_id: ProposalId, body: Deciding, principal: CanDecideOnMembers, context: InContext) -> Decided:
    """State that the two are one person, as the person named in `by`; undoing it parts them exactly."""
    return _moved(service.accept, proposal_id, body, principal, context)


@router.post("/{proposal_id}/decline", summary="Keep two profiles apart", responses=_DECIDING)
def decline(proposal_id: ProposalId, body: Deciding, principal: CanDecideOnMembers, context: InContext) -> Decided:
    """Note that the two are two persons. They are not proposed again."""
    with context.database.write() as session:
        decision = _decision(proposal_id, body, principal, context)
        service.decline(session, principal.tenant, decision)
        proposal = _shown(session, principal.tenant, decision)
    return Decided(proposal=proposal, moves=[])


@router.post("/{proposal_id}/undo", summary="Part two profiles that were joined", responses=_DECIDING)
def undo(proposal_id: ProposalId, body: Deciding, principal: CanDecideOnMembers, context: InContext) -> Decided:
    """Take an accepted proposal back: all is as if the two had never been joined. They are not proposed again."""
    return _moved(service.undo, proposal_id, body, principal, context)


def _decision(proposal_id: str, body: Deciding, principal: Principal, context: Context) -> Decision:
    return Decision(
        proposal_id=proposal_id, by=body.by, key_id=principal.key_id, reason=body.reason, at_ms=context.clock()
    )


def _moved(act: _Act, proposal_id: str, body: Deciding, principal: Principal, context: Context) -> Decided:
    """Carry out a decision that joins or parts two profiles, and return what it moved."""
    with context.database.write() as session:
        decision = _decision(proposal_id, body, principal, context)
        moves = act(session, principal.tenant, decision, context.rules)
        proposal = _shown(session, principal.tenant, decision)
    context.wake()
    return Decided(proposal=proposal, moves=[show_move(move) for move in moves])


def _may_be_decided(proposal: Proposal, refused: frozenset[str]) -> bool:
    pair = {proposal.left.one_id, proposal.right.one_id}
    return len(pair) > 1 and refused.isdisjoint(pair)


def _shown(session: ReadSession, tenant: str, decision: Decision) -> Proposal:
    row = repository.get_proposal(session, tenant, decision.proposal_id)
    return _show(session, tenant, [] if row is None else [row], decision.at_ms)[0]


def _show(session: ReadSession, tenant: str, rows: Sequence[AnyRow], now_ms: int) -> list[Proposal]:
    owners = owners_of(session, tenant, {each for row in rows for each in (left_of(row), right_of(row))})
    decisions = repository.decisions_of(session, tenant, [row.id for row in rows])
    return [
        Proposal(
            id=row.id,
            state=row.state,
            left=_side(left_of(row), owners, now_ms),
            right=_side(right_of(row), owners, now_ms),
            probability=row.probability,
            prior_weight=row.prior_weight,
            evidence=[EvidenceBody.model_validate(each) for each in row.evidence],
            model=row.model,
            found_at=write_instant(row.found_ms),
            statement_id=service.statement_id_of(row.id) if row.state == "accepted" else None,
            decisions=[_show_decision(each) for each in decisions.get(row.id, ())],
        )
        for row in rows
    ]


def _side(identifier: Identifier, owners: Owners, now_ms: int) -> Side:
    named = {"namespace": identifier.namespace, "pseudonym": identifier.pseudonym}
    return Side(one_id=owners.at(identifier, now_ms), identifier=IdentifierBody.model_validate(named))


def _show_decision(row: AnyRow) -> DecisionBody:
    return DecisionBody(
        at=write_instant(row.at_ms), decision=row.decision, by=row.decided_by, key=row.key_id, reason=row.reason
    )
