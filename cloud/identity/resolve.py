"""Which identifiers belong to one person. Pure: no clock, randomness or I/O.

Statements say that identifiers belong to one person (a member record, a card handed out). They are taken in one fixed
order: by rank of their source, then by time, then by id; each joins its identifiers unless a limit forbids it. So the
outcome follows from the set of statements alone: in whatever order they arrive, it is the same, and without a statement
it is as if that had never been made. Only statements join identifiers; a visit link never does.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct, field

from contracts.pseudonym import MemberPseudonym

Relation = Literal["same_person", "household"]
Reason = Literal["limit", "blocked", "hub"]


class Identifier(Struct, frozen=True, order=True):
    """What names a member: its namespace and the pseudonym of its value."""

    namespace: str
    pseudonym: str


def parse_identifier(text: str) -> Identifier:
    """Return the identifier that `NAMESPACE:PSEUDONYM` names.

    Raises:
        ValueError: It does not have that form.
    """
    namespace, _, pseudonym = text.partition(":")
    try:
        member = msgspec.convert({"namespace": namespace, "pseudonym": pseudonym}, MemberPseudonym)
    except msgspec.ValidationError as error:
        msg = f"expected NAMESPACE:PSEUDONYM such as phone:mfrggzdfmztwq2lknnwg23tpobyxe43u, got {text!r}: {error}"
        raise ValueError(msg) from error
    return Identifier(member.namespace, member.pseudonym)


class Statement(Struct, frozen=True, kw_only=True):
    """Somebody says that these identifiers belong to one person, or to one household.

    Attributes:
        rank: How far to trust the source, 0 the most; among equals the earlier statement goes first.
        at_ms: When it was said, Unix milliseconds.
    """

    statement_id: str
    rank: int
    at_ms: int
    identifiers: tuple[Identifier, ...]
    relation: Relation = "same_person"


def _default_limits() -> dict[str, int]:
    return {"member_number": 4, "unionid": 1, "openid": 6, "phone": 5, "card": 6, "device": 10}


class Rules(Struct, frozen=True, kw_only=True):
    """What keeps strangers apart.

    Attributes:
        limits: The most identifiers of each namespace that one person may have, by namespace in order of rank: the
            highest-ranked identifier names the profile. Other namespaces may have one, and rank last.
        hub_neighbours: An identifier that statements name together with more than this many others is a kiosk, a
            shop's own phone or a test value: it joins nobody.
    """

    limits: Mapping[str, int] = field(default_factory=_default_limits)
    hub_neighbours: int = 30

    def limit(self, namespace: str) -> int:
        """Return how many identifiers of a namespace one person may have."""
        return self.limits.get(namespace, 1)

    def rank(self, namespace: str) -> int:
        """Return a namespace's rank, 0 the highest."""
        ranked = list(self.limits)
        return ranked.index(namespace) if namespace in self.limits else len(ranked)


class Join(Struct, frozen=True, kw_only=True):
    """Two identifiers that a statement brought together, and so everything that belonged to either."""

    statement_id: str
    left: Identifier
    right: Identifier


class Refusal(Struct, frozen=True, kw_only=True):
    """A join that a statement asked for and the rules forbid.

    Attributes:
        namespace: Of the limit that would be exceeded, or of the identifier that may not join anybody.
        allowed: That limit; 0 where the identifier is blocked or a hub.
    """

    statement_id: str
    left: Identifier
    right: Identifier
    reason: Reason
    namespace: str
    allowed: int


class Cluster(Struct, frozen=True, kw_only=True):
    """The identifiers of one person.

    Attributes:
        anchor: The one that names the profile: of the highest-ranked namespace, the one stated first.
        identifiers: All of them, sorted.
        joins: What brought them together, in the order in which it was taken; one less than identifiers.
    """

    anchor: Identifier
    identifiers: tuple[Identifier, ...]
    joins: tuple[Join, ...]


class Resolution(Struct, frozen=True, kw_only=True):
    """Who is who. Every identifier that a statement names is in exactly one cluster."""

    clusters: tuple[Cluster, ...]
    refusals: tuple[Refusal, ...]


