"""Erases a member from every table, in one transaction.

What the person did stays as what somebody did: receipts and scans keep their figures and lose the member. All that was
known of the person alone goes.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Table, and_, delete, or_, select, update

from cloud.analytics.follower import ANALYTICS
from cloud.analytics.members import write_members
from cloud.analytics.tables import analytics_queue
from cloud.changes.tables import change_queue, changes
from cloud.db import Database, ReadSession, WriteSession, chunks
from cloud.duplicates.repository import forget_proposals
from cloud.erasure.tombstones import bury
from cloud.identity.holdings import Holding
from cloud.identity.ownership import periods_of, span_of, timelines_of
from cloud.identity.service import IDENTITY, forget_holdings
from cloud.identity.statements import Identifier, Rules
from cloud.identity.timelines import kept_from_others, name_of
from cloud.ingest.repository import lock_log
from cloud.linking.service import LINKING
from cloud.profiles.recount import recount_profiles
from cloud.profiles.tables import profile_attributes
from cloud.projections.aside import discard_copy
from cloud.projections.base import ENVELOPE, StoredEvent, lock_cursor, read_cursor
from cloud.runtime import Clock, TokenSource
from cloud.tables import consents, dead_letters, event_log, link_decisions, link_hypotheses, touches
from cloud.touches.projection import TouchesProjection
from cloud.webhooks.tables import webhook_deliveries
from contracts.payloads import CodeScanned, PosSale
from contracts.redaction import redacted

_PAGE = 500


class Erasure(Struct, frozen=True, kw_only=True):
    """What was erased, in counts."""

    identifiers: int
    events: int
    statements: int
    consents: int
    link_decisions: int
    dead_letters: int


class Eraser:
    """Forgets members of one database."""

    def __init__(self, database: Database, rules: Rules, clock: Clock, tokens: TokenSource) -> None:
        self._database = database
        self._rules = rules
        self._clock = clock
        self._tokens = tokens

    def erase(self, tenant: str, identifier: Identifier, at_ms: int | None = None) -> Erasure:
        """Erase the person to whom an identifier belongs, with all identifiers of his or her profile.

        A second time it erases what came since. Nobody needs to be known: the identifier is kept out either way.
        Of an identifier that was or is somebody else's too, only the person's time is erased.

        Args:
            tenant: Whose member it is.
            identifier: One of the person's.
            at_ms: A time at which it was, Unix milliseconds; None: now.
        """
        now_ms = self._clock()
        held_ms = now_ms if at_ms is None else at_ms
        with self._database.write() as session:
            # Nothing that names the person gets in between here and the commit.
            lock_log(session)
            lock_cursor(session, TouchesProjection.name)
            lock_cursor(session, IDENTITY)
            lock_cursor(session, LINKING)
            # Nor is the person taken from the sums of members twice.
            lock_cursor(session, ANALYTICS)
            person, one_ids = _person(session, tenant, identifier, held_ms)
            bury(session, tenant, person, now_ms, self._tokens)
            statements = forget_holdings(session, tenant, person, self._rules, now_ms)
            events = _redact_events(session, tenant, person)
            decisions = _forget_links(session, tenant, one_ids)
            said = _delete(session, consents, _naming(consents, tenant, person, consents.c.at_ms))
            said_of = _naming(profile_attributes, tenant, person, profile_attributes.c.at_ms)
            _delete(session, profile_attributes, said_of)
            forget_proposals(session, tenant, {each.identifier for each in person})
            letters = _forget_dead_letters(session, tenant, person)
            _forget_profiles(session, tenant, one_ids)
        if self._database.file is not None:
            discard_copy(self._database.file)
        return Erasure(
            identifiers=len({each.identifier for each in person}),
            events=events,
            statements=statements,
            consents=said,
            link_decisions=decisions,
            dead_letters=letters,
        )


def _person(session: ReadSession, tenant: str, identifier: Identifier, at_ms: int) -> tuple[list[Holding], list[str]]:
    """Return when which identifiers were the person's, and every name that the profile has or had.

    The names are those of the identifiers.
    """
    one_id = span_of(session, tenant, identifier, at_ms).one_id
    rows = periods_of(session, tenant, one_id)
    identifiers = {identifier, *(Identifier(row.namespace, row.pseudonym) for row in rows)}
    timelines = timelines_of(session, tenant, identifiers)
    person = [held for each in sorted(identifiers) for held in kept_from_others(each, timelines[each], {one_id})]
    began = {Holding(each, span.from_ms) for each in identifiers for span in timelines[each]}
    own = {name_of(tenant, each) for each in began if any(held.covers(each.from_ms) for held in person)}
    return person, sorted({one_id, *own})


def _naming(table: Table, tenant: str, person: Sequence[Holding], at_ms: ColumnElement[int]) -> ColumnElement[bool]:
    named = [
        and_(
            table.c.namespace == each.namespace,
            table.c.pseudonym == each.pseudonym,
            at_ms >= each.from_ms,
            at_ms < each.until_ms,
        )
        for each in person
    ]
    return and_(table.c.tenant == tenant, or_(*named))


def _delete(session: WriteSession, table: Table, condition: ColumnElement[bool]) -> int:
    return session.execute(delete(table).where(condition))


def _redact_events(session: WriteSession, tenant: str, person: Sequence[Holding]) -> int:
    """Take the person out of the log and the touches; return out of how many events."""
    known = session.rows(select(touches.c.touch_id).where(_naming(touches, tenant, person, touches.c.time_ms)))
    count = 0
    for part in chunks([row.touch_id for row in known]):
        events = _stored(session, and_(event_log.c.tenant == tenant, event_log.c.event_id.in_(part)))
        _write_redacted(session, events)
        _delete(session, touches, and_(touches.c.tenant == tenant, touches.c.touch_id.in_(part)))
        TouchesProjection().apply(session, events)
        count += len(events)
    # What the projection has not read yet it will read without the person.
    unread = event_log.c.position > read_cursor(session, TouchesProjection.name)
    scans_and_sales = event_log.c.type.in_((CodeScanned.TYPE, PosSale.TYPE))
    waiting = _stored(session, and_(event_log.c.tenant == tenant, unread, scans_and_sales))
    naming = [event for event in waiting if _names(event.raw, [each for each in person if each.covers(event.time_ms)])]
    _write_redacted(session, naming)
    return count + len(naming)


def _stored(session: ReadSession, condition: ColumnElement[bool]) -> list[StoredEvent]:
    columns = (*ENVELOPE, "raw")
    statement = select(*(event_log.c[name] for name in columns)).where(condition).order_by(event_log.c.position)
    return [StoredEvent.of(row) for row in session.rows(statement)]


def _write_redacted(session: WriteSession, events: Iterable[StoredEvent]) -> None:
    for event in events:
        event.raw = redacted(event.raw)
        session.execute(update(event_log).where(event_log.c.position == event.position).values(raw=event.raw))


def _names(raw: bytes, person: Sequence[Holding]) -> bool:
    return any(each.pseudonym.encode() in raw for each in person)


def _forget_links(session: WriteSession, tenant: str, one_ids: Sequence[str]) -> int:
    """Delete every decision about the person, those that hold no longer too."""
    theirs = and_(link_decisions.c.tenant == tenant, link_decisions.c.one_id.in_(one_ids))
    decisions = select(link_decisions.c.id).where(theirs)
    _delete(session, link_hypotheses, link_hypotheses.c.decision_id.in_(decisions))
    return _delete(session, link_decisions, theirs)


def _forget_dead_letters(session: WriteSession, tenant: str, person: Sequence[Holding]) -> int:
    """Delete refused lines that hold the person's identifiers, wherever in the line."""
    count, after_id = 0, 0
    columns = (dead_letters.c.id, dead_letters.c.raw, dead_letters.c.detail, dead_letters.c.event_id)
    while rows := session.rows(
        select(*columns)
        .where(dead_letters.c.tenant == tenant, dead_letters.c.id > after_id)
        .order_by(dead_letters.c.id)
        .limit(_PAGE)
    ):
        after_id = rows[-1].id
        texts = {row.id: b"\0".join((bytes(row.raw or b""), row.detail.encode())) for row in rows}
        gone = [letter_id for letter_id, text in texts.items() if _names(text, person)]
        count += _delete(session, dead_letters, dead_letters.c.id.in_(gone)) if gone else 0
    return count


def _forget_profiles(session: WriteSession, tenant: str, one_ids: Sequence[str]) -> None:
    """Delete what was derived and published of the profile; that it is gone is then published by its name alone."""
    told = and_(changes.c.tenant == tenant, changes.c.one_id.in_(one_ids))
    positions = select(changes.c.position).where(told)
    _delete(session, webhook_deliveries, webhook_deliveries.c.position.in_(positions))
    _delete(session, changes, told)
    _delete(session, change_queue, and_(change_queue.c.tenant == tenant, change_queue.c.one_id.in_(one_ids)))
    recount_profiles(session, tenant, one_ids)
    write_members(session, tenant, one_ids)
    waiting = and_(analytics_queue.c.tenant == tenant, analytics_queue.c.key.in_(one_ids))
    _delete(session, analytics_queue, waiting)
