"""SQL of stores, devices and reconciliation."""

from collections.abc import Mapping, Sequence

from sqlalchemy import and_, func, select

from cloud.analytics.queue import requeue_members, requeue_store
from cloud.codes.tables import store_positions
from cloud.db import AnyRow, AnySelect, ReadSession, WriteSession
from cloud.errors import not_found
from cloud.ingest.repository import log_head
from cloud.projections.base import read_cursor
from cloud.stores.projection import StoresProjection
from cloud.tables import coverage_intervals, device_health, event_counts, event_log, link_queue, stores


def list_stores(session: ReadSession, tenant: str) -> Sequence[AnyRow]:
    """Return a tenant's stores by name."""
    return session.rows(_stores_of(tenant).order_by(stores.c.store))


def get_store(session: ReadSession, tenant: str, store: str) -> AnyRow:
    """Return one store.

    Raises:
        ProblemError: 404, this tenant has none of that name.
    """
    row = session.first(_stores_of(tenant).where(stores.c.store == store))
    if row is None:
        remedy = "GET /v1/stores lists yours; one appears with its first event, or PUT /v1/stores/{store} adds it"
        raise not_found(noun="store", key=store, remedy=remedy)
    return row


def _stores_of(tenant: str) -> AnySelect:
    last_event = (
        select(func.max(event_counts.c.last_time_ms))
        .where(event_counts.c.tenant == stores.c.tenant, event_counts.c.store == stores.c.store)
        .scalar_subquery()
    )
    here = and_(store_positions.c.tenant == stores.c.tenant, store_positions.c.store == stores.c.store)
    place = (store_positions.c.latitude_deg, store_positions.c.longitude_deg)
    statement = select(stores, last_event.label("last_event_ms"), *place).outerjoin(store_positions, here)
    return statement.where(stores.c.tenant == tenant)


def put_store(session: WriteSession, tenant: str, store: str, settings: Mapping[str, object]) -> None:
    """Set a store's name, time zone, region and opening hours; figures follow where days, hours or regions change."""
    decisive = (stores.c.time_zone, stores.c.opening_hours, stores.c.region)
    before = session.first(select(*decisive).where(stores.c.tenant == tenant, stores.c.store == store))
    session.upsert(stores, [{"tenant": tenant, "store": store, **settings}])
    if before is None or (before.time_zone, before.opening_hours) != (settings["time_zone"], settings["opening_hours"]):
        requeue_store(session, tenant, store)
    elif before.region != settings["region"]:
        requeue_members(session, tenant, store)


def list_devices(session: ReadSession, tenant: str, store: str | None) -> Sequence[AnyRow]:
    """Return each device of a store, or of all, with when it was last seen and how far it observed."""
    one_store = [] if store is None else [event_counts.c.store == store]
    observed = (
        select(func.max(coverage_intervals.c.end_ms))
        .where(
            coverage_intervals.c.tenant == event_counts.c.tenant,
            coverage_intervals.c.store == event_counts.c.store,
            coverage_intervals.c.device == event_counts.c.device,
        )
        .scalar_subquery()
    )
    return session.rows(
        select(
            event_counts.c.store,
            event_counts.c.device,
            func.max(event_counts.c.last_time_ms).label("last_seen_ms"),
            func.max(event_counts.c.highest_sequence).label("highest_sequence"),
            func.sum(event_counts.c.events).label("events"),
            observed.label("observed_until_ms"),
        )
        .where(event_counts.c.tenant == tenant, *one_store)
        .group_by(event_counts.c.tenant, event_counts.c.store, event_counts.c.device)
        .order_by(event_counts.c.store, event_counts.c.device)
    )


def health_by_device(session: ReadSession, tenant: str, store: str | None) -> dict[tuple[str, str], AnyRow]:
    """Return the last health of each device of a store, or of all, by store and device."""
    one_store = [] if store is None else [device_health.c.store == store]
    statement = select(device_health).where(device_health.c.tenant == tenant, *one_store)
    return {(row.store, row.device): row for row in session.rows(statement)}


def stored_counts(session: ReadSession, tenant: str, store: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Return, by device and type, how many distinct events are stored and the highest sequence number.

    What the projection has counted, plus what the log holds beyond its cursor: exact at any time, cheap at any size.
    """
    cursor = read_cursor(session, StoresProjection.name)
    counted = select(
        event_counts.c.device, event_counts.c.type, event_counts.c.events, event_counts.c.highest_sequence
    ).where(event_counts.c.tenant == tenant, event_counts.c.store == store)
    beyond = (
        select(event_log.c.device, event_log.c.type, func.count(), func.max(event_log.c.sequence))
        .where(event_log.c.position > cursor, event_log.c.tenant == tenant, event_log.c.store == store)
        .group_by(event_log.c.device, event_log.c.type)
    )
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for device, kind, events, highest in (*session.rows(counted), *session.rows(beyond)):
        events_before, highest_before = counts.get((device, kind), (0, 0))
        counts[device, kind] = (events_before + events, max(highest_before, highest))
    return counts


def waiting_events(session: ReadSession, tenant: str, name: str) -> int:
    """Return how many of a tenant's events a projection has not taken in."""
    cursor = read_cursor(session, name)
    if cursor >= log_head(session):
        return 0
    beyond = event_log.c.position > cursor
    return session.number(select(func.count()).select_from(event_log).where(beyond, event_log.c.tenant == tenant))


def waiting_links(session: ReadSession, tenant: str) -> int:
    """Return how many changes wait for the linker."""
    return session.number(select(func.count()).select_from(link_queue).where(link_queue.c.tenant == tenant))
