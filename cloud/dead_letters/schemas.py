"""What the dead-letter endpoints answer."""

from pydantic import BaseModel, Field


class DeadLetter(BaseModel):
    """One refused line."""

    id: int
    reason: str = Field(examples=["invalid_data"])
    detail: str
    event_id: str | None
    received_at: str = Field(examples=["2026-03-01T09:00:00.000Z"])
    raw: str | None = Field(description="The line; null where it must not leave the store, or without the scope admin")
    replayable: bool


class DeadLetters(BaseModel):
    """Waiting dead letters."""

    total: int
    by_reason: dict[str, int] = Field(examples=[{"not_json": 2, "unknown_type": 1}])
    items: list[DeadLetter]
    next_after_id: int | None = Field(description="Send it as `after_id` to read on; null at the end")


class ReplayReceipt(BaseModel):
    """What became of a replay, in counts."""

    replayed: int = Field(description="Accepted now: in the log")
    still_rejected: int
    not_replayable: int = Field(description="Their bytes were not kept, since they must not leave the store")
