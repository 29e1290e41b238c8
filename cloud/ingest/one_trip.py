"""Copies into PostgreSQL with few waits: whoever appends holds up all who append, and each wait is a trip and a turn.

A COPY waits for the server once, for its word that it takes rows. What stands before it in the transaction, and the
commit after it, travel in the same text, so that the server needs nobody in between.
"""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.errors import error_from_result
from psycopg.generators import copy_to, execute
from psycopg.pq import ExecStatus

_HELD_BYTES = 1 << 20
"""So much is handed to the driver before it is waited for: PostgreSQL takes in the beginning meanwhile."""


def run_copy(link: psycopg.Connection[Any], statements: Iterable[str], parts: Iterable[bytes]) -> None:
    """Run statements, one of which is a COPY from here, and feed it.

    Args:
        link: Whose transaction it is; it is the statements' own business where they begin or end one.
        statements: SQL without parameters.
        parts: What the COPY reads, in slices.

    Raises:
        psycopg.Error: A statement failed; what stands behind it was not run, and the transaction wants a ROLLBACK.
    """
    server = link.pgconn
    server.send_query("; ".join(statements).encode())
    _check(link)
    held = 0
    for part in parts:
        held += len(part)
        link.wait(copy_to(server, part, flush=held > _HELD_BYTES))
        held %= _HELD_BYTES
    server.put_copy_end()
    _check(link)


def _check(link: psycopg.Connection[Any]) -> None:
    """Wait until the server has done all it was told, or wants the COPY's rows."""
    for result in link.wait(execute(link.pgconn)):
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
