"""Sums anew what changed: hours from facts, days from hours, members from touches. Same facts, same rows.

Under a stream of events each hour that is filling changes all the time. So the follower goes through its queue in
rounds: a round takes up everything once, in order, and what is queued again behind it waits for the next. Rounds begin
at most every `REST_MS`: what an hour costs does not grow with how many events it takes in, only with time. Where many
shops make a round long, the next comes later, so that what is read from the log does not.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, islice

from sqlalchemy import delete, select, tuple_

from cloud.among import among
from cloud.analytics.cells import HourCell, make_cell
from cloud.analytics.facts import FactReader
from cloud.analytics.long import sum_long
from cloud.analytics.members import write_members
from cloud.analytics.parts import CALENDAR, CAMERA_COUNTS, MONEY, PEAKS, SUMS
from cloud.analytics.queue import DAYS, HOUR_MS, HOURS, enqueue_days, requeue_everything
from cloud.analytics.tables import analytics_queue, journeys, rollup_money, rollup_terminals, rollup_zones, rollups
from cloud.db import AnyRow, AnySelect, ReadSession, Values, WriteSession, chunks
from cloud.footfall.buckets import Bucket, buckets
from cloud.projections.base import lock_cursor
from cloud.runtime import Clock
from cloud.stores.calendars import calendars_of
from cloud.stores.opening import Calendar

ANALYTICS = "analytics rollups"
STEP = 400
"""How many hours, days or members one transaction takes up."""

STORES = 8
"""Of how many stores: whoever queues an hour that is being summed waits until that transaction ends."""

REST_MS = 5_000
"""How long after the beginning of a round the next one begins at the soonest."""

REST_PARTS = 4
"""From one round's beginning to the next it takes at least so many times as long as the round worked, ..."""

MOST_REST_MS = 60_000
"""... but never more than this: clocks jump."""

EXPECTED_DAYS = 7
"""A camera that observed anything on a day or on one of the six before is expected to observe all of that day."""

_HOURLY = (rollups, rollup_money, rollup_zones, rollup_terminals, journeys)
_ORDER = (analytics_queue.c.stage, analytics_queue.c.tenant, analytics_queue.c.store, analytics_queue.c.key)


class AnalyticsFollower:
    """Works off the queue: hours first, then days, then members, so that each is summed once after many changes."""

    def __init__(self, staff_score: float, clock: Clock) -> None:
        self._staff_score = staff_score
        self._clock = clock
        self._began_ms: int | None = None
        self._worked_ms = 0
        """How long the round, or the last one, has worked."""
        self._reached: tuple[int, str, str, str] | None = None
        """What the round took up last; None between rounds."""

    def is_due(self) -> bool:
        """Return whether a round is under way, or the last began long enough ago (or later than now: clocks jump)."""
        if self._reached is not None or self._began_ms is None:
            return True
        rest_ms = min(max(REST_MS, REST_PARTS * self._worked_ms), MOST_REST_MS)
        return not 0 <= self._clock() - self._began_ms < rest_ms

    def has_work(self, session: ReadSession) -> bool:
        """Return whether anything is queued."""
        return session.first(select(analytics_queue.c.stage).limit(1)) is not None

    def step(self, session: WriteSession) -> None:
        """Sum some of what is queued anew."""
        lock_cursor(session, ANALYTICS)
        started_ms = self._clock()
        if self._reached is None:
            self._began_ms, self._worked_ms = started_ms, 0
        # Taken before the facts are read: what changes meanwhile is queued again.
        groups = self._next(session)
        for (stage, tenant, store), keys in groups:
            _take(session, stage, tenant, store, keys)
            if stage == HOURS:
                self._sum_hours(session, tenant, store, keys)
            elif stage == DAYS:
                _sum_days(session, tenant, store, [int(key) for key in keys])
            else:
                write_members(session, tenant, keys)
        self._reached = (*groups[-1][0], groups[-1][1][-1]) if groups else None
        self._worked_ms += self._clock() - started_ms

    def _next(self, session: ReadSession) -> list[tuple[tuple[int, str, str], list[str]]]:
        """Return what the round takes up next, by stage, tenant and store: some stores of one stage."""
        statement = select(*_ORDER).order_by(*_ORDER).limit(STEP)
        if self._reached is not None:
            statement = statement.where(tuple_(*_ORDER) > self._reached)
        groups = groupby(session.rows(statement), key=lambda row: (row.stage, row.tenant, row.store))
        found = [(key, [row.key for row in group]) for key, group in islice(groups, STORES)]
        return [(key, keys) for key, keys in found if key[0] == found[0][0][0]]

    def requeue(self, session: WriteSession) -> None:
        """Forget every rollup and queue everything."""
        requeue_everything(session)

    def _sum_hours(self, session: WriteSession, tenant: str, store: str, keys: Iterable[str]) -> None:
        calendar = calendars_of(session, tenant, [store])[store]
        hours = sorted({hour for key in keys for hour in buckets(int(key), int(key) + HOUR_MS, "hour", calendar.zone)})
        cells = {}
        for hour, facts in zip(hours, FactReader(session, tenant, store, self._staff_score).hours(hours), strict=True):
            day = calendar.day_at(hour.start_ms)
            cells[hour] = (day, make_cell(hour, day, facts, calendar))
        _write_hours(session, tenant, store, cells)
        enqueue_days(session, tenant, store, {day for day, _ in cells.values()})


