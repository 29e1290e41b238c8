"""SQL that finds identifiers which stand with too many others, at a cost that does not grow with how many."""

from collections.abc import Collection, Iterable

from sqlalchemy import and_, literal, select

from cloud.among import among
from cloud.db import ReadSession
from cloud.identity.ownership import by_namespace
from cloud.identity.repository import load_statements
from cloud.identity.statements import Identifier, neighbours_of
from cloud.identity.tables import identity_map, identity_mentions, identity_statements

_READ_ROWS = 200
_OFTEN = 4
"""How often, for each neighbour that a hub must have, an identifier must be named to be counted by itself."""
_mine = identity_mentions.alias("mine")


def named_often(session: ReadSession, tenant: str, identifiers: Collection[Identifier], most: int) -> set[Identifier]:
    """Return which of these identifiers are named so often that whether they are hubs is better asked by itself.

    What the map does not know yet is not among them.
    """
    mentions, held = identity_mentions.c, identity_map.c
    one_more = (
        select(literal(1))
        .where(
            mentions.tenant == held.tenant,
            mentions.namespace == held.namespace,
            mentions.pseudonym == held.pseudonym,
        )
        .limit(1)
        .offset(_OFTEN * most)
        .scalar_subquery()
    )
    found = set()
    for namespace, part in by_namespace(identifiers):
        this = and_(held.tenant == tenant, held.namespace == namespace, among(held.pseudonym, part), held.from_ms == 0)
        rows = session.rows(select(held.pseudonym).where(this, one_more.is_not(None)))
        found |= {Identifier(namespace, row.pseudonym) for row in rows}
    return found


def is_hub(session: ReadSession, tenant: str, identifier: Identifier, most: int, without: Collection[str] = ()) -> bool:
    """Return whether an identifier stands with more than `most` others, some statements not regarded.

    It reads on in the order of the statements until it is known. They are loaded whole: asked for the others' names
    alone, SQLite walks through all of the tenant's mentions, since an index holds those.
    """
    mine = _mine.c
    this = and_(mine.tenant == tenant, mine.namespace == identifier.namespace, mine.pseudonym == identifier.pseudonym)
    naming = select(mine.statement_id).where(this).order_by(mine.statement_id).limit(_READ_ROWS)
    found: set[Identifier] = set()
    after = ""
    while page := [row.statement_id for row in session.rows(naming.where(mine.statement_id > after))]:
        after = page[-1]
        held = load_statements(session, tenant, set(page) - set(without))
        found |= neighbours_of(held).get(identifier, set())
        if len(found) > most:
            return True
    return False


def named_among(session: ReadSession, tenant: str, identifiers: Iterable[Identifier]) -> set[Identifier]:
    """Return which of these identifiers a statement that holds names."""
    mine, statements = _mine.c, identity_statements.c
    found = set()
    for identifier in identifiers:
        this = and_(
            mine.tenant == tenant, mine.namespace == identifier.namespace, mine.pseudonym == identifier.pseudonym
        )
        holds = and_(
            statements.tenant == mine.tenant,
            statements.statement_id == mine.statement_id,
            statements.retracted_ms.is_(None),
        )
        if session.first(select(mine.statement_id).join(identity_statements, holds).where(this).limit(1)) is not None:
            found.add(identifier)
    return found
