"""What the link endpoints answer."""

from typing import Literal

from pydantic import BaseModel, Field

DecisionKind = Literal["linked", "party", "ambiguous", "null", "vetoed"]


class LinkTouch(BaseModel):
    """The touch that a decision is about."""

    touch_id: str
    kind: str | None = Field(examples=["scan"])
    at: str | None
    device: str | None
    zone_id: str | None


class Link(BaseModel):
    """A decision about one touch."""

    id: str
    store: str
    decision: DecisionKind
    stage: Literal["provisional", "final"] = Field(description="Provisional while a visit is open or may yet arrive")
    reason: str
    one_id: str
    visit_id: str | None = Field(description="The linked visit, or the likeliest one of the party; else null")
    touch: LinkTouch
    model_version: str
    asserted_at: str
    retracted_at: str | None


class Candidate(BaseModel):
    """A visit that fits the touch."""

    visit_id: str
    gap_ms: int = Field(description="How far outside the visit's nearest stay in the zone the touch lies; 0 inside")
    posterior: float | None = Field(description="Null: decided by rule, nobody estimated a probability")
    away_m: float | None = Field(
        default=None, description="How far from the terminal's place the visit stood; null where that is not known"
    )
    stood_s: float | None = Field(default=None, description="For how long it stood there")
    log_ratios: dict[str, float] = Field(
        default={}, description="Log of how much more likely each fact is of the maker than of anybody else"
    )


class LinkDetail(Link):
    """A decision with every visit that was compared."""

    candidates: list[Candidate]


class LinkCounts(BaseModel):
    """Decisions that hold, by decision."""

    linked: int = 0
    party: int = Field(default=0, description="Somebody of one party made the touch; nobody knows who")
    ambiguous: int = 0
    null: int = Field(default=0, description="No visit fits")
    vetoed: int = Field(default=0, description="No consent: the touch was compared with no visit")


class Links(BaseModel):
    """Decisions that hold, the latest touch first."""

    counts: LinkCounts
    not_eligible: dict[str, int] = Field(
        description="Touches that no link is decided for, by reason", examples=[{"no_member": 12, "no_zone": 1}]
    )
    waiting: int = Field(description="Changes that wait for the linker; the counts are settled when it is 0")
    items: list[Link]


class LinkPrecision(BaseModel):
    """What share of the links that hold is expected to be right."""

    store: str | None = Field(description="null: all stores")
    estimated: int = Field(description="Links whose probability was estimated; those decided by rule have none")
    expected_precision: float | None = Field(
        description="Mean of their probabilities: right as far as the linker's model is; null where there is none"
    )
