"""Reads what goes on at the moment: people in shops, waits in line, silent cameras."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import func, select

from cloud.alerts.judging import Reading, Subject, Unknown
from cloud.alerts.rules import CAMERA_SILENCE, PEOPLE_NOW, QUEUE_WAIT_NOW
from cloud.analytics.selection import Shop
from cloud.analytics.tables import rollups
from cloud.db import ReadSession, chunks
from cloud.footfall.repository import latest_samples
from cloud.footfall.service import StoreView, get_occupancy
from cloud.projections.corrections import stands
from cloud.stores.opening import Calendar
from cloud.tables import coverage_intervals

FRESH_MS = 10 * 60_000
"""What was last seen longer ago than this says nothing of the moment."""

LEAST_COVERAGE = 0.8
"""Where cameras observed less of the time, a count of theirs is taken for unknown."""

EXPECTED_DAYS = 7
_MS = 1000


class LiveReader:
    """Reads live measures of a tenant's shops, at one instant."""

    def __init__(self, session: ReadSession, tenant: str, now_ms: int, staff_score: float) -> None:
        self._session = session
        self._tenant = tenant
        self._now_ms = now_ms
        self._staff_score = staff_score

    def read(self, measure: str, shops: Sequence[Shop]) -> list[Reading]:
        """Return what a measure says of each shop, or of each of their cameras."""
        return _READERS[measure](self, shops)

    def people(self, shops: Sequence[Shop]) -> list[Reading]:
        """Return how many people are in each shop."""
        watched = self._last_observed(shops, self._now_ms - FRESH_MS)
        return [self._people_in(shop, is_watched=any(store == shop.store for store, _ in watched)) for shop in shops]

    def _people_in(self, shop: Shop, *, is_watched: bool) -> Reading:
        view = StoreView(self._tenant, shop.store, str(shop.calendar.zone), self._now_ms, self._staff_score)
        now = get_occupancy(self._session, view) if is_watched else None
        if now is None or now.inside_by_tripwires is None:
            return self._reading(Subject(store=shop.store), None, "not_observed")
        is_sure = (now.coverage_today or 0.0) >= LEAST_COVERAGE
        value, unknown = (now.inside_by_tripwires, None) if is_sure else (None, "poorly_observed")
        return self._reading(Subject(store=shop.store), value, unknown, now.coverage_today)  # type: ignore[arg-type]  # one of Unknown

    def waits(self, shops: Sequence[Shop]) -> list[Reading]:
        """Return how long the first in the longest queue of each shop has waited, in seconds."""
        found = []
        for shop in shops:
            samples = latest_samples(self._session, self._tenant, shop.store, self._now_ms - FRESH_MS)
            told = [
                float(zone.get("longest_wait_s") or 0.0)
                for sample in samples
                for zone in sample.zones
                if zone["zone_kind"] == "queue" and zone.get("waiting") is not None
            ]
            value = max(told, default=None)
            found.append(self._reading(Subject(store=shop.store), value, None if value is not None else "not_observed"))
        return found

    def silences(self, shops: Sequence[Shop]) -> list[Reading]:
        """Return for how long of the opening time each camera has observed nothing, in seconds."""
        expected = self._expected_cameras(shops)
        seen = self._last_observed(shops, self._now_ms - FRESH_MS)
        silent = [
            shop for shop in shops if any((shop.store, each) not in seen for each in expected.get(shop.store, ()))
        ]
        seen |= self._last_observed(silent, self._now_ms - EXPECTED_DAYS * 24 * 3600 * _MS)
        return [
            self._reading(
                Subject(store=shop.store, device=device),
                _open_ms(shop.calendar, seen[shop.store, device], self._now_ms) / _MS,
                None,
            )
            for shop in shops
            for device in sorted(expected.get(shop.store, ()))
            if (shop.store, device) in seen
        ]

    def _expected_cameras(self, shops: Sequence[Shop]) -> dict[str, set[str]]:
        days = {shop.store: shop.calendar.day_at(self._now_ms) for shop in shops}
        found: dict[str, set[str]] = {}
        for part in chunks(sorted(days)):
            rows = self._session.rows(
                select(rollups.c.store, rollups.c.devices).where(
                    rollups.c.tenant == self._tenant,
                    rollups.c.grain == "day",
                    rollups.c.store.in_(part),
                    rollups.c.day > min(days.values()) - EXPECTED_DAYS,
                )
            )
            for row in rows:
                found.setdefault(row.store, set()).update(row.devices)
        return found

    def _last_observed(self, shops: Iterable[Shop], since_ms: int) -> dict[tuple[str, str], int]:
        """Return when each camera last observed anything, of those that did since an instant."""
        found: dict[tuple[str, str], int] = {}
        table = coverage_intervals.c
        for part in chunks(sorted(shop.store for shop in shops)):
            rows = self._session.rows(
                select(table.store, table.device, func.max(table.end_ms).label("end_ms"))
                .where(table.tenant == self._tenant, table.store.in_(part), table.end_ms > since_ms)
                .where(table.observed_s > 0, table.start_ms <= self._now_ms, stands(coverage_intervals))
                .group_by(table.store, table.device)
            )
            found |= {(row.store, row.device): row.end_ms for row in rows}
        return found

    def _reading(
        self, subject: Subject, value: float | None, unknown: Unknown | None, coverage: float | None = None
    ) -> Reading:
        return Reading(subject=subject, value=value, unknown=unknown, end_ms=self._now_ms, coverage=coverage)


def _open_ms(calendar: Calendar, start_ms: int, end_ms: int) -> int:
    """Return how long a shop was open between two instants."""
    if start_ms >= end_ms:
        return 0
    days = range(calendar.day_at(start_ms), calendar.day_at(end_ms) + 1)
    return sum(calendar.open_ms(day, start_ms, end_ms) for day in days)


_READERS: Final[Mapping[str, Callable[[LiveReader, Sequence[Shop]], list[Reading]]]] = {
    PEOPLE_NOW: LiveReader.people,
    QUEUE_WAIT_NOW: LiveReader.waits,
    CAMERA_SILENCE: LiveReader.silences,
}
