"""Takes in what people say of members and items: attributes, and categories."""

from collections.abc import Sequence

from cloud.changes.queue import note_profiles
from cloud.consents.service import MAX_CLOCK_SKEW_MS
from cloud.context import Context
from cloud.erasure.tombstones import erased_among
from cloud.errors import invalid_value
from cloud.identity.ownership import owners_of
from cloud.identity.statements import Identifier
from cloud.instants import parse_instant
from cloud.profiles.schemas import AttributeStatement, Category
from cloud.profiles.tables import product_categories, profile_attributes
from contracts.erasure import is_forgotten


def record_attributes(context: Context, tenant: str, statements: Sequence[AttributeStatement]) -> int:
    """Record statements and return how many were given.

    Raises:
        ProblemError: 422, some `at` is no instant or lies in the future; then nothing is recorded.
    """
    now_ms = context.clock()
    rows = [_attribute_row(tenant, each, now_ms) for each in statements]
    named = [Identifier(each.namespace, each.pseudonym) for each in statements]
    with context.database.write() as session:
        erased = erased_among(session, tenant, named)
        owners = owners_of(session, tenant, named)
        said = [(who, row, int(str(row["at_ms"]))) for who, row in zip(named, rows, strict=True)]
        session.insert_new(
            profile_attributes, [row for who, row, at_ms in said if not is_forgotten(erased.get(who, ()), at_ms)]
        )
        note_profiles(session, tenant, [owners.at(who, at_ms) for who, _, at_ms in said])
    return len(rows)


def put_categories(context: Context, tenant: str, items: Sequence[Category]) -> int:
    """Set categories of items and return of how many different ones."""
    rows = {each.gtin: {"tenant": tenant, "gtin": each.gtin, "category": each.category} for each in items}
    with context.database.write() as session:
        session.upsert(product_categories, list(rows.values()))
    return len(rows)


def _attribute_row(tenant: str, said: AttributeStatement, now_ms: int) -> dict[str, object]:
    at_ms = parse_instant("at", said.at)
    if at_ms > now_ms + MAX_CLOCK_SKEW_MS:
        raise invalid_value(name="at", value=said.at, allowed="not in the future")
    return {
        "tenant": tenant,
        "namespace": said.namespace,
        "pseudonym": said.pseudonym,
        "name": said.name,
        "value": said.value,
        "source": said.source,
        "rank": said.rank,
        "at_ms": at_ms,
        "recorded_ms": now_ms,
    }
