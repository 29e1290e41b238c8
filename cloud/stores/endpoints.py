"""HTTP of stores, devices and reconciliation."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path

from cloud.auth import ERRORS, INVALID_BODY, NOT_FOUND, CanAdminister, CanRead, InContext
from cloud.db import AnyRow
from cloud.dead_letters.repository import count_by_reason
from cloud.errors import invalid_value
from cloud.ingest.repository import log_head
from cloud.instants import show_instant, write_instant
from cloud.projections.base import read_cursor
from cloud.projections.registry import PROJECTION_NAMES
from cloud.stores import repository
from cloud.stores.calendars import DEFAULT_TIME_ZONE
from cloud.stores.opening import fault_of
from cloud.stores.schemas import (
    Device,
    Hours,
    Opening,
    ProjectionLag,
    Reconciliation,
    Store,
    StoredEvents,
    StoreDevice,
    StoreSettings,
)

router = APIRouter(prefix="/v1/stores", tags=["stores"], responses=ERRORS)
all_devices = APIRouter(prefix="/v1/devices", tags=["stores"], responses=ERRORS)


StoreName = Annotated[
    str, Path(pattern=r"^[a-z0-9-]{1,64}$", description="The store's name in topics", examples=["store-1"])
]


@router.get("", summary="Your stores")
def get_stores(principal: CanRead, context: InContext) -> list[Store]:
    """List every store that sent an event or was added."""
    with context.database.read() as session:
        return [_store(row) for row in repository.list_stores(session, principal.tenant)]


@router.put("/{store}", summary="Name a store, set its time zone, region and opening hours", responses=INVALID_BODY)
def put_store(store: StoreName, body: StoreSettings, principal: CanAdminister, context: InContext) -> Store:
    """Set all of it. The time zone decides where days and hours begin in every figure, also of the past.

    Coverage counts opening hours alone. What is left out is as if nobody had set it.
    """
    try:
        ZoneInfo(body.time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise invalid_value(
            name="time_zone", value=body.time_zone, allowed="an IANA time zone such as Europe/Berlin"
        ) from error
    if body.opening_hours is not None:
        _check_hours(body.opening_hours)
    with context.database.write() as session:
        repository.put_store(session, principal.tenant, store, body.model_dump(mode="json"))
        return _store(repository.get_store(session, principal.tenant, store))


@router.get("/{store}/devices", summary="A store's devices", responses=NOT_FOUND)
def get_devices(store: StoreName, principal: CanRead, context: InContext) -> list[Device]:
    """List devices with when they were last seen, what they observed and how they are."""
    with context.database.read() as session:
        repository.get_store(session, principal.tenant, store)
        rows = repository.list_devices(session, principal.tenant, store)
        health = repository.health_by_device(session, principal.tenant, store)
    return [Device(**_device(row, health.get((store, row.device)))) for row in rows]


@all_devices.get("", summary="The devices of all your stores")
def get_all_devices(principal: CanRead, context: InContext) -> list[StoreDevice]:
    """List devices by store, each as its store's list tells it."""
    with context.database.read() as session:
        rows = repository.list_devices(session, principal.tenant, None)
        health = repository.health_by_device(session, principal.tenant, None)
    return [StoreDevice(store=row.store, **_device(row, health.get((row.store, row.device)))) for row in rows]


@router.get("/{store}/reconciliation", summary="What the cloud holds of a store", responses=NOT_FOUND)
def get_reconciliation(store: StoreName, principal: CanRead, context: InContext) -> Reconciliation:
    """Count distinct stored events by device and type, dead letters, and how far the projections are behind."""
    tenant = principal.tenant
    with context.database.read() as session:
        repository.get_store(session, tenant, store)
        counts = repository.stored_counts(session, tenant, store)
        lags = [
            ProjectionLag(
                name=name,
                position=read_cursor(session, name),
                waiting_events=repository.waiting_events(session, tenant, name),
            )
            for name in PROJECTION_NAMES
        ]
        return Reconciliation(
            store=store,
            total_events=sum(events for events, _ in counts.values()),
            events=[
                StoredEvents(device=device, type=kind, events=events, highest_sequence=highest)
                for (device, kind), (events, highest) in sorted(counts.items())
            ],
            dead_letters=sum(count_by_reason(session, tenant).values()),
            log_head=log_head(session),
            projections=lags,
            waiting_links=repository.waiting_links(session, tenant),
            lag_events=max(lag.waiting_events for lag in lags),
            projection_failure=context.projection_failure(),
        )


def _check_hours(opening: Opening) -> None:
    days: list[tuple[object, Hours]] = [*opening.weekly.items(), *opening.exceptions.items()]
    for day, hours in days:
        fault = fault_of(hours)
        if fault is not None:
            allowed = f"pairs of times in order; {fault}"
            raise invalid_value(name=f"opening_hours of {day}", value=hours, allowed=allowed)


def _store(row: AnyRow) -> Store:
    return Store(
        store=row.store,
        name=row.name or row.store,
        time_zone=row.time_zone or DEFAULT_TIME_ZONE,
        time_zone_is_set=row.time_zone is not None,
        region=row.region,
        opening_hours=None if row.opening_hours is None else Opening.model_validate(row.opening_hours),
        latitude_deg=row.latitude_deg,
        longitude_deg=row.longitude_deg,
        last_event_at=show_instant(row.last_event_ms),
    )


def _device(row: AnyRow, health: AnyRow | None) -> dict[str, Any]:
    return {
        "device": row.device,
        "last_seen_at": write_instant(row.last_seen_ms),
        "observed_until": show_instant(row.observed_until_ms),
        "events": row.events,
        "highest_sequence": row.highest_sequence,
        "health_at": None if health is None else write_instant(health.time_ms),
        "health": None if health is None else health.health,
    }
