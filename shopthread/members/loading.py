"""Writes a whole member base into the cloud's own database at once: a first one may have millions of records."""

from collections.abc import Callable, Iterable

from cloud.app import make_key_service, make_linker, system_clock
from cloud.config import Settings
from cloud.consents.schemas import ConsentStatement
from cloud.consents.service import put_consents
from cloud.context import Context
from cloud.db import Database
from cloud.identity.loading import load_in_bulk
from cloud.profiles.records import record_attributes
from cloud.profiles.schemas import AttributeStatement
from shopthread.members.rehearsal import statement_of
from shopthread.members.sending import BATCH, batches, codes_of, consents_of
from shopthread.members.table import MemberRecord


def load(
    records: Callable[[], Iterable[MemberRecord]],
    source: str,
    rank: int,
    tenant: str,
    settings: Settings,
    database: Database,
) -> int:
    """Write what records say of identity and consent, and their match codes. Writing the same again changes nothing.

    Args:
        records: Returns what to write, the same each time.
        source: Who says so; it stands before each record's id.
        rank: How far to trust the source, 0 the most.
        tenant: Whose members they are.
        settings: The cloud's, with its rules of identity.
        database: The cloud's.

    Returns:
        How many records were new.

    Raises:
        cloud.errors.ProblemError: A record with this id says something else already; then no record is written.
    """
    keys = make_key_service(settings, database)
    context = Context(settings, database, system_clock, keys, make_linker(settings))
    stated = ((source, statement_of(record, source, rank)) for record in records())
    with database.write() as session:
        added = load_in_bulk(session, tenant, stated, context.rules, system_clock())
    for batch in batches(records(), BATCH):
        consents = [ConsentStatement.model_validate(each) for record in batch for each in consents_of(record)]
        if consents:
            put_consents(context, tenant, consents)
        codes = [AttributeStatement.model_validate(code) for each in batch for code in codes_of(each, source, rank)]
        if codes:
            record_attributes(context, tenant, codes)
    return added
