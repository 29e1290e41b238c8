"""What taking a member base in would do, by itself: who is one person, and which joins the rules forbid."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from cloud.identity.holdings import Holdings
from cloud.identity.resolve import Refusal, resolve
from cloud.identity.statements import Identifier, Rules, Statement, neighbours_of
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
        validity={Identifier(each.namespace, each.pseudonym): said for each, said in record.validity.items()},
    )


def rehearse(records: Sequence[MemberRecord], rules: Rules) -> Rehearsal:
    """Return what records would make of an empty cloud."""
    statements = [statement_of(record, "import", 0) for record in records]
    neighbours = neighbours_of(statements)
    hubs = {each for each, others in neighbours.items() if len(others) > rules.hub_neighbours}
    resolution = resolve(statements, rules, hubs=hubs)
    held = Holdings(statements, rules.quarantine_ms, hubs)
    person_of = {holding: cluster.anchor for cluster in resolution.clusters for holding in cluster.holdings}
    persons = [{person_of.get(held.said(each, i)) for i in each.identifiers} - {None} for each in statements]
    records_of = Counter(anchor for of_record in persons for anchor in of_record)
    return Rehearsal(
        records=len(records),
        identifiers=dict(Counter(each.namespace for each in sorted({holding.identifier for holding in person_of}))),
        persons=len(resolution.clusters),
        joined_records=sum(any(records_of[anchor] > 1 for anchor in of_record) for of_record in persons),
        refusals=resolution.refusals,
        hubs=len(hubs),
        consents_granted=sum(record.consent is True for record in records),
        consents_refused=sum(record.consent is False for record in records),
    )
