"""What the profile endpoints answer."""

from typing import Literal

from pydantic import BaseModel, Field

from cloud.identity.schemas import IdentityExplanation


class Identifier(BaseModel):
    """What names a member: the namespace in clear, the value as a pseudonym."""

    namespace: str
    pseudonym: str


class SalesTotal(BaseModel):
    """Purchases in one currency; voids taken out, refunds subtracted."""

    currency: str
    sales: int
    total_minor: int = Field(description="Minor units, such as cents")


class ProfileSummary(BaseModel):
    """A profile: what one member showed, and what is linked to it."""

    one_id: str
    identifiers: list[Identifier]
    first_seen_at: str | None = Field(description="null: known from records, never seen in a store")
    last_seen_at: str | None
    touches: int
    linked_visits: int
    sales: list[SalesTotal]
    consent_to_visit_linking: bool


class LinkReason(BaseModel):
    """Why a visit was linked, or why not."""

    link_id: str
    touch_id: str
    decision: str
    stage: str
    reason: str


class TimelineEntry(BaseModel):
    """One thing that happened."""

    at: str
    kind: Literal["visit", "scan", "sale", "void", "refund"]
    store: str
    visit_id: str | None = None
    visit_status: str | None = None
    left_at: str | None = None
    touch_id: str | None = None
    device: str | None = None
    zone_id: str | None = None
    gtin: str | None = None
    receipt_id: str | None = None
    reverses_receipt_id: str | None = None
    total_minor: int | None = None
    currency: str | None = None
    state: Literal["stands", "corrected", "voided"] = "stands"
    not_eligible: str | None = Field(default=None, description="Why no link is decided for this touch")
    links: list[LinkReason] = Field(
        description="For a visit: every touch that links it. For a touch: what is held of it"
    )


class Profile(ProfileSummary):
    """A profile with its timeline, the latest first."""

    identity: IdentityExplanation = Field(description="Why these identifiers belong to one person")
    timeline: list[TimelineEntry]


class Profiles(BaseModel):
    """A page of profiles, the last seen first."""

    total: int
    items: list[ProfileSummary]
