"""How far a change of statements reaches: every identifier that may belong to someone else now."""

from collections.abc import Collection, Iterable

from msgspec import Struct
from msgspec.structs import replace

from cloud.db import ReadSession
from cloud.identity import hubs, repository
from cloud.identity.statements import Identifier, Rules, Statement, neighbours_of


class Reach(Struct, frozen=True, kw_only=True):
    """A part of the graph that can be resolved by itself.

    Attributes:
        identifiers: All of it.
        statements: What names them, cut down to them.
        whole: Ids of the statements that were not cut down.
        blocked: Which of the identifiers somebody declared to name nobody.
        hubs: Which of them name nobody since they stand with too many others.
        alone: Those of either kind that some statement names, maybe none of these.
    """

    identifiers: frozenset[Identifier]
    statements: tuple[Statement, ...]
    whole: frozenset[str]
    blocked: frozenset[Identifier]
    hubs: frozenset[Identifier]
    alone: frozenset[Identifier]


class Change(Struct, frozen=True, kw_only=True):
    """From where to reach.

    Attributes:
        identifiers: What may belong to someone else now.
        statement_ids: What has to be resolved anew, though it may name only identifiers that join nobody.
    """

    identifiers: Collection[Identifier]
    statement_ids: Collection[str] = ()


def reach_of(session: ReadSession, tenant: str, change: Change, rules: Rules) -> Reach:
    """Return everything that statements connect with a change, not going through hubs and blocked ones.

    Of the statements that name an identifier which joins nobody only those are read that name another one here, and
    those that the change names: a kiosk's number may stand in a million.
    """
    reached: set[Identifier] = set()
    statements = _by_id(repository.load_statements(session, tenant, change.statement_ids))
    blocked: set[Identifier] = set()
    hubs_here: set[Identifier] = set()
    frontier = set(change.identifiers)
    while frontier:
        reached |= frontier
        blocked |= repository.blocked_among(session, tenant, frontier)
        hubs_here |= _often_named_hubs(session, tenant, frontier, rules)
        joining = frontier - blocked - hubs_here
        naming = repository.statements_naming(session, tenant, joining)
        new = {each for ids in naming.values() for each in ids} - statements.keys()
        statements |= _by_id(repository.load_statements(session, tenant, new))
        found: set[Identifier] = set()
        for identifier, statement_ids in naming.items():
            others = neighbours_of(statements[each] for each in statement_ids).get(identifier, set())
            if len(others) > rules.hub_neighbours:
                hubs_here.add(identifier)
            else:
                found |= others
        frontier = found - reached
    barred = blocked | hubs_here
    return Reach(
        identifiers=frozenset(reached),
        statements=tuple(
            replace(each, identifiers=tuple(sorted(reached & set(each.identifiers)))) for each in statements.values()
        ),
        whole=frozenset(each.statement_id for each in statements.values() if reached >= set(each.identifiers)),
        blocked=frozenset(blocked),
        hubs=frozenset(hubs_here),
        alone=frozenset(hubs.named_among(session, tenant, barred)),
    )


def change_of(session: ReadSession, tenant: str, changed: Collection[Statement], rules: Rules) -> Change:
    """Return from where to reach, where these statements have been added or are about to be taken away.

    It is from what the statements name, and where one of them has become a hub by it, or ceases to be one, from all
    that stand with it: they were joined through it before, or will be.
    """
    named = {identifier for statement in changed for identifier in statement.identifiers}
    changed_ids = {statement.statement_id for statement in changed}
    reached, statement_ids = set(named), set(changed_ids)
    lasting = {
        each
        for each in _often_named_hubs(session, tenant, named, rules)
        if hubs.is_hub(session, tenant, each, rules.hub_neighbours, without=changed_ids)
    }
    naming = repository.statements_naming(session, tenant, named - lasting)
    held = repository.load_statements(session, tenant, {each for ids in naming.values() for each in ids})
    unchanged = neighbours_of(each for each in held if each.statement_id not in changed_ids)
    everything = neighbours_of(held)
    for identifier, ids in naming.items():
        without, with_all = unchanged.get(identifier, set()), everything.get(identifier, set())
        if len(without) <= rules.hub_neighbours < len(with_all):
            reached |= with_all
            statement_ids.update(ids)
    return Change(identifiers=reached, statement_ids=statement_ids)


def _often_named_hubs(
    session: ReadSession, tenant: str, identifiers: Collection[Identifier], rules: Rules
) -> set[Identifier]:
    often = hubs.named_often(session, tenant, identifiers, rules.hub_neighbours)
    return {each for each in often if hubs.is_hub(session, tenant, each, rules.hub_neighbours)}


def change_around(session: ReadSession, tenant: str, identifier: Identifier, rules: Rules) -> Change:
    """Return from where to reach, where it changes whether an identifier may join anybody."""
    naming = repository.statements_naming(session, tenant, [identifier])[identifier]
    here = Change(identifiers=[identifier], statement_ids=naming)
    return Change(identifiers=reach_of(session, tenant, here, rules).identifiers, statement_ids=naming)


def _by_id(statements: Iterable[Statement]) -> dict[str, Statement]:
    return {each.statement_id: each for each in statements}
