"""Derives who is who for all of a tenant's statements at once: a first member base, a rebuild.

What a change of statements does step by step (`cloud.identity.reach`) walks through the graph with questions to the
database. Here the statements are read once, put aside in a file, and cut into parts that nothing connects; each part is
then resolved and written as a change would be. So the outcome is the same, and memory holds one part, and of each
mention two numbers.
"""

import os
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator
from hashlib import blake2b
from tempfile import TemporaryFile
from typing import Self

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from cloud.identity.parts import Digests, Numbers, crowded, groups_of, parts_of
from cloud.identity.reach import Reach
from cloud.identity.statements import Identifier, Relation, Rules, Statement, Validity, neighbours_of

PART = 5000
"""So many statements are resolved and written at once."""

_Named = tuple[str, str, int | None, int | None]
Flags = NDArray[np.bool_]


class Row(Struct, array_like=True, frozen=True):
    """A statement as it is put aside, with its source."""

    source: str
    statement_id: str
    rank: int
    at_ms: int
    relation: Relation
    named: list[_Named]


class Statements:
    """Statements in a file without a name, numbered as they came, and in memory which identifiers they share."""

    def __init__(self, statements: Iterable[Statement] = ()) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._begins = array("q", [0])
        self._naming, self._digests, self._joins = array("q"), array("Q"), array("b")
        self._ids, self._timed = array("Q"), array("b")
        self._dropped: set[int] = set()
        self._encoder, self._decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Row)
        for statement in statements:
            self.add("", statement)

    def __enter__(self) -> Self:
        """Return the statements; leaving gives the file back."""
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        """Return how many statements came."""
        return len(self._timed)

    def add(self, source: str, statement: Statement) -> None:
        """Put a statement aside."""
        row = _row(source, statement)
        size = self._file.write(self._encoder.encode(row))
        number, joins = len(self), statement.relation == "same_person"
        self._begins.append(self._begins[-1] + size)
        self._ids.append(_digest(statement.statement_id))
        self._timed.append(bool(statement.validity) or not joins)
        for identifier in statement.identifiers:
            self._naming.append(number)
            self._digests.append(digest_of(identifier.namespace, identifier.pseudonym))
            self._joins.append(joins)

    def rows(self, numbers: Numbers) -> Iterator[Row]:
        """Yield statements by their numbers, as they were put aside."""
        self._file.flush()
        file = self._file.fileno()
        for number in numbers.tolist():
            begin = self._begins[number]
            yield self._decoder.decode(os.pread(file, self._begins[number + 1] - begin, begin))

    def read(self, numbers: Numbers) -> list[Statement]:
        """Return statements by their numbers."""
        return [statement_of(row) for row in self.rows(numbers)]

    def drop_repeated(self) -> list[Statement]:
        """Regard a statement that came before no longer; return those that say something else than the first did."""
        ids = np.array(self._ids, np.uint64)
        _, which, counts = np.unique(ids, return_inverse=True, return_counts=True)
        numbers = np.flatnonzero(counts[which] > 1)
        first: dict[str, Statement] = {}
        differing = []
        for number, statement in zip(numbers.tolist(), self.read(numbers), strict=True):
            if first.setdefault(statement.statement_id, statement) is not statement:
                self._dropped.add(number)
                if first[statement.statement_id] != statement:
                    differing.append(statement)
        return differing

    def kept(self, first: int = 0) -> Numbers:
        """Return the numbers of statements that were not dropped, from a number on."""
        numbers = np.arange(first, len(self))
        return numbers[~np.isin(numbers, np.fromiter(self._dropped, np.int64, len(self._dropped)))]

    def hubs(self, most: int) -> set[Identifier]:
        """Return which identifiers stand with more than `most` others."""
        naming, digests = self._mentions()
        joins = np.array(self._joins, bool)
        found: set[Identifier] = set()
        for digest, numbers in crowded(naming[joins], digests[joins], most):
            found |= self._beyond(digest, numbers, most)
        return found

    def _beyond(self, digest: int, numbers: Numbers, most: int) -> set[Identifier]:
        """Return those of a digest that stand with more than `most` others; no more is read than tells."""
        others: dict[Identifier, set[Identifier]] = {}
        for start in range(0, len(numbers), PART):
            for identifier, neighbours in neighbours_of(self.read(numbers[start : start + PART])).items():
                if digest_of(identifier.namespace, identifier.pseudonym) == digest:
                    others.setdefault(identifier, set()).update(neighbours)
            if all(len(each) > most for each in others.values()):
                break
        return {identifier for identifier, neighbours in others.items() if len(neighbours) > most}

    def groups(self, barred: Collection[Identifier]) -> Numbers:
        """Return of each statement the group of those that anything but these identifiers connects."""
        naming, digests = self._mentions()
        joining = ~np.isin(digests, _digests_of(barred))
        return groups_of(naming[joining], digests[joining], len(self))

    def plain(self, groups: Numbers, barred: Collection[Identifier], known: Digests) -> Flags:
        """Return of each statement whether all of its group say nothing of times or households, or of some others.

        Args:
            groups: Of each statement its group.
            barred: Identifiers that join nobody.
            known: Digests of identifiers of which something is known already.
        """
        naming, digests = self._mentions()
        odd = np.array(self._timed, bool)
        odd[naming[np.isin(digests, np.concatenate([known, _digests_of(barred)]))]] = True
        return ~np.isin(groups, groups[odd])

    def _mentions(self) -> tuple[Numbers, Digests]:
        return np.array(self._naming, np.int64), np.array(self._digests, np.uint64)


