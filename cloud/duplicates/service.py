"""Proposes profiles that may be one person's, and carries out what people decide."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from http import HTTPStatus

import msgspec
from msgspec import Struct

from cloud.consents.repository import refused_profiles
from cloud.db import AnyRow, Database, ReadSession, WriteSession
from cloud.duplicates import repository
from cloud.duplicates.matching import MODEL, Evidence, Pair, Record, Step, find_pairs
from cloud.duplicates.repository import left_of, right_of
from cloud.duplicates.tables import duplicate_decisions, duplicate_proposals
from cloud.errors import ProblemError, not_found
from cloud.identity import service as identity
from cloud.identity.explain import show_refusal
from cloud.identity.explanation_repository import refusals_by
from cloud.identity.ownership import owners_of
from cloud.identity.repository import load_statements
from cloud.identity.service import IDENTITY
from cloud.identity.statements import Identifier, Rules, Statement
from cloud.identity.timelines import Move
from cloud.projections.base import lock_cursor

_RANK = 5
"""Records of the member base, at 1, go before what somebody held to be likely."""


class Candidate(Struct, frozen=True, kw_only=True):
    """Two profiles that may be one person's, each with the identifier that stands for it; `left` sorts first."""

    left: Identifier
    right: Identifier
    left_one_id: str
    right_one_id: str
    probability: float
    prior_weight: float
    evidence: tuple[Evidence, ...]


class Decision(Struct, frozen=True, kw_only=True):
    """Who decides what of a proposal, when and why."""

    proposal_id: str
    by: str
    key_id: str
    reason: str | None
    at_ms: int


def find_candidates(
    database: Database, tenant: str, least_probability: float, on_step: Callable[[Step], None] = lambda _: None
) -> list[Candidate]:
    """Return pairs of profiles that are at least so probably one person's, the most probable first.

    Members who refuse a consent are not compared.

    Raises:
        MissingSplinkError: The extra is not installed.
    """
    with database.read() as session:
        known = repository.load_codes(session, tenant)
        refused = refused_profiles(session, tenant)
    records = [Record(one_id=one_id, codes=codes) for one_id, (_, codes) in known.items() if one_id not in refused]
    standing = {one_id: identifier for one_id, (identifier, _) in known.items()}
    return [
        _candidate(pair, standing[pair.left], standing[pair.right])
        for pair in find_pairs(records, least_probability, on_step)
    ]


def _candidate(pair: Pair, one: Identifier, other: Identifier) -> Candidate:
    (left, left_one_id), (right, right_one_id) = sorted(((one, pair.left), (other, pair.right)))
    return Candidate(
        left=left,
        right=right,
        left_one_id=left_one_id,
        right_one_id=right_one_id,
        probability=pair.probability,
        prior_weight=pair.prior_weight,
        evidence=pair.evidence,
    )


def undecided(session: ReadSession, tenant: str, found: Sequence[Candidate], now_ms: int) -> list[Candidate]:
    """Return the candidates that may be proposed: nobody has decided them, and they are two profiles that still are.

    What was decided holds for the profiles to which the identifiers belong now, whatever they are called.
    """
    before = repository.decided_proposals(session, tenant)
    named = {each for row in before for each in (left_of(row), right_of(row))}
    named |= {each for candidate in found for each in (candidate.left, candidate.right)}
    owners = owners_of(session, tenant, named)
    decided = {frozenset((owners.at(left_of(row), now_ms), owners.at(right_of(row), now_ms))) for row in before}
    held = repository.with_codes(session, tenant, named)
    refused = refused_profiles(session, tenant, {each: owners.at(each, now_ms) for each in named})
    kept = []
    for candidate in found:
        both = {candidate.left, candidate.right}
        pair = frozenset((owners.at(candidate.left, now_ms), owners.at(candidate.right, now_ms)))
        is_new = len(pair) > 1 and pair not in decided
        if is_new and both <= held and refused.isdisjoint(pair):
            kept.append(candidate)
    return kept


def propose(database: Database, tenant: str, found: Sequence[Candidate], limit: int, now_ms: int) -> int:
    """Replace the open proposals by the most probable of these candidates; return how many there are now."""
    with database.write() as session:
        lock_cursor(session, IDENTITY)  # Nobody is erased or merged between looking and writing.
        kept = undecided(session, tenant, found, now_ms)[:limit]
        repository.delete_open(session, tenant)
        session.insert(duplicate_proposals, [_row(tenant, candidate, now_ms) for candidate in kept])
    return len(kept)


