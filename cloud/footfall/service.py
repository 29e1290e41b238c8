"""Rules of footfall: which buckets, what is expected to be observed, and when a value is unknown."""

from zoneinfo import ZoneInfo

from cloud.db import ReadSession
from cloud.errors import invalid_value
from cloud.footfall import repository
from cloud.footfall.buckets import Bucket, Grain, Key, Observed, buckets, counts_by_bucket, day_of, observed_by_bucket
from cloud.footfall.schemas import Directions, Footfall, FootfallBucket, Occupancy, ZoneOccupancyNow
from cloud.instants import write_instant
from cloud.visits.repository import visits_by_slot
from cloud.visits.roles import Role

MAX_BUCKETS = 800
_DAY_MS = 24 * 3600 * 1000
_BUCKET_MS = {"hour": 3600 * 1000, "day": _DAY_MS}
EXPECTED_SINCE_MS = 7 * _DAY_MS
"""A camera that reported coverage within this time before the range's end is expected to observe all of the range."""


class StoreView:
    """A store with its time zone, at an instant."""

    def __init__(self, tenant: str, store: str, time_zone: str, now_ms: int, staff_score: float) -> None:
        self.tenant = tenant
        self.store = store
        self.time_zone = time_zone
        self.zone = ZoneInfo(time_zone)
        self.now_ms = now_ms
        self.staff_score = staff_score

    @property
    def today(self) -> Bucket:
        """Return the store's own day."""
        return day_of(self.now_ms, self.zone)


def get_footfall(session: ReadSession, view: StoreView, span: Bucket, grain: Grain) -> Footfall:
    """Return footfall by bucket.

    Raises:
        ProblemError: 422, the span is empty or has too many buckets.
    """
    if span.end_ms <= span.start_ms:
        raise invalid_value(
            name="to", value=write_instant(span.end_ms), allowed=f"later than from, {write_instant(span.start_ms)}"
        )
    if span.end_ms - span.start_ms > MAX_BUCKETS * _BUCKET_MS[grain]:
        raise invalid_value(
            name="to", value=write_instant(span.end_ms), allowed=f"at most {MAX_BUCKETS} {grain}s after from"
        )
    parts = buckets(span.start_ms, span.end_ms, grain, view.zone)
    start_ms, end_ms = parts[0].start_ms, parts[-1].end_ms
    crossed = repository.crossings_by_slot(session, view.tenant, view.store, [Bucket(start_ms, end_ms)])
    counts = counts_by_bucket(crossed, parts)
    visits = counts_by_bucket(
        visits_by_slot(session, view.tenant, view.store, (start_ms, end_ms), view.staff_score), parts
    )
    intervals = repository.coverage_between(session, view.tenant, view.store, start_ms, end_ms)
    since_ms = max(min(end_ms, view.now_ms) - EXPECTED_SINCE_MS, 0)
    devices = repository.observing_devices(session, view.tenant, view.store, min(since_ms, start_ms), end_ms)
    observed = observed_by_bucket(intervals, parts, devices, view.now_ms)
    return Footfall(
        store=view.store,
        time_zone=view.time_zone,
        grain=grain,
        devices=sorted(devices),
        buckets=[_bucket(part, counts[part], visits[part], observed[part], view.zone) for part in parts],
    )


def get_occupancy(session: ReadSession, view: StoreView) -> Occupancy:
    """Return the latest zone counts, and in minus out over the entrance tripwires today."""
    day = get_footfall(session, view, view.today, "day").buckets[0]
    entered, left = day.entrance.count_in, day.entrance.count_out
    zones = [
        ZoneOccupancyNow(
            device=row.device,
            zone_id=zone["zone_id"],
            zone_kind=zone["zone_kind"],
            people=zone["people"],
            at=write_instant(row.time_ms),
        )
        for row in repository.latest_samples(session, view.tenant, view.store, view.today.start_ms)
        for zone in row.zones
    ]
    return Occupancy(
        store=view.store,
        zones=zones,
        people_in_zones=sum(zone.people for zone in zones) if zones else None,
        entered_today=entered,
        left_today=left,
        inside_by_tripwires=None if entered is None or left is None else entered - left,
        coverage_today=day.coverage,
    )


def _bucket(
    part: Bucket, counts: dict[Key, int], visits: dict[Role, int], observed: Observed, zone: ZoneInfo
) -> FootfallBucket:
    # A crossing or a visit is an observation too: it may arrive before the coverage of its interval.
    seen = observed.observed_s > 0 or bool(counts) or bool(visits)

    def directions(kind: str) -> Directions:
        def value(direction: str) -> int | None:
            return counts.get(Key(kind, direction), 0) if seen else None

        return Directions(count_in=value("in"), count_out=value("out"))

    return FootfallBucket(
        from_=write_instant(part.start_ms),
        to=write_instant(part.end_ms),
        local_from=part.local_start(zone),
        entrance=directions("entrance"),
        passby=directions("passby"),
        internal=directions("internal"),
        customer_visits=visits.get("customer", 0) if seen else None,
        staff_visits=visits.get("staff", 0) if seen else None,
        observed_s=round(observed.observed_s, 3),
        expected_s=round(observed.expected_s, 3),
        coverage=observed.coverage,
    )
