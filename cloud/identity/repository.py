"""SQL of identity: statements, what the rules forbid of them, the ledger."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from msgspec import Struct
from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, or_, select, update

from cloud.among import among
from cloud.db import AnyRow, ReadSession, WriteSession, chunks
from cloud.identity.holdings import Holding
from cloud.identity.ownership import by_namespace
from cloud.identity.resolve import Refusal
from cloud.identity.statements import UNSAID, Identifier, Statement, Validity
from cloud.identity.tables import (
    identity_blocks,
    identity_ledger,
    identity_map,
    identity_mentions,
    identity_refusals,
    identity_statements,
)
from cloud.identity.timelines import name_of
from cloud.tables import profile_identifiers, touches

_mentions, _statements, _map = identity_mentions.c, identity_statements.c, identity_map.c


class Mention(Struct, frozen=True, kw_only=True):
    """An identifier as one statement names it."""

    statement_id: str
    identifier: Identifier
    at_ms: int
    validity: Validity


def known_statements(session: ReadSession, tenant: str, statement_ids: Iterable[str]) -> dict[str, AnyRow]:
    """Return which of these statements there are already, retracted ones too."""
    found = {}
    for part in chunks(sorted(set(statement_ids))):
        rows = session.rows(
            select(identity_statements).where(_statements.tenant == tenant, among(_statements.statement_id, part))
        )
        found.update({row.statement_id: row for row in rows})
    return found


def has_statements(session: ReadSession, tenant: str) -> bool:
    """Return whether any statement was ever made."""
    return session.first(select(_statements.statement_id).where(_statements.tenant == tenant).limit(1)) is not None


def known_identifiers(session: ReadSession, tenant: str) -> Iterator[tuple[str, str]]:
    """Yield every identifier that something is known of, as namespace and pseudonym, some of them several times."""
    for table in (identity_map, profile_identifiers, touches):
        of = table.c
        known = select(of.namespace, of.pseudonym).where(of.tenant == tenant, of.pseudonym.is_not(None))
        yield from ((namespace, pseudonym) for namespace, pseudonym in session.stream(known))


def load_statements(session: ReadSession, tenant: str, statement_ids: Iterable[str]) -> list[Statement]:
    """Return statements that hold, with the identifiers that they name."""
    loaded = []
    for part in chunks(sorted(set(statement_ids))):
        named: dict[str, list[Identifier]] = {}
        validity: dict[str, dict[Identifier, Validity]] = {}
        for row in session.rows(
            select(identity_mentions).where(_mentions.tenant == tenant, among(_mentions.statement_id, part))
        ):
            identifier = Identifier(row.namespace, row.pseudonym)
            named.setdefault(row.statement_id, []).append(identifier)
            if row.from_ms is not None or row.until_ms is not None:
                validity.setdefault(row.statement_id, {})[identifier] = Validity(row.from_ms, row.until_ms)
        rows = session.rows(
            select(identity_statements).where(
                _statements.tenant == tenant,
                among(_statements.statement_id, part),
                _statements.retracted_ms.is_(None),
            )
        )
        loaded += [
            Statement(
                statement_id=row.statement_id,
                rank=row.rank,
                at_ms=row.at_ms,
                identifiers=tuple(sorted(named[row.statement_id])),
                relation=row.relation,
                validity=validity.get(row.statement_id, {}),
            )
            for row in rows
        ]
    return loaded


def mark_of_records(session: ReadSession) -> tuple[int, ...]:
    """Return numbers of which some changes whenever a statement or a block comes or goes."""
    counted = func.count()
    return (
        *map(
            int,
            session.rows(
                select(
                    counted,
                    func.count(_statements.retracted_ms),
                    func.coalesce(func.max(_statements.recorded_ms), 0),
                    func.coalesce(func.max(_statements.retracted_ms), 0),
                )
            )[0],
        ),
        session.number(select(counted).select_from(identity_mentions)),
        session.number(select(counted).select_from(identity_blocks)),
        session.number(select(func.max(identity_ledger.c.position))),
    )


def stating_tenants(session: ReadSession) -> list[str]:
    """Return the tenants that made statements."""
    return [row.tenant for row in session.rows(select(_statements.tenant).distinct().order_by(_statements.tenant))]


def all_statements(session: ReadSession, tenant: str) -> Iterator[Statement]:
    """Yield every statement that holds, with the identifiers that it names, in the order of their ids."""
    names = _mentions.namespace, _mentions.pseudonym, _mentions.from_ms, _mentions.until_ms
    held = and_(_mentions.tenant == _statements.tenant, _mentions.statement_id == _statements.statement_id)
    rows = session.stream(
        select(_statements.statement_id, _statements.rank, _statements.at_ms, _statements.relation, *names)
        .join(identity_mentions, held)
        .where(_statements.tenant == tenant, _statements.retracted_ms.is_(None))
        .order_by(_statements.statement_id)
    )
    for (statement_id, rank, at_ms, relation), naming in groupby(rows, lambda row: row[:4]):
        said = {Identifier(row.namespace, row.pseudonym): Validity(row.from_ms, row.until_ms) for row in naming}
        yield Statement(
            statement_id=statement_id,
            rank=rank,
            at_ms=at_ms,
            identifiers=tuple(sorted(said)),
            relation=relation,
            validity={identifier: validity for identifier, validity in said.items() if validity != UNSAID},
        )


def delete_unnamed(session: WriteSession) -> None:
    """Take out of the map what no statement that holds names."""
    named = exists().where(
        _mentions.tenant == _map.tenant,
        _mentions.namespace == _map.namespace,
        _mentions.pseudonym == _map.pseudonym,
        _mentions.statement_id == _statements.statement_id,
        _statements.tenant == _map.tenant,
        _statements.retracted_ms.is_(None),
    )
    session.execute(delete(identity_map).where(~named))


def statements_naming(
    session: ReadSession, tenant: str, identifiers: Iterable[Identifier]
) -> dict[Identifier, list[str]]:
    """Return the statements that hold and name each of these identifiers."""
    found: dict[Identifier, list[str]] = {identifier: [] for identifier in identifiers}
    holds = and_(
        _statements.tenant == _mentions.tenant,
        _statements.statement_id == _mentions.statement_id,
        _statements.retracted_ms.is_(None),
    )
    for namespace, part in by_namespace(found):
        rows = session.rows(
            select(_mentions.pseudonym, _mentions.statement_id)
            .join(identity_statements, holds)
            .where(_mentions.tenant == tenant, _mentions.namespace == namespace, among(_mentions.pseudonym, part))
        )  # In no order: SQLite would walk through all of the tenant's mentions rather than sort these few.
        for pseudonym, statement_id in rows:
            found[Identifier(namespace, pseudonym)].append(statement_id)
    return found


def blocked_among(session: ReadSession, tenant: str, identifiers: Iterable[Identifier]) -> set[Identifier]:
    """Return which of these identifiers somebody declared to name nobody."""
    blocks = identity_blocks.c
    found: set[Identifier] = set()
    for namespace, part in by_namespace(identifiers):
        rows = session.rows(
            select(blocks.pseudonym).where(
                blocks.tenant == tenant, blocks.namespace == namespace, among(blocks.pseudonym, part)
            )
        )
        found |= {Identifier(namespace, row.pseudonym) for row in rows}
    return found


def blocked_of(session: ReadSession, tenant: str) -> set[Identifier]:
    """Return every identifier that somebody declared to name nobody."""
    blocks = identity_blocks.c
    rows = session.rows(select(blocks.namespace, blocks.pseudonym).where(blocks.tenant == tenant))
    return {Identifier(row.namespace, row.pseudonym) for row in rows}


def write_refusals(
    session: WriteSession, tenant: str, statement_ids: Iterable[str], refusals: Sequence[Refusal]
) -> None:
    """Replace what is refused of these statements."""
    for part in chunks(sorted(set(statement_ids))):
        session.execute(
            delete(identity_refusals).where(
                identity_refusals.c.tenant == tenant, among(identity_refusals.c.statement_id, part)
            )
        )
    session.insert(
        identity_refusals,
        [
            {
                "tenant": tenant,
                "statement_id": refusal.statement_id,
                "left_namespace": refusal.left.namespace,
                "left_pseudonym": refusal.left.pseudonym,
                "left_from_ms": refusal.left.from_ms,
                "right_namespace": refusal.right.namespace,
                "right_pseudonym": refusal.right.pseudonym,
                "right_from_ms": refusal.right.from_ms,
                "reason": refusal.reason,
                "namespace": refusal.namespace,
                "allowed": refusal.allowed,
            }
            for refusal in refusals
        ],
    )


def retract_statement(session: WriteSession, tenant: str, statement_id: str, now_ms: int) -> None:
    """Say of a statement that it holds no longer."""
    session.execute(
        update(identity_statements)
        .where(_statements.tenant == tenant, _statements.statement_id == statement_id)
        .values(retracted_ms=now_ms)
    )


def mentions_of(session: ReadSession, tenant: str, identifiers: Iterable[Identifier]) -> list[Mention]:
    """Return where these identifiers are named, in statements that hold and in retracted ones."""
    said = and_(_statements.tenant == _mentions.tenant, _statements.statement_id == _mentions.statement_id)
    found = []
    for namespace, part in by_namespace(identifiers):
        rows = session.rows(
            select(identity_mentions, _statements.at_ms)
            .join(identity_statements, said)
            .where(_mentions.tenant == tenant, _mentions.namespace == namespace, among(_mentions.pseudonym, part))
            .order_by(_mentions.pseudonym, _mentions.statement_id)
        )
        found += [
            Mention(
                statement_id=row.statement_id,
                identifier=Identifier(namespace, row.pseudonym),
                at_ms=row.at_ms,
                validity=Validity(row.from_ms, row.until_ms),
            )
            for row in rows
        ]
    return found


def delete_mentions(session: WriteSession, tenant: str, mentions: Sequence[Mention]) -> None:
    """Take identifiers out of statements; a statement that names nobody any more goes too."""
    for each in mentions:
        this = and_(_is(identity_mentions, tenant, each.identifier), _mentions.statement_id == each.statement_id)
        session.execute(delete(identity_mentions).where(this))
    for part in chunks(sorted({each.statement_id for each in mentions})):
        left = select(_mentions.statement_id).where(_mentions.tenant == tenant, among(_mentions.statement_id, part))
        session.execute(
            delete(identity_statements).where(
                _statements.tenant == tenant,
                among(_statements.statement_id, part),
                _statements.statement_id.not_in(left),
            )
        )


def delete_moves(session: WriteSession, tenant: str, held: Iterable[Holding]) -> None:
    """Forget to which profiles identifiers belonged at some time, and who came to theirs or left it."""
    ledger = identity_ledger.c
    for each in held:
        name = name_of(tenant, each)
        is_its = _is(identity_ledger, tenant, each.identifier)
        forgotten = [
            and_(is_its, ledger.from_ms < each.until_ms, ledger.until_ms > each.from_ms),
            ledger.from_one_id == name,
            ledger.to_one_id == name,
        ]
        if name == name_of(tenant, Holding(each.identifier)):  # Which the ledger leaves out where it is this one's.
            forgotten.append(and_(is_its, ledger.from_one_id.is_(None)))
        session.execute(delete(identity_ledger).where(ledger.tenant == tenant, or_(*forgotten)))


def _is(table: Table, tenant: str, identifier: Identifier) -> ColumnElement[bool]:
    columns = table.c
    return and_(
        columns.tenant == tenant,
        columns.namespace == identifier.namespace,
        columns.pseudonym == identifier.pseudonym,
    )


def write_ledger(session: WriteSession, rows: Sequence[Mapping[str, object]]) -> None:
    """Add moves of identifiers from one profile to another. The inverse of a row is the row with both swapped."""
    session.insert(identity_ledger, rows)


def ledger_after(session: ReadSession, tenant: str, position: int, limit: int) -> Sequence[AnyRow]:
    """Return moves after a position, the earliest first."""
    return session.rows(
        select(identity_ledger)
        .where(identity_ledger.c.tenant == tenant, identity_ledger.c.position > position)
        .order_by(identity_ledger.c.position)
        .limit(limit)
    )
