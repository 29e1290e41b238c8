"""SQL of what was learned of terminals."""

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, and_, delete, exists, func, literal, select

from cloud.among import among
from cloud.db import ReadSession, WriteSession, chunks
from cloud.linking.decide import Touch
from cloud.linking.queue import MS_PER_DAY
from cloud.linking.tables import terminal_models, terminal_queue
from cloud.linking.terminals import Terminal
from cloud.tables import touches

QUEUE_STEP = 200

DeviceDay = tuple[str, str, int]
"""Store, device, first instant of a UTC day in ms."""


def day_of(time_ms: int) -> int:
    """Return the first instant of a time's UTC day."""
    return time_ms - time_ms % MS_PER_DAY


def terminals_of(session: ReadSession, tenant: str, found: Mapping[str, tuple[str, Touch]]) -> dict[str, Terminal]:
    """Return what is known of the terminals of touches, by touch id; nothing of those of which nothing is."""
    wanted = {touch_id: (store, touch.device, day_of(touch.time_ms)) for touch_id, (store, touch) in found.items()}
    known: dict[DeviceDay, Terminal] = {}
    for part in chunks(sorted({device for _, device, _ in wanted.values()})):
        days = [day for _, device, day in wanted.values() if device in part]
        statement = select(terminal_models).where(
            terminal_models.c.tenant == tenant,
            terminal_models.c.device.in_(part),
            terminal_models.c.day_ms.between(min(days), max(days)),
        )
        for row in session.rows(statement):
            known[row.store, row.device, row.day_ms] = Terminal(
                place_m=None if row.place_x_m is None else (row.place_x_m, row.place_y_m),
                spread_m=row.spread_m,
                since_ms=row.since_ms,
                offset_ms=row.offset_ms,
                drift_ppm=row.drift_ppm,
                sigma_ms=row.sigma_ms,
                touches=row.touches,
            )
    return {touch_id: known[key] for touch_id, key in wanted.items() if key in known}


def put_terminal(session: WriteSession, tenant: str, key: DeviceDay, terminal: Terminal) -> bool:
    """Keep what is known of a terminal on a day; return whether that is news."""
    store, device, day_ms = key
    place_x_m, place_y_m = terminal.place_m or (None, None)
    values = {
        "place_x_m": place_x_m,
        "place_y_m": place_y_m,
        "spread_m": terminal.spread_m,
        "since_ms": terminal.since_ms,
        "offset_ms": terminal.offset_ms,
        "drift_ppm": terminal.drift_ppm,
        "sigma_ms": terminal.sigma_ms,
        "touches": terminal.touches,
    }
    held = session.first(select(terminal_models).where(_is(tenant, key)))
    if held is not None and all(getattr(held, name) == value for name, value in values.items()):
        return False
    session.execute(delete(terminal_models).where(_is(tenant, key)))
    session.insert(terminal_models, [{"tenant": tenant, "store": store, "device": device, "day_ms": day_ms, **values}])
    return True


def drop_terminal(session: WriteSession, tenant: str, key: DeviceDay) -> bool:
    """Forget what was known of a terminal on a day; return whether anything was."""
    if not has_terminal(session, tenant, key):
        return False
    session.execute(delete(terminal_models).where(_is(tenant, key)))
    return True


def has_terminal(session: ReadSession, tenant: str, key: DeviceDay) -> bool:
    """Return whether anything is known of a terminal on a day."""
    return session.first(select(terminal_models.c.device).where(_is(tenant, key))) is not None


def _is(tenant: str, key: DeviceDay) -> ColumnElement[bool]:
    store, device, day_ms = key
    return and_(
        terminal_models.c.tenant == tenant,
        terminal_models.c.store == store,
        terminal_models.c.device == device,
        terminal_models.c.day_ms == day_ms,
    )


