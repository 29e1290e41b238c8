"""SQL of identity: statements and their reach, the map from identifiers to profiles, the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, or_, select, update
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from cloud.db import AnyRow, ReadSession, WriteSession, chunks
from cloud.identity.names import one_id_of
from cloud.identity.resolve import Cluster, Identifier, Refusal, Statement
from cloud.identity.tables import (
    identity_blocks,
    identity_joins,
    identity_ledger,
    identity_map,
    identity_mentions,
    identity_refusals,
    identity_statements,
)

_mentions, _statements, _map = identity_mentions.c, identity_statements.c, identity_map.c


def known_statements(session: ReadSession, tenant: str, statement_ids: Iterable[str]) -> dict[str, AnyRow]:
    """Return which of these statements there are already, retracted ones too."""
    found = {}
    for part in chunks(sorted(set(statement_ids))):
        rows = session.rows(
            select(identity_statements).where(_statements.tenant == tenant, _statements.statement_id.in_(part))
        )
        found.update({row.statement_id: row for row in rows})
    return found


def load_statements(session: ReadSession, tenant: str, statement_ids: Iterable[str]) -> list[Statement]:
    """Return statements that hold, with the identifiers that they name."""
    loaded = []
    for part in chunks(sorted(set(statement_ids))):
        named: dict[str, list[Identifier]] = {}
        for row in session.rows(
            select(identity_mentions).where(_mentions.tenant == tenant, _mentions.statement_id.in_(part))
        ):
            named.setdefault(row.statement_id, []).append(Identifier(row.namespace, row.pseudonym))
        rows = session.rows(
            select(identity_statements).where(
                _statements.tenant == tenant,
                _statements.statement_id.in_(part),
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
            )
            for row in rows
        ]
    return loaded


def statements_naming(
    session: ReadSession, tenant: str, identifiers: Iterable[Identifier]
) -> dict[Identifier, list[str]]:
    """Return the statements that hold and name each of these identifiers."""
    wanted = set(identifiers)
    found: dict[Identifier, list[str]] = {identifier: [] for identifier in wanted}
    for part in chunks(sorted({identifier.pseudonym for identifier in wanted})):
        holds = and_(
            _statements.tenant == _mentions.tenant,
            _statements.statement_id == _mentions.statement_id,
            _statements.retracted_ms.is_(None),
        )
        rows = session.rows(
            select(_mentions.namespace, _mentions.pseudonym, _mentions.statement_id)
            .join(identity_statements, holds)
            .where(_mentions.tenant == tenant, _mentions.pseudonym.in_(part))
            .order_by(_mentions.statement_id)
        )
        for namespace, pseudonym, statement_id in rows:
            if (identifier := Identifier(namespace, pseudonym)) in wanted:
                found[identifier].append(statement_id)
    return found


def blocked_among(session: ReadSession, tenant: str, identifiers: Iterable[Identifier]) -> set[Identifier]:
    """Return which of these identifiers somebody declared to name nobody."""
    wanted = set(identifiers)
    found: set[Identifier] = set()
    for part in chunks(sorted({identifier.pseudonym for identifier in wanted})):
        rows = session.rows(
            select(identity_blocks.c.namespace, identity_blocks.c.pseudonym).where(
                identity_blocks.c.tenant == tenant, identity_blocks.c.pseudonym.in_(part)
            )
        )
        found |= {Identifier(row.namespace, row.pseudonym) for row in rows} & wanted
    return found


def one_ids_of(session: ReadSession, tenant: str, identifiers: Iterable[Identifier]) -> dict[Identifier, str]:
    """Return each identifier's One ID; one that no statement names has its own."""
    wanted = set(identifiers)
    found = {each: one_id_of(tenant, each.namespace, each.pseudonym) for each in wanted}
    for part in chunks(sorted({identifier.pseudonym for identifier in wanted})):
        rows = session.rows(
            select(_map.namespace, _map.pseudonym, _map.one_id).where(_map.tenant == tenant, _map.pseudonym.in_(part))
        )
        for namespace, pseudonym, one_id in rows:
            if (identifier := Identifier(namespace, pseudonym)) in wanted:
                found[identifier] = one_id
    return found


