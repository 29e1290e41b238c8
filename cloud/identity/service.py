"""Takes statements of identity in and back, and moves what belonged to the one profile to the other."""

from collections.abc import Hashable, Sequence
from http import HTTPStatus
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Table, and_, delete, select, update

from cloud.among import among
from cloud.codes.queue import enqueue_codes_of_touches
from cloud.consents.repository import speaking_among
from cloud.db import ReadSession, WriteSession, chunks
from cloud.erasure.tombstones import erased_among
from cloud.errors import ProblemError, not_found
from cloud.identity import repository
from cloud.identity.bulk import derive_all
from cloud.identity.holdings import Holding, Holdings, instant_of
from cloud.identity.ownership import by_namespace, delete_of, timelines_of, write_clusters
from cloud.identity.reach import Change, Reach, change_around, change_of, reach_of
from cloud.identity.resolve import resolve
from cloud.identity.statements import UNSAID, Identifier, Rules, Statement
from cloud.identity.tables import (
    identity_blocks,
    identity_joins,
    identity_ledger,
    identity_map,
    identity_mentions,
    identity_refusals,
    identity_statements,
)
from cloud.identity.timelines import Move, moves_between, name_of
from cloud.linking.queue import enqueue
from cloud.profiles.recount import recount_profiles
from cloud.projections.base import lock_cursor
from cloud.runtime import Clock
from cloud.tables import touches
from contracts.erasure import is_forgotten

IDENTITY = "identity"
"""The lock under which identifiers move between profiles."""
Cause = Literal["stated", "retracted", "blocked", "unblocked", "rules"]


class Occasion(Struct, frozen=True, kw_only=True):
    """Why identifiers move, and when."""

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
    changed = _record(session, tenant, stated, now_ms)
    only = changed[0].statement_id if len(changed) == 1 else None
    occasion = Occasion(cause="stated", statement_id=only, at_ms=now_ms)
    return _reassign(session, tenant, change_of(session, tenant, changed, rules), rules, occasion)


def refuse_changed(session: ReadSession, tenant: str, stated: Sequence[tuple[str, Statement]]) -> None:
    """Refuse a statement whose id stands for another one.

    Raises:
        ProblemError: 409, with the id.
    """
    held = {
        each.statement_id: each
        for each in repository.load_statements(session, tenant, [s.statement_id for _, s in stated])
    }
    for _, statement in stated:
        if held.setdefault(statement.statement_id, statement) != statement:
            raise differing(statement.statement_id)


def differing(statement_id: str) -> ProblemError:
    """Return the refusal of a statement whose id stands for another one."""
    detail = (
        f"statement {statement_id!r} says something else already; "
        "give a new statement a new id, and take the old one back if it is wrong"
    )
    return ProblemError(HTTPStatus.CONFLICT, "statement-differs", "The id is taken", detail)


def _record(
    session: WriteSession, tenant: str, stated: Sequence[tuple[str, Statement]], now_ms: int
) -> list[Statement]:
    """Record what is new of statements, but for identifiers that were erased since; return it."""
    new = new_among(session, tenant, stated)
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
            for source, each in new
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
                "from_ms": each.validity.get(identifier, UNSAID).from_ms,
                "until_ms": each.validity.get(identifier, UNSAID).until_ms,
            }
            for _, each in new
            for identifier in sorted(set(each.identifiers))
        ],
    )
    return [each for _, each in new]


def new_among(
    session: ReadSession, tenant: str, stated: Sequence[tuple[str, Statement]]
) -> list[tuple[str, Statement]]:
    """Return what is new of statements, but for identifiers that were erased since."""
    stated = without_erased(session, tenant, stated)
    known = repository.known_statements(session, tenant, (each.statement_id for _, each in stated))
    new = {each.statement_id: (source, each) for source, each in stated if each.statement_id not in known}
    return list(new.values())


def without_erased(
    session: ReadSession, tenant: str, stated: Sequence[tuple[str, Statement]]
) -> Sequence[tuple[str, Statement]]:
    """Return the statements without identifiers that were erased since; one that then names nobody is left out."""
    erased = erased_among(session, tenant, {each for _, statement in stated for each in statement.identifiers})
    if not erased:
        return [(source, statement) for source, statement in stated if statement.identifiers]
    kept = []
    for source, statement in stated:
        named = tuple(
            each
            for each in statement.identifiers
            if not is_forgotten(erased.get(each, ()), _instant_of(statement, each))
        )
        if named:
            kept.append((source, replace(statement, identifiers=named)))
    return kept


