"""What the endpoints of duplicates take and answer."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from cloud.identity.schemas import IdentifierBody, MoveBody
from contracts.traits import Trait

State = Literal["open", "accepted", "declined", "undone"]


class EvidenceBody(BaseModel):
    """What one comparison says."""

    trait: Trait
    level: Literal["equal", "slip", "different", "unknown"] = Field(
        description="`slip`: one letter or digit is wrong, missing, too much or swapped"
    )
    weight: float = Field(description="In bits: above 0 it speaks for one person, below 0 for two")
    frequency_weight: float = Field(description="Added since the common value is rarer, or more frequent, than most")


class Side(BaseModel):
    """One of the two profiles."""

    one_id: str = Field(description="The profile to which the identifier belongs now")
    identifier: IdentifierBody


class DecisionBody(BaseModel):
    """What somebody decided."""

    at: str
    decision: Literal["accepted", "declined", "undone"]
    by: str
    key: str = Field(description="The id of the key that was used")
    reason: str | None


class Proposal(BaseModel):
    """Two profiles that may be one person's. Nothing is joined until somebody accepts."""

    id: str
    state: State
    left: Side
    right: Side
    probability: float
    prior_weight: float = Field(
        description="Of two profiles drawn at random, in bits; with all the evidence's it makes the probability"
    )
    evidence: list[EvidenceBody]
    model: str
    found_at: str
    statement_id: str | None = Field(description="Of an accepted one: the statement that joins the two")
    decisions: list[DecisionBody]


class Proposals(BaseModel):
    """Proposals, the most probable first."""

    total: int = Field(description="All in this state")
    items: list[Proposal] = Field(
        description="Fewer than asked for where some are one profile by now, or a member refuses a consent"
    )


class Deciding(BaseModel):
    """Who decides, and why."""

    by: Annotated[str, Field(min_length=1, max_length=100, examples=["Ana Ruiz"])]
    reason: Annotated[str | None, Field(max_length=500)] = None


class Decided(BaseModel):
    """What a decision changed."""

    proposal: Proposal
    moves: list[MoveBody] = Field(description="Identifiers that went from one profile to another")
