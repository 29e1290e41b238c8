"""What lists of deliveries have in common, whoever was told: what may be asked, a page of rows, and what one says."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Depends, Query
from msgspec import Struct
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement

from cloud.db import AnyRow, AnySelect, ReadSession
from cloud.instants import write_instant

State = Literal["pending", "delivered", "dead"]


class DeliveryPage(Struct, frozen=True):
    """Which deliveries are asked for."""

    state: State | None
    before: int | None
    limit: int

    def read(
        self, session: ReadSession, deliveries: AnySelect, state: ColumnElement[str], number: ColumnElement[int]
    ) -> Sequence[AnyRow]:
        """Return the page of some deliveries, the highest number first.

        Args:
            session: A transaction.
            deliveries: All that there are.
            state: The column of their state.
            number: The column by which they are ordered.
        """
        if self.state is not None:
            deliveries = deliveries.where(state == self.state)
        if self.before is not None:
            deliveries = deliveries.where(number < self.before)
        return session.rows(deliveries.order_by(number.desc()).limit(self.limit))

    def following(self, numbers: Sequence[int]) -> str | None:
        """Return `next_before` of a page with these numbers, None where it is the last."""
        return str(numbers[-1]) if len(numbers) == self.limit else None


def _asked(
    state: Annotated[State | None, Query(description="In this state alone")] = None,
    before: Annotated[int | None, Query(ge=0, le=1 << 62, description="`next_before` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most")] = 100,
) -> DeliveryPage:
    return DeliveryPage(state, before, limit)


AskedDeliveries = Annotated[DeliveryPage, Depends(_asked)]


class Outcome(BaseModel):
    """What became of one delivery."""

    state: State
    attempts: int
    next_or_last_at: str = Field(description="When it is due; of one that is not pending, when it was last tried")
    status: int | None = Field(description="Of the last answer, of HTTP or SMTP")
    fault: str | None


def outcome_of(row: AnyRow) -> Outcome:
    """Return what a row of deliveries says of it."""
    return Outcome(
        state=row.state,
        attempts=row.attempts,
        next_or_last_at=write_instant(row.next_ms),
        status=row.status,
        fault=row.fault,
    )
