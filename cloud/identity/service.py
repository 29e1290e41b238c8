"""Takes statements of identity in and back, and moves what belonged to the one profile to the other."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import and_, delete, select, update

from cloud.codes.queue import enqueue_codes_of_touches
from cloud.db import WriteSession
from cloud.erasure.tombstones import erased_among
from cloud.errors import not_found
from cloud.identity import repository
from cloud.identity.reach import Reach, reach_of, seeds_of
from cloud.identity.resolve import Identifier, Resolution, Rules, Statement, resolve
from cloud.identity.tables import (
    identity_blocks,
    identity_joins,
    identity_map,
    identity_mentions,
    identity_refusals,
    identity_statements,
)
from cloud.linking.queue import enqueue
from cloud.profiles.recount import recount_profiles
from cloud.projections.base import lock_cursor
from cloud.runtime import Clock
from cloud.tables import touches

IDENTITY = "identity"
"""The lock under which identifiers move between profiles."""
Cause = Literal["stated", "retracted", "blocked", "unblocked", "rules"]


class Move(Struct, frozen=True, order=True):
    """An identifier goes from one profile to another. The inverse is the move with both swapped."""

    identifier: Identifier
    from_one_id: str
    to_one_id: str


class Change(Struct, frozen=True, kw_only=True):
    """What moved, and why."""

    cause: Cause
    statement_id: str | None
    at_ms: int


def add_statements(
    session: WriteSession, tenant: str, stated: Sequence[tuple[str, Statement]], rules: Rules, now_ms: int
) -> list[Move]:
    """Record statements, given with their sources, and return which identifiers they moved.

    A statement that is known already is a no-op; so is one that has been retracted: its id is spent.
    """
    lock_cursor(session, IDENTITY)
    stated = _without_erased(session, tenant, stated)
    known = repository.known_statements(session, tenant, (each.statement_id for _, each in stated))
    new = {each.statement_id: (source, each) for source, each in stated if each.statement_id not in known}
    session.insert(
        identity_statements,
        [
            {
                "tenant": tenant,
                "statement_id": each.statement_id,
                "source": source,
                "rank": each.rank,
                "relation": each.relation,
                "at_ms": each.at_ms,
                "recorded_ms": now_ms,
                "retracted_ms": None,
            }
            for source, each in new.values()
        ],
    )
    session.insert(
        identity_mentions,
        [
            {
                "tenant": tenant,
                "namespace": identifier.namespace,
                "pseudonym": identifier.pseudonym,
                "statement_id": each.statement_id,
            }
            for _, each in new.values()
            for identifier in sorted(set(each.identifiers))
        ],
    )
    changed = [each for _, each in new.values()]
    only = changed[0].statement_id if len(changed) == 1 else None
    change = Change(cause="stated", statement_id=only, at_ms=now_ms)
    return _reassign(session, tenant, seeds_of(session, tenant, changed, rules), rules, change)


def _without_erased(
    session: WriteSession, tenant: str, stated: Sequence[tuple[str, Statement]]
) -> list[tuple[str, Statement]]:
    """Return the statements without identifiers that were erased since; one that then names nobody is left out."""
    erased = erased_among(session, tenant, {each for _, statement in stated for each in statement.identifiers})
    kept = []
    for source, statement in stated:
        named = tuple(each for each in statement.identifiers if statement.at_ms > erased.get(each, -1))
        if named:
            kept.append((source, replace(statement, identifiers=named)))
    return kept


def retract(session: WriteSession, tenant: str, statement_id: str, rules: Rules, now_ms: int) -> list[Move]:
    """Take a statement back: everything is as if it had never been made. Return which identifiers moved.

    Raises:
        ProblemError: 404, there is none that holds.
    """
    lock_cursor(session, IDENTITY)
    found = repository.load_statements(session, tenant, [statement_id])
    if not found:
        remedy = "it was never made, or it is retracted already"
        raise not_found(noun="statement", key=statement_id, remedy=remedy)
    seeds = seeds_of(session, tenant, found, rules)
    repository.retract_statement(session, tenant, statement_id, now_ms)
    repository.write_refusals(session, tenant, [statement_id], [])
    change = Change(cause="retracted", statement_id=statement_id, at_ms=now_ms)
    return _reassign(session, tenant, seeds, rules, change)


def block(
    session: WriteSession, tenant: str, identifier: Identifier, reason: str, rules: Rules, now_ms: int
) -> list[Move]:
    """Declare that an identifier names nobody. Return which identifiers moved."""
    lock_cursor(session, IDENTITY)
    seeds = reach_of(session, tenant, [identifier], rules).identifiers
    row = {
        "tenant": tenant,
        "namespace": identifier.namespace,
        "pseudonym": identifier.pseudonym,
        "reason": reason,
        "recorded_ms": now_ms,
    }
    session.upsert(identity_blocks, [row])
    return _reassign(session, tenant, seeds, rules, Change(cause="blocked", statement_id=None, at_ms=now_ms))


def unblock(session: WriteSession, tenant: str, identifier: Identifier, rules: Rules, now_ms: int) -> list[Move]:
    """Take the declaration back that an identifier names nobody. Return which identifiers moved.

    Raises:
        ProblemError: 404, it is not blocked.
    """
    lock_cursor(session, IDENTITY)
    blocks = identity_blocks.c
    is_this = and_(
        blocks.tenant == tenant, blocks.namespace == identifier.namespace, blocks.pseudonym == identifier.pseudonym
    )
    if not session.execute(delete(identity_blocks).where(is_this)):
        raise not_found(noun="block", key=f"{identifier.namespace}/{identifier.pseudonym}", remedy="it is not blocked")
    return _reassign(session, tenant, [identifier], rules, Change(cause="unblocked", statement_id=None, at_ms=now_ms))


def forget_identifiers(
    session: WriteSession, tenant: str, identifiers: Sequence[Identifier], rules: Rules, now_ms: int
) -> int:
    """Forget identifiers, in whatever statement, block or move they are named; the others of a statement stay.

    Returns:
        How many statements named them.
    """
    lock_cursor(session, IDENTITY)
    statement_ids = repository.statements_mentioning(session, tenant, identifiers)
    seeds = seeds_of(session, tenant, repository.load_statements(session, tenant, statement_ids), rules)
    repository.write_refusals(session, tenant, statement_ids, [])
    repository.delete_mentions(session, tenant, identifiers, statement_ids)
    change = Change(cause="retracted", statement_id=None, at_ms=now_ms)
    _reassign(session, tenant, seeds | set(identifiers), rules, change)
    repository.delete_blocks_and_moves(session, tenant, identifiers)
    return len(statement_ids)


class Identities:
    """The map from identifiers to profiles, as what the projections stand on."""

    def __init__(self, rules: Rules, clock: Clock) -> None:
        self._rules = rules
        self._clock = clock

    def rebuild(self, session: WriteSession) -> None:
        """Derive the map anew."""
        rebuild_identities(session, self._rules, self._clock())


def rebuild_identities(session: WriteSession, rules: Rules, now_ms: int) -> None:
    """Derive the map, the explanations and the profiles of every tenant anew from the statements.

    Under rules that changed identifiers may move; the ledger tells of it.
    """
    lock_cursor(session, IDENTITY)
    mentions = identity_mentions.c
    named = session.rows(select(mentions.tenant, mentions.namespace, mentions.pseudonym).distinct())
    by_tenant: dict[str, set[Identifier]] = {}
    for tenant, namespace, pseudonym in named:
        by_tenant.setdefault(tenant, set()).add(Identifier(namespace, pseudonym))
    before = {tenant: repository.one_ids_of(session, tenant, of_it) for tenant, of_it in by_tenant.items()}
    for table in (identity_map, identity_joins, identity_refusals):
        session.execute(delete(table))
    change = Change(cause="rules", statement_id=None, at_ms=now_ms)
    for tenant, identifiers in sorted(by_tenant.items()):
        reach = reach_of(session, tenant, identifiers, rules)
        _write(session, tenant, reach, resolve(reach.statements, rules, reach.blocked, reach.hubs))
        after = repository.one_ids_of(session, tenant, identifiers)
        _record_moves(session, tenant, before[tenant], after, change)
        recount_profiles(session, tenant, sorted({*before[tenant].values(), *after.values()}))


def _reassign(
    session: WriteSession, tenant: str, seeds: Iterable[Identifier], rules: Rules, change: Change
) -> list[Move]:
    reach = reach_of(session, tenant, seeds, rules)
    before = repository.one_ids_of(session, tenant, reach.identifiers)
    _write(session, tenant, reach, resolve(reach.statements, rules, reach.blocked, reach.hubs))
    after = repository.one_ids_of(session, tenant, reach.identifiers)
    moves = _record_moves(session, tenant, before, after, change)
    _move_touches(session, tenant, moves)
    recount_profiles(session, tenant, sorted({*before.values(), *after.values()}))
    return moves


def _record_moves(
    session: WriteSession,
    tenant: str,
    before: Mapping[Identifier, str],
    after: Mapping[Identifier, str],
    change: Change,
) -> list[Move]:
    """Write into the ledger, and return, which identifiers belong to another profile than before."""
    moves = sorted(Move(each, before[each], after[each]) for each in before if before[each] != after[each])
    repository.write_ledger(session, [_ledger_row(tenant, move, change) for move in moves])
    return moves


def _write(session: WriteSession, tenant: str, reach: Reach, resolution: Resolution) -> None:
    resolved = {identifier for cluster in resolution.clusters for identifier in cluster.identifiers}
    repository.write_clusters(session, tenant, resolution.clusters, reach.identifiers - resolved)
    refusals = [each for each in resolution.refusals if each.statement_id in reach.whole]
    repository.write_refusals(session, tenant, reach.whole, refusals)


def _ledger_row(tenant: str, move: Move, change: Change) -> dict[str, object]:
    return {
        "tenant": tenant,
        "at_ms": change.at_ms,
        "cause": change.cause,
        "statement_id": change.statement_id,
        "namespace": move.identifier.namespace,
        "pseudonym": move.identifier.pseudonym,
        "from_one_id": move.from_one_id,
        "to_one_id": move.to_one_id,
    }


def _move_touches(session: WriteSession, tenant: str, moves: Sequence[Move]) -> None:
    """Give touches to the profile that their identifier belongs to now; they are linked, their codes judged anew."""
    changed: list[str] = []
    for move in moves:
        theirs = and_(
            touches.c.tenant == tenant,
            touches.c.pseudonym == move.identifier.pseudonym,
            touches.c.namespace == move.identifier.namespace,
        )
        changed += [row.touch_id for row in session.rows(select(touches.c.touch_id).where(theirs))]
        session.execute(update(touches).where(theirs).values(one_id=move.to_one_id))
    enqueue(session, tenant, "touch", changed)
    enqueue_codes_of_touches(session, tenant, changed)