def _take(session: WriteSession, stage: int, tenant: str, store: str, keys: Sequence[str]) -> None:
    for part in chunks(keys):
        session.execute(
            delete(analytics_queue).where(
                analytics_queue.c.stage == stage,
                analytics_queue.c.tenant == tenant,
                analytics_queue.c.store == store,
                among(analytics_queue.c.key, part),
            )
        )


def _write_hours(session: WriteSession, tenant: str, store: str, cells: dict[Bucket, tuple[int, HourCell]]) -> None:
    starts = [(day, hour.start_ms) for hour, (day, _) in cells.items()]
    for part in chunks(starts):
        for table in _HOURLY:
            statement = delete(table).where(
                table.c.tenant == tenant,
                table.c.store == store,
                table.c.day.in_(sorted({day for day, _ in part})),
                table.c.start_ms.in_([start_ms for _, start_ms in part]),
            )
            session.execute(statement.where(table.c.grain == "hour") if "grain" in table.c else statement)
    summed: list[Values] = []
    others: dict[str, list[Values]] = {table.name: [] for table in _HOURLY}
    for hour, (day, cell) in sorted(cells.items()):
        key = {"tenant": tenant, "store": store, "day": day, "start_ms": hour.start_ms}
        if not cell.is_empty:
            parts = {**dict.fromkeys(CALENDAR, 0), **cell.parts}
            row = {**key, "grain": "hour", "end_ms": hour.end_ms, **parts}
            summed.append({**row, "devices": dict(cell.devices), "expected_devices": 0})
        for name, rows in _keyed_rows(cell).items():
            others[name] += [{**key, **row} for row in rows]
    session.insert(rollups, summed)
    for table in _HOURLY[1:]:
        session.insert(table, others[table.name])


def _keyed_rows(cell: HourCell) -> dict[str, list[Values]]:
    terminal_parts = ("scans", "receipts", "member_touches", "decided", "linked")
    return {
        rollup_money.name: [
            {"grain": "hour", "currency": currency, **dict(zip(MONEY, parts, strict=True))}
            for currency, parts in sorted(cell.money.items())
        ],
        rollup_zones.name: [
            {"zone_id": zone_id, "zone_kind": kind, "visits": count, "stays": stays, "dwell_ms": dwell_ms}
            for (zone_id, kind), (count, stays, dwell_ms) in sorted(cell.zones.items())
        ],
        rollup_terminals.name: [
            {"device": device, **dict(zip(terminal_parts, parts, strict=True))}
            for device, parts in sorted(cell.terminals.items())
        ],
        journeys.name: [
            {"visit_id": visit_id, "steps": [list(step) for step in steps]}
            for visit_id, steps in sorted(cell.journeys.items())
        ],
    }


