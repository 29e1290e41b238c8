"""SQL of floors."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from cloud.db import AnyRow, ReadSession, WriteSession
from cloud.floor.tables import floor_heat, floor_plans
from cloud.projections.corrections import stands


def heat_between(session: ReadSession, tenant: str, store: str, from_ms: int, to_ms: int) -> Sequence[AnyRow]:
    """Return what cameras told of intervals that began in [from_ms, to_ms)."""
    return session.rows(
        select(floor_heat.c.device, floor_heat.c.cell_m, floor_heat.c.cells)
        .where(floor_heat.c.tenant == tenant, floor_heat.c.store == store)
        .where(floor_heat.c.start_ms >= from_ms, floor_heat.c.start_ms < to_ms, stands(floor_heat))
    )


def get_plan(session: ReadSession, tenant: str, store: str) -> dict[str, Any]:
    """Return a store's plan, an empty one where nobody drew it."""
    row = session.first(select(floor_plans.c.plan).where(floor_plans.c.tenant == tenant, floor_plans.c.store == store))
    return {} if row is None else row.plan


def put_plan(session: WriteSession, tenant: str, store: str, plan: dict[str, Any]) -> None:
    """Keep a store's plan."""
    session.upsert(floor_plans, [{"tenant": tenant, "store": store, "plan": plan}])
