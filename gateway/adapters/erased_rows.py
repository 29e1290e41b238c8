"""What the event store's file knows of erasures, and how it forgets: step by step, so that nobody waits for long."""

import sqlite3
from pathlib import Path

from contracts.erasure import ErasedIdentifier, Erasures
from gateway.adapters.event_database import EventDatabase
from gateway.core.erasing import Forgotten

_STEP_ROWS = 5000
_EVENTS = """
SELECT position, iif(instr(body, CAST('"pseudonym"' AS BLOB)) > 0, body, NULL) FROM event
WHERE position > ? ORDER BY position LIMIT ?
"""
_LETTERS = "SELECT id, body, detail, received_ms FROM dead_letter WHERE id > ? ORDER BY id LIMIT ?"


class ErasedRows:
    """The event store's file through a connection of its own, safe beside whoever else writes it.

    Args:
        path: The file.

    Raises:
        EventStoreError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._database = EventDatabase(path, lambda: None)
        self._forgotten: Forgotten | None = None
        with self._database.reading() as db:
            db.execute("PRAGMA secure_delete = ON")

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def cursor(self) -> int:
        """Return up to where erasures are known.

        Raises:
            EventStoreError: The file cannot be read.
        """
        with self._database.reading() as db:
            return int(db.execute("SELECT known FROM erasure_state").fetchone()[0])

    def take(self, erasures: Erasures) -> None:
        """Remember whom to forget; with anybody new, everything in the file is to be looked at again.

        Raises:
            EventStoreError: The file cannot be written.
        """
        if not erasures.items:
            return
        with self._database.transaction() as db:
            changed = db.executemany(
                "INSERT INTO erased (digest, from_ms, until_ms) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET until_ms = excluded.until_ms WHERE until_ms < excluded.until_ms",
                [(each.digest, each.from_ms, each.until_ms) for each in erasures.items],
            ).rowcount
            db.execute("UPDATE erasure_state SET known = ?, secret = ?", (erasures.next_after, erasures.secret or ""))
            if changed:
                db.execute("UPDATE erasure_state SET events = 0, letters = 0")
        self._forgotten = None

    def forget(self) -> tuple[int, bool]:
        """Look at some events and dead letters; return how many named somebody forgotten, and whether more wait.

        Events lose the member and keep the rest; dead letters go. What the file held of it is overwritten.

        Raises:
            EventStoreError: The file cannot be written.
        """
        with self._database.reading() as db:
            forgotten = self._forgotten = self._forgotten or _load(db)
            if forgotten.is_nobody:
                return 0, False
            seen_events, seen_letters = db.execute("SELECT events, letters FROM erasure_state").fetchone()
            events = db.execute(_EVENTS, (seen_events, _STEP_ROWS)).fetchall()
            letters = db.execute(_LETTERS, (seen_letters, _STEP_ROWS)).fetchall()
        if not events and not letters:
            return 0, False
        cleared = [(body, position) for position, was in events if was and (body := forgotten.cleared(was))]
        gone = [
            (letter,)
            for letter, body, detail, received_ms in letters
            if forgotten.is_in(body + detail.encode(), received_ms)
        ]
        with self._database.transaction() as db:
            db.executemany("UPDATE event SET body = ? WHERE position = ?", cleared)
            db.executemany("DELETE FROM dead_letter WHERE id = ?", gone)
            last = (events[-1][0] if events else seen_events, letters[-1][0] if letters else seen_letters)
            db.execute("UPDATE erasure_state SET events = ?, letters = ?", last)
        if cleared or gone:
            with self._database.reading() as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return len(cleared) + len(gone), True


def _load(db: sqlite3.Connection) -> Forgotten:
    (secret,) = db.execute("SELECT secret FROM erasure_state").fetchone()
    rows = db.execute("SELECT digest, from_ms, until_ms FROM erased").fetchall()
    return Forgotten(secret, [ErasedIdentifier(digest=row[0], from_ms=row[1], until_ms=row[2]) for row in rows])
