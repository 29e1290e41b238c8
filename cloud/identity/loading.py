"""Takes in very many statements at once: a first member base.

Whoever is new and whom no rule can touch (`cloud.identity.plain`), most of them, is written by the million: what
follows from whose an identifier is, the database derives itself. The others are resolved part by part, as ever.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from sqlalchemy import BigInteger, String, literal, select

from cloud.changes.tables import profile_queue
from cloud.db import WriteSession
from cloud.identity import bulk, repository
from cloud.identity.bulk import Row, Statements, digest_of, reach_within
from cloud.identity.holdings import FOREVER_MS
from cloud.identity.names import one_id_of
from cloud.identity.parts import Digests, Numbers, parts_of
from cloud.identity.plain import Person, Said, persons_of
from cloud.identity.service import IDENTITY, Occasion, derive, differing, new_among, refuse_changed, without_erased
from cloud.identity.statements import Rules, Statement
from cloud.identity.tables import identity_joins, identity_ledger, identity_map, identity_mentions, identity_statements
from cloud.piles import Pile, write_sorted, writing_much
from cloud.projections.base import lock_cursor
from cloud.tables import profile_identifiers, profiles


def load_in_bulk(
    session: WriteSession, tenant: str, stated: Iterable[tuple[str, Statement]], rules: Rules, now_ms: int
) -> int:
    """Record very many statements, given with their sources; everything is as if `add_statements` had taken them.

    All of the tenant's statements are read, which pays where the new ones are a good part of them.

    Returns:
        How many statements were new.

    Raises:
        ProblemError: 409, the id of one stands for another one.
    """
    lock_cursor(session, IDENTITY)
    with Statements(repository.all_statements(session, tenant)) as held, writing_much(session):
        before = len(held)
        for source, statement in _new(session, tenant, stated):
            held.add(source, statement)
        for statement in held.drop_repeated():
            raise differing(statement.statement_id)
        new = held.kept(before)
        if len(new):
            _record(session, tenant, held.rows(new), now_ms)
            _derive_all(session, tenant, held, rules, now_ms)
        return len(new)


def _new(
    session: WriteSession, tenant: str, stated: Iterable[tuple[str, Statement]]
) -> Iterator[tuple[str, Statement]]:
    """Yield what is new of statements, but for identifiers that were erased since."""
    is_first = not repository.has_statements(session, tenant)
    remaining = iter(stated)
    while batch := list(islice(remaining, bulk.PART)):
        if is_first:
            yield from without_erased(session, tenant, batch)
        else:
            refuse_changed(session, tenant, batch)
            yield from new_among(session, tenant, batch)


def _record(session: WriteSession, tenant: str, rows: Iterable[Row], now_ms: int) -> None:
    with Pile(session, identity_statements) as statements, Pile(session, identity_mentions) as mentions:
        for row in rows:
            statements.put(
                (tenant, row.statement_id, row.source, row.rank, row.relation, row.at_ms, now_ms, None),
            )
            for namespace, pseudonym, from_ms, until_ms in set(row.named):
                mentions.put((tenant, namespace, pseudonym, row.statement_id, from_ms, until_ms))
        statements.move()
        mentions.move()


def _derive_all(session: WriteSession, tenant: str, held: Statements, rules: Rules, now_ms: int) -> None:
    occasion = Occasion(cause="stated", statement_id=None, at_ms=now_ms)
    blocked, hubs = repository.blocked_of(session, tenant), held.hubs(rules.hub_neighbours)
    groups = held.groups({*blocked, *hubs})
    kept, is_plain = held.kept(), held.plain(groups, {*blocked, *hubs}, _known(session, tenant))

    def resolve(numbers: Numbers) -> None:
        derive(session, tenant, reach_within(held.read(numbers), blocked, hubs), rules, occasion)

    for numbers in _parts(groups, kept[~is_plain[kept]]):
        resolve(numbers)
    with Pile(session, identity_map) as owned, Pile(session, identity_joins) as joins:
        for numbers in _parts(groups, kept[is_plain[kept]]):
            said = [_said(row) for row in held.rows(numbers)]
            persons, beyond = persons_of(said, rules)
            for person in persons:
                _put(tenant, person, owned, joins)
            if beyond:
                resolve(numbers[[not beyond.isdisjoint(named) for _, _, _, named in said]])
        owned.move()
        joins.move()
        _follow(session, owned, occasion)


def _parts(groups: Numbers, numbers: Numbers) -> Iterator[Numbers]:
    for part in parts_of(groups[numbers], bulk.PART):
        yield numbers[part]


def _known(session: WriteSession, tenant: str) -> Digests:
    """Return digests of the identifiers of which statements or touches have told already."""
    return np.fromiter((digest_of(*named) for named in repository.known_identifiers(session, tenant)), np.uint64)


def _said(row: Row) -> Said:
    return row.statement_id, row.rank, row.at_ms, [(namespace, pseudonym) for namespace, pseudonym, _, _ in row.named]


def _put(tenant: str, person: Person, owned: Pile, joins: Pile) -> None:
    one_id = one_id_of(tenant, *person.anchor)
    for named in person.members:
        own_id = one_id if named == person.anchor else one_id_of(tenant, *named)
        owned.put((tenant, *named, 0, FOREVER_MS, own_id, one_id, True))
    for ordinal, (statement_id, left, right) in enumerate(person.joins):
        joins.put((tenant, one_id, ordinal, statement_id, *left, *right))


def _follow(session: WriteSession, owned: Pile, occasion: Occasion) -> None:
    """Write what follows from whose new identifiers are: moves, profiles, who is to be published.

    Nobody of them was seen yet, so that nothing is to be counted.
    """
    of, count = owned.table.c, owned.count
    moves = select(
        of.tenant,
        literal(occasion.at_ms, BigInteger()).label("at_ms"),
        literal(occasion.cause, String()).label("cause"),
        of.namespace,
        of.pseudonym,
        of.one_id.label("to_one_id"),
        of.from_ms,
        of.until_ms,
    )
    by_identifier = of.tenant, of.namespace, of.pseudonym
    write_sorted(session, identity_ledger, moves.where(of.own_id != of.one_id).order_by(*by_identifier), count)
    anchors = select(of.tenant, of.one_id).where(of.own_id == of.one_id).order_by(of.tenant, of.one_id)
    write_sorted(session, profiles, anchors, count)
    by_profile = of.tenant, of.one_id, of.namespace, of.pseudonym, of.from_ms
    write_sorted(session, profile_identifiers, select(*by_profile, of.until_ms).order_by(*by_profile), count)
    write_sorted(session, profile_queue, select(of.tenant, of.own_id.label("one_id")), count)
