"""Which identifiers belong to one person. Pure: no clock, randomness or I/O.

Statements say that identifiers belong to one person (a member record, a card handed out). They are taken in one fixed
order: by rank of their source, then by time, then by id; each joins its identifiers unless a limit forbids it. So the
outcome follows from the set of statements alone: in whatever order they arrive, it is the same, and without a statement
it is as if that had never been made. Only statements join identifiers; a visit link never does.

What is joined are holdings (`cloud.identity.holdings`): an identifier that went to a stranger joins the records of its
first holder with one another and those of the second one, and not these with those.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from msgspec import Struct

from cloud.identity.holdings import Holding, Holdings
from cloud.identity.statements import Identifier, Rules, Statement

Reason = Literal["limit", "blocked", "hub", "quarantine"]


class Join(Struct, frozen=True, kw_only=True):
    """Two identifiers that a statement brought together, and so everything that belonged to either."""

    statement_id: str
    left: Holding
    right: Holding


class Refusal(Struct, frozen=True, kw_only=True):
    """A join that a statement asked for and the rules forbid.

    Attributes:
        namespace: Of the limit that would be exceeded, or of the identifier that may not join anybody.
        allowed: That limit; 0 where the identifier is blocked, a hub, or resting.
    """

    statement_id: str
    left: Holding
    right: Holding
    reason: Reason
    namespace: str
    allowed: int


class Cluster(Struct, frozen=True, kw_only=True):
    """The identifiers of one person.

    Attributes:
        anchor: The one that names the profile: of the highest-ranked namespace, the one stated first.
        holdings: All of them, with their times, sorted.
        joins: What brought them together, in the order in which it was taken; one less than holdings.
    """

    anchor: Holding
    holdings: tuple[Holding, ...]
    joins: tuple[Join, ...]

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """Return the identifiers alone, each once, sorted."""
        return tuple(sorted({each.identifier for each in self.holdings}))


class Resolution(Struct, frozen=True, kw_only=True):
    """Who is who. Every holding of an identifier that a statement names is in exactly one cluster."""

    clusters: tuple[Cluster, ...]
    refusals: tuple[Refusal, ...]


def resolve(
    statements: Iterable[Statement],
    rules: Rules,
    blocked: Collection[Identifier] = frozenset(),
    hubs: Collection[Identifier] = frozenset(),
    alone: Iterable[Identifier] = (),
) -> Resolution:
    """Return which identifiers belong to one person.

    Args:
        statements: All that bear on the identifiers in question, in any order.
        rules: What keeps strangers apart.
        blocked: Identifiers that somebody declared to name nobody.
        hubs: Identifiers that the rules find to name nobody (`neighbours_of` counts).
        alone: Such of either kind that are named, though maybe by none of these statements.
    """
    known = sorted(statements, key=lambda each: (each.rank, each.at_ms, each.statement_id))
    barred = {*blocked, *hubs}
    graph = _Graph(rules, blocked, hubs, Holdings(known, rules.quarantine_ms, barred))
    for statement in known:
        graph.take(statement)
    for identifier in sorted(alone):
        graph.name(Holding(identifier))
    return graph.resolution()


class _Graph:
    """A forest of clusters (disjoint sets; the smaller one goes under the larger one)."""

    def __init__(
        self, rules: Rules, blocked: Collection[Identifier], hubs: Collection[Identifier], holdings: Holdings
    ) -> None:
        self._rules, self._blocked, self._hubs, self._holdings = rules, blocked, hubs, holdings
        self._members: dict[Holding, list[Holding]] = {}  # By the cluster's root.
        self._root: dict[Holding, Holding] = {}
        self._joins: list[Join] = []
        self._first_named: dict[Holding, int] = {}
        self._refusals: list[Refusal] = []

    def take(self, statement: Statement) -> None:
        named = sorted(set(statement.identifiers), key=self._order)
        if statement.relation == "household":
            for identifier in named:
                for holding in self._holdings.of(identifier):
                    self.name(holding)
            return
        held = sorted((self._holdings.said(statement, identifier) for identifier in named), key=_is_resting)
        for holding in held:
            self.name(holding)
        for other in held[1:]:
            self._join(Join(statement_id=statement.statement_id, left=held[0], right=other))

    def name(self, holding: Holding) -> None:
        """Make a holding known; it belongs to nobody else yet."""
        if holding not in self._root and not _is_resting(holding):
            self._root[holding] = holding
            self._members[holding] = [holding]
            self._first_named[holding] = len(self._first_named)

    def _order(self, identifier: Identifier) -> tuple[bool, int, Identifier]:
        """Return where an identifier stands in its statement: one that joins nobody must not be the others' anchor."""
        is_barred = identifier in self._blocked or identifier in self._hubs
        return is_barred, self._rules.rank(identifier.namespace), identifier

    def _join(self, join: Join) -> None:
        refusal = self._barred(join)
        if refusal is None:
            into, other = self._root[join.left], self._root[join.right]
            if into == other:
                return
            refusal = self._beyond_limit(join, into, other)
            if refusal is None:
                self._unite(join, into, other)
                return
        self._refusals.append(refusal)

    def _unite(self, join: Join, into: Holding, other: Holding) -> None:
        if len(self._members[into]) < len(self._members[other]):
            into, other = other, into
        for holding in self._members[other]:
            self._root[holding] = into
        self._members[into] += self._members.pop(other)
        self._joins.append(join)

    def _barred(self, join: Join) -> Refusal | None:
        for holding in (join.left, join.right):
            if holding.identifier in self._blocked:
                return _refused(join, "blocked", holding.namespace, 0)
            if holding.identifier in self._hubs:
                return _refused(join, "hub", holding.namespace, 0)
            if _is_resting(holding):
                return _refused(join, "quarantine", holding.namespace, 0)
        return None

    def _beyond_limit(self, join: Join, into: Holding, other: Holding) -> Refusal | None:
        together: dict[str, set[str]] = {}
        for holding in (*self._members[into], *self._members[other]):
            together.setdefault(holding.namespace, set()).add(holding.pseudonym)
        for namespace, held in sorted(together.items()):
            if len(held) > self._rules.limit(namespace):
                return _refused(join, "limit", namespace, self._rules.limit(namespace))
        return None

    def resolution(self) -> Resolution:
        joins: dict[Holding, list[Join]] = {root: [] for root in self._members}
        for join in self._joins:
            joins[self._root[join.left]].append(join)
        clusters = [
            Cluster(anchor=self._anchor(members), holdings=tuple(sorted(members)), joins=tuple(joins[root]))
            for root, members in self._members.items()
        ]
        return Resolution(
            clusters=tuple(sorted(clusters, key=lambda each: each.anchor)), refusals=tuple(self._refusals)
        )

    def _anchor(self, members: Sequence[Holding]) -> Holding:
        return min(members, key=lambda each: (self._rules.rank(each.namespace), self._first_named[each], each))


def _is_resting(holding: Holding) -> bool:
    """Return whether the quarantine leaves nothing of the time of which a statement speaks."""
    return holding.from_ms == holding.until_ms


def _refused(join: Join, reason: Reason, namespace: str, allowed: int) -> Refusal:
    return Refusal(
        statement_id=join.statement_id,
        left=join.left,
        right=join.right,
        reason=reason,
        namespace=namespace,
        allowed=allowed,
    )
