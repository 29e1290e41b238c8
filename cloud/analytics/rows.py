"""Cells as answers show them. What many rows share, such as the local time of a day, is worked out once."""

from datetime import date, datetime

from msgspec import Struct

from cloud.analytics.metric import Metric
from cloud.analytics.periods import Period
from cloud.analytics.schemas import MetricRow
from cloud.analytics.service import Cell, observed_share
from cloud.footfall.buckets import Bucket
from cloud.stores.opening import Calendar


class _Span(Struct, frozen=True):
    """When a cell begins for the first of its shops and ends for the last, as people read it; whether it is partial."""

    start: str
    end: str
    is_partial: bool


class _Place(Struct, frozen=True):
    """What a group of shops is called, a calendar for each of its time zones, and the spans by their first moment."""

    store: str | None
    region: str | None
    calendars: tuple[Calendar, ...]
    spans: dict[int, _Span]


class RowWriter:
    """Writes the cells of one metric."""

    def __init__(self, metric: Metric, asked: Period, now_ms: int) -> None:
        self._metric = metric
        self._asked = asked
        self._now_ms = now_ms
        self._has_band = metric.variance is not None
        self._counted = metric.counted
        self._from_cameras = metric.from_cameras
        self._places: dict[str, _Place] = {}
        self._spans: dict[tuple[Calendar, ...], dict[int, _Span]] = {}

    def write(self, cell: Cell) -> MetricRow:
        """Return a cell as the answer shows it."""
        metric, parts = self._metric, cell.parts
        band = metric.band_of(parts) if self._has_band and cell.is_known else None
        place = self._places.get(cell.group) or self._place(cell)
        start = cell.period.first if cell.hour is None else cell.hour.start_ms
        span = place.spans.get(start) or self._span(place, cell, start)
        if self._counted is None:
            value, sample = metric.value_of(parts), metric.sample_of(parts)
        else:
            value = sample = parts.get(self._counted, 0)
        return MetricRow(
            store=place.store,
            region=place.region,
            start=span.start,
            end=span.end,
            value=value if cell.is_known else None,
            low=None if band is None else band[0],
            high=None if band is None else band[1],
            coverage=observed_share(parts) if self._from_cameras else None,
            sample=sample,
            is_partial=span.is_partial,
            is_estimated=False,
        )

    def _place(self, cell: Cell) -> _Place:
        regions = {shop.region for shop in cell.shops}
        calendars = tuple({str(shop.calendar.zone): shop.calendar for shop in cell.shops}.values())
        place = self._places[cell.group] = _Place(
            cell.shops[0].store if len(cell.shops) == 1 else None,
            regions.pop() if len(regions) == 1 else None,
            calendars,
            self._spans.setdefault(calendars, {}),
        )
        return place

    def _span(self, place: _Place, cell: Cell, first: int) -> _Span:
        period = cell.period
        start, end, end_ms = _span_of(place.calendars, cell)
        beyond = period.first < self._asked.first or period.end > self._asked.end
        span = place.spans[first] = _Span(start, end, end_ms > self._now_ms or beyond)
        return span


def _span_of(calendars: tuple[Calendar, ...], cell: Cell) -> tuple[str, str, int]:
    """Return a cell's start and end in the time zone of its shops, and its end in Unix milliseconds.

    Of shops in several zones it is the local time alone.
    """
    if cell.hour is not None:
        start_ms, end_ms = cell.hour.start_ms, cell.hour.end_ms
    else:
        start_ms = min(calendar.day(cell.period.first).start_ms for calendar in calendars)
        end_ms = max(calendar.day(cell.period.end - 1).end_ms for calendar in calendars)
    if len(calendars) == 1:
        start, end = (Bucket(ms, ms).local_start(calendars[0].zone) for ms in (start_ms, end_ms))
        return start, end, end_ms
    return _midnight(cell.period.first), _midnight(cell.period.end), end_ms


def _midnight(day: int) -> str:
    return datetime.combine(date.fromordinal(day), datetime.min.time()).isoformat()
