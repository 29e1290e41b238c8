"""How far a change of statements reaches: every identifier that may belong to someone else now."""

from collections.abc import Collection, Iterable

from msgspec import Struct
from msgspec.structs import replace

from cloud.db import ReadSession
from cloud.identity import repository
from cloud.identity.resolve import Identifier, Rules, Statement, neighbours_of


class Reach(Struct, frozen=True, kw_only=True):
    """A part of the graph that can be resolved by itself.

    Attributes:
        identifiers: All of it.
        statements: What names them, cut down to them.
        whole: Ids of the statements that were not cut down.
        blocked: Which of the identifiers somebody declared to name nobody.
        hubs: Which of them name nobody since they stand with too many others.
    """

    identifiers: frozenset[Identifier]
    statements: tuple[Statement, ...]
    whole: frozenset[str]
    blocked: frozenset[Identifier]
    hubs: frozenset[Identifier]


def reach_of(session: ReadSession, tenant: str, seeds: Iterable[Identifier], rules: Rules) -> Reach:
    """Return everything that statements connect with these identifiers, not going through hubs and blocked ones."""
    reached: set[Identifier] = set()
    statements: dict[str, Statement] = {}
    blocked: set[Identifier] = set()
    hubs: set[Identifier] = set()
    frontier = set(seeds)
    while frontier:
        reached |= frontier
        naming = repository.statements_naming(session, tenant, frontier)
        new = {statement_id for ids in naming.values() for statement_id in ids} - statements.keys()
        statements |= {each.statement_id: each for each in repository.load_statements(session, tenant, new)}
        blocked |= repository.blocked_among(session, tenant, frontier)
        found: set[Identifier] = set()
        for identifier, statement_ids in naming.items():
            others = neighbours_of(statements[each] for each in statement_ids).get(identifier, set())
            if len(others) > rules.hub_neighbours:
                hubs.add(identifier)
            elif identifier not in blocked:
                found |= others
        frontier = found - reached
    return Reach(
        identifiers=frozenset(reached),
        statements=tuple(
            replace(each, identifiers=tuple(sorted(reached & set(each.identifiers)))) for each in statements.values()
        ),
        whole=frozenset(each.statement_id for each in statements.values() if reached >= set(each.identifiers)),
        blocked=frozenset(blocked),
        hubs=frozenset(hubs),
    )


def seeds_of(session: ReadSession, tenant: str, changed: Collection[Statement], rules: Rules) -> set[Identifier]:
    """Return the identifiers from which to reach, where these statements have been added or taken away.

    They are those that the statements name, and where one of them has become a hub by it, or ceased to be one, all
    that stand with it: they were joined through it before, or will be.
    """
    named = {identifier for statement in changed for identifier in statement.identifiers}
    changed_ids = {statement.statement_id for statement in changed}
    seeds = set(named)
    naming = repository.statements_naming(session, tenant, named)
    held = repository.load_statements(session, tenant, {each for ids in naming.values() for each in ids})
    unchanged = neighbours_of(each for each in held if each.statement_id not in changed_ids)
    everything = neighbours_of([*held, *changed])
    for identifier in named:
        without, with_all = unchanged.get(identifier, set()), everything.get(identifier, set())
        if len(without) <= rules.hub_neighbours < len(with_all):
            seeds |= with_all
    return seeds
