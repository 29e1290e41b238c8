"""What the endpoints of matrices, cohorts, funnels, zones and touchpoints answer."""

from typing import Literal

from pydantic import BaseModel, Field


class Thresholds(BaseModel):
    """What tells the groups of members apart. Being in any shop counts, wherever it is."""

    new: str
    existing: str
    dormant: str
    dormant_days: int
    least_members: int = Field(description="Conversion and order value of fewer members are not told")


class MatrixGroup(BaseModel):
    """Indicators of one group of members."""

    group: Literal["new", "existing", "dormant"]
    members: int = Field(description="Different members of the group who came; of the dormant all, come or not")
    traffic: int = Field(description="Their visits: one a member, shop and day")
    conversion: float | None = Field(
        description="Share of these visits with a purchase; of the dormant the share of members who bought"
    )
    order_value: float | None = Field(description="Sales / transactions, in minor units")
    transactions: int | None
    is_suppressed: bool = Field(description="Fewer members than `least_members`: what they did is not told")


class Matrix(BaseModel):
    """The nine indicators: traffic, conversion and order value of new and existing members; number of the dormant."""

    from_: str = Field(serialization_alias="from")
    to: str
    stores: int = Field(description="How many shops it is of")
    currency: str | None
    thresholds: Thresholds
    groups: list[MatrixGroup]


class Flow(BaseModel):
    """Members who were in one stage before the period and in another after it."""

    before: str = Field(description="A stage of the lifecycle, or `unknown`: was in no shop yet")
    after: str
    members: int | None = Field(description="null: suppressed, they are few")


class Flows(BaseModel):
    """How members moved between the stages of the lifecycle."""

    from_: str = Field(serialization_alias="from")
    to: str
    stores: int
    least_members: int
    rule_version: str = Field(description="The rule of the stages with its thresholds")
    flows: list[Flow]


class CohortCell(BaseModel):
    """One later period of a cohort."""

    offset: int = Field(description="Periods after the cohort's own")
    members: int | None
    share: float | None = Field(description="members / size")
    is_partial: bool = Field(description="The period is not over in every shop, or reaches beyond the asked one")


class ScoreFigures(BaseModel):
    """Customers with one score of recency and one of frequency."""

    recency: int = Field(description="1 to 5: how lately they bought last, by fifths of all customers")
    frequency: int = Field(description="1 to 5: how often they bought")
    customers: int | None = Field(description="null: some, but fewer than `least_members`")
    share: float | None = Field(description="Of all customers of the currency; null as above")
    monetary: float | None = Field(description="Their mean score of value, 1 to 5; null: nobody, or too few to tell")


class Scores(BaseModel):
    """All customers of a currency by recency, frequency and monetary value."""

    currency: str | None = Field(description="null: nobody bought yet")
    customers: int
    least_members: int
    rule_version: str
    cells: list[ScoreFigures] = Field(description="All 25 pairs of scores, the lowest first; none where nobody bought")


class Cohort(BaseModel):
    """Members whose first visit, or purchase, in any shop lay in one period and in one of the asked shops."""

    start: str = Field(description="First day of the period", examples=["2026-03-01"])
    end: str
    size: int | None = Field(description="null: suppressed")
    is_suppressed: bool
    cells: list[CohortCell]


class Cohorts(BaseModel):
    """Who came back, by when they first came."""

    from_: str = Field(serialization_alias="from")
    to: str
    grain: str
    activity: str
    stores: int
    least_members: int
    as_of: str | None = Field(description="When the archive that tells this was written; null: as of now")
    cohorts: list[Cohort]


class FunnelStep(BaseModel):
    """One step of a funnel."""

    step: str
    value: float = Field(description="Visits expected to have come that far; links count with their probability")
    low: float = Field(description="Lower end of the 95 % band that uncertain links leave")
    high: float
    share_of_first: float | None
    share_of_previous: float | None


class Funnel(BaseModel):
    """How far customers' visits came."""

    from_: str = Field(serialization_alias="from")
    to: str
    order: str
    window_s: int | None
    stores: int
    visits: int = Field(description="Customers' visits that began in the period")
    coverage: float | None = Field(description="Share of opening time that cameras observed")
    steps: list[FunnelStep]


class ZoneFigures(BaseModel):
    """One zone of one shop. Figures are of visits that began in the period; staff is left out."""

    store: str
    zone_id: str
    zone_kind: str
    visits: int
    reach: float | None = Field(description="Share of the shop's visits that came to the zone")
    stays: int
    dwell_s: float | None = Field(description="Time in the zone per visit that came there")


class Zones(BaseModel):
    """Every zone that anybody came to."""

    from_: str = Field(serialization_alias="from")
    to: str
    zones: list[ZoneFigures]


class TouchpointFigures(BaseModel):
    """How well one terminal or till tells who was there."""

    store: str
    device: str
    scans: int
    receipts: int
    member_touches: int
    member_share: float | None = Field(description="Share of its scans and receipts at which a member was shown")
    decided: int = Field(description="Touches whose visit was looked for")
    linked: int = Field(description="Those whose visit was found")
    linked_share: float | None = Field(description="linked / decided")


class Touchpoints(BaseModel):
    """Every terminal and till that reported."""

    from_: str = Field(serialization_alias="from")
    to: str
    touchpoints: list[TouchpointFigures]
