"""Who belongs to whom where no rule can bite: the quick way for most of a member base. Pure.

Where statements say nothing of times and households, and name nobody who is barred, a join is refused only beyond a
limit; and a person who is within every limit in the end never was beyond one. Such persons are what `resolve` would
make of them, the same joins in the same order, without asking the rules at each step.
"""

from collections.abc import Iterable, Sequence
from itertools import count

from msgspec import Struct, field

from cloud.identity.statements import Rules

Named = tuple[str, str]
"""An identifier's namespace and pseudonym."""
Said = tuple[str, int, int, Sequence[Named]]
"""A statement's id, rank and time, and whom it names."""
Join = tuple[str, Named, Named]
"""A statement's id, and whom it brought together."""


class Person(Struct):
    """Identifiers that belong to one person.

    Attributes:
        anchor: The one that names the profile.
        members: All of them.
        joins: What brought them together, in the order in which it was taken; one less than members.
    """

    anchor: Named
    members: list[Named]
    joins: list[Join] = field(default_factory=list)


def persons_of(statements: Iterable[Said], rules: Rules) -> tuple[list[Person], set[Named]]:
    """Return the persons that statements make.

    Args:
        statements: All that bear on the identifiers that they name, in any order.
        rules: What keeps strangers apart.

    Returns:
        The persons within every limit, and the identifiers of those that are beyond one: to be resolved by the rules.
    """
    rank = {namespace: number for number, namespace in enumerate(rules.limits)}
    last = len(rank)

    def place(named: Named) -> tuple[int, Named]:
        return rank.get(named[0], last), named

    person_of: dict[Named, Person] = {}
    joins: list[Join] = []
    for statement_id, _, _, named in sorted(statements, key=lambda said: (said[1], said[2], said[0])):
        held = sorted(set(named), key=place)
        for each in held:
            if each not in person_of:
                person_of[each] = Person(each, [each])
        joins += [(statement_id, held[0], other) for other in held[1:] if _unite(person_of, held[0], other)]
    for join in joins:
        person_of[join[1]].joins.append(join)
    first_named = dict(zip(person_of, count(), strict=False))
    persons: list[Person] = []
    beyond: set[Named] = set()
    for person in {id(each): each for each in person_of.values()}.values():
        if _is_within(person, rules):
            person.anchor = min(person.members, key=lambda each: (rank.get(each[0], last), first_named[each]))
            persons.append(person)
        else:
            beyond.update(person.members)
    return persons, beyond


def _unite(person_of: dict[Named, Person], left: Named, right: Named) -> bool:
    """Make two identifiers one person's; return False if they are already."""
    into, other = person_of[left], person_of[right]
    if into is other:
        return False
    if len(into.members) < len(other.members):
        into, other = other, into
    into.members += other.members
    for each in other.members:
        person_of[each] = into
    return True


def _is_within(person: Person, rules: Rules) -> bool:
    held = [namespace for namespace, _ in person.members]
    return all(held.count(namespace) <= rules.limit(namespace) for namespace in set(held))
