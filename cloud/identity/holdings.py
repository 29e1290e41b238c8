"""When an identifier was whose: a phone number goes to a stranger, a card is given back. Pure.

Statements say from when until when an identifier was a person's. Those whose times overlap speak of one holder; what
lies apart is told apart. Where a statement leaves a time open, what others say of giving the identifier back bounds it:

- It begins, if the statement does not say when, with the last giving back before the statement was made, or ever.
- It ends, if the statement does not say when, with the first giving back after the statement was made and it began.
- It never begins within the quarantine after a giving back, but when that is over.

So it follows from the set of statements alone, in whatever order they come.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from cloud.identity.statements import UNSAID, Identifier, Statement, Validity

FOREVER_MS = 1 << 62
"""Later than anything."""
_EVER_MS = 0


class Holding(Struct, frozen=True, order=True):
    """An identifier while it was one person's: from `from_ms` on, up to `until_ms` and not with it."""

    identifier: Identifier
    from_ms: int = _EVER_MS
    until_ms: int = FOREVER_MS

    @property
    def namespace(self) -> str:
        """Return the identifier's namespace."""
        return self.identifier.namespace

    @property
    def pseudonym(self) -> str:
        """Return the identifier's pseudonym."""
        return self.identifier.pseudonym

    def covers(self, at_ms: int) -> bool:
        """Return whether an instant lies in it; one before 1970 lies where 1970 begins."""
        return self.from_ms <= max(at_ms, _EVER_MS) < self.until_ms


class Holdings:
    """Every identifier's holdings, and of which of them each statement speaks.

    Args:
        statements: All that name the identifiers in question.
        quarantine_ms: How long an identifier rests after it was given back, by namespace.
        undivided: Identifiers that name nobody: they have one holding for good.
    """

    def __init__(
        self,
        statements: Iterable[Statement],
        quarantine_ms: Mapping[str, int],
        undivided: Collection[Identifier] = frozenset(),
    ) -> None:
        self._undivided = undivided
        self._said: dict[tuple[str, Identifier], Holding] = {}
        self._held: dict[Identifier, tuple[Holding, ...]] = {}
        naming: dict[Identifier, list[Statement]] = {}
        for statement in statements:
            for identifier in statement.identifiers:
                naming.setdefault(identifier, []).append(statement)
        for identifier, group in naming.items():
            if identifier not in undivided:
                rest_ms = quarantine_ms.get(identifier.namespace, 0)
                self._divide(identifier, [each for each in group if each.relation == "same_person"], rest_ms)

    def _divide(self, identifier: Identifier, naming: Sequence[Statement], quarantine_ms: int) -> None:
        said = [(each, each.validity.get(identifier, UNSAID)) for each in naming]
        given_back = sorted({validity.until_ms for _, validity in said if validity.until_ms is not None})
        times = {each.statement_id: held_from_until(when, each.at_ms, given_back, quarantine_ms) for each, when in said}
        held = [Holding(identifier, *span) for span in _united(times.values())]
        self._held[identifier] = tuple(held) or (Holding(identifier),)
        for statement_id, (from_ms, until_ms) in times.items():
            within = (each for each in held if each.from_ms <= from_ms < each.until_ms)
            resting = Holding(identifier, from_ms, from_ms)
            self._said[statement_id, identifier] = next(within) if from_ms < until_ms else resting

    def of(self, identifier: Identifier) -> tuple[Holding, ...]:
        """Return an identifier's holdings, the earliest first."""
        return self._held.get(identifier, (Holding(identifier),))

    def said(self, statement: Statement, identifier: Identifier) -> Holding:
        """Return of which holding a statement speaks; one that ends as it begins names nobody (quarantine)."""
        return self._said.get((statement.statement_id, identifier), Holding(identifier))


def held_from_until(said: Validity, at_ms: int, given_back_ms: Sequence[int], quarantine_ms: int) -> tuple[int, int]:
    """Return from when until when a statement takes an identifier for the person's, as bounded by the others.

    Args:
        said: What it says itself.
        at_ms: When it was made.
        given_back_ms: When the identifier was given back, as statements say, sorted.
        quarantine_ms: For how long it rests then.

    Returns:
        Two instants; where the first is not before the second, it was nobody's: the quarantine reaches over the end.
    """
    start, end = said.from_ms, said.until_ms
    if start is None:
        known = at_ms if end is None else min(at_ms, end - 1)
        start = max((each for each in given_back_ms if each <= known), default=_EVER_MS)
    if end is None:
        end = min((each for each in given_back_ms if each > max(start, at_ms)), default=FOREVER_MS)
    for each in given_back_ms:
        if each <= start < each + quarantine_ms:
            start = each + quarantine_ms
    return start, end


def instant_of(said: Validity, at_ms: int) -> int:
    """Return an instant at which a statement surely takes an identifier for the person's: nearest to when it was made.

    The bounds that others set are not regarded.
    """
    if said.from_ms is not None and at_ms < said.from_ms:
        return said.from_ms
    return at_ms if said.until_ms is None else min(at_ms, said.until_ms - 1)


def _united(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans, of which some overlap, as few that do not; what only touches stays apart."""
    united: list[tuple[int, int]] = []
    for from_ms, until_ms in sorted(spans):
        if from_ms >= until_ms:
            continue
        if united and from_ms < united[-1][1]:
            united[-1] = united[-1][0], max(united[-1][1], until_ms)
        else:
            united.append((from_ms, until_ms))
    return united
