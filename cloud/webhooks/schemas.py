"""What the webhook endpoints take and answer."""

from pydantic import BaseModel, Field

from cloud.changes.schemas import ChangeKind
from cloud.webhooks.listing import Outcome


class WebhookBody(BaseModel):
    """Who wants to be told of what."""

    url: str = Field(max_length=2048, examples=["https://crm.example/hooks/shopthread"])
    kinds: list[ChangeKind] = Field(default=[], description="Of these changes alone; of all where empty")
    secret: str | None = Field(
        default=None, max_length=128, description="`whsec_` and Base64 of 24 to 64 bytes; made where left out"
    )


class Webhook(BaseModel):
    """A webhook as it stands."""

    id: str
    url: str
    kinds: list[ChangeKind]
    created_at: str
    disabled_at: str | None = Field(description="When the receiver answered 410: nothing is sent to it since")


class NewWebhook(Webhook):
    """A webhook that was made, with its secret, which is shown this once."""

    secret: str


class Webhooks(BaseModel):
    """A tenant's webhooks."""

    items: list[Webhook]


class Delivery(Outcome):
    """What became of telling one webhook of one change."""

    change_id: str


class Deliveries(BaseModel):
    """Deliveries, that of the latest change first."""

    items: list[Delivery]
    next_before: str | None
