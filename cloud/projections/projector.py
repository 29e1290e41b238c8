"""Moves projections along the log. Each step is one transaction: what was derived and the cursor, or neither."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import delete, select

from cloud.db import Database, ReadSession, WriteSession
from cloud.ingest.repository import log_head
from cloud.projections.base import Projection, StoredEvent, lock_cursor, read_cursor
from cloud.tables import event_log, projection_cursors

WINDOW = 2000
"""How many positions one transaction covers: it bounds memory and how long a writer waits."""

FIRST_STATISTICS = 1000
"""At which position the planner is first told how large the tables are."""


class Follower(Protocol):
    """What works on changes that projections queue, not on the log itself."""

    def has_work(self, session: ReadSession) -> bool:
        """Return whether anything is queued."""

    def step(self, session: WriteSession) -> None:
        """Do one bounded piece of work."""

    def requeue(self, session: WriteSession) -> None:
        """Queue everything anew, after the projections were rebuilt."""


class Foundation(Protocol):
    """What follows from records other than the log, and stands beneath the projections."""

    def rebuild(self, session: WriteSession) -> None:
        """Derive it anew."""


class Projector:
    """Runs projections in order; the first, corrections, is never behind the others."""

    def __init__(
        self,
        database: Database,
        projections: Sequence[Projection],
        followers: Sequence[Follower],
        foundations: Sequence[Foundation] = (),
    ) -> None:
        self._database = database
        self._projections = projections
        self._followers = followers
        self._foundations = foundations
        self._analyzed_at = 0

    def catch_up(self) -> None:
        """Run until nothing in the log or the queues is left."""
        while self.step():
            pass

    def step(self) -> bool:
        """Run each projection and follower for one transaction; return whether any had work."""
        worked = False
        for projection in self._projections:
            with self._database.read() as session:
                behind = read_cursor(session, projection.name) < log_head(session)
            if behind:
                with self._database.write() as session:
                    advance(session, projection, limit=self._limit(session, projection))
                worked = True
        for follower in self._followers:
            with self._database.read() as session:
                queued = follower.has_work(session)
            if queued:
                with self._database.write() as session:
                    follower.step(session)
                worked = True
        if worked:
            self._refresh_statistics()
        return worked

    def _refresh_statistics(self) -> None:
        """Refresh the planner's statistics whenever the log has doubled: without, young tables get slow plans."""
        with self._database.read() as session:
            head = log_head(session)
        if head >= max(FIRST_STATISTICS, 2 * self._analyzed_at):
            self._database.refresh_statistics()
            self._analyzed_at = head

    def rebuild(self) -> None:
        """Derive everything anew from the log. Readers see the old state until the one transaction commits."""
        with self._database.write() as session:
            for projection in self._projections:
                for table in projection.tables:
                    session.execute(delete(table))
                session.upsert(projection_cursors, [{"name": projection.name, "position": 0}])
            for foundation in self._foundations:
                foundation.rebuild(session)
            for projection in self._projections:
                while advance(session, projection, limit=log_head(session)):
                    pass
            for follower in self._followers:
                follower.requeue(session)
        self.catch_up()

    def _limit(self, session: ReadSession, projection: Projection) -> int:
        """Return how far a projection may read: the log's head, but not past the corrections."""
        first = self._projections[0]
        return log_head(session) if projection is first else read_cursor(session, first.name)


def advance(session: WriteSession, projection: Projection, limit: int) -> bool:
    """Apply one window of the log and move the cursor; return whether the cursor moved.

    Positions become visible in order (`cloud.ingest.repository`), so nothing below the head appears later.
    """
    cursor = lock_cursor(session, projection.name)
    until = min(cursor + WINDOW, limit)
    if until <= cursor:
        return False
    statement = select(event_log).where(event_log.c.position > cursor, event_log.c.position <= until)
    if projection.types is not None:
        statement = statement.where(event_log.c.type.in_(sorted(projection.types)))
    events = [
        StoredEvent(
            position=row.position,
            event_id=row.event_id,
            tenant=row.tenant,
            store=row.store,
            device=row.device,
            event_type=row.type,
            time_ms=row.time_ms,
            sequence=row.sequence,
            raw=bytes(row.raw),
        )
        for row in session.rows(statement.order_by(event_log.c.position))
    ]
    if events:
        projection.apply(session, events)
    session.upsert(projection_cursors, [{"name": projection.name, "position": until}])
    return True
