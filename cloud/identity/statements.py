"""What is said of who is who: identifiers, statements, and the rules by which they are read. Pure."""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec
from msgspec import Struct, field

from contracts.pseudonym import MemberPseudonym

Relation = Literal["same_person", "household"]
_MS_PER_DAY = 86_400_000


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


class Validity(Struct, frozen=True):
    """From when until when a statement says that an identifier was the person's, Unix milliseconds.

    Attributes:
        from_ms: The first instant; None: the statement does not say.
        until_ms: The instant at which the identifier was given back, no longer the person's; None: it does not say.
    """

    from_ms: int | None = None
    until_ms: int | None = None

    def covers(self, at_ms: int) -> bool:
        """Return whether it does not say that the identifier was not the person's at a time."""
        return (self.from_ms or 0) <= at_ms and (self.until_ms is None or at_ms < self.until_ms)


UNSAID = Validity()


class Statement(Struct, frozen=True, kw_only=True):
    """Somebody says that these identifiers belong to one person, or to one household.

    Attributes:
        rank: How far to trust the source, 0 the most; among equals the earlier statement goes first.
        at_ms: When it was said, Unix milliseconds.
        validity: When the identifiers were the person's, where the statement says something of that.
    """

    statement_id: str
    rank: int
    at_ms: int
    identifiers: tuple[Identifier, ...]
    relation: Relation = "same_person"
    validity: Mapping[Identifier, Validity] = {}


def _default_limits() -> dict[str, int]:
    return {"member_number": 4, "unionid": 1, "openid": 6, "phone": 5, "card": 6, "device": 10}


def _default_quarantine_ms() -> dict[str, int]:
    return {"phone": 90 * _MS_PER_DAY}


class Rules(Struct, frozen=True, kw_only=True):
    """What keeps strangers apart.

    Attributes:
        limits: The most identifiers of each namespace that one person may have, by namespace in order of rank: the
            highest-ranked identifier names the profile. Other namespaces may have one, and rank last.
        hub_neighbours: An identifier that statements name together with more than this many others, at whatever
            time, is a kiosk, a shop's own phone or a test value: it joins nobody.
        quarantine_ms: For how long an identifier of a namespace names nobody after it was given back. Carriers rest a
            phone number for 45 to 90 days before a stranger gets it.
    """

    limits: Mapping[str, int] = field(default_factory=_default_limits)
    hub_neighbours: int = 30
    quarantine_ms: Mapping[str, int] = field(default_factory=_default_quarantine_ms)

    def limit(self, namespace: str) -> int:
        """Return how many identifiers of a namespace one person may have."""
        return self.limits.get(namespace, 1)

    def rank(self, namespace: str) -> int:
        """Return a namespace's rank, 0 the highest."""
        ranked = list(self.limits)
        return ranked.index(namespace) if namespace in self.limits else len(ranked)


def neighbours_of(statements: Iterable[Statement]) -> dict[Identifier, set[Identifier]]:
    """Return with which others each identifier is said to belong to one person."""
    found: dict[Identifier, set[Identifier]] = {}
    for statement in statements:
        if statement.relation == "same_person":
            for identifier in statement.identifiers:
                found.setdefault(identifier, set()).update(set(statement.identifiers) - {identifier})
    return found
