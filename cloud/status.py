"""What a database holds, for an operator's eye."""

from sqlalchemy import func, select

from cloud.codes.tables import code_queue, item_codes
from cloud.db import Database
from cloud.ingest.repository import log_head
from cloud.projections.base import read_cursor
from cloud.projections.registry import PROJECTION_NAMES
from cloud.tables import dead_letters, event_log, link_decisions, link_queue, profiles, stores, visits


def read_status(database: Database) -> list[tuple[str, int]]:
    """Return counts by name, over all tenants."""
    with database.read() as session:
        waiting = dead_letters.c.replayed_ms.is_(None)
        active = link_decisions.c.retracted_ms.is_(None)
        head = log_head(session)
        return [
            ("events", session.number(select(func.count()).select_from(event_log))),
            ("stores", session.number(select(func.count()).select_from(stores))),
            ("visits", session.number(select(func.count()).select_from(visits))),
            ("profiles", session.number(select(func.count()).select_from(profiles))),
            ("link decisions in force", session.number(select(func.count()).select_from(link_decisions).where(active))),
            ("dead letters waiting", session.number(select(func.count()).select_from(dead_letters).where(waiting))),
            ("changes waiting for links", session.number(select(func.count()).select_from(link_queue))),
            ("item codes issued", session.number(select(func.count()).select_from(item_codes))),
            ("item codes to be judged", session.number(select(func.count()).select_from(code_queue))),
            ("log head", head),
            *((f"{name} behind by", head - read_cursor(session, name)) for name in PROJECTION_NAMES),
        ]
