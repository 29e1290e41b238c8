"""Visits as Parquet by month, for questions over years: DuckDB reads them without the database.

`members/month=M/` has a row for each day on which a member was in a shop, under the One ID alone, with the day before
it and the first one in any shop, so that who came back is counted without looking a member up; rows of a shop lie
together. `visits/store=S/month=M/` has a row for each visit that counts, and names nobody. Every run writes both anew
from the database: what was erased, corrected or came late is as the database has it, and a month in which nothing is
left disappears.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import case, false, func, select

from cloud.analytics.periods import Period, periods_in
from cloud.analytics.tables import member_days
from cloud.db import AnyRow, Database, ReadSession
from cloud.stores.calendars import calendars_of
from cloud.stores.opening import Calendar
from cloud.tables import visits
from cloud.visits.repository import COUNTED
from cloud.visits.roles import staff_made

MEMBERS, VISITS = "members", "visits"
_EPOCH = date(1970, 1, 1).toordinal()
_GROUP_ROWS = 20_000
"""Few enough that what is asked of one shop reads little more than its own rows."""

LABEL = "archive.json"
LAYOUT = 2
"""Archives of another layout are written anew before anything is asked of them."""

MEMBER_COLUMNS = {
    "store": "string",
    "one_id": "string",
    "day": "date32",
    "scans": "int64",
    "transactions": "int64",
    "first_day": "date32",
    "previous_day": "date32",
    "is_first": "bool",
    "first_buy_day": "date32",
    "previous_buy_day": "date32",
    "is_first_buy": "bool",
}
"""`is_first` is true of one of the shops in which a member was on a day, `is_first_buy` of one with a purchase."""

_VISIT_COLUMNS = {
    "visit_id": "string",
    "opened_ms": "int64",
    "ended_ms": "int64",
    "is_closed": "bool",
    "is_staff": "bool",
    "party_id": "string",
}


class Label(Struct, frozen=True, kw_only=True):
    """Whose archive it is, as of when, and how it is laid out."""

    tenant: str
    written_ms: int
    layout: int = 1


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
    there = [*(out / MEMBERS).glob("*"), *(out / VISITS).glob("*/*")]
    stale = [path for path in there if path not in written]
    for path in stale:
        shutil.rmtree(path)
    (out / LABEL).write_bytes(msgspec.json.encode(Label(tenant=tenant, written_ms=now_ms, layout=LAYOUT)))
    return Archived(rows=rows, files=len(written), removed=len(stale))


class ArchiveError(Exception):
    """A folder is no archive, or not the tenant's. The message says what is there."""


def read_label(out: Path) -> Label:
    """Return whose archive lies in a folder.

    Raises:
        ArchiveError: None does, or one that an earlier version wrote.
    """
    label = _label_of(out)
    if label.layout != LAYOUT:
        msg = (
            f"{out} has layout {label.layout}, not {LAYOUT}: write it anew with `shopthread cloud archive --out {out}`"
        )
        raise ArchiveError(msg)
    return label


def _label_of(out: Path) -> Label:
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
    whose = _label_of(out).tenant
    if whose != tenant:
        msg = f"{out} holds the archive of {whose}, not of {tenant}: name another folder"
        raise ArchiveError(msg)


def _parts(
    session: ReadSession, tenant: str, staff_score: float
) -> Iterator[tuple[Path, Mapping[str, str], Sequence[AnyRow]]]:
    """Yield where each month goes, with its columns and rows; months without any are left out."""
    came = select(func.min(member_days.c.day), func.max(member_days.c.day)).where(member_days.c.tenant == tenant)
    for first, last in session.rows(came):
        for month in [] if first is None else periods_in(Period(first, last + 1), "month"):
            members = _members_of(session, tenant, month)
            if members:
                yield Path(MEMBERS) / _name_of(month), MEMBER_COLUMNS, members
    spans = _spans(session, tenant)
    calendars = calendars_of(session, tenant, spans)
    for store, span in sorted(spans.items()):
        for month in periods_in(span, "month"):
            made = _visits_of(session, tenant, store, (calendars[store], month), staff_score)
            if made:
                yield Path(VISITS) / f"store={store}" / _name_of(month), _VISIT_COLUMNS, made


def _name_of(month: Period) -> str:
    return f"month={date.fromordinal(month.first):%Y-%m}"


def _spans(session: ReadSession, tenant: str) -> dict[str, Period]:
    """Return the days from a shop's first visit to its last, a day more on either side for its time zone."""
    opened = select(visits.c.store, func.min(visits.c.opened_ms), func.max(visits.c.opened_ms))
    return {
        store: Period(_day(first_ms) - 1, _day(last_ms) + 2)
        for store, first_ms, last_ms in session.rows(opened.where(visits.c.tenant == tenant).group_by(visits.c.store))
    }


def _day(at_ms: int) -> int:
    return _EPOCH + at_ms // 86_400_000


def _members_of(session: ReadSession, tenant: str, month: Period) -> Sequence[AnyRow]:
    table = member_days.c
    of_day = (table.one_id, table.day)
    bought = case((table.transactions > 0, table.store))
    return session.rows(
        select(
            table.store,
            table.one_id,
            table.day,
            table.scans,
            table.transactions,
            table.first_day,
            table.previous_day,
            (func.min(table.store).over(partition_by=of_day) == table.store).label("is_first"),
            table.first_buy_day,
            table.previous_buy_day,
            func.coalesce(func.min(bought).over(partition_by=of_day) == bought, false()).label("is_first_buy"),
        )
        .where(table.tenant == tenant, table.day >= month.first, table.day < month.end)
        .order_by(table.store, table.one_id, table.day)
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
    """Write the rows of one month as the only file of a folder, whole or not at all.

    Raises:
        MissingArchiveExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - in an extra: not every cloud keeps an archive
        from pyarrow import parquet  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise MissingArchiveExtraError from error
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in columns.items()])
    arrays = [_array(pa, column, columns[name]) for name, column in zip(columns, zip(*rows, strict=True), strict=True)]
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / ".new"
    parquet.write_table(pa.table(arrays, schema=schema), unfinished, compression="zstd", row_group_size=_GROUP_ROWS)
    unfinished.replace(folder / "part-0.parquet")


def _array(arrow: Any, column: Sequence[Any], kind: str) -> Any:  # noqa: ANN401 - pyarrow, which has no types
    """Return a column. Days are ordinals; SQLite tells truth as 0 and 1."""
    if kind == "date32":
        days = [None if day is None else day - _EPOCH for day in column]
        return arrow.array(days, arrow.int32()).cast(arrow.date32())
    if kind == "bool":
        return arrow.array([bool(value) for value in column], arrow.bool_())
    return arrow.array(column, arrow.type_for_alias(kind))
