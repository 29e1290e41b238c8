"""HTTP of visits."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from cloud.auth import ERRORS, INVALID, NOT_FOUND, CanRead, InContext
from cloud.db import AnyRow
from cloud.errors import invalid_value
from cloud.instants import parse_instant, show_instant, write_instant
from cloud.stores.endpoints import StoreName
from cloud.stores.repository import get_store
from cloud.visits import repository
from cloud.visits.repository import COUNTED, VisitFilter
from cloud.visits.roles import is_staff
from cloud.visits.schemas import PathPoint, StaffEvidence, Stay, VisitDetail, Visits, VisitSummary

router = APIRouter(prefix="/v1", tags=["visits"], responses={**ERRORS, **NOT_FOUND})

_MS = 1000
_MAX_DIGITS = 18
_STATUSES: dict[str, tuple[str, ...]] = {
    "counted": COUNTED,
    "open": ("open",),
    "closed": ("closed",),
    "merged": ("merged",),
    "withdrawn": ("withdrawn",),
    "any": (),
}


@router.get("/stores/{store}/visits", summary="A store's visits", responses=INVALID)
def get_visits(  # noqa: PLR0913 - each is one query parameter
    store: StoreName,
    principal: CanRead,
    context: InContext,
    *,
    status: Annotated[
        Literal["counted", "open", "closed", "merged", "withdrawn", "any"],
        Query(description="`counted`: open and closed, which are the visits that figures count"),
    ] = "counted",
    role: Annotated[
        Literal["customer", "staff", "any"],
        Query(description="Who made them; whoever is not known to be staff counts as a customer"),
    ] = "any",
    from_: Annotated[str | None, Query(alias="from", description="Opened at or after, RFC 3339")] = None,
    to: Annotated[str | None, Query(description="Opened before, RFC 3339")] = None,
    before: Annotated[str | None, Query(description="`next_before` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most")] = 50,
) -> Visits:
    """List visits, the latest first.

    `customer_visits` is the figure of a store: staff is left out of it, and stands beside it as `staff_visits`.
    """
    threshold = context.settings.staff_score_threshold
    asked = VisitFilter(
        tenant=principal.tenant,
        store=store,
        statuses=_STATUSES[status],
        from_ms=None if from_ is None else parse_instant("from", from_),
        to_ms=None if to is None else parse_instant("to", to),
        before=None if before is None else _parse_before(before),
        role=None if role == "any" else role,
        staff_score=threshold,
    )
    if asked.from_ms is not None and asked.to_ms is not None and asked.to_ms <= asked.from_ms:
        raise invalid_value(name="to", value=to, allowed=f"later than from, {write_instant(asked.from_ms)}")
    with context.database.read() as session:
        get_store(session, principal.tenant, store)
        rows = repository.list_visits(session, asked, limit)
        customers, staff = repository.count_visits(session, asked)
    following = f"{rows[-1].opened_ms}.{rows[-1].visit_id}" if len(rows) == limit else None
    items = [VisitSummary(**_summary(row, row.stays, threshold)) for row in rows]
    return Visits(
        store=store,
        total={"customer": customers, "staff": staff, "any": customers + staff}[role],
        customer_visits=customers,
        staff_visits=staff,
        items=items,
        next_before=following,
    )


@router.get("/visits/{visit_id}", summary="One visit with its stays and path")
def get_visit(
    visit_id: Annotated[str, Path(description="The `visit_id` of a visit")], principal: CanRead, context: InContext
) -> VisitDetail:
    """Show a visit as its highest revision says."""
    with context.database.read() as session:
        row = repository.get_visit(session, principal.tenant, visit_id)
        stays = repository.stays_of(session, principal.tenant, visit_id)
    return VisitDetail(
        **_summary(row, len(stays), context.settings.staff_score_threshold),
        merged_into=row.merged_into,
        rule_version=row.rule_version,
        staff_rule_version=row.staff_rule_version,
        staff_evidence=[StaffEvidence(**each) for each in row.staff_evidence or ()],
        path_error_m=row.path_error_m,
        zone_stays=[
            Stay(
                zone_id=stay.zone_id,
                zone_kind=stay.zone_kind,
                entered_at=write_instant(stay.entered_ms),
                left_at=show_instant(stay.left_ms),
                dwell_s=None if stay.left_ms is None else (stay.left_ms - stay.entered_ms) / _MS,
            )
            for stay in stays
        ],
        path=[PathPoint(at=write_instant(t_ms), x_m=x_m, y_m=y_m) for t_ms, x_m, y_m in row.path],
    )


def _summary(row: AnyRow, stays: int, staff_threshold: float) -> dict[str, Any]:
    return {
        "visit_id": row.visit_id,
        "store": row.store,
        "status": row.status,
        "revision": row.revision,
        "opened_at": write_instant(row.opened_ms),
        "updated_at": write_instant(row.updated_ms),
        "closed_at": show_instant(row.closed_ms),
        "duration_s": ((row.closed_ms or row.updated_ms) - row.opened_ms) / _MS,
        "stays": stays,
        "is_staff": is_staff(row.role, row.staff_score, staff_threshold),
        "role": row.role,
        "staff_score": row.staff_score,
        "party_id": row.party_id,
    }


def _parse_before(text: str) -> tuple[int, str]:
    opened_ms, separator, visit_id = text.partition(".")
    if not separator or not opened_ms.isdecimal() or len(opened_ms) > _MAX_DIGITS:
        raise invalid_value(name="before", value=text, allowed="the next_before of the page before")
    return int(opened_ms), visit_id
