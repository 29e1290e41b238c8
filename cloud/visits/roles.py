"""Who made a visit: what the gateway's rule decided; of visits that tell no role, what their score says."""

from typing import Literal

from sqlalchemy import ColumnElement, and_, func, or_

from cloud.tables import visits

Role = Literal["customer", "staff"]


def is_staff(role: str | None, staff_score: float | None, threshold: float) -> bool:
    """Return whether staff made a visit. Whoever is not known to be staff counts as a customer.

    Args:
        role: What the gateway's rule decided, None where it knew nothing or decides nothing.
        staff_score: 0 to 1, None where nothing is known.
        threshold: From which score on a visit without a role is staff's.
    """
    if role is None:
        return (staff_score or 0.0) >= threshold
    return role == "staff"


def staff_made(threshold: float) -> ColumnElement[bool]:
    """Return the condition of `is_staff` on the table of visits; never NULL."""
    by_score = and_(visits.c.role.is_(None), func.coalesce(visits.c.staff_score, 0.0) >= threshold)
    return or_(func.coalesce(visits.c.role, "") == "staff", by_score)
