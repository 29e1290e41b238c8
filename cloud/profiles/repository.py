"""SQL of profiles."""

from collections.abc import Sequence

from sqlalchemy import func, select

from cloud.db import AnyRow, ReadSession
from cloud.errors import not_found
from cloud.identity.repository import surviving_one_id
from cloud.projections.corrections import stands
from cloud.tables import link_decisions, profile_identifiers, profiles, touches, visits
from cloud.touches.repository import reversal_of


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


def identifiers_of(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> dict[str, list[AnyRow]]:
    """Return identifiers by One ID."""
    found: dict[str, list[AnyRow]] = {one_id: [] for one_id in one_ids}
    statement = (
        select(profile_identifiers)
        .where(profile_identifiers.c.tenant == tenant, profile_identifiers.c.one_id.in_(one_ids))
        .order_by(profile_identifiers.c.namespace, profile_identifiers.c.pseudonym)
    )
    for row in session.rows(statement):
        found[row.one_id].append(row)
    return found


def count_touches(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> dict[str, int]:
    """Return how many touches stand, by One ID."""
    statement = (
        select(touches.c.one_id, func.count())
        .where(touches.c.tenant == tenant, touches.c.one_id.in_(one_ids), stands(touches, "touch_id"))
        .group_by(touches.c.one_id)
    )
    return {one_id: count for one_id, count in session.rows(statement)}  # noqa: C416 - a row is no pair to mypy


def count_linked_visits(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> dict[str, int]:
    """Return how many visits are linked, by One ID."""
    statement = (
        select(link_decisions.c.one_id, func.count(link_decisions.c.visit_id.distinct()))
        .where(link_decisions.c.tenant == tenant, link_decisions.c.one_id.in_(one_ids))
        .where(link_decisions.c.decision == "linked", link_decisions.c.retracted_ms.is_(None))
        .group_by(link_decisions.c.one_id)
    )
    return {one_id: count for one_id, count in session.rows(statement)}  # noqa: C416 - a row is no pair to mypy


def touches_with_decisions(session: ReadSession, tenant: str, one_id: str, limit: int) -> Sequence[AnyRow]:
    """Return a profile's touches, the latest first, each with the decision that holds."""
    decided = (
        (link_decisions.c.tenant == touches.c.tenant)
        & (link_decisions.c.touch_id == touches.c.touch_id)
        & link_decisions.c.retracted_ms.is_(None)
    )
    statement = (
        select(
            touches,
            stands(touches, "touch_id").label("stands"),
            reversal_of().label("is_reversed"),
            link_decisions.c.id.label("link_id"),
            link_decisions.c.decision,
            link_decisions.c.stage,
            link_decisions.c.reason,
        )
        .outerjoin(link_decisions, decided)
        .where(touches.c.tenant == tenant, touches.c.one_id == one_id)
        .order_by(touches.c.time_ms.desc(), touches.c.touch_id)
        .limit(limit)
    )
    return session.rows(statement)


def linked_visits(session: ReadSession, tenant: str, one_id: str) -> Sequence[AnyRow]:
    """Return a profile's linked visits with the decisions that link them, the latest first."""
    statement = (
        select(
            visits,
            link_decisions.c.id.label("link_id"),
            link_decisions.c.stage,
            link_decisions.c.reason,
            link_decisions.c.touch_id,
        )
        .join(
            link_decisions,
            (link_decisions.c.tenant == visits.c.tenant) & (link_decisions.c.visit_id == visits.c.visit_id),
        )
        .where(visits.c.tenant == tenant, link_decisions.c.one_id == one_id)
        .where(link_decisions.c.decision == "linked", link_decisions.c.retracted_ms.is_(None))
        .order_by(visits.c.opened_ms.desc(), visits.c.visit_id, link_decisions.c.id)
    )
    return session.rows(statement)