def _instant_of(statement: Statement, identifier: Identifier) -> int:
    """Return an instant at which a statement takes an identifier for the person's."""
    return instant_of(statement.validity.get(identifier, UNSAID), statement.at_ms)


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
    change = change_of(session, tenant, found, rules)
    repository.retract_statement(session, tenant, statement_id, now_ms)
    repository.write_refusals(session, tenant, [statement_id], [])
    occasion = Occasion(cause="retracted", statement_id=statement_id, at_ms=now_ms)
    return _reassign(session, tenant, change, rules, occasion)


def block(
    session: WriteSession, tenant: str, identifier: Identifier, reason: str, rules: Rules, now_ms: int
) -> list[Move]:
    """Declare that an identifier names nobody. Return which identifiers moved."""
    lock_cursor(session, IDENTITY)
    change = change_around(session, tenant, identifier, rules)
    row = {
        "tenant": tenant,
        "namespace": identifier.namespace,
        "pseudonym": identifier.pseudonym,
        "reason": reason,
        "recorded_ms": now_ms,
    }
    session.upsert(identity_blocks, [row])
    return _reassign(session, tenant, change, rules, Occasion(cause="blocked", statement_id=None, at_ms=now_ms))


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
    change = change_around(session, tenant, identifier, rules)
    return _reassign(session, tenant, change, rules, Occasion(cause="unblocked", statement_id=None, at_ms=now_ms))


def forget_holdings(session: WriteSession, tenant: str, forgotten: Sequence[Holding], rules: Rules, now_ms: int) -> int:
    """Forget identifiers for some time, in whatever statement, block or move they are named then.

    The others of a statement stay, and so does what is said of other times.

    Returns:
        How many statements named them.
    """
    lock_cursor(session, IDENTITY)
    identifiers = {each.identifier for each in forgotten}
    mentions = _mentions_within(session, tenant, forgotten, rules)
    named_by = {each.statement_id for each in mentions}
    change = change_of(session, tenant, repository.load_statements(session, tenant, named_by), rules)
    repository.write_refusals(session, tenant, named_by, [])
    repository.delete_mentions(session, tenant, mentions)
    occasion = Occasion(cause="retracted", statement_id=None, at_ms=now_ms)
    everyone = Change(identifiers={*change.identifiers, *identifiers}, statement_ids=change.statement_ids)
    _reassign(session, tenant, everyone, rules, occasion)
    for_good = {each.identifier for each in forgotten if each == Holding(each.identifier)}
    delete_of(session, identity_blocks, tenant, for_good)
    repository.delete_moves(session, tenant, forgotten)
    return len(named_by)


def _mentions_within(
    session: ReadSession, tenant: str, forgotten: Sequence[Holding], rules: Rules
) -> list[repository.Mention]:
    """Return where statements speak of holdings within these; of retracted ones the time that they say decides."""
    identifiers = {each.identifier for each in forgotten}
    mentions = repository.mentions_of(session, tenant, identifiers)
    held = {s.statement_id: s for s in repository.load_statements(session, tenant, {m.statement_id for m in mentions})}
    holdings = Holdings(held.values(), rules.quarantine_ms)
    found = []
    for mention in mentions:
        statement = held.get(mention.statement_id)
        if statement is not None and statement.relation == "same_person":
            at_ms = holdings.said(statement, mention.identifier).from_ms
        else:
            at_ms = max(0, instant_of(mention.validity, mention.at_ms))
        if any(each.identifier == mention.identifier and each.covers(at_ms) for each in forgotten):
            found.append(mention)
    return found


class Identities:
    """The map from identifiers to profiles, as what the projections stand on."""

    tables: tuple[Table, ...] = (identity_map, identity_joins, identity_refusals)
    journals: tuple[Table, ...] = (identity_ledger,)

    def __init__(self, rules: Rules, clock: Clock) -> None:
        self._rules = rules
        self._clock = clock

    def mark(self, session: ReadSession) -> Hashable:
        """Return what changes whenever a statement or a block comes or goes."""
        return repository.mark_of_records(session)

    def rebuild(self, session: WriteSession) -> None:
        """Derive the map anew."""
        rebuild_identities(session, self._rules, self._clock())


