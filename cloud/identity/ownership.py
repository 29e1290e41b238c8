"""SQL of the map: whose an identifier is, and was at each time."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Table, and_, delete, select

from cloud.among import among
from cloud.db import AnyRow, ReadSession, WriteSession, chunks
from cloud.identity.holdings import Holding
from cloud.identity.resolve import Cluster
from cloud.identity.statements import Identifier
from cloud.identity.tables import identity_joins, identity_ledger, identity_map
from cloud.identity.timelines import Span, Timeline, name_of, owner_at, span_at, speakers_at, timelines_from, unheld

_map, _ledger = identity_map.c, identity_ledger.c


class Owners:
    """Whose some identifiers are, at any time."""

    def __init__(self, timelines: Mapping[Identifier, Timeline]) -> None:
        self._timelines = timelines

    def at(self, identifier: Identifier, at_ms: int) -> str:
        """Return the One ID to which one of these identifiers belongs at a time, Unix milliseconds."""
        return owner_at(self._timelines[identifier], at_ms)

    def speaking_at(self, identifier: Identifier, at_ms: int) -> frozenset[str]:
        """Return for which profiles a word counts that was said through one of these identifiers at a time."""
        return speakers_at(self._timelines[identifier], at_ms)


def owners_of(session: ReadSession, tenant: str, identifiers: Iterable[Identifier]) -> Owners:
    """Return whose these identifiers are; one that no statement names has a profile of its own."""
    return Owners(timelines_of(session, tenant, identifiers))


def timelines_of(session: ReadSession, tenant: str, identifiers: Iterable[Identifier]) -> dict[Identifier, Timeline]:
    """Return whose each of these identifiers is at each time."""
    wanted = set(identifiers)
    found: dict[Identifier, list[Span]] = {}
    for namespace, part in by_namespace(wanted):
        rows = session.rows(
            select(_map.pseudonym, _map.from_ms, _map.until_ms, _map.one_id, _map.is_held)
            .where(_map.tenant == tenant, _map.namespace == namespace, among(_map.pseudonym, part))
            .order_by(_map.pseudonym, _map.from_ms)
        )
        for pseudonym, from_ms, until_ms, one_id, is_held in rows:
            span = Span(from_ms, until_ms, one_id, is_held)
            found.setdefault(Identifier(namespace, pseudonym), []).append(span)
    return {each: tuple(found[each]) if each in found else unheld(tenant, each) for each in wanted}


def span_of(session: ReadSession, tenant: str, identifier: Identifier, at_ms: int) -> Span:
    """Return the time around an instant in which an identifier belongs to the same profile."""
    return span_at(timelines_of(session, tenant, [identifier])[identifier], at_ms)


def by_namespace(identifiers: Iterable[Identifier]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield namespaces with pseudonyms that fit into one IN list, as an index on both finds them."""
    grouped: dict[str, set[str]] = {}
    for identifier in identifiers:
        grouped.setdefault(identifier.namespace, set()).add(identifier.pseudonym)
    for namespace, pseudonyms in sorted(grouped.items()):
        for part in chunks(sorted(pseudonyms)):
            yield namespace, part


def delete_of(session: WriteSession, table: Table, tenant: str, identifiers: Iterable[Identifier]) -> None:
    """Delete a table's rows of these identifiers."""
    columns = table.c
    for namespace, part in by_namespace(identifiers):
        session.execute(
            delete(table).where(
                columns.tenant == tenant, columns.namespace == namespace, among(columns.pseudonym, part)
            )
        )


def surviving_one_id(session: ReadSession, tenant: str, own_id: str) -> str | None:
    """Return the One ID of the profile that the profile `own_id` went into, None if it went into no other."""
    joined = and_(_map.tenant == tenant, _map.own_id == own_id, _map.own_id != _map.one_id)
    row = session.first(select(_map.one_id).where(joined))
    return _renamed(session, tenant, own_id) if row is None else str(row.one_id)


def _renamed(session: ReadSession, tenant: str, own_id: str) -> str | None:
    """Return where a profile went whose anchor is known now to have begun at another time than its name says."""
    for row in session.rows(
        select(identity_ledger)
        .where(_ledger.tenant == tenant, _ledger.from_one_id == own_id)
        .order_by(_ledger.position.desc())
    ):
        identifier = Identifier(row.namespace, row.pseudonym)
        if name_of(tenant, Holding(identifier, row.from_ms)) == own_id:
            return owners_of(session, tenant, [identifier]).at(identifier, row.from_ms)
    return None


def periods_of(session: ReadSession, tenant: str, one_id: str) -> Sequence[AnyRow]:
    """Return which identifiers belong to a profile, as statements say, and when."""
    return session.rows(
        select(_map.namespace, _map.pseudonym, _map.from_ms, _map.until_ms)
        .where(_map.tenant == tenant, _map.one_id == one_id, _map.is_held)
        .order_by(_map.namespace, _map.pseudonym, _map.from_ms)
    )


def write_clusters(
    session: WriteSession,
    tenant: str,
    clusters: Sequence[Cluster],
    before: Mapping[Identifier, Timeline],
) -> dict[Identifier, Timeline]:
    """Make the map and the explanations say what was resolved.

    Args:
        session: The transaction.
        tenant: Whose identifiers they are.
        clusters: What was resolved.
        before: All identifiers that were looked at, and whose they were; those in no cluster nothing names any more.

    Returns:
        Whose each of the identifiers is now.
    """
    names = {cluster.anchor: name_of(tenant, cluster.anchor) for cluster in clusters}
    stale = {span.one_id for timeline in before.values() for span in timeline}
    for part in chunks(sorted(stale | set(names.values()))):
        session.execute(
            delete(identity_joins).where(identity_joins.c.tenant == tenant, among(identity_joins.c.one_id, part))
        )
    named = timelines_from(tenant, clusters)
    changed = {each for each, timeline in before.items() if each not in named or timeline != named[each]}
    delete_of(session, identity_map, tenant, changed)
    session.insert(
        identity_map, [row for each, timeline in named.items() for row in _map_rows(tenant, each, timeline, changed)]
    )
    session.insert(
        identity_joins, [row for cluster in clusters for row in _join_rows(tenant, names[cluster.anchor], cluster)]
    )
    return {each: named[each] if each in named else unheld(tenant, each) for each in before}


def _map_rows(
    tenant: str, identifier: Identifier, timeline: Timeline, changed: Collection[Identifier]
) -> list[dict[str, object]]:
    if identifier not in changed:
        return []
    return [
        {
            "tenant": tenant,
            "namespace": identifier.namespace,
            "pseudonym": identifier.pseudonym,
            "from_ms": span.from_ms,
            "until_ms": span.until_ms,
            "own_id": name_of(tenant, Holding(identifier, span.from_ms)),
            "one_id": span.one_id,
            "is_held": span.is_held,
        }
        for span in timeline
    ]


def _join_rows(tenant: str, one_id: str, cluster: Cluster) -> list[dict[str, object]]:
    return [
        {
            "tenant": tenant,
            "one_id": one_id,
            "ordinal": ordinal,
            "statement_id": join.statement_id,
            "left_namespace": join.left.namespace,
            "left_pseudonym": join.left.pseudonym,
            "right_namespace": join.right.namespace,
            "right_pseudonym": join.right.pseudonym,
        }
        for ordinal, join in enumerate(cluster.joins)
    ]
