"""What the footfall endpoints answer."""

from typing import Literal

from pydantic import BaseModel, Field

TripwireKind = Literal["entrance", "passby", "internal"]


class Directions(BaseModel):
    """Crossings in both directions. Null means that nothing was observed, which is not the same as nobody."""

    count_in: int | None = Field(serialization_alias="in", examples=[42])
    count_out: int | None = Field(serialization_alias="out", examples=[39])


class FootfallBucket(BaseModel):
    """One hour or day."""

    from_: str = Field(serialization_alias="from", examples=["2026-03-01T09:00:00.000Z"])
    to: str
    local_from: str = Field(description="The start in the store's time zone", examples=["2026-03-01T10:00:00+01:00"])
    entrance: Directions
    passby: Directions
    internal: Directions
    customer_visits: int | None = Field(description="Visits that began then, staff left out; null: nothing observed")
    staff_visits: int | None = Field(description="Visits of staff that began then; staff crosses the lines as well")
    observed_s: float = Field(description="Seconds observed, over all cameras")
    expected_s: float = Field(description="Seconds there were to observe, over all cameras, up to now")
    coverage: float | None = Field(description="observed_s / expected_s; null where there was nothing to observe")


class Footfall(BaseModel):
    """Crossings by hour or day, with how much was observed beside every value."""

    store: str
    time_zone: str
    grain: Literal["hour", "day"]
    devices: list[str] = Field(description="Cameras that were expected to observe")
    buckets: list[FootfallBucket]


class ZoneOccupancyNow(BaseModel):
    """People in one zone, by the latest sample."""

    device: str
    zone_id: str
    zone_kind: str
    people: int
    at: str


class Occupancy(BaseModel):
    """Who is in the store now."""

    store: str
    zones: list[ZoneOccupancyNow] = Field(description="Latest sample of each device today; empty where none came")
    people_in_zones: int | None = Field(description="Their sum; null where no sample came today")
    entered_today: int | None
    left_today: int | None
    inside_by_tripwires: int | None = Field(description="In minus out today; null where nothing was observed")
    coverage_today: float | None
