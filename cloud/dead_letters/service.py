"""Replays refused lines after a fix."""

from cloud.db import AnyRow, Database, WriteSession
from cloud.dead_letters.repository import find_dead_letter, list_waiting, mark_refused_again, mark_replayed
from cloud.dead_letters.schemas import ReplayReceipt
from cloud.errors import not_found
from cloud.ingest.judge import check_time, judge_line, refuse
from cloud.ingest.repository import append_events
from cloud.runtime import Clock
from contracts.errors import EventRejectedError

_PAGE = 500


def replay_one(database: Database, clock: Clock, tenant: str, letter_id: int) -> ReplayReceipt:
    """Judge one dead letter anew; one that was replayed already counts as replayed.

    Raises:
        ProblemError: 404, there is none.
    """
    with database.write() as session:
        row = find_dead_letter(session, tenant, letter_id)
        if row is None:
            raise not_found(noun="dead-letter", key=str(letter_id), remedy="GET /v1/dead-letters lists those that wait")
        return _receipt([_replay(session, row, clock())])


def replay_all(database: Database, clock: Clock, tenant: str) -> ReplayReceipt:
    """Judge every waiting dead letter anew, in one transaction."""
    outcomes: list[str] = []
    with database.write() as session:
        after_id = 0
        while page := list_waiting(session, tenant, after_id, _PAGE):
            outcomes += [_replay(session, row, clock()) for row in page]
            after_id = page[-1].id
    return _receipt(outcomes)


def _replay(session: WriteSession, row: AnyRow, now_ms: int) -> str:
    if row.replayed_ms is not None:
        return "replayed"
    if row.raw is None:
        return "not_replayable"
    try:
        event = judge_line(bytes(row.raw), row.tenant)
        check_time(event, now_ms)
    except EventRejectedError as error:
        mark_refused_again(session, row.id, refuse(1, bytes(row.raw), error))
        return "still_rejected"
    append_events(session, [event], now_ms)
    mark_replayed(session, row.id, now_ms)
    return "replayed"


def _receipt(outcomes: list[str]) -> ReplayReceipt:
    return ReplayReceipt(
        replayed=outcomes.count("replayed"),
        still_rejected=outcomes.count("still_rejected"),
        not_replayable=outcomes.count("not_replayable"),
    )
