"""What taking a member base in would do, by itself: who is one person, and which joins the rules forbid."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from cloud.identity.bulk import derive_all
from cloud.identity.holdings import Holdings
from cloud.identity.reach import Reach
from cloud.identity.resolve import resolve
from cloud.identity.statements import Identifier, Rules, Statement
from shopthread.members.table import MemberRecord


class Rehearsal(Struct, frozen=True, kw_only=True):
    """The outcome in figures.

    Attributes:
        identifiers: Distinct ones, by namespace.
        persons: Profiles that the records make.
        joined_records: Records that share a profile with another record.
        refusals: Joins that the rules forbid.
        hubs: Identifiers that stand together with too many others.
    """

    records: int
    identifiers: dict[str, int]
    persons: int
    joined_records: int
    refusals: int
    hubs: int
    consents_granted: int
    consents_refused: int


def statement_of(record: MemberRecord, source: str, rank: int) -> Statement:
    """Return what a record says: these identifiers belong to one person."""
    return Statement(
        statement_id=f"{source}:{record.record_id}",
        rank=rank,
        at_ms=record.since_ms,
        identifiers=tuple(sorted({Identifier(each.namespace, each.pseudonym) for each in record.identifiers})),
        validity={Identifier(each.namespace, each.pseudonym): said for each, said in record.validity.items()},
    )


def rehearse(records: Iterable[MemberRecord], rules: Rules) -> Rehearsal:
    """Return what records would make of an empty cloud. Memory holds a few numbers of each, however many come."""
    tally = _Tally(rules)
    derive_all((tally.taken(record) for record in records), (), rules, tally.resolved)
    return tally.outcome()


class _Tally:
    """Counts, part by part, what becomes of records; parts have nothing in common but hubs."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._consents: Counter[bool | None] = Counter()
        self._identifiers: Counter[str] = Counter()
        self._persons = self._joined = self._refusals = 0
        self._naming: Counter[Identifier] = Counter()
        """How many records name each hub."""
        self._undecided: Counter[frozenset[Identifier]] = Counter()
        """How many records, which share nothing else, name these hubs."""

    def taken(self, record: MemberRecord) -> Statement:
        """Count a record, and return what it says."""
        self._consents[record.consent] += 1
        return statement_of(record, "import", 0)

    def resolved(self, part: Reach) -> None:
        """Count what becomes of the records of one part."""
        resolution = resolve(part.statements, self._rules, hubs=part.hubs)
        held = Holdings(part.statements, self._rules.quarantine_ms, part.hubs)
        person_of = {holding: cluster.anchor for cluster in resolution.clusters for holding in cluster.holdings}
        self._refusals += len(resolution.refusals)
        self._persons += sum(cluster.anchor.identifier not in part.hubs for cluster in resolution.clusters)
        named = {holding.identifier for holding in person_of} - part.hubs
        self._identifiers.update(each.namespace for each in named)
        persons = [{person_of.get(held.said(each, i)) for i in each.identifiers} - {None} for each in part.statements]
        records_of = Counter(anchor for of_record in persons for anchor in of_record)
        for statement, of_record in zip(part.statements, persons, strict=True):
            hubs = part.hubs.intersection(statement.identifiers)
            self._naming.update(hubs)
            if any(records_of[anchor] > 1 for anchor in of_record):
                self._joined += 1
            elif hubs:
                self._undecided[hubs] += 1

    def outcome(self) -> Rehearsal:
        """Return the figures when all parts were counted: a hub is a profile by itself."""
        shared = sum(count for hubs, count in self._undecided.items() if any(self._naming[each] > 1 for each in hubs))
        return Rehearsal(
            records=self._consents.total(),
            identifiers=dict(self._identifiers + Counter(each.namespace for each in self._naming)),
            persons=self._persons + len(self._naming),
            joined_records=self._joined + shared,
            refusals=self._refusals,
            hubs=len(self._naming),
            consents_granted=self._consents[True],
            consents_refused=self._consents[False],
        )
