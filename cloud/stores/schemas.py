"""What the store endpoints take and answer."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field

Hours = list[list[str]]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Opening(BaseModel):
    """When a store is open. A weekday that is not named is closed; a date goes before its weekday."""

    weekly: dict[Weekday, Hours] = Field(
        examples=[{"monday": [["09:00", "18:00"]], "saturday": [["09:00", "12:30"], ["14:00", "24:00"]]}],
        description="Pairs of opening and closing time, HH:MM; 24:00 is midnight",
    )
    exceptions: dict[date, Hours] = Field(
        default_factory=dict, examples=[{"2026-12-25": []}], description="By date; an empty list: closed"
    )


class StoreSettings(BaseModel):
    """What people set of a store."""

    name: str = Field(min_length=1, max_length=128, pattern=r"^[^\x00]*$", examples=["West Street"])
    time_zone: str = Field(
        max_length=64, examples=["Europe/Berlin"], description="IANA time zone; days and hours follow it"
    )
    region: str | None = Field(
        default=None, min_length=1, max_length=128, pattern=r"^[^\x00]*$", examples=["North"], description="null: none"
    )
    opening_hours: Opening | None = Field(default=None, description="null: open all the time")


class Store(BaseModel):
    """A store."""

    store: str = Field(examples=["store-1"])
    name: str = Field(description="As set; else the same as `store`")
    time_zone: str = Field(examples=["Europe/Berlin"])
    time_zone_is_set: bool = Field(description="False: nobody set one, UTC is used")
    region: str | None
    opening_hours: Opening | None = Field(description="null: open all the time")
    latitude_deg: float | None = Field(
        description="WGS 84, as `PUT /v1/stores/{store}/position` sets it; null: not told"
    )
    longitude_deg: float | None
    last_event_at: str | None = Field(description="Time of its latest event; null where none came yet")


class Device(BaseModel):
    """A device of a store."""

    device: str
    last_seen_at: str = Field(description="Time of its latest event")
    observed_until: str | None = Field(description="End of its latest coverage interval; null if it reports none")
    events: int
    highest_sequence: int
    health_at: str | None
    health: dict[str, Any] | None = Field(description="Its last device.health payload")


class StoreDevice(Device):
    """A device of one of several stores."""

    store: str


class StoredEvents(BaseModel):
    """Events of one device and type that the cloud holds."""

    device: str
    type: str = Field(examples=["org.shopthread.footfall.crossing.v1"])
    events: int = Field(description="Distinct events")
    highest_sequence: int


class ProjectionLag(BaseModel):
    """How far a projection is behind the log."""

    name: str
    position: int
    waiting_events: int = Field(description="This tenant's events that it has not taken in")


class Reconciliation(BaseModel):
    """What the cloud holds of a store, to compare with what its devices sent."""

    store: str
    total_events: int
    events: list[StoredEvents]
    dead_letters: int = Field(description="Of the whole tenant: a refused line may not say where it came from")
    log_head: int
    projections: list[ProjectionLag]
    waiting_links: int = Field(description="Changes that wait for the linker")
    lag_events: int = Field(description="The largest of the projections' waiting events")
    projection_failure: str | None = Field(description="Why the projections stand still; null if they do not")