def derive_all(
    statements: Iterable[Statement], blocked: Collection[Identifier], rules: Rules, derive: Callable[[Reach], None]
) -> None:
    """Derive every part of the graph.

    Args:
        statements: All of the tenant's that hold.
        blocked: Identifiers that somebody declared to name nobody.
        rules: What keeps strangers apart.
        derive: Takes each part; all of them together are everything that the statements name.
    """
    with Statements() as held:
        for statement in statements:  # Reading them may fail, and then the file is given back.
            held.add("", statement)
        hubs = held.hubs(rules.hub_neighbours)
        for numbers in parts_of(held.groups({*blocked, *hubs}), PART):
            derive(reach_within(held.read(numbers), blocked, hubs))


def reach_within(
    statements: Iterable[Statement], blocked: Collection[Identifier], hubs: Collection[Identifier]
) -> Reach:
    """Return statements, with all that is connected with them, as a part of the graph."""
    whole = tuple(statements)
    named = frozenset(identifier for each in whole for identifier in each.identifiers)
    barred = named.intersection(blocked), named.intersection(hubs)
    return Reach(
        identifiers=named,
        statements=whole,
        whole=frozenset(each.statement_id for each in whole),
        blocked=barred[0],
        hubs=barred[1],
        alone=barred[0] | barred[1],
    )


def digest_of(namespace: str, pseudonym: str) -> int:
    """Return 64 bits that stand for an identifier; two identifiers rarely have the same."""
    return _digest(f"{namespace}\0{pseudonym}")


def _digests_of(identifiers: Collection[Identifier]) -> Digests:
    return np.fromiter((digest_of(each.namespace, each.pseudonym) for each in identifiers), np.uint64, len(identifiers))


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def _row(source: str, statement: Statement) -> Row:
    said = statement.validity
    named: list[_Named] = [
        (each.namespace, each.pseudonym, *((said[each].from_ms, said[each].until_ms) if each in said else (None, None)))
        for each in statement.identifiers
    ]
    return Row(source, statement.statement_id, statement.rank, statement.at_ms, statement.relation, named)


def statement_of(row: Row) -> Statement:
    """Return the statement that was put aside."""
    identifiers = [Identifier(namespace, pseudonym) for namespace, pseudonym, _, _ in row.named]
    return Statement(
        statement_id=row.statement_id,
        rank=row.rank,
        at_ms=row.at_ms,
        identifiers=tuple(identifiers),
        relation=row.relation,
        validity={
            identifier: Validity(from_ms, until_ms)
            for identifier, (_, _, from_ms, until_ms) in zip(identifiers, row.named, strict=True)
            if from_ms is not None or until_ms is not None
        },
    )
