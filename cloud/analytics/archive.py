"""Visits as Parquet by shop and month, for questions over years: DuckDB reads them without the database.

`members/store=S/month=M/` has a row for each day on which a member was in a shop, under the One ID alone; `visits/` has
a row for each visit that counts, and names nobody. Every run writes both anew from the database: what was erased,
corrected or came late is as the database has it, and a month in which nothing is left disappears.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import func, select

from cloud.analytics.periods import Period, periods_in
from cloud.analytics.tables import member_days
from cloud.db import AnyRow, Database, ReadSession
from cloud.stores.calendars import calendars_of
from cloud.stores.opening import Calendar
from cloud.tables import visits
from cloud.visits.repository import COUNTED
from cloud.visits.roles import staff_made

MEMBERS, VISITS = "members", "visits"
LABEL = "archive.json"
MEMBER_COLUMNS = {"one_id": "string", "day": "date32", "scans": "int64", "transactions": "int64"}
_VISIT_COLUMNS = {
    "visit_id": "string",
    "opened_ms": "int64",
    "ended_ms": "int64",
    "is_closed": "bool",
    "is_staff": "bool",
    "party_id": "string",
}


class Label(Struct, frozen=True, kw_only=True):
    """Whose archive it is, and as of when."""

    tenant: str
    written_ms: int


class Archived(Struct, frozen=True, kw_only=True):
    """How many rows and files a run wrote, and how many months it took away."""

    rows: int
    files: int
    removed: int


class MissingArchiveExtraError(Exception):
    """This installation cannot write or read archives. The message names the extra that can."""

    def __init__(self) -> None:
        super().__init__("this installation has no pyarrow or no duckdb: install shopthread[archive]")


def write_archive(database: Database, tenant: str, out: Path, staff_score: float, now_ms: int) -> Archived:
    """Write every visit of a tenant, as of one moment, and take away what is there no more.

    Args:
        database: Where they are.
        tenant: Whose.
        out: A folder of archives of this tenant alone, or one that is not there yet.
        staff_score: From which score on a visit without a role is staff's.
        now_ms: When this is.

    Raises:
        MissingArchiveExtraError: pyarrow is not installed.
        ArchiveError: The folder holds something else, or another tenant's archive.
    """
    _require_own(out, tenant)
    written: set[Path] = set()
    rows = 0
    with database.read() as session:
        for path, columns, part in _parts(session, tenant, staff_score):
            write_part(out / path, columns, part)
            written.add(out / path)
            rows += len(part)
    stale = [path for kind in (MEMBERS, VISITS) for path in (out / kind).glob("*/*") if path not in written]
    for path in stale:
        shutil.rmtree(path)
    (out / LABEL).write_bytes(msgspec.json.encode(Label(tenant=tenant, written_ms=now_ms)))
    return Archived(rows=rows, files=len(written), removed=len(stale))


class ArchiveError(Exception):
    """A folder is no archive, or not the tenant's. The message says what is there."""


def read_label(out: Path) -> Label:
    """Return whose archive lies in a folder.

    Raises:
        ArchiveError: None does.
    """
    try:
        return msgspec.json.decode((out / LABEL).read_bytes(), type=Label)
    except (OSError, msgspec.DecodeError) as error:
        msg = f"{out} holds no whole archive (no {LABEL} in it): write one with `shopthread cloud archive --out {out}`"
        raise ArchiveError(msg) from error


def _require_own(out: Path, tenant: str) -> None:
    """Make sure that a run overwrites nothing but what an earlier one of the same tenant wrote."""
    out.mkdir(parents=True, exist_ok=True)
    label = out / LABEL
    if not label.exists():
        if any(out.iterdir()):
            msg = f"{out} holds something that is no archive: name an empty folder, or one that is not there"
            raise ArchiveError(msg)
        # From here on the folder is this tenant's, also when the run is cut short.
        label.write_bytes(msgspec.json.encode(Label(tenant=tenant, written_ms=0)))
    whose = read_label(out).tenant
    if whose != tenant:
        msg = f"{out} holds the archive of {whose}, not of {tenant}: name another folder"
        raise ArchiveError(msg)


