"""SQL of what explains a profile: the statements that joined it, its household, and what the rules refused."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from cloud.among import among
from cloud.db import AnyRow, ReadSession, chunks
from cloud.identity.tables import (
    identity_joins,
    identity_map,
    identity_mentions,
    identity_refusals,
    identity_statements,
)

Columns = ReadOnlyColumnCollection[str, Any]
_statements, _map = identity_statements.c, identity_map.c


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
                _meant(mine.c, my_map.c),
            ),
        )
        .join(theirs, and_(theirs.c.tenant == mine.c.tenant, theirs.c.statement_id == mine.c.statement_id))
        .join(their_map, and_(_same_identifier(theirs.c, their_map.c), _meant(theirs.c, their_map.c)))
        .where(my_map.c.tenant == tenant, my_map.c.one_id == one_id, their_map.c.one_id != one_id)
        .order_by(their_map.c.one_id)
    )
    return [row.one_id for row in rows]


def refusals_of(session: ReadSession, tenant: str, one_id: str) -> Sequence[AnyRow]:
    """Return the joins with a profile's identifiers that the rules forbid."""
    refused = identity_refusals.c
    is_left = and_(
        _map.namespace == refused.left_namespace,
        _map.pseudonym == refused.left_pseudonym,
        _map.from_ms == refused.left_from_ms,
    )
    is_right = and_(
        _map.namespace == refused.right_namespace,
        _map.pseudonym == refused.right_pseudonym,
        _map.from_ms == refused.right_from_ms,
    )
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
            .where(refused.tenant == tenant, among(refused.statement_id, part))
            .order_by(refused.statement_id, refused.right_namespace, refused.right_pseudonym)
        )
    return found


def _same_identifier(left: Columns, right: Columns) -> ColumnElement[bool]:
    return and_(left.tenant == right.tenant, left.namespace == right.namespace, left.pseudonym == right.pseudonym)


def _meant(mention: Columns, held: Columns) -> ColumnElement[bool]:
    """Return the condition that a row of the map covers when a statement speaks of (`holdings.instant_of`)."""
    instant_ms = case(
        (_statements.at_ms < mention.from_ms, mention.from_ms),
        (_statements.at_ms >= mention.until_ms, mention.until_ms - 1),
        (_statements.at_ms < 0, 0),
        else_=_statements.at_ms,
    )
    return and_(held.is_held, held.from_ms <= instant_ms, held.until_ms > instant_ms)
