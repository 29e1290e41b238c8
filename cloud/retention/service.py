"""Takes events out of the log, a window of positions a transaction, and old records; and tells what it took.

Only what every projection has read is taken, and only where what was derived from it stays: facts under the event's own
id, revisions of visits that another superseded, and types from which nothing is derived. What was counted of them stays
counted, so that a rebuild comes to the same numbers.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select

from cloud.among import among
from cloud.db import Database, ReadSession, WriteSession
from cloud.projections.base import Projection, lock_cursors, read_cursors
from cloud.retention.counts import COUNTING, count_retired
from cloud.retention.facts import FACTS
from cloud.retention.policy import RECORD_NAMES, Policy, short_name
from cloud.retention.records import RECORDS, Records
from cloud.runtime import Clock
from cloud.tables import event_log, visit_revisions, visits
from contracts.payloads import VisitRevised

WINDOW = 2000
"""How many events one transaction looks at: it bounds how long projections wait, and on SQLite ingest too."""


class Retired(Struct, frozen=True, kw_only=True):
    """What is, or would be, taken of one type."""

    type: str
    events: int
    raw_bytes: int = 0
    """Of events; how large records are is not told."""
    first_ms: int
    """When the first of them came in, or the first record ended, Unix milliseconds."""
    last_ms: int


class Retainer:
    """Applies a policy to the log of one database, and to records beside it.

    Raises:
        ValueError: The policy names a type from which something is derived that would be lost.
    """

    def __init__(self, database: Database, projections: Sequence[Projection], policy: Policy, clock: Clock) -> None:
        self._database = database
        self._names = [projection.name for projection in projections]
        horizons = {kind: clock() - keep_ms for kind, keep_ms in policy.items()}
        self._records = {name: horizons.pop(name) for name in RECORD_NAMES if name in horizons}
        self._horizons = horizons
        read = frozenset[str]().union(*(projection.types or () for projection in projections))
        lost = sorted(map(short_name, (set(horizons) & read) - set(FACTS) - {VisitRevised.TYPE}))
        uncounted = [each.name for each in projections if each.types is None and each.name not in COUNTING]
        if uncounted:
            msg = (
                f"{', '.join(uncounted)} would count less after a rebuild: what it counts of retired events is not kept"
            )
            raise ValueError(msg)
        if lost:
            msg = f"{', '.join(lost)} must stay in the log: a rebuild could not derive anew what follows from it"
            raise ValueError(msg)

    def plan(self) -> list[Retired]:
        """Return what would be taken; nothing changes."""
        with self._database.read() as session:
            until = min(read_cursors(session, self._names).values())
            windows = [self._measure(session, window) for window in self._windows(session, until)]
            windows.append(self._measure_records(session))
        return _sum(windows)

    def apply(self) -> list[Retired]:
        """Take it, a window a transaction, and return what was taken. When it is cut off, begin it again."""
        with self._database.read() as session:
            until = min(read_cursors(session, self._names).values())
            windows = [window for window in self._windows(session, until) if self._measure(session, window)]
            records = self._measure_records(session)
        taken = []
        for window in windows:
            with self._database.write() as session:
                cursors = lock_cursors(session, self._names)
                if min(cursors.values()) >= window[1]:  # Else a rebuild began meanwhile, and has to read them first.
                    taken.append(self._measure(session, window))
                    self._take(session, self._is_old(window))
        for name, before_ms in self._records.items():
            for each in RECORDS[name]:
                self._take_records(each, before_ms)
        return _sum([*taken, records])

    def _measure_records(self, session: ReadSession) -> list[Retired]:
        measured = [
            (name, each.measure(session, before_ms))
            for name, before_ms in self._records.items()
            for each in RECORDS[name]
        ]
        return [
            Retired(type=name, events=count, first_ms=first_ms, last_ms=last_ms)
            for name, (count, first_ms, last_ms) in measured
            if count
        ]

    def _take_records(self, records: Records, before_ms: int) -> None:
        taken = True
        while taken:
            with self._database.write() as session:
                taken = records.take(session, before_ms) > 0

    def _windows(self, session: ReadSession, until: int) -> Iterator[tuple[int, int]]:
        """Yield spans of positions, oldest first, until everything in one is too new; positions follow arrival."""
        newest_ms = max(self._horizons.values(), default=0)
        start = 0
        while True:
            some = (
                select(event_log.c.position, event_log.c.received_ms)
                .where(event_log.c.position > start, event_log.c.position <= until)
                .order_by(event_log.c.position)
                .limit(WINDOW)
                .subquery()
            )
            span = session.first(select(func.max(some.c.position), func.min(some.c.received_ms)))
            if span is None or span[0] is None or span[1] >= newest_ms:
                return
            yield (start, span[0])
            start = span[0]

    def _is_old(self, window: tuple[int, int]) -> ColumnElement[bool]:
        """Return the condition that an event of a window is to be taken."""
        kinds = [
            and_(event_log.c.type == kind, event_log.c.received_ms < before_ms)
            for kind, before_ms in sorted(self._horizons.items())
        ]
        return and_(
            event_log.c.position > window[0],
            event_log.c.position <= window[1],
            or_(*kinds),
            or_(event_log.c.type != VisitRevised.TYPE, ~_holds()),
        )

    def _measure(self, session: ReadSession, window: tuple[int, int]) -> list[Retired]:
        statement = (
            select(
                event_log.c.type,
                func.count(),
                func.sum(func.length(event_log.c.raw)),
                func.min(event_log.c.received_ms),
                func.max(event_log.c.received_ms),
            )
            .where(self._is_old(window))
            .group_by(event_log.c.type)
        )
        return [
            Retired(type=kind, events=events, raw_bytes=int(size), first_ms=first_ms, last_ms=last_ms)
            for kind, events, size, first_ms, last_ms in session.rows(statement)
        ]

    def _take(self, session: WriteSession, is_old: ColumnElement[bool]) -> None:
        count_retired(session, is_old)
        superseded: dict[str, list[str]] = {}
        columns = (event_log.c.tenant, event_log.c.event_id)
        for tenant, event_id in session.rows(select(*columns).where(is_old, event_log.c.type == VisitRevised.TYPE)):
            superseded.setdefault(tenant, []).append(event_id)
        for tenant, event_ids in sorted(superseded.items()):
            theirs = and_(visit_revisions.c.tenant == tenant, among(visit_revisions.c.event_id, event_ids))
            session.execute(delete(visit_revisions).where(theirs))
        session.execute(delete(event_log).where(is_old))


def _holds() -> ColumnElement[bool]:
    """Return the condition that a visit is what an event of the log says: found by keys, however many there are."""
    of_same = and_(visits.c.tenant == visit_revisions.c.tenant, visits.c.visit_id == visit_revisions.c.visit_id)
    return (
        exists()
        .select_from(visit_revisions.join(visits, of_same))
        .where(
            visit_revisions.c.tenant == event_log.c.tenant,
            visit_revisions.c.event_id == event_log.c.event_id,
            visits.c.event_id == event_log.c.event_id,
        )
    )


def _sum(windows: Sequence[Sequence[Retired]]) -> list[Retired]:
    """Return the sums by type."""
    found: dict[str, Retired] = {}
    for each in (each for window in windows for each in window):
        so_far = found.get(each.type, each)
        found[each.type] = Retired(
            type=each.type,
            events=each.events + (so_far.events if so_far is not each else 0),
            raw_bytes=each.raw_bytes + (so_far.raw_bytes if so_far is not each else 0),
            first_ms=min(each.first_ms, so_far.first_ms),
            last_ms=max(each.last_ms, so_far.last_ms),
        )
    return [found[kind] for kind in sorted(found)]
