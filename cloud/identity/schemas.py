"""What the identity endpoints take and answer."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from cloud.consents.schemas import Namespace

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]


class IdentifierBody(BaseModel):
    """What names a member: the namespace in clear, the value as a pseudonym."""

    namespace: Namespace
    pseudonym: str = Field(pattern=r"^[a-z2-7]{32}$", examples=["mfrggzdfmztwq2lknnwg23tpobyxe43u"])


class StatedIdentifier(IdentifierBody):
    """An identifier, and when it was the person's, where that is known."""

    valid_from: str | None = Field(default=None, description="Since when, RFC 3339", examples=["2024-05-01T00:00:00Z"])
    valid_until: str | None = Field(
        default=None, description="When it was given back, RFC 3339; after that it may be a stranger's"
    )


class StatementBody(BaseModel):
    """Somebody says that identifiers belong to one person, or to people of one household."""

    id: Name = Field(examples=["crm:4711"], description="Yours; the same statement again is a no-op")
    source: Name = Field(examples=["crm"], description="Who says so")
    rank: int = Field(default=5, ge=0, le=9, description="How far to trust the source, 0 the most; it goes first")
    relation: Literal["same_person", "household"] = "same_person"
    at: str = Field(description="When it was said, RFC 3339", examples=["2026-03-01T09:00:00Z"])
    identifiers: list[StatedIdentifier] = Field(min_length=1, max_length=20)


class Statements(BaseModel):
    """Statements that are taken in together, or not at all."""

    statements: list[StatementBody] = Field(min_length=1, max_length=1000)


class MoveBody(BaseModel):
    """An identifier went from one profile to another."""

    identifier: IdentifierBody
    from_one_id: str
    to_one_id: str
    valid_from: str | None = Field(default=None, description="Scans and receipts since then moved; null: ever")
    valid_until: str | None = Field(default=None, description="And before this; null: for good")


class RefusalBody(BaseModel):
    """A join that the rules forbid."""

    statement_id: str
    left: IdentifierBody
    right: IdentifierBody
    reason: Literal["limit", "blocked", "hub", "quarantine"]
    detail: str = Field(examples=["a person may have 1 unionid"])


class Changes(BaseModel):
    """What statements, or their end, changed."""

    added: int
    known: int = Field(description="Statements that were there already: no-ops")
    moves: list[MoveBody]
    refusals: list[RefusalBody] = Field(description="What of these statements the rules forbid")
    dry_run: bool


class BlockBody(BaseModel):
    """An identifier that names nobody: a shop's own phone, a test card."""

    identifier: IdentifierBody
    reason: str = Field(min_length=1, max_length=500)


class LedgerEntry(MoveBody):
    """A move with its place in the ledger and its cause."""

    position: int
    at: str
    cause: Literal["stated", "retracted", "blocked", "unblocked", "rules"]
    statement_id: str | None = Field(description="null where several statements came together")


class Ledger(BaseModel):
    """Moves in the order in which they were made. The inverse of each is the move with both profiles swapped."""

    items: list[LedgerEntry]
    next_after: int = Field(description="Ask with `after` for what follows")


class JoinBody(BaseModel):
    """Two identifiers that a statement brought together."""

    left: IdentifierBody
    right: IdentifierBody
    statement_id: str
    source: str
    at: str


class Period(BaseModel):
    """From when until when an identifier belongs to a profile."""

    valid_from: str | None = Field(description="null: ever")
    valid_until: str | None = Field(description="Not with this instant; null: for good")


class HolderBody(Period):
    """Whose an identifier is for some time."""

    one_id: str
    is_held: bool = Field(description="Whether a statement says whose it is; else it has a profile of its own")


class Holders(BaseModel):
    """Whose an identifier is at each time, the earliest first, without gaps."""

    items: list[HolderBody]


class HeldBody(Period):
    """When an identifier of a profile was the person's."""

    identifier: IdentifierBody


class IdentityExplanation(BaseModel):
    """Why identifiers belong to one person, and whom they might have been joined with."""

    periods: list[HeldBody] = Field(description="Of identifiers that are or were somebody else's, or nobody's, too")
    joins: list[JoinBody]
    refusals: list[RefusalBody]
    household: list[str] = Field(description="One IDs of others in the household; never a reason to merge")
