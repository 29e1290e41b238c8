"""The messages that could not be accepted, with their bytes. Inside a transaction."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from contracts.events import MAX_EVENT_BYTES
from gateway.adapters.event_rows import CLOUD_REFUSED, UNFIT, DeadLetter

MOST_LETTERS: Final = 10_000
"""Older ones give way to new ones: whoever sends nonsense must not fill the disk. Events once taken in stay."""
_KEPT_BYTES_OF_TOO_LARGE: Final = 4096


class DeadLetters:
    """Keeps what was refused, each once.

    Args:
        db: The file; its transactions are the caller's.
        most: How many are kept.
    """

    def __init__(self, db: sqlite3.Connection, most: int = MOST_LETTERS) -> None:
        self._db, self._most = db, most

    def bury(self, letters: Sequence[tuple[int, str, str, str, bytes]]) -> None:
        """Keep messages: when each came, on what topic or from whom, the reason in a word and in words, its bytes.

        Of one that is larger than any event the beginning is kept: it could never be taken in.
        """
        if not letters:
            return
        last = self._db.execute("SELECT coalesce(max(id), 0) FROM dead_letter").fetchone()[0]
        self._db.executemany(
            "INSERT OR IGNORE INTO dead_letter (received_ms, origin, reason, detail, body) VALUES (?, ?, ?, ?, ?)",
            [(*about, _fit(body)) for *about, body in letters],
        )
        newest = self._db.execute("SELECT coalesce(max(id), 0) FROM dead_letter").fetchone()[0]
        if newest > max(last, self._most):
            self._db.execute(
                "DELETE FROM dead_letter WHERE reason NOT IN (?, ?) AND id <= (SELECT id FROM dead_letter"
                " WHERE reason NOT IN (?, ?) ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (CLOUD_REFUSED, UNFIT, CLOUD_REFUSED, UNFIT, self._most),
            )

    def delete(self, letter_id: int) -> None:
        """Delete one that was taken in after all."""
        self._db.execute("DELETE FROM dead_letter WHERE id = ?", (letter_id,))

    def all(self) -> list[DeadLetter]:
        """Return every one, oldest first."""
        rows = self._db.execute("SELECT id, received_ms, origin, reason, detail, body FROM dead_letter ORDER BY id")
        return [DeadLetter(*row) for row in rows.fetchall()]

    def count(self) -> int:
        """Return how many there are."""
        (count,) = self._db.execute("SELECT count(*) FROM dead_letter").fetchone()
        return int(count)


def _fit(body: bytes) -> bytes:
    return body if len(body) <= MAX_EVENT_BYTES else body[:_KEPT_BYTES_OF_TOO_LARGE]
