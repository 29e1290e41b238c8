"""What the consent endpoints take and answer."""

from typing import Literal

from pydantic import BaseModel, Field

Namespace = Literal["member_number", "phone", "openid", "unionid", "card", "device"]


class ConsentStatement(BaseModel):
    """What a member said."""

    namespace: Namespace
    pseudonym: str = Field(pattern=r"^[a-z2-7]{32}$", examples=["mfrggzdfmztwq2lknnwg23tpobyxe43u"])
    purpose: Literal["visit_linking"] = "visit_linking"
    granted: bool
    at: str = Field(description="When the member said so, RFC 3339", examples=["2026-03-01T09:00:00Z"])


class Consent(ConsentStatement):
    """A statement as recorded."""

    recorded_at: str


class ConsentReceipt(BaseModel):
    """What a statement changed."""

    in_force: bool = Field(description="Whether visits of this member may be linked now")
    retracted_links: int = Field(description="Links that this statement ended, in the same transaction")


class Consents(BaseModel):
    """Statements, the latest first. They are never changed."""

    items: list[Consent]
