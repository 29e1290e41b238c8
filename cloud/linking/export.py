"""The decisions that hold as lines, for whatever wants to read them outside the database."""

import json
from collections.abc import Iterator

from sqlalchemy import and_, select

from cloud.db import Database
from cloud.tables import link_decisions, link_hypotheses, touches


def export_links(database: Database, tenant: str, store: str) -> Iterator[bytes]:
    """Yield the decision that holds about each touch of a store, one JSON object each, by the touches' times.

    It names the touch by its device and time, and no profile: `device_id`, `t_ms`, `decision`, and of a link the
    `visit_id` and the `posterior`, where somebody estimated one.
    """
    statement = (
        select(
            touches.c.device,
            touches.c.time_ms,
            link_decisions.c.decision,
            link_decisions.c.visit_id,
            link_hypotheses.c.posterior,
        )
        .select_from(
            link_decisions.join(
                touches,
                and_(touches.c.tenant == link_decisions.c.tenant, touches.c.touch_id == link_decisions.c.touch_id),
            ).outerjoin(
                link_hypotheses,
                and_(
                    link_hypotheses.c.decision_id == link_decisions.c.id,
                    link_hypotheses.c.visit_id == link_decisions.c.visit_id,
                ),
            )
        )
        .where(
            link_decisions.c.tenant == tenant,
            link_decisions.c.store == store,
            link_decisions.c.retracted_ms.is_(None),
        )
        .order_by(touches.c.time_ms, touches.c.device, link_decisions.c.id)
    )
    with database.read() as session:
        rows = session.rows(statement)
    for row in rows:
        line = {"device_id": row.device, "t_ms": row.time_ms, "decision": row.decision}
        known = {"visit_id": row.visit_id, "posterior": row.posterior}
        yield json.dumps({**line, **{name: value for name, value in known.items() if value is not None}}).encode()