def _sum_days(session: WriteSession, tenant: str, store: str, days: Sequence[int]) -> None:
    calendar = calendars_of(session, tenant, [store])[store]
    hours: dict[int, list[AnyRow]] = {day: [] for day in days}
    for part in chunks(days):
        for row in session.rows(_of_days(tenant, store, "hour", part)):
            hours[row.day].append(row)
    wanted = sorted({day - back for day in days for back in range(EXPECTED_DAYS)})
    seen: dict[int, dict[str, int]] = {}
    for part in chunks(wanted):
        seen |= {known.day: known.devices for known in session.rows(_of_days(tenant, store, "day", part))}
    before = {day: frozenset(seen.get(day, {})) for day in days}
    seen |= {day: _devices_of(rows) for day, rows in hours.items()}
    _delete_days(session, tenant, store, days)
    made = [_day_row(tenant, store, day, hours[day], seen, calendar) for day in days]
    session.insert(rollups, [each for each in made if each is not None])
    session.insert(rollup_money, _money_rows(session, tenant, store, days, calendar))
    sum_long(session, tenant, store, days)
    # Who observes for the first or no longer on a day is, or is no longer, expected on the following ones.
    changed = [day for day in days if frozenset(seen[day]) != before[day]]
    later = {day + ahead for day in changed for ahead in range(1, EXPECTED_DAYS)}
    enqueue_days(session, tenant, store, later - set(days))


def _of_days(tenant: str, store: str, grain: str, days: Sequence[int]) -> AnySelect:
    return select(rollups).where(
        rollups.c.tenant == tenant, rollups.c.grain == grain, rollups.c.store == store, rollups.c.day.in_(days)
    )


def _devices_of(hours: Iterable[AnyRow]) -> dict[str, int]:
    total: dict[str, int] = {}
    for row in hours:
        for device, seen_ms in row.devices.items():
            total[device] = total.get(device, 0) + seen_ms
    return dict(sorted(total.items()))


def _delete_days(session: WriteSession, tenant: str, store: str, days: Sequence[int]) -> None:
    for table in (rollups, rollup_money):
        for part in chunks(days):
            session.execute(
                delete(table).where(
                    table.c.tenant == tenant, table.c.grain == "day", table.c.store == store, table.c.day.in_(part)
                )
            )


def _day_row(
    tenant: str, store: str, day: int, hours: Sequence[AnyRow], seen: dict[int, dict[str, int]], calendar: Calendar
) -> Values | None:
    expected = len({device for back in range(EXPECTED_DAYS) for device in seen.get(day - back, ())})
    if not hours and not expected:
        return None
    whole = calendar.day(day)
    sees = bool(expected) or any(getattr(row, name) for row in hours for name in CAMERA_COUNTS)
    open_ms = calendar.open_ms(day, whole.start_ms, whole.end_ms) if sees else 0
    return {
        "tenant": tenant,
        "grain": "day",
        "store": store,
        "day": day,
        "start_ms": whole.start_ms,
        "end_ms": whole.end_ms,
        **{name: sum(getattr(row, name) for row in hours) for name in SUMS},
        **{name: max((getattr(row, name) for row in hours), default=0) for name in PEAKS},
        "open_ms": open_ms,
        "expected_ms": open_ms * expected,
        "devices": seen[day],
        "expected_devices": expected,
    }


def _money_rows(session: ReadSession, tenant: str, store: str, days: Sequence[int], calendar: Calendar) -> list[Values]:
    totals: dict[tuple[int, str], list[int]] = {}
    for part in chunks(days):
        statement = select(rollup_money).where(
            rollup_money.c.tenant == tenant,
            rollup_money.c.grain == "hour",
            rollup_money.c.store == store,
            rollup_money.c.day.in_(part),
        )
        for row in session.rows(statement):
            total = totals.setdefault((row.day, row.currency), [0] * len(MONEY))
            for index, name in enumerate(MONEY):
                total[index] += getattr(row, name)
    return [
        {
            "tenant": tenant,
            "grain": "day",
            "store": store,
            "day": day,
            "start_ms": calendar.day(day).start_ms,
            "currency": currency,
            **dict(zip(MONEY, total, strict=True)),
        }
        for (day, currency), total in sorted(totals.items())
    ]
