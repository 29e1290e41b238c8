"""What the profile endpoints answer."""

from typing import Literal

from pydantic import BaseModel, Field

from cloud.consents.schemas import Namespace
from cloud.identity.schemas import IdentityExplanation
from cloud.profiles.tables import MAX_VALUE_CHARS


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
    weight: float | None = Field(default=None, description="Of a visit: how probable it is that it was this member's")
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


class AttributeValue(BaseModel):
    """What holds of one attribute, and who said so."""

    name: str
    value: str
    source: str
    rank: int
    at: str
    passed_over: int = Field(description="Other values that sources hold, and the rule passed over")


class ProfileVisit(BaseModel):
    """A visit with how surely it is this member's."""

    visit_id: str
    store: str
    opened_at: str
    left_at: str | None
    status: str
    decision: Literal["linked", "party", "ambiguous", "null"] = Field(
        description="`linked`: it is attached to the profile. Otherwise it only may be the member's"
    )
    stage: Literal["provisional", "final"]
    weight: float = Field(description="0 to 1: the probability that the member made it; what figures count it with")
    link_ids: list[str]


class Scans(BaseModel):
    """Scans that stand."""

    total: int
    items: int = Field(description="Different GTINs")
    last_at: str | None


class Purchases(BaseModel):
    """Purchases in one currency: voids taken out, refunds subtracted from the net value. Minor units."""

    currency: str
    purchases: int
    gross_minor: int
    refunded_minor: int
    net_minor: int
    average_minor: int | None
    first_at: str | None
    last_at: str | None


class ProfileStore(BaseModel):
    """What happened in one store."""

    store: str
    scans: int
    purchases: int
    expected_visits: float = Field(description="The sum of the weights of visits")
    last_at: str


class Preference(BaseModel):
    """A category of items, or a zone at a shelf, that the member likes."""

    name: str
    store: str | None = Field(description="Of a zone; null for a category")
    weight: float = Field(description="Points of a category; expected seconds in a zone")
    share: float


class Preferences(BaseModel):
    """What the member likes, the most liked first, five of each."""

    rule_version: str
    categories: list[Preference] = Field(description="Of items bought (three points a line) and scanned (one point)")
    zones: list[Preference] = Field(description="By seconds at shelves, each visit's counted with its weight")


class Rfm(BaseModel):
    """Recency, frequency and monetary value in the currency of most purchases."""

    rule_version: str
    currency: str
    recency_days: int
    frequency: int
    monetary_minor: int
    recency_score: int | None = Field(description="1 to 5 by fifths of all customers; null in a past view")
    frequency_score: int | None
    monetary_score: int | None


class LifecycleState(BaseModel):
    """Where the member stands, and what that follows from."""

    stage: Literal["no_purchase", "potential", "ordinary", "repurchase", "loyal"]
    rule_version: str
    purchases: int
    recent_purchases: int
    recent_interest: float = Field(description="Recent scans and weights of visits")


class ConsentInForce(BaseModel):
    """What holds of one purpose; a purpose that nobody spoke of is not in force."""

    purpose: str
    in_force: bool
    since: str = Field(description="When the statement that decides was made")


class Profile(ProfileSummary):
    """A profile with everything known of it, and its timeline, the latest first."""

    as_of: str | None = Field(description="The time as known at which it is shown; null: now")
    attributes: list[AttributeValue]
    survivorship_rule: str = Field(description="How one of several sources' values is chosen")
    visits: list[ProfileVisit] = Field(description="The latest 100, those that only may be the member's too")
    expected_visits: float = Field(description="The sum of the weights of all visits")
    scans: Scans
    purchases: list[Purchases] = Field(description="By currency, that of most purchases first")
    stores: list[ProfileStore]
    preferences: Preferences
    rfm: Rfm | None = Field(description="null: no purchase")
    lifecycle: LifecycleState
    consents: list[ConsentInForce]
    identity: IdentityExplanation | None = Field(
        description="Why these identifiers belong to one person; null in a past view, of which the ledger tells"
    )
    timeline: list[TimelineEntry]
    next_before: str | None = Field(description="Ask with `before` for the next page of the timeline; null: none")


class Profiles(BaseModel):
    """A page of profiles, the last seen first."""

    total: int
    items: list[ProfileSummary]


class AttributeStatement(BaseModel):
    """What a source says of a member. No names, no addresses: the cloud knows members by pseudonyms alone."""

    namespace: Namespace
    pseudonym: str = Field(pattern=r"^[a-z2-7]{32}$", examples=["mfrggzdfmztwq2lknnwg23tpobyxe43u"])
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", examples=["tier"])
    value: str = Field(max_length=MAX_VALUE_CHARS, examples=["gold"], description="Empty: the source takes it back")
    source: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", examples=["crm"])
    rank: int = Field(default=5, ge=0, le=9, description="How far the source is trusted, 0 the most")
    at: str = Field(description="When it was so, RFC 3339", examples=["2026-03-01T09:00:00Z"])


class AttributeStatements(BaseModel):
    """Statements that are recorded together, or not at all."""

    statements: list[AttributeStatement] = Field(min_length=1, max_length=1000)


class Category(BaseModel):
    """The category of one item."""

    gtin: str = Field(pattern=r"^[0-9]{14}$", examples=["09506000134352"])
    category: str = Field(min_length=1, max_length=128, examples=["skin care"])


class Categories(BaseModel):
    """Items with their categories."""

    items: list[Category] = Field(min_length=1, max_length=1000)


class RecordsReceipt(BaseModel):
    """How many records were taken in; those that were there already count too."""

    recorded: int
