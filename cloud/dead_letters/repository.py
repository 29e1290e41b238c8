"""SQL of the dead letters."""

from collections.abc import Sequence

from sqlalchemy import func, select, update

from cloud.db import AnyRow, ReadSession, WriteSession
from cloud.ingest.judge import RefusedLine
from cloud.tables import dead_letters


def keep_dead_letters(
    session: WriteSession, refused: Sequence[RefusedLine], *, tenant: str, key_id: str, received_ms: int
) -> None:
    """Keep refused lines; one that is kept already is a no-op."""
    rows = [
        {
            "tenant": tenant,
            "digest": line.digest,
            "key_id": key_id,
            "reason": line.reason.value,
            "detail": line.detail,
            "event_id": line.event_id,
            "raw": line.raw,
            "received_ms": received_ms,
        }
        for line in refused
    ]
    session.insert_new(dead_letters, rows)


def count_by_reason(session: ReadSession, tenant: str) -> dict[str, int]:
    """Return how many dead letters wait, by reason."""
    statement = (
        select(dead_letters.c.reason, func.count())
        .where(dead_letters.c.tenant == tenant, dead_letters.c.replayed_ms.is_(None))
        .group_by(dead_letters.c.reason)
        .order_by(dead_letters.c.reason)
    )
    return {reason: count for reason, count in session.rows(statement)}  # noqa: C416 - a row is no pair to mypy


def list_waiting(session: ReadSession, tenant: str, after_id: int, limit: int) -> Sequence[AnyRow]:
    """Return waiting dead letters in the order they came."""
    return session.rows(
        select(dead_letters)
        .where(dead_letters.c.tenant == tenant, dead_letters.c.replayed_ms.is_(None), dead_letters.c.id > after_id)
        .order_by(dead_letters.c.id)
        .limit(limit)
    )


def find_dead_letter(session: ReadSession, tenant: str, letter_id: int) -> AnyRow | None:
    """Return one dead letter, waiting or replayed."""
    return session.first(select(dead_letters).where(dead_letters.c.tenant == tenant, dead_letters.c.id == letter_id))


def mark_replayed(session: WriteSession, letter_id: int, now_ms: int) -> None:
    """Note that a dead letter went into the log."""
    session.execute(update(dead_letters).where(dead_letters.c.id == letter_id).values(replayed_ms=now_ms))


def mark_refused_again(session: WriteSession, letter_id: int, refused: RefusedLine) -> None:
    """Note why a dead letter is still refused."""
    values = {"reason": refused.reason.value, "detail": refused.detail}
    session.execute(update(dead_letters).where(dead_letters.c.id == letter_id).values(**values))
