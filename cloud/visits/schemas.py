"""What the visit endpoints answer."""

from typing import Literal

from pydantic import BaseModel, Field

Status = Literal["open", "closed", "merged", "withdrawn"]


class VisitSummary(BaseModel):
    """A visit."""

    visit_id: str
    store: str
    status: Status
    revision: int
    opened_at: str
    updated_at: str
    closed_at: str | None
    duration_s: float = Field(description="So far, where the visit is open")
    stays: int = Field(description="How many stays in zones")
    is_staff: bool
    party_id: str | None


class Stay(BaseModel):
    """One time in one zone."""

    zone_id: str
    zone_kind: str
    entered_at: str
    left_at: str | None
    dwell_s: float | None = Field(description="Null while the stay goes on")


class PathPoint(BaseModel):
    """Where the person stood, in metres on the store's floor."""

    at: str
    x_m: float
    y_m: float


class VisitDetail(VisitSummary):
    """A visit with its stays and its path."""

    merged_into: str | None
    rule_version: str
    path_error_m: float | None
    zone_stays: list[Stay]
    path: list[PathPoint]


class Visits(BaseModel):
    """A page of visits, the latest first."""

    store: str
    total: int = Field(description="All pages together")
    items: list[VisitSummary]
    next_before: str | None = Field(description="Send it as `before` to read on; null at the end")
