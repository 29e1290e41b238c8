"""What taking a member base in would do, by itself: who is one person, and which joins the rules forbid."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from cloud.identity.resolve import Identifier, Refusal, Rules, Statement, neighbours_of, resolve
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
    refusals: tuple[Refusal, ...]
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
    )


def rehearse(records: Sequence[MemberRecord], rules: Rules) -> Rehearsal:
    """Return what records would make of an empty cloud."""
    statements = [statement_of(record, "import", 0) for record in records]
    neighbours = neighbours_of(statements)
    hubs = {each for each, others in neighbours.items() if len(others) > rules.hub_neighbours}
    resolution = resolve(statements, rules, hubs=hubs)
    person_of = {each: cluster.anchor for cluster in resolution.clusters for each in cluster.identifiers}
    records_of = Counter(anchor for each in statements for anchor in {person_of[i] for i in each.identifiers})
    return Rehearsal(
        records=len(records),
        identifiers=dict(Counter(each.namespace for each in sorted(person_of))),
        persons=len(resolution.clusters),
        joined_records=sum(any(records_of[person_of[i]] > 1 for i in each.identifiers) for each in statements),
        refusals=resolution.refusals,
        hubs=len(hubs),
        consents_granted=sum(record.consent is True for record in records),
        consents_refused=sum(record.consent is False for record in records),
    )
