"""Moves projections along the log. Each step is one transaction: what was derived and the cursor, or neither."""

import logging
from collections.abc import Hashable, Sequence
from typing import Protocol

from sqlalchemy import Table, case, delete, select

from cloud.db import Database, ReadSession, WriteSession
from cloud.ingest.repository import log_head
from cloud.projections.aside import Derivation, rebuild_aside
from cloud.projections.base import ENVELOPE, Projection, StoredEvent, lock_cursors, read_cursor, read_cursors
from cloud.retention.counts import count_on
from cloud.retention.facts import FACTS, has_retired, is_in_log
from cloud.tables import event_log, projection_cursors

_LOG = logging.getLogger(__name__)

WINDOW = 2000
"""How many positions one transaction covers: it bounds memory and how long a writer waits."""

BACKLOG_WINDOW = 10_000
"""How many where a long backlog waits: what a window counts anew, as a member's purchases, is counted less often."""

ROUNDS_ALONE = 10
"""For so many windows of a backlog followers wait once; a backlog is long with so many."""

FIRST_STATISTICS = 1000
"""At which position the planner is first told how large the tables are."""

TRIES_ASIDE = 3
"""So often a rebuild begins with a copy of the file."""


class Follower(Protocol):
    """What works on changes that projections queue, not on the log itself."""

    def is_due(self) -> bool:
        """Return whether to look at the queue now; one may let changes gather for a while first."""

    def has_work(self, session: ReadSession) -> bool:
        """Return whether anything is queued."""

    def step(self, session: WriteSession) -> None:
        """Do one bounded piece of work."""

    def requeue(self, session: WriteSession) -> None:
        """Queue everything anew, after the projections were rebuilt."""


class Foundation(Protocol):
    """What follows from records other than the log, and stands beneath the projections."""

    @property
    def tables(self) -> tuple[Table, ...]:
        """Return the tables that `rebuild` derives."""

    @property
    def journals(self) -> tuple[Table, ...]:
        """Return the tables to which `rebuild` adds what it changed, numbered by their primary key."""

    def mark(self, session: ReadSession) -> Hashable:
        """Return what changes whenever the records change."""

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
        self._rounds_alone = 0

    def catch_up(self) -> None:
        """Run until nothing in the log or the queues is left, whether followers would rather wait or not."""
        while self.step(waits=False):
            pass

    def step(self, *, waits: bool = True) -> bool:
        """Move the projections by a window and each follower by a transaction; return whether any had work.

        Args:
            waits: Whether followers that are not due wait.

        While there is a backlog followers mostly wait: what they work out now, the backlog will change again.
        """
        backlog = self._advance()
        self._rounds_alone += 1
        if backlog and self._rounds_alone < ROUNDS_ALONE:
            return True
        self._rounds_alone = 0
        return self._follow(waits=waits) or backlog is not None

    def _follow(self, *, waits: bool) -> bool:
        """Let each follower do one transaction; return whether any had work."""
        worked = False
        for follower in self._followers:
            if waits and not follower.is_due():
                continue
            with self._database.read() as session:
                queued = follower.has_work(session)
            if queued:
                with self._database.write() as session:
                    follower.step(session)
                worked = True
        return worked

    def _advance(self) -> int | None:
        """Move what is behind; return how many positions are left as of before, None where nothing was behind.

        Projections that stand at one position go on in one transaction, which reads and decodes the window once. Where
        that fails each goes by itself, so that one that cannot go on holds up nobody before it.
        """
        with self._database.read() as session:
            head = log_head(session)
            cursors = read_cursors(session, [projection.name for projection in self._projections])
        if min(cursors.values()) >= head:
            return None
        left = head - _until(min(cursors.values()), head)
        if len(set(cursors.values())) == 1:
            try:
                with self._database.write() as session:
                    advance(session, self._projections, head)
                self._refresh_statistics(head)
            except Exception as error:  # noqa: BLE001 - whichever fails by itself below says so
                _LOG.warning("projections go one by one, together they failed: %s", error)
            else:
                return left
        for projection in self._projections:
            if cursors[projection.name] < head:
                with self._database.write() as session:
                    advance(session, [projection], self._limit(session, projection))
        self._refresh_statistics(head)
        return left

    def _refresh_statistics(self, head: int) -> None:
        """Refresh the planner's statistics whenever the log has doubled: without, young tables get slow plans."""
        if head >= max(FIRST_STATISTICS, 2 * self._analyzed_at):
            self._database.refresh_statistics()
            self._analyzed_at = head

    def rebuild(self) -> None:
        """Derive everything anew from the log. Readers see the old state until one transaction commits.

        Events come in meanwhile: PostgreSQL has many writers, and for SQLite a copy of the file is rebuilt. Where
        records other than the log change again and again under the copy, the file itself is, and whoever writes waits.
        """
        if not self._rebuild_aside():
            with self._database.write() as session:
                self._derive(session)
                self._requeue(session)
        self.catch_up()

    def _rebuild_aside(self) -> bool:
        """Rebuild a copy of a SQLite file; return whether it took the file's place."""
        file = self._database.file
        work = Derivation(
            derive=self._derive,
            tables=[
                *(table for projection in self._projections for table in projection.tables),
                *(table for foundation in self._foundations for table in foundation.tables),
            ],
            journals=[table for each in self._foundations for table in each.journals],
            cursors=[projection.name for projection in self._projections],
            mark=lambda session: tuple(foundation.mark(session) for foundation in self._foundations),
        )
        return file is not None and any(
            rebuild_aside(self._database, file, work, self._requeue) for _ in range(TRIES_ASIDE)
        )

    def _derive(self, session: WriteSession) -> None:
        _empty(session, self._projections)
        for foundation in self._foundations:
            foundation.rebuild(session)
        while advance(session, self._projections, log_head(session)):
            pass

    def _requeue(self, session: WriteSession) -> None:
        for follower in self._followers:
            follower.requeue(session)

    def _limit(self, session: ReadSession, projection: Projection) -> int:
        """Return how far a projection may read: the log's head, but not past the corrections."""
        first = self._projections[0]
        return log_head(session) if projection is first else read_cursor(session, first.name)


