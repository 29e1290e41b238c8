"""Writes a whole member base into the cloud's own database at once: a first one may have millions of records."""

from collections.abc import Sequence

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
    records: Sequence[MemberRecord], source: str, rank: int, tenant: str, settings: Settings, database: Database
) -> int:
    """Write what records say of identity and consent, and their match codes. Writing the same again changes nothing.

    Args:
        records: What to write.
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
    stated = ((source, statement_of(record, source, rank)) for record in records)
    with database.write() as session:
        added = load_in_bulk(session, tenant, stated, context.rules, system_clock())
    consents = [ConsentStatement.model_validate(consent) for record in records for consent in consents_of(record)]
    for part in batches(consents, 2 * BATCH):
        put_consents(context, tenant, part)
    codes = [AttributeStatement.model_validate(code) for each in records for code in codes_of(each, source, rank)]
    for few in batches(codes, 2 * BATCH):
        record_attributes(context, tenant, few)
    return added
