"""Derives who is who for all of a tenant's statements at once: a first member base, a rebuild.

What a change of statements does step by step (`cloud.identity.reach`) walks through the graph with questions to the
database. Here the statements are read once, put aside in a file, and cut into parts that nothing connects; each part is
then resolved and written as a change would be. So the outcome is the same, and memory holds one part, and of each
mention two numbers.
"""

from array import array
from collections.abc import Callable, Collection, Iterable
from hashlib import blake2b
from tempfile import TemporaryFile

import msgspec
import numpy as np
from msgspec import Struct

from cloud.identity.parts import Digests, Numbers, crowded, groups_of, parts_of
from cloud.identity.reach import Reach
from cloud.identity.statements import UNSAID, Identifier, Relation, Rules, Statement, Validity, neighbours_of

PART = 5000
"""So many statements are resolved and written at once."""

_Named = tuple[str, str, int | None, int | None]


class _Row(Struct, array_like=True):
    statement_id: str
    rank: int
    at_ms: int
    relation: Relation
    named: list[_Named]


class Statements:
    """Statements in a file without a name, and in memory which identifiers they share."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._begins = array("q", [0])
        self._naming, self._digests, self._joins = array("q"), array("Q"), array("b")
        self._decoder = msgspec.msgpack.Decoder(_Row)
        encoder = msgspec.msgpack.Encoder()
        for number, statement in enumerate(statements):
            size = self._file.write(encoder.encode(_row(statement)))
            self._begins.append(self._begins[-1] + size)
            for identifier in statement.identifiers:
                self._naming.append(number)
                self._digests.append(_digest(identifier))
                self._joins.append(statement.relation == "same_person")

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def read(self, numbers: Numbers) -> list[Statement]:
        """Return statements by their numbers."""
        found = []
        for number in numbers.tolist():
            begin, end = self._begins[number], self._begins[number + 1]
            self._file.seek(begin)
            found.append(_statement(self._decoder.decode(self._file.read(end - begin))))
        return found

    def hubs(self, most: int) -> set[Identifier]:
        """Return which identifiers stand with more than `most` others."""
        naming, digests = self._mentions()
        joins = np.frombuffer(self._joins, dtype=np.int8).astype(bool) if self._joins else np.zeros(0, bool)
        found: set[Identifier] = set()
        for digest, numbers in crowded(naming[joins], digests[joins], most):
            found |= self._beyond(digest, numbers, most)
        return found

    def _beyond(self, digest: int, numbers: Numbers, most: int) -> set[Identifier]:
        """Return those of a digest that stand with more than `most` others; no more is read than tells."""
        others: dict[Identifier, set[Identifier]] = {}
        for start in range(0, len(numbers), PART):
            for identifier, neighbours in neighbours_of(self.read(numbers[start : start + PART])).items():
                if _digest(identifier) == digest:
                    others.setdefault(identifier, set()).update(neighbours)
            if all(len(each) > most for each in others.values()):
                break
        return {identifier for identifier, neighbours in others.items() if len(neighbours) > most}

    def parts(self, barred: Collection[Identifier]) -> Iterable[Numbers]:
        """Return the numbers of statements in parts that nothing but these identifiers connects."""
        naming, digests = self._mentions()
        joining = ~np.isin(digests, np.fromiter((_digest(each) for each in barred), np.uint64, len(barred)))
        return parts_of(groups_of(naming[joining], digests[joining], len(self._begins) - 1), PART)

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
    held = Statements(statements)
    try:
        hubs = held.hubs(rules.hub_neighbours)
        for numbers in held.parts({*blocked, *hubs}):
            derive(_reach(held.read(numbers), blocked, hubs))
    finally:
        held.close()


def _reach(statements: Iterable[Statement], blocked: Collection[Identifier], hubs: Collection[Identifier]) -> Reach:
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


def _digest(identifier: Identifier) -> int:
    named = f"{identifier.namespace}\0{identifier.pseudonym}".encode()
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "big")


def _row(statement: Statement) -> _Row:
    named: list[_Named] = []
    for each in statement.identifiers:
        said = statement.validity.get(each, UNSAID)
        named.append((each.namespace, each.pseudonym, said.from_ms, said.until_ms))
    return _Row(statement.statement_id, statement.rank, statement.at_ms, statement.relation, named)


def _statement(row: _Row) -> Statement:
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
