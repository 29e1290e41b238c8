"""Rules of consent: the latest statement holds, and what it ends, it ends at once."""

from cloud.consents.repository import consent_in_force, record_consent
from cloud.consents.schemas import ConsentReceipt, ConsentStatement
from cloud.context import Context
from cloud.errors import invalid_value
from cloud.identity.repository import one_ids_of
from cloud.identity.resolve import Identifier
from cloud.instants import parse_instant
from cloud.linking.repository import active_links_of, touches_of
from cloud.linking.service import relink

MAX_CLOCK_SKEW_MS = 5 * 60 * 1000


def put_consent(context: Context, tenant: str, statement: ConsentStatement) -> ConsentReceipt:
    """Record a statement and decide the member's touches anew, in one transaction.

    Raises:
        ProblemError: 422, `at` is no instant or lies in the future.
    """
    now_ms = context.clock()
    at_ms = parse_instant("at", statement.at)
    if at_ms > now_ms + MAX_CLOCK_SKEW_MS:
        raise invalid_value(name="at", value=statement.at, allowed="not in the future")
    identifier = Identifier(statement.namespace, statement.pseudonym)
    with context.database.write() as session:
        one_id = one_ids_of(session, tenant, [identifier])[identifier]
        before = active_links_of(session, tenant, one_id)
        record_consent(
            session,
            {
                "tenant": tenant,
                "namespace": statement.namespace,
                "pseudonym": statement.pseudonym,
                "purpose": statement.purpose,
                "granted": statement.granted,
                "at_ms": at_ms,
                "recorded_ms": now_ms,
            },
        )
        relink(session, context.linker, context.gate, now_ms, tenant, touches_of(session, tenant, one_id))
        after = active_links_of(session, tenant, one_id)
        in_force = consent_in_force(session, tenant, statement.namespace, statement.pseudonym)
    return ConsentReceipt(in_force=in_force, retracted_links=len(before - after))
