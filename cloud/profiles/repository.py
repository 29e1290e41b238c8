"""SQL of profiles."""

from collections.abc import Sequence

from sqlalchemy import func, select

from cloud.db import AnyRow, ReadSession
from cloud.errors import not_found
from cloud.identity.ownership import surviving_one_id
from cloud.tables import profiles


def count_profiles(session: ReadSession, tenant: str) -> int:
    """Return how many profiles a tenant has."""
    return session.number(select(func.count()).select_from(profiles).where(profiles.c.tenant == tenant))


def list_profiles(session: ReadSession, tenant: str, offset: int, limit: int) -> Sequence[AnyRow]:
    """Return profiles, the last seen first, those never seen last."""
    statement = select(profiles).where(profiles.c.tenant == tenant)
    return session.rows(
        statement.order_by(profiles.c.last_seen_ms.desc().nulls_last(), profiles.c.one_id).offset(offset).limit(limit)
    )


def get_profile(session: ReadSession, tenant: str, one_id: str) -> AnyRow:
    """Return one profile; by a One ID that went into another one, that other one.

    Raises:
        ProblemError: 404, this tenant has none of that One ID.
    """
    row = _profile(session, tenant, one_id)
    if row is None:
        row = _profile(session, tenant, surviving_one_id(session, tenant, one_id) or one_id)
    if row is None:
        raise not_found(noun="profile", key=one_id, remedy="GET /v1/profiles lists them")
    return row


def _profile(session: ReadSession, tenant: str, one_id: str) -> AnyRow | None:
    return session.first(select(profiles).where(profiles.c.tenant == tenant, profiles.c.one_id == one_id))