def surviving_one_id(session: ReadSession, tenant: str, own_id: str) -> str | None:
    """Return the One ID of the profile that the profile `own_id` went into, None if there is no such identifier."""
    row = session.first(select(_map.one_id).where(_map.tenant == tenant, _map.own_id == own_id))
    return None if row is None else str(row.one_id)


def write_clusters(session: WriteSession, tenant: str, clusters: Sequence[Cluster], gone: Iterable[Identifier]) -> None:
    """Make the map and the explanations say what was resolved; identifiers `gone` are named by nothing any more."""
    gone_now = sorted(gone)
    names = {cluster.anchor: one_id_of(tenant, *_values(cluster.anchor)) for cluster in clusters}
    stale = set(one_ids_of(session, tenant, [*(i for c in clusters for i in c.identifiers), *gone_now]).values())
    for part in chunks(sorted(stale | set(names.values()))):
        session.execute(
            delete(identity_joins).where(identity_joins.c.tenant == tenant, identity_joins.c.one_id.in_(part))
        )
    for identifier in gone_now:
        session.execute(
            delete(identity_map).where(
                _map.tenant == tenant,
                _map.namespace == identifier.namespace,
                _map.pseudonym == identifier.pseudonym,
            )
        )
    session.upsert(
        identity_map,
        [
            {
                "tenant": tenant,
                "namespace": identifier.namespace,
                "pseudonym": identifier.pseudonym,
                "own_id": one_id_of(tenant, *_values(identifier)),
                "one_id": names[cluster.anchor],
            }
            for cluster in clusters
            for identifier in cluster.identifiers
        ],
    )
    session.insert(
        identity_joins,
        [
            {
                "tenant": tenant,
                "one_id": names[cluster.anchor],
                "ordinal": ordinal,
                "statement_id": join.statement_id,
                "left_namespace": join.left.namespace,
                "left_pseudonym": join.left.pseudonym,
                "right_namespace": join.right.namespace,
                "right_pseudonym": join.right.pseudonym,
            }
            for cluster in clusters
            for ordinal, join in enumerate(cluster.joins)
        ],
    )


