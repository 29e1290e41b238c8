"""Sends member records to the cloud in batches."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import httpx

from cloud.identity.statements import UNSAID, Validity
from cloud.profiles.tables import MATCH_PREFIX
from contracts.timestamps import format_time
from shopthread.cloud_api import post
from shopthread.members.rehearsal import statement_of
from shopthread.members.table import MemberRecord

BATCH = 500
T = TypeVar("T")


def send(
    records: Iterable[MemberRecord], source: str, rank: int, client: httpx.Client, on_sent: Callable[[int], None]
) -> int:
    """Send what records say of identity and consent, and their match codes. Sending the same again changes nothing.

    Args:
        records: What to send.
        source: Who says so; it stands before each record's id.
        rank: How far to trust the source, 0 the most.
        client: Has the cloud's address and a key with scope members.
        on_sent: Told how many more records were sent.

    Returns:
        How many identifiers moved from one profile to another.

    Raises:
        CloudRefusedError: The cloud refused a batch or cannot be reached.
    """
    moved = 0
    for batch in batches(records, BATCH):
        answer = post(
            client, "/v1/identity/statements", {"statements": [_statement(each, source, rank) for each in batch]}
        )
        moved += len(answer["moves"])
        consents = [consent for record in batch for consent in consents_of(record)]
        for part in batches(consents, 2 * BATCH):
            post(client, "/v1/consents", {"statements": part})
        codes = [code for record in batch for code in codes_of(record, source, rank)]
        for part in batches(codes, 2 * BATCH):
            post(client, "/v1/attributes", {"statements": part})
        on_sent(len(batch))
    return moved


def _statement(record: MemberRecord, source: str, rank: int) -> dict[str, object]:
    statement = statement_of(record, source, rank)
    return {
        "id": statement.statement_id,
        "source": source,
        "rank": rank,
        "at": format_time(record.since_ms),
        "identifiers": [
            {
                "namespace": each.namespace,
                "pseudonym": each.pseudonym,
                **_times(statement.validity.get(each, UNSAID)),
            }
            for each in statement.identifiers
        ],
    }


def _times(said: Validity) -> dict[str, str]:
    times = {"valid_from": said.from_ms, "valid_until": said.until_ms}
    return {name: format_time(at_ms) for name, at_ms in times.items() if at_ms is not None}


def consents_of(record: MemberRecord) -> list[dict[str, object]]:
    """Return what the member said, as the cloud takes it, through the identifiers that were his or hers then."""
    if record.consent is None:
        return []
    covering = [each for each in record.identifiers if record.validity.get(each, UNSAID).covers(record.since_ms)]
    return [
        {
            "namespace": each.namespace,
            "pseudonym": each.pseudonym,
            "granted": record.consent,
            "at": format_time(record.since_ms),
        }
        for each in covering
    ]


def codes_of(record: MemberRecord, source: str, rank: int) -> list[dict[str, object]]:
    """Return a record's match codes, under the first identifier that was the member's when it was made."""
    covering = [each for each in record.identifiers if record.validity.get(each, UNSAID).covers(record.since_ms)]
    return [
        {
            "namespace": each.namespace,
            "pseudonym": each.pseudonym,
            "name": f"{MATCH_PREFIX}{trait}",
            "value": code,
            "source": source,
            "rank": rank,
            "at": format_time(record.since_ms),
        }
        for each in covering[:1]
        for trait, code in record.codes.items()
    ]


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most `size`."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