def _parts(
    session: ReadSession, tenant: str, staff_score: float
) -> Iterator[tuple[Path, Mapping[str, str], Sequence[AnyRow]]]:
    """Yield where each month of each shop goes, with its columns and rows; months without any are left out."""
    spans = _spans(session, tenant)
    calendars = calendars_of(session, tenant, spans)
    for store, span in sorted(spans.items()):
        for month in periods_in(span, "month"):
            at = Path(f"store={store}") / f"month={date.fromordinal(month.first):%Y-%m}"
            for kind, columns, rows in (
                (MEMBERS, MEMBER_COLUMNS, _members_of(session, tenant, store, month)),
                (VISITS, _VISIT_COLUMNS, _visits_of(session, tenant, store, (calendars[store], month), staff_score)),
            ):
                if rows:
                    yield Path(kind) / at, columns, rows


def _spans(session: ReadSession, tenant: str) -> dict[str, Period]:
    """Return the days from a shop's first visit to its last, a day more on either side for its time zone."""
    opened = select(visits.c.store, func.min(visits.c.opened_ms), func.max(visits.c.opened_ms))
    came = select(member_days.c.store, func.min(member_days.c.day), func.max(member_days.c.day))
    found = {
        store: Period(_day(first_ms) - 1, _day(last_ms) + 2)
        for store, first_ms, last_ms in session.rows(opened.where(visits.c.tenant == tenant).group_by(visits.c.store))
    }
    for store, first, last in session.rows(came.where(member_days.c.tenant == tenant).group_by(member_days.c.store)):
        known = found.get(store, Period(first, last + 1))
        found[store] = Period(min(known.first, first), max(known.end, last + 1))
    return found


def _day(at_ms: int) -> int:
    return date(1970, 1, 1).toordinal() + at_ms // 86_400_000


def _members_of(session: ReadSession, tenant: str, store: str, month: Period) -> Sequence[AnyRow]:
    columns = (member_days.c.one_id, member_days.c.day, member_days.c.scans, member_days.c.transactions)
    return session.rows(
        select(*columns)
        .where(member_days.c.tenant == tenant, member_days.c.store == store)
        .where(member_days.c.day >= month.first, member_days.c.day < month.end)
        .order_by(member_days.c.day, member_days.c.one_id)
    )


def _visits_of(
    session: ReadSession, tenant: str, store: str, when: tuple[Calendar, Period], staff_score: float
) -> Sequence[AnyRow]:
    calendar, month = when
    columns = (
        visits.c.visit_id,
        visits.c.opened_ms,
        func.coalesce(visits.c.closed_ms, visits.c.updated_ms).label("ended_ms"),
        (visits.c.status == "closed").label("is_closed"),
        staff_made(staff_score).label("is_staff"),
        visits.c.party_id,
    )
    return session.rows(
        select(*columns)
        .where(visits.c.tenant == tenant, visits.c.store == store, visits.c.status.in_(COUNTED))
        .where(visits.c.opened_ms >= calendar.day(month.first).start_ms)
        .where(visits.c.opened_ms < calendar.day(month.end - 1).end_ms)
        .order_by(visits.c.opened_ms, visits.c.visit_id)
    )


def write_part(folder: Path, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Write the rows of one shop and month as the only file of a folder, whole or not at all.

    Raises:
        MissingArchiveExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - in an extra: not every cloud keeps an archive
        from pyarrow import parquet  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise MissingArchiveExtraError from error
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in columns.items()])
    arrays = [
        pa.array([_cell(value, columns[name]) for value in column], schema.field(name).type)
        for name, column in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / ".new"
    parquet.write_table(pa.table(arrays, schema=schema), unfinished, compression="zstd")
    unfinished.replace(folder / "part-0.parquet")


def _cell(value: Any, kind: str) -> Any:  # noqa: ANN401 - a cell of any column
    if kind == "date32":
        return date.fromordinal(value)
    return bool(value) if kind == "bool" else value