def write_refusals(
    session: WriteSession, tenant: str, statement_ids: Iterable[str], refusals: Sequence[Refusal]
) -> None:
    """Replace what is refused of these statements."""
    for part in chunks(sorted(set(statement_ids))):
        session.execute(
            delete(identity_refusals).where(
                identity_refusals.c.tenant == tenant, identity_refusals.c.statement_id.in_(part)
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
                "right_namespace": refusal.right.namespace,
                "right_pseudonym": refusal.right.pseudonym,
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


def statements_mentioning(session: ReadSession, tenant: str, identifiers: Iterable[Identifier]) -> list[str]:
    """Return the statements, retracted ones too, that name one of these identifiers."""
    found: set[str] = set()
    for identifier in identifiers:
        rows = session.rows(select(_mentions.statement_id).where(_is(identity_mentions, tenant, identifier)))
        found.update(row.statement_id for row in rows)
    return sorted(found)


def delete_mentions(
    session: WriteSession, tenant: str, identifiers: Iterable[Identifier], statement_ids: Iterable[str]
) -> None:
    """Take identifiers out of statements; a statement that names nobody any more goes too."""
    for identifier in identifiers:
        session.execute(delete(identity_mentions).where(_is(identity_mentions, tenant, identifier)))
    for part in chunks(sorted(statement_ids)):
        left = select(_mentions.statement_id).where(_mentions.tenant == tenant, _mentions.statement_id.in_(part))
        session.execute(
            delete(identity_statements).where(
                _statements.tenant == tenant,
                _statements.statement_id.in_(part),
                _statements.statement_id.not_in(left),
            )
        )


def delete_blocks_and_moves(session: WriteSession, tenant: str, identifiers: Iterable[Identifier]) -> None:
    """Forget that identifiers were blocked, which profiles they belonged to, and who came to theirs or left it."""
    ledger = identity_ledger.c
    for identifier in identifiers:
        name = one_id_of(tenant, *_values(identifier))
        session.execute(delete(identity_blocks).where(_is(identity_blocks, tenant, identifier)))
        moved = or_(_is(identity_ledger, tenant, identifier), ledger.from_one_id == name, ledger.to_one_id == name)
        session.execute(delete(identity_ledger).where(ledger.tenant == tenant, moved))


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


def joins_of(session: ReadSession, tenant: str, one_id: str) -> Sequence[AnyRow]:
    """Return what brought a profile's identifiers together, with the statements."""
    said = and_(
        _statements.tenant == identity_joins.c.tenant, _statements.statement_id == identity_joins.c.statement_id
    )
    return session.rows(
        select(identity_joins, _statements.source, _statements.at_ms)
        .join(identity_statements, said)
        .where(identity_joins.c.tenant == tenant, identity_joins.c.one_id == one_id)
        .order_by(identity_joins.c.ordinal)
    )


def household_of(session: ReadSession, tenant: str, one_id: str) -> list[str]:
    """Return the other profiles that a statement puts into one household with this one."""
    mine, theirs = identity_mentions.alias("mine"), identity_mentions.alias("theirs")
    my_map, their_map = identity_map.alias("my_map"), identity_map.alias("their_map")
    rows = session.rows(
        select(their_map.c.one_id)
        .distinct()
        .select_from(my_map)
        .join(mine, _same_identifier(mine.c, my_map.c))
        .join(
            identity_statements,
            and_(
                _statements.tenant == mine.c.tenant,
                _statements.statement_id == mine.c.statement_id,
                _statements.relation == "household",
                _statements.retracted_ms.is_(None),
            ),
        )
        .join(theirs, and_(theirs.c.tenant == mine.c.tenant, theirs.c.statement_id == mine.c.statement_id))
        .join(their_map, _same_identifier(theirs.c, their_map.c))
        .where(my_map.c.tenant == tenant, my_map.c.one_id == one_id, their_map.c.one_id != one_id)
        .order_by(their_map.c.one_id)
    )
    return [row.one_id for row in rows]


def refusals_of(session: ReadSession, tenant: str, one_id: str) -> Sequence[AnyRow]:
    """Return the joins with a profile's identifiers that the rules forbid."""
    refused = identity_refusals.c
    is_left = and_(_map.namespace == refused.left_namespace, _map.pseudonym == refused.left_pseudonym)
    is_right = and_(_map.namespace == refused.right_namespace, _map.pseudonym == refused.right_pseudonym)
    return session.rows(
        select(identity_refusals)
        .distinct()
        .join(identity_map, and_(_map.tenant == refused.tenant, or_(is_left, is_right)))
        .where(refused.tenant == tenant, _map.one_id == one_id)
        .order_by(refused.statement_id, refused.right_namespace, refused.right_pseudonym)
    )


def refusals_by(session: ReadSession, tenant: str, statement_ids: Iterable[str]) -> list[AnyRow]:
    """Return what of these statements the rules forbid."""
    refused = identity_refusals.c
    found: list[AnyRow] = []
    for part in chunks(sorted(set(statement_ids))):
        found += session.rows(
            select(identity_refusals)
            .where(refused.tenant == tenant, refused.statement_id.in_(part))
            .order_by(refused.statement_id, refused.right_namespace, refused.right_pseudonym)
        )
    return found


def _same_identifier(
    left: ReadOnlyColumnCollection[str, Any], right: ReadOnlyColumnCollection[str, Any]
) -> ColumnElement[bool]:
    return and_(left.tenant == right.tenant, left.namespace == right.namespace, left.pseudonym == right.pseudonym)


def _values(identifier: Identifier) -> tuple[str, str]:
    return identifier.namespace, identifier.pseudonym
