"""Rules of consent: the latest statement holds, and what it ends, it ends at once."""

from collections.abc import Mapping, Sequence

from cloud.changes.queue import Change, note_changes, note_profiles
from cloud.consents.repository import consent_in_force, record_consents, unknown_consents
from cloud.consents.schemas import ConsentReceipt, ConsentsReceipt, ConsentStatement
from cloud.context import Context
from cloud.db import WriteSession
from cloud.erasure.tombstones import erased_among
from cloud.errors import invalid_value
from cloud.identity.ownership import Owners, owners_of, span_of
from cloud.identity.statements import Identifier
from cloud.instants import parse_instant
from cloud.linking.repository import active_links_of, touches_of
from cloud.linking.service import relink
from contracts.erasure import is_forgotten

MAX_CLOCK_SKEW_MS = 5 * 60 * 1000


def put_consent(context: Context, tenant: str, statement: ConsentStatement) -> ConsentReceipt:
    """Record a statement and decide the member's touches anew, in one transaction.

    Raises:
        ProblemError: 422, `at` is no instant or lies in the future.
    """
    now_ms = context.clock()
    rows = [_row(tenant, statement, now_ms)]
    with context.database.write() as session:
        retracted = _record(session, context, tenant, rows, now_ms)
        held = span_of(session, tenant, _identifier(rows[0]), _at_ms(rows[0]))
        in_force = consent_in_force(session, tenant, statement.namespace, statement.pseudonym, held)
    return ConsentReceipt(in_force=in_force, retracted_links=retracted)


def put_consents(context: Context, tenant: str, statements: Sequence[ConsentStatement]) -> ConsentsReceipt:
    """Record statements and decide the members' touches anew, all in one transaction.

    Raises:
        ProblemError: 422, some `at` is no instant or lies in the future; then nothing is recorded.
    """
    now_ms = context.clock()
    rows = [_row(tenant, statement, now_ms) for statement in statements]
    with context.database.write() as session:
        retracted = _record(session, context, tenant, rows, now_ms)
    return ConsentsReceipt(recorded=len(rows), retracted_links=retracted)


def _record(
    session: WriteSession, context: Context, tenant: str, rows: Sequence[dict[str, object]], now_ms: int
) -> int:
    """Record statements; return how many links they ended."""
    named = {_identifier(row) for row in rows}
    erased = erased_among(session, tenant, named)
    rows = [row for row in rows if not is_forgotten(erased.get(_identifier(row), ()), _at_ms(row))]
    owners = owners_of(session, tenant, named)
    one_ids = sorted({one_id for row in rows for one_id in owners.speaking_at(_identifier(row), _at_ms(row))})
    before = {link for one_id in one_ids for link in active_links_of(session, tenant, one_id)}
    new = unknown_consents(session, rows)
    record_consents(session, rows)
    touches = {touch for one_id in one_ids for touch in touches_of(session, tenant, one_id)}
    relink(session, context.linker, context.gate, now_ms, tenant, touches)
    after = {link for one_id in one_ids for link in active_links_of(session, tenant, one_id)}
    note_profiles(session, tenant, one_ids)
    note_changes(session, tenant, [_change(row, owners) for row in new])
    return len(before - after)


def _change(row: Mapping[str, object], owners: Owners) -> Change:
    identifier = _identifier(row)
    data = {"purpose": row["purpose"], "granted": row["granted"], "namespace": identifier.namespace}
    return Change(kind="consent.recorded", one_id=owners.at(identifier, _at_ms(row)), data=data)


def _identifier(row: Mapping[str, object]) -> Identifier:
    return Identifier(str(row["namespace"]), str(row["pseudonym"]))


def _at_ms(row: Mapping[str, object]) -> int:
    return int(str(row["at_ms"]))


def _row(tenant: str, statement: ConsentStatement, now_ms: int) -> dict[str, object]:
    at_ms = parse_instant("at", statement.at)
    if at_ms > now_ms + MAX_CLOCK_SKEW_MS:
        raise invalid_value(name="at", value=statement.at, allowed="not in the future")
    return {
        "tenant": tenant,
        "namespace": statement.namespace,
        "pseudonym": statement.pseudonym,
        "purpose": statement.purpose,
        "granted": statement.granted,
        "at_ms": at_ms,
        "recorded_ms": now_ms,
    }