def touches_between(session: ReadSession, tenant: str, key: DeviceDay, days: int) -> list[tuple[int, str]]:
    """Return (time_ms, touch id) of a terminal's touches on a day and the days before it, in order of time."""
    store, device, day_ms = key
    statement = (
        select(touches.c.time_ms, touches.c.touch_id)
        .where(
            touches.c.tenant == tenant,
            touches.c.store == store,
            touches.c.device == device,
            touches.c.time_ms >= day_ms - (days - 1) * MS_PER_DAY,
            touches.c.time_ms < day_ms + MS_PER_DAY,
            touches.c.zone_id.is_not(None),
        )
        .order_by(touches.c.time_ms, touches.c.touch_id)
    )
    return [(row.time_ms, row.touch_id) for row in session.rows(statement)]


def device_days(session: ReadSession, tenant: str, touch_ids: Iterable[str]) -> set[DeviceDay]:
    """Return the terminals and days of touches."""
    found: set[DeviceDay] = set()
    for part in chunks(sorted(set(touch_ids))):
        statement = select(touches.c.store, touches.c.device, touches.c.time_ms).where(
            touches.c.tenant == tenant, among(touches.c.touch_id, part), touches.c.zone_id.is_not(None)
        )
        found |= {(row.store, row.device, day_of(row.time_ms)) for row in session.rows(statement)}
    return found


def device_days_of_zones(session: ReadSession, tenant: str, keys: Iterable[str]) -> set[DeviceDay]:
    """Return the terminals of zones and their days, by keys as `enqueue_old_stays` makes them."""
    found: set[DeviceDay] = set()
    for key in keys:
        day_ms, store, zone_id = key.split("/", 2)
        statement = (
            select(touches.c.device, (touches.c.time_ms - touches.c.time_ms % MS_PER_DAY).label("day_ms"))
            .distinct()
            .where(
                touches.c.tenant == tenant,
                touches.c.store == store,
                touches.c.zone_id == zone_id,
                touches.c.time_ms >= int(day_ms) - MS_PER_DAY,
                touches.c.time_ms < int(day_ms) + 2 * MS_PER_DAY,
            )
        )
        found |= {(store, row.device, int(row.day_ms)) for row in session.rows(statement)}
    return found


def next_terminal_tenant(session: ReadSession) -> str | None:
    """Return a tenant with queued changes, or None."""
    row = session.first(select(terminal_queue.c.tenant).order_by(terminal_queue.c.tenant).limit(1))
    return None if row is None else str(row.tenant)


def take_terminal_changes(session: WriteSession, tenant: str) -> dict[str, list[str]]:
    """Return some queued changes of one tenant by kind, and remove them from the queue."""
    statement = (
        select(terminal_queue.c.kind, terminal_queue.c.key)
        .where(terminal_queue.c.tenant == tenant)
        .order_by(terminal_queue.c.kind, terminal_queue.c.key)
        .limit(QUEUE_STEP)
    )
    changes: dict[str, list[str]] = {"touch": [], "visit": [], "zone": []}
    for kind, key in session.rows(statement):
        changes[kind].append(key)
    for kind, keys in changes.items():
        session.execute(
            delete(terminal_queue).where(
                terminal_queue.c.tenant == tenant, terminal_queue.c.kind == kind, among(terminal_queue.c.key, keys)
            )
        )
    return changes


def requeue_terminals(session: WriteSession) -> None:
    """Queue a touch of each terminal and day; forget what is known of days without any."""
    session.execute(delete(terminal_queue))
    has_touches = exists().where(
        touches.c.tenant == terminal_models.c.tenant,
        touches.c.store == terminal_models.c.store,
        touches.c.device == terminal_models.c.device,
        touches.c.time_ms >= terminal_models.c.day_ms,
        touches.c.time_ms < terminal_models.c.day_ms + MS_PER_DAY,
    )
    session.execute(delete(terminal_models).where(~has_touches))
    day = touches.c.time_ms - touches.c.time_ms % MS_PER_DAY
    first = (
        select(touches.c.tenant, func.min(touches.c.touch_id).label("touch_id"))
        .where(touches.c.zone_id.is_not(None))
        .group_by(touches.c.tenant, touches.c.store, touches.c.device, day)
        .subquery()
    )
    rows = select(first.c.tenant, literal("touch"), first.c.touch_id)
    session.execute(terminal_queue.insert().from_select(["tenant", "kind", "key"], rows))