def _row(tenant: str, candidate: Candidate, now_ms: int) -> dict[str, object]:
    left, right = candidate.left, candidate.right
    named = "\0".join((left.namespace, left.pseudonym, right.namespace, right.pseudonym))
    return {
        "tenant": tenant,
        "id": sha256(named.encode()).hexdigest()[:32],
        "left_namespace": left.namespace,
        "left_pseudonym": left.pseudonym,
        "right_namespace": right.namespace,
        "right_pseudonym": right.pseudonym,
        "probability": candidate.probability,
        "prior_weight": candidate.prior_weight,
        "evidence": msgspec.to_builtins(candidate.evidence),
        "model": MODEL,
        "state": "open",
        "found_ms": now_ms,
    }


def statement_id_of(proposal_id: str) -> str:
    """Return the id of the statement that an accepted proposal makes."""
    return f"duplicate:{proposal_id}"


def accept(session: WriteSession, tenant: str, decision: Decision, rules: Rules) -> list[Move]:
    """Join the two profiles by a statement of whoever accepts, and return which identifiers moved.

    Raises:
        ProblemError: 404, there is no such proposal; 409, it is decided already, a member refuses a consent, or a
            rule of identity forbids the join. Then nothing changes.
    """
    row = _decide(session, tenant, decision, "open", "accepted")
    left, right = left_of(row), right_of(row)
    owners = owners_of(session, tenant, (left, right))
    if refused_profiles(session, tenant, {each: owners.at(each, decision.at_ms) for each in (left, right)}):
        detail = "one of the two members refuses, or withdrew, a consent"
        raise _conflict(detail, slug="consent-refused")
    statement = Statement(
        statement_id=statement_id_of(row.id), rank=_RANK, at_ms=decision.at_ms, identifiers=(left, right)
    )
    moves = identity.add_statements(session, tenant, [(f"person:{decision.by}", statement)], rules, decision.at_ms)
    refusals = refusals_by(session, tenant, [statement.statement_id])
    if refusals:
        detail = f"the rules of identity forbid it: {show_refusal(refusals[0]).detail}"
        raise _conflict(detail, slug="join-refused")
    return moves


def decline(session: WriteSession, tenant: str, decision: Decision) -> None:
    """Note that the two are two persons; they are not proposed again.

    Raises:
        ProblemError: 404, there is no such proposal; 409, it is decided already.
    """
    _decide(session, tenant, decision, "open", "declined")


def undo(session: WriteSession, tenant: str, decision: Decision, rules: Rules) -> list[Move]:
    """Part the two again, as if they had never been joined, and return which identifiers moved.

    Raises:
        ProblemError: 404, there is no such proposal; 409, it is not accepted.
    """
    row = _decide(session, tenant, decision, "accepted", "undone")
    statement_id = statement_id_of(row.id)
    if not load_statements(session, tenant, [statement_id]):
        return []  # Taken back already, as any statement may be.
    return identity.retract(session, tenant, statement_id, rules, decision.at_ms)


def _decide(session: WriteSession, tenant: str, decision: Decision, before: str, after: str) -> AnyRow:
    lock_cursor(session, IDENTITY)
    row = repository.get_proposal(session, tenant, decision.proposal_id)
    if row is None:
        remedy = "it was replaced by a newer search, or a member was erased; list them anew"
        raise not_found(noun="proposal", key=decision.proposal_id, remedy=remedy)
    if not repository.change_state(session, tenant, row.id, before, after):
        detail = f"it is {row.state}; only what is {before} can be {after}"
        raise _conflict(detail, slug="already-decided")
    session.insert(
        duplicate_decisions,
        [
            {
                "tenant": tenant,
                "proposal_id": row.id,
                "at_ms": decision.at_ms,
                "decision": after,
                "decided_by": decision.by,
                "key_id": decision.key_id,
                "reason": decision.reason,
            }
        ],
    )
    return row


def _conflict(detail: str, slug: str) -> ProblemError:
    return ProblemError(HTTPStatus.CONFLICT, slug, "The proposal stays as it is", detail)