def rebuild_identities(session: WriteSession, rules: Rules, now_ms: int) -> None:
    """Derive the map, the explanations and the profiles of every tenant anew from the statements.

    Under rules that changed identifiers may move; the ledger tells of it.
    """
    lock_cursor(session, IDENTITY)
    for table in (identity_joins, identity_refusals):
        session.execute(delete(table))
    repository.delete_unnamed(session)
    for tenant in repository.stating_tenants(session):
        _derive_all(session, tenant, rules, Occasion(cause="rules", statement_id=None, at_ms=now_ms))


def _derive_all(session: WriteSession, tenant: str, rules: Rules, occasion: Occasion) -> None:
    def derive_part(reach: Reach) -> None:
        derive(session, tenant, reach, rules, occasion)

    blocked = repository.blocked_of(session, tenant)
    derive_all(repository.all_statements(session, tenant), blocked, rules, derive_part)


def _reassign(session: WriteSession, tenant: str, change: Change, rules: Rules, occasion: Occasion) -> list[Move]:
    """Derive anew what a change reaches; write into the ledger, and return, which identifiers moved."""
    return derive(session, tenant, reach_of(session, tenant, change, rules), rules, occasion)


def derive(session: WriteSession, tenant: str, reach: Reach, rules: Rules, occasion: Occasion) -> list[Move]:
    """Resolve a part of the graph and make everything that follows say so."""
    resolution = resolve(reach.statements, rules, reach.blocked, reach.hubs, reach.alone)
    before = timelines_of(session, tenant, reach.identifiers)
    after = write_clusters(session, tenant, resolution.clusters, before)
    refusals = [each for each in resolution.refusals if each.statement_id in reach.whole]
    repository.write_refusals(session, tenant, reach.whole, refusals)
    moves = moves_between(before, after)
    repository.write_ledger(session, [_ledger_row(tenant, move, occasion) for move in moves])
    _move_touches(session, tenant, moves)
    one_ids = {span.one_id for timeline in (*before.values(), *after.values()) for span in timeline}
    recount_profiles(session, tenant, sorted(one_ids))
    return moves


def _ledger_row(tenant: str, move: Move, occasion: Occasion) -> dict[str, object]:
    return {
        "tenant": tenant,
        "at_ms": occasion.at_ms,
        "cause": occasion.cause,
        "statement_id": occasion.statement_id,
        "namespace": move.identifier.namespace,
        "pseudonym": move.identifier.pseudonym,
        "from_one_id": None if move.from_one_id == name_of(tenant, Holding(move.identifier)) else move.from_one_id,
        "to_one_id": move.to_one_id,
        "from_ms": move.from_ms,
        "until_ms": move.until_ms,
    }


def _move_touches(session: WriteSession, tenant: str, moves: Sequence[Move]) -> None:
    """Give touches to the profile that their identifier belongs to now; they are linked, their codes judged anew."""
    moved: dict[Identifier, list[Move]] = {}
    for move in moves:
        moved.setdefault(move.identifier, []).append(move)
    going: dict[str, list[str]] = {}
    for namespace, part in by_namespace(moved):
        shown = and_(touches.c.tenant == tenant, touches.c.namespace == namespace, among(touches.c.pseudonym, part))
        for row in session.rows(select(touches.c.touch_id, touches.c.pseudonym, touches.c.time_ms).where(shown)):
            for move in moved[Identifier(namespace, row.pseudonym)]:
                if move.from_ms <= max(row.time_ms, 0) < move.until_ms:
                    going.setdefault(move.to_one_id, []).append(row.touch_id)
    for one_id, touch_ids in going.items():
        for few in chunks(touch_ids):
            theirs = and_(touches.c.tenant == tenant, among(touches.c.touch_id, few))
            session.execute(update(touches).where(theirs).values(one_id=one_id))
    changed = [touch_id for touch_ids in going.values() for touch_id in touch_ids]
    enqueue(session, tenant, "touch", changed)
    _link_under_other_consents(session, tenant, moves)
    enqueue_codes_of_touches(session, tenant, changed)


def _link_under_other_consents(session: WriteSession, tenant: str, moves: Sequence[Move]) -> None:
    """Let the linker look again at all of a profile's touches, where words about consent come to it or leave it."""
    speaking = speaking_among(session, tenant, {move.identifier for move in moves})
    concerned = {
        one_id for move in moves if move.identifier in speaking for one_id in (move.from_one_id, move.to_one_id)
    }
    for part in chunks(sorted(concerned)):
        theirs = and_(touches.c.tenant == tenant, among(touches.c.one_id, part))
        enqueue(
            session, tenant, "touch", [row.touch_id for row in session.rows(select(touches.c.touch_id).where(theirs))]
        )