def resolve(
    statements: Iterable[Statement],
    rules: Rules,
    blocked: Collection[Identifier] = frozenset(),
    hubs: Collection[Identifier] = frozenset(),
) -> Resolution:
    """Return which identifiers belong to one person.

    Args:
        statements: All that bear on the identifiers in question, in any order.
        rules: What keeps strangers apart.
        blocked: Identifiers that somebody declared to name nobody.
        hubs: Identifiers that the rules find to name nobody (`neighbours_of` counts).
    """
    graph = _Graph(rules, blocked, hubs)
    for statement in sorted(statements, key=lambda each: (each.rank, each.at_ms, each.statement_id)):
        graph.take(statement)
    return graph.resolution()


def neighbours_of(statements: Iterable[Statement]) -> dict[Identifier, set[Identifier]]:
    """Return with which others each identifier is said to belong to one person."""
    found: dict[Identifier, set[Identifier]] = {}
    for statement in statements:
        if statement.relation == "same_person":
            for identifier in statement.identifiers:
                found.setdefault(identifier, set()).update(set(statement.identifiers) - {identifier})
    return found


class _Graph:
    """A forest of clusters (disjoint sets; the smaller one goes under the larger one)."""

    def __init__(self, rules: Rules, blocked: Collection[Identifier], hubs: Collection[Identifier]) -> None:
        self._rules, self._blocked, self._hubs = rules, blocked, hubs
        self._members: dict[Identifier, list[Identifier]] = {}  # By the cluster's root.
        self._root: dict[Identifier, Identifier] = {}
        self._joins: list[Join] = []
        self._first_named: dict[Identifier, int] = {}
        self._refusals: list[Refusal] = []

    def take(self, statement: Statement) -> None:
        named = sorted(set(statement.identifiers), key=self._order)
        for identifier in named:
            if identifier not in self._root:
                self._root[identifier] = identifier
                self._members[identifier] = [identifier]
                self._first_named[identifier] = len(self._first_named)
        if statement.relation == "household":
            return
        anchor = named[0]
        for other in named[1:]:
            self._join(Join(statement_id=statement.statement_id, left=anchor, right=other))

    def _order(self, identifier: Identifier) -> tuple[bool, int, Identifier]:
        """Return where an identifier stands in its statement: one that joins nobody must not be the others' anchor."""
        is_barred = identifier in self._blocked or identifier in self._hubs
        return is_barred, self._rules.rank(identifier.namespace), identifier

    def _join(self, join: Join) -> None:
        into, other = self._root[join.left], self._root[join.right]
        if into == other:
            return
        refusal = self._refusal(join, into, other)
        if refusal is not None:
            self._refusals.append(refusal)
            return
        if len(self._members[into]) < len(self._members[other]):
            into, other = other, into
        for identifier in self._members[other]:
            self._root[identifier] = into
        self._members[into] += self._members.pop(other)
        self._joins.append(join)

    def _refusal(self, join: Join, into: Identifier, other: Identifier) -> Refusal | None:
        for identifier in (join.left, join.right):
            if identifier in self._blocked:
                return _refused(join, "blocked", identifier.namespace, 0)
            if identifier in self._hubs:
                return _refused(join, "hub", identifier.namespace, 0)
        together: dict[str, int] = {}
        for identifier in (*self._members[into], *self._members[other]):
            together[identifier.namespace] = together.get(identifier.namespace, 0) + 1
        for namespace, count in sorted(together.items()):
            if count > self._rules.limit(namespace):
                return _refused(join, "limit", namespace, self._rules.limit(namespace))
        return None

    def resolution(self) -> Resolution:
        joins: dict[Identifier, list[Join]] = {root: [] for root in self._members}
        for join in self._joins:
            joins[self._root[join.left]].append(join)
        clusters = [
            Cluster(anchor=self._anchor(members), identifiers=tuple(sorted(members)), joins=tuple(joins[root]))
            for root, members in self._members.items()
        ]
        return Resolution(
            clusters=tuple(sorted(clusters, key=lambda each: each.anchor)), refusals=tuple(self._refusals)
        )

    def _anchor(self, members: Sequence[Identifier]) -> Identifier:
        return min(members, key=lambda each: (self._rules.rank(each.namespace), self._first_named[each], each))


def _refused(join: Join, reason: Reason, namespace: str, allowed: int) -> Refusal:
    return Refusal(
        statement_id=join.statement_id,
        left=join.left,
        right=join.right,
        reason=reason,
        namespace=namespace,
        allowed=allowed,
    )