def _empty(session: WriteSession, projections: Sequence[Projection]) -> None:
    """Take everything back but what the log no longer tells: facts of retired events, and how many these were."""
    kept = FACTS.values() if has_retired(session) else ()
    for projection in projections:
        for table in projection.tables:
            session.execute(delete(table).where(is_in_log(table)) if table in kept else delete(table))
    count_on(session)
    session.upsert(projection_cursors, [{"name": projection.name, "position": 0} for projection in projections])


def advance(session: WriteSession, projections: Sequence[Projection], limit: int) -> bool:
    """Apply one window of the log to projections that stand at one position, and move their cursors.

    Positions become visible in order (`cloud.ingest.repository`), so nothing below the head appears later.

    Returns:
        Whether the cursors moved. They do not where another worker has just moved some of them.
    """
    cursors = lock_cursors(session, [projection.name for projection in projections])
    cursor = min(cursors.values())
    until = _until(cursor, limit)
    if until <= cursor or max(cursors.values()) > cursor:
        return False
    events = _window(session, projections, cursor, until)
    for projection in projections:
        wanted = [event for event in events if projection.types is None or event.event_type in projection.types]
        if wanted:
            projection.apply(session, wanted)
    session.upsert(projection_cursors, [{"name": projection.name, "position": until} for projection in projections])
    return True


def _until(cursor: int, limit: int) -> int:
    """Return the last position of the window after a cursor."""
    is_long = limit - cursor > ROUNDS_ALONE * WINDOW
    return min(cursor + (BACKLOG_WINDOW if is_long else WINDOW), limit)


def _window(session: ReadSession, projections: Sequence[Projection], after: int, until: int) -> list[StoredEvent]:
    """Return the events of the log in (after, until] that some of the projections reads.

    The bytes of an event come along only where a projection reads its payload; they are most of the log.
    """
    kinds = frozenset[str]().union(*(projection.types or () for projection in projections))
    is_read = event_log.c.type.in_(sorted(kinds))
    statement = (
        select(*(event_log.c[name] for name in ENVELOPE), case((is_read, event_log.c.raw)))
        .where(event_log.c.position > after, event_log.c.position <= until)
        .order_by(event_log.c.position)
    )
    if all(projection.types is not None for projection in projections):
        statement = statement.where(is_read)
    return [StoredEvent.of(row) for row in session.rows(statement)]
