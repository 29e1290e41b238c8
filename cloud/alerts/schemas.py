"""What the endpoints of alerts take and answer."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from cloud.alerts.rules import By, Condition, Grain, Severity
from cloud.stores.schemas import Weekday
from cloud.webhooks.listing import Outcome

Clock = Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", examples=["22:00"])]
StoreName = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
Line = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]


class QuietBody(BaseModel):
    """Hours in local time in which nobody is told. What still holds when they end is told then."""

    start: Clock
    end: Clock = Field(description="Before `start`: of the next day")
    days: list[Weekday] = Field(default=[], description="On which it begins; all where empty")


class RuleBody(BaseModel):
    """When to raise an alert, and whom to tell."""

    name: Line = Field(examples=["Long queue"])
    measure: str = Field(examples=["queue_wait_now"], description="As GET /v1/alert-measures lists them")
    condition: Condition = Field(
        description="`unusually_...`: compared with the same weekday, and hour, of the `weeks` before"
    )
    limit: float = Field(
        allow_inf_nan=False, examples=[300], description="In the measure's unit; of `unusually_...` standard deviations"
    )
    grain: Grain | None = Field(default=None, description="Of metrics: the last whole hour or day is judged")
    by: By = Field(default="store", description="What one alert is of; hours are judged by store alone")
    stores: list[StoreName] = Field(default=[], max_length=1000, description="Only these; all where empty")
    region: Line | None = Field(default=None, description="Only shops of it")
    currency: str | None = Field(
        default=None, pattern="^[A-Z]{3}$", description="Of money, where shops sell in several"
    )
    weeks: int = Field(default=8, ge=4, le=52, description="How many earlier weeks tell what is usual")
    least_sample: int = Field(default=0, ge=0, description="A ratio that rests on less is not judged")
    hold_s: int = Field(default=0, ge=0, le=86_400, description="For how long it must hold before the alert opens")
    clear_s: int = Field(
        default=300, ge=0, le=86_400, description="For how long it must not hold before the alert ends"
    )
    severity: Severity = "warning"
    quiet: list[QuietBody] = Field(default=[], max_length=20)
    channels: list[str] = Field(default=[], max_length=20, description="Ids of channels; empty: only shown")
    is_enabled: bool = True


class Rule(RuleBody):
    """A rule as it stands."""

    id: str
    created_at: str
    updated_at: str


class Rules(BaseModel):
    """A tenant's rules."""

    items: list[Rule]


class MeasureBody(BaseModel):
    """What a rule may watch."""

    name: str
    title_en: str
    title_zh: str
    about: str
    unit: str
    is_live: bool = Field(description="Of the moment: compared with above or below, by store, without grain")
    grains: list[Grain]


class Measures(BaseModel):
    """Everything that a rule may watch."""

    items: list[MeasureBody]


class Alert(BaseModel):
    """Something that a rule found, once, until it ends."""

    id: str
    rule_id: str
    rule_name: str
    severity: Severity
    measure: str
    unit: str
    state: Literal["open", "acknowledged", "resolved"]
    store: str | None = Field(description="null: of a region, or of all shops of the rule")
    device: str | None = Field(description="A camera")
    region: str | None
    value: float = Field(description="When it opened")
    coverage: float | None = Field(description="The share that cameras observed then")
    sample: float | None
    usual: float | None = Field(description="Mean of the earlier weeks")
    z: float | None = Field(description="How many standard deviations from it")
    start: str | None = Field(description="Of the judged interval")
    end: str | None
    opened_at: str
    told_at: str | None = Field(description="null: nobody was told yet, since it is quiet")
    acknowledged_at: str | None
    acknowledged_by: str | None
    acknowledged_key: str | None = Field(description="Id of the API key with which")
    resolved_at: str | None
    resolution: Literal["cleared", "unwatched"] | None = Field(
        description="`unwatched`: its rule, store or camera is gone, or the rule is off"
    )
    rule: RuleBody = Field(description="The rule as it was when the alert opened")


class Alerts(BaseModel):
    """Alerts, the latest first."""

    open: int = Field(description="How many nobody has acknowledged, of all")
    acknowledged: int = Field(description="How many somebody has and that are not over")
    dead_deliveries: int = Field(description="How often nobody could be told, and no attempt is left")
    items: list[Alert]
    next_before: str | None = Field(description="Send it as `before` to read on; null at the end")


class LogEntry(BaseModel):
    """Something that happened to an alert."""

    at: str
    what: Literal["opened", "told", "acknowledged", "resolved", "resolution_told"]
    detail: dict[str, Any]


class Delivery(Outcome):
    """What became of telling one channel."""

    id: int
    channel_id: str
    channel: str
    alert_id: str
    what: Literal["opened", "resolved"]


class AlertDetail(Alert):
    """An alert with all that happened to it."""

    log: list[LogEntry]
    deliveries: list[Delivery]


class Acknowledgement(BaseModel):
    """Who has seen an alert."""

    by: Line | None = Field(default=None, examples=["Ana Ruiz"], description="The key is noted too")


class ChannelBody(BaseModel):
    """Where alerts are told."""

    kind: Literal["webhook", "email"]
    name: Line
    target: str = Field(max_length=2048, examples=["https://ops.example/hooks/shopthread", "shop@example.com"])
    language: Literal["en", "zh"] = Field(default="en", description="Of e-mails")
    secret: str | None = Field(
        default=None, max_length=128, description="Of a webhook: `whsec_` and Base64 of 24 to 64 bytes; else made"
    )


class Channel(BaseModel):
    """A channel as it stands."""

    id: str
    kind: Literal["webhook", "email"]
    name: str
    target: str
    language: str
    created_at: str
    disabled_at: str | None = Field(description="When the receiver answered 410: nothing is sent to it since")


class NewChannel(Channel):
    """A channel that was made; a webhook's with its secret, which is shown this once."""

    secret: str | None


class Channels(BaseModel):
    """A tenant's channels."""

    items: list[Channel]


class Deliveries(BaseModel):
    """Deliveries, the latest first."""

    items: list[Delivery]
    next_before: str | None
