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
    is_staff: bool = Field(description="Staff made it: no visit of a customer")
    role: Literal["customer", "staff"] | None = Field(
        description="What the gateway's rule decided; null where nothing was known"
    )
    staff_score: float | None = Field(description="How likely staff made it, 0 to 1; null where nothing was known")
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


class StaffEvidence(BaseModel):
    """One reason to take somebody for staff, or not to."""

    kind: Literal["zone", "hours", "presence", "uniform", "card"]
    log_odds: float = Field(description="Logarithm of how much likelier staff is than a customer to be seen so")


class VisitDetail(VisitSummary):
    """A visit with its stays and its path."""

    merged_into: str | None
    rule_version: str
    staff_rule_version: str | None
    staff_evidence: list[StaffEvidence]
    path_error_m: float | None
    zone_stays: list[Stay]
    path: list[PathPoint]


class Visits(BaseModel):
    """A page of visits, the latest first."""

    store: str
    total: int = Field(description="Those that are asked for, all pages together")
    customer_visits: int = Field(description="Those of them that customers made, whatever role is asked for")
    staff_visits: int = Field(description="Those that staff made, whatever role is asked for: no customers")
    items: list[VisitSummary]
    next_before: str | None = Field(description="Send it as `before` to read on; null at the end")
