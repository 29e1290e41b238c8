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


class ConsentStatements(BaseModel):
    """Statements that are recorded together, or not at all."""

    statements: list[ConsentStatement] = Field(min_length=1, max_length=1000)


class ConsentsReceipt(BaseModel):
    """What several statements changed."""

    recorded: int = Field(description="Those that were there already count too: they are no-ops")
    retracted_links: int = Field(description="Links that these statements ended, in the same transaction")


class Consents(BaseModel):
    """Statements, the latest first. They are never changed."""

    items: list[Consent]
