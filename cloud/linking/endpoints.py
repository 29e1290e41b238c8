"""HTTP of links."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from cloud.auth import ERRORS, NOT_FOUND, CanRead, InContext
from cloud.consents.repository import granted_profiles
from cloud.db import AnyRow, Page
from cloud.errors import not_found
from cloud.instants import show_instant, write_instant
from cloud.linking import repository
from cloud.linking.schemas import Candidate, DecisionKind, Link, LinkCounts, LinkDetail, LinkPrecision, Links, LinkTouch
from cloud.stores.repository import get_store, waiting_links
from cloud.tables import link_decisions

router = APIRouter(prefix="/v1/links", tags=["links"], responses=ERRORS)


@router.get("", summary="Which visit made which touch", responses=NOT_FOUND)
def get_links(
    principal: CanRead,
    context: InContext,
    decision: Annotated[
        DecisionKind | None, Query(description="Decisions of this kind alone; counts are of every kind")
    ] = None,
    store: Annotated[str | None, Query(description="Decisions and counts of this store alone")] = None,
    touch_id: Annotated[str | None, Query(description="The decision about this touch alone")] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="How many to leave out")] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most")] = 50,
) -> Links:
    """List the decisions that hold. A link attaches a visit to a profile; it never joins two profiles."""
    tenant = principal.tenant
    table = link_decisions.c
    asked = ((table.decision, decision), (table.store, store), (table.touch_id, touch_id))
    conditions = [
        table.tenant == tenant,
        table.retracted_ms.is_(None),
        *(column == value for column, value in asked if value is not None),
    ]
    with context.database.read() as session:
        if store is not None:
            get_store(session, tenant, store)
        return Links(
            counts=LinkCounts(**repository.count_active(session, tenant, store)),
            not_eligible=repository.count_ineligible(session, tenant, store),
            waiting=waiting_links(session, tenant),
            items=[Link(**_link(row)) for row in repository.list_decisions(session, conditions, Page(offset, limit))],
        )


@router.get("/precision", summary="How sure the links are", responses=NOT_FOUND)
def get_precision(
    principal: CanRead,
    context: InContext,
    store: Annotated[str | None, Query(description="Links of this store alone")] = None,
) -> LinkPrecision:
    """Estimate which share of the links that hold is right, from the probability that each was made with."""
    with context.database.read() as session:
        if store is not None:
            get_store(session, principal.tenant, store)
        estimated, mean = repository.expected_precision(session, principal.tenant, store)
    return LinkPrecision(store=store, estimated=estimated, expected_precision=mean)


@router.get("/{link_id}", summary="One decision and what was compared for it", responses=NOT_FOUND)
def get_link(
    link_id: Annotated[str, Path(description="The `id` of a decision, also of a retracted one")],
    principal: CanRead,
    context: InContext,
) -> LinkDetail:
    """Show the touch, every candidate visit, the decision, its reason and the model's version.

    A retracted decision of a member without consent is shown without any visit.
    """
    tenant = principal.tenant
    with context.database.read() as session:
        found = repository.list_decisions(
            session, [link_decisions.c.tenant == tenant, link_decisions.c.id == link_id], Page(0, 1)
        )
        if not found:
            raise not_found(noun="link", key=link_id, remedy="GET /v1/links lists those that hold")
        row = found[0]
        hidden = row.retracted_ms is not None and not granted_profiles(session, tenant, [row.one_id])
        candidates = () if hidden else repository.hypotheses_of(session, link_id)
    shown = _link(row)
    if hidden:
        shown["visit_id"] = None
    return LinkDetail(
        **shown,
        candidates=[Candidate(visit_id=one.visit_id, posterior=one.posterior, **one.features) for one in candidates],
    )


def _link(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "store": row.store,
        "decision": row.decision,
        "stage": row.stage,
        "reason": row.reason,
        "one_id": row.one_id,
        "visit_id": row.visit_id,
        "touch": LinkTouch(
            touch_id=row.touch_id,
            kind=row.kind,
            at=show_instant(row.time_ms),
            device=row.device,
            zone_id=row.zone_id,
        ),
        "model_version": row.model_version,
        "asserted_at": write_instant(row.asserted_ms),
        "retracted_at": show_instant(row.retracted_ms),
    }
