"""Takes a batch in: one transaction, duplicates are no-ops, what is refused is kept."""

from cloud.db import Database
from cloud.dead_letters.repository import keep_dead_letters
from cloud.ingest.judge import judge_batch
from cloud.ingest.repository import append_events
from cloud.runtime import Clock
from contracts.delivery import IngestReceipt, split_batch


def ingest_batch(database: Database, clock: Clock, body: bytes, *, tenant: str, key_id: str) -> IngestReceipt:
    """Store a batch and return what became of it, after the commit.

    Args:
        database: Where to.
        clock: When it came.
        body: Newline-delimited events, decompressed.
        tenant: Whose key sent it; events of another tenant are refused.
        key_id: The key, kept with what is refused.
    """
    lines = split_batch(body)
    accepted, refused = judge_batch(lines, tenant)
    received_ms = clock()
    with database.write() as session:
        inserted = append_events(session, accepted, received_ms)
        keep_dead_letters(session, refused, tenant=tenant, key_id=key_id, received_ms=received_ms)
    return IngestReceipt(
        received=len(lines),
        inserted=inserted,
        duplicate=len(accepted) - inserted,
        rejected=len(refused),
        rejections=tuple(line.rejection for line in refused),
    )
