"""Member records in a CSV or a Parquet file: one row each, several values of a column separated by `;`."""

import csv
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, TextIO

import phonenumbers
from msgspec import Struct

from cloud.identity.statements import UNSAID, Validity
from contracts.pseudonym import NAMESPACES, MemberPseudonym, Namespace, pseudonymize
from contracts.timestamps import parse_time
from contracts.traits import TRAITS, Trait, match_code
from shopthread.members.parquet import read_parquet
from shopthread.rejected_rows import ADDED, RejectedRow

RECORD_ID, SINCE, CONSENT = "record_id", "since", "visit_linking_consent"
FROM = {namespace: f"{namespace}_from" for namespace in NAMESPACES}
UNTIL = {namespace: f"{namespace}_until" for namespace in NAMESPACES}
CODED: tuple[Trait, ...] = tuple(trait for trait in TRAITS if trait != "phone")
"""Columns that leave this machine as match codes alone; a phone number is a column of its own anyway."""
COLUMNS = (RECORD_ID, SINCE, *NAMESPACES, *FROM.values(), *UNTIL.values(), CONSENT, *CODED)
_SEPARATOR = ";"
_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0"}


class TableError(Exception):
    """The file as a whole cannot be read; the message says what is wrong and what is allowed."""


class MemberRecord(Struct, frozen=True, kw_only=True):
    """One row that can be taken in.

    Attributes:
        since_ms: When the record was made, Unix milliseconds; 0 where the row does not say.
        validity: When the identifiers were the member's, where the row says something of that.
        consent: What the member said about visit linking, None where nothing is on record.
        codes: Match codes of names and the like, where the file has such columns.
    """

    line: int
    record_id: str
    since_ms: int
    identifiers: tuple[MemberPseudonym, ...]
    consent: bool | None
    validity: Mapping[MemberPseudonym, Validity] = {}
    codes: Mapping[Trait, str] = {}


class Reading(Struct, frozen=True, kw_only=True):
    """How rows are read.

    Attributes:
        key: The tenant's pseudonym key.
        region: Two letters of the country that phone numbers without a country code belong to, None: they need one.
    """

    key: bytes
    region: str | None


def read_table(path: Path, reading: Reading) -> Iterator[MemberRecord | RejectedRow]:
    """Yield what becomes of each row, in order. A file whose name ends in `.parquet` is Parquet, any other CSV.

    Raises:
        TableError: It is no such file, or its columns are not the expected ones.
        MissingPyarrowError: It is Parquet, which this installation cannot read.
        OSError: It cannot be read.
    """
    if path.suffix.lower() == ".parquet":
        try:
            names, rows = read_parquet(path)
            _check_columns(names)
            yield from _judge(rows, reading)
        except ValueError as error:
            msg = f"{path} is no Parquet file of member records: {error}"
            raise TableError(msg) from error
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            yield from _read_rows(file, reading)
        except (UnicodeDecodeError, csv.Error) as error:
            msg = f"{path} is no CSV file in UTF-8: {error}"
            raise TableError(msg) from error


def _read_rows(file: TextIO, reading: Reading) -> Iterator[MemberRecord | RejectedRow]:
    rows = csv.DictReader(file, strict=True)
    _check_columns(rows.fieldnames or ())
    yield from _judge(((rows.line_num, row) for row in rows), reading)


def _judge(
    rows: Iterable[tuple[int, Mapping[Any, str | None]]], reading: Reading
) -> Iterator[MemberRecord | RejectedRow]:
    with closing(sqlite3.connect("")) as ids:  # On disk, with no name: a member base may have millions.
        ids.execute("CREATE TABLE first (record_id TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        yield from (_judged(row, line, reading, ids) for line, row in rows)


def _judged(
    row: Mapping[Any, str | None], line: int, reading: Reading, ids: sqlite3.Connection
) -> MemberRecord | RejectedRow:
    given = {name: value or "" for name, value in row.items() if name is not None}
    if None in row or None in row.values():
        return RejectedRow(line=line, reason="the row has more or fewer fields than the first line", values=given)
    try:
        record = read_row(given, line, reading)
        _check_is_first(record, ids)
    except ValueError as error:
        return RejectedRow(line=line, reason=str(error), values=given)
    return record


def _check_is_first(record: MemberRecord, ids: sqlite3.Connection) -> None:
    added = ids.execute("INSERT OR IGNORE INTO first VALUES (?, ?)", (record.record_id, record.line))
    if added.rowcount == 0:
        (first,) = ids.execute("SELECT line FROM first WHERE record_id = ?", (record.record_id,)).fetchone()
        _fail(f"{RECORD_ID} {record.record_id!r} stands on line {first} already")


def _check_columns(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in (*COLUMNS, *ADDED)]
    if unknown or RECORD_ID not in names or not set(names) & set(NAMESPACES):
        found = f"unknown column {unknown[0]!r}" if unknown else f"columns {', '.join(names) or '(none)'}"
        msg = (
            f"{found}; the first line must name {RECORD_ID}, at least one of {', '.join(NAMESPACES)}, "
            f"and may name {SINCE}, {CONSENT}, {', '.join(CODED)}, "
            f"and for each of these namespaces such as phone {FROM['phone']} and "
            f"{UNTIL['phone']}"
        )
        raise TableError(msg)


def read_row(row: Mapping[str, str], line: int, reading: Reading) -> MemberRecord:
    """Return the record that a row holds.

    Raises:
        ValueError: A value is not allowed; the message names the column, the value and what is.
    """
    record_id = row[RECORD_ID].strip()
    if not record_id or not record_id.replace("-", "").replace("_", "").replace(".", "").isalnum():
        _fail(f"{RECORD_ID} must be letters, digits, '-', '_' and '.', got {record_id!r}")
    identifiers = tuple(each for namespace in NAMESPACES for each in _identifiers(row, namespace, reading))
    if not identifiers:
        _fail("the row names nobody: every identifier is empty")
    since_ms = _instant_ms(SINCE, row.get(SINCE, "").strip()) or 0
    consent = _consent(row.get(CONSENT, "").strip())
    if consent is not None and since_ms == 0:
        _fail(f"{CONSENT} needs {SINCE}: of several statements the latest holds")
    if consent is not None and not any(said.covers(since_ms) for _, said in identifiers):
        _fail(f"{CONSENT} needs an identifier that was the member's at {SINCE}, {row[SINCE].strip()}")
    return MemberRecord(
        line=line,
        record_id=record_id,
        since_ms=since_ms,
        identifiers=tuple(each for each, _ in identifiers),
        consent=consent,
        validity=_validity(identifiers),
        codes=_codes(row, reading),
    )


def _codes(row: Mapping[str, str], reading: Reading) -> dict[Trait, str]:
    """Return match codes of what the row says; none where the file has no column for them but the phone number's."""
    if not any(trait in row for trait in CODED):
        return {}
    values = {trait: row.get(trait, "").strip() for trait in CODED}
    phone = next((each for each in row.get("phone", "").split(_SEPARATOR) if each.strip()), "")
    values["phone"] = _normal("phone", phone, reading.region) if phone else ""
    return {trait: _code(trait, value, reading.key) for trait, value in values.items() if value}


def _code(trait: Trait, value: str, key: bytes) -> str:
    try:
        return match_code(trait, value, key)
    except ValueError as error:
        msg = f"{trait} {value!r} cannot be read ({error}); write a birthday as YYYY-MM-DD, or leave it empty"
        raise ValueError(msg) from error


def _identifiers(
    row: Mapping[str, str], namespace: Namespace, reading: Reading
) -> list[tuple[MemberPseudonym, Validity]]:
    """Return a namespace's identifiers with what the row says of when they were the member's."""
    values = row.get(namespace, "").split(_SEPARATOR)
    since, until = (_times_ms(column[namespace], row, values) for column in (FROM, UNTIL))
    return [
        (pseudonymize(namespace, _normal(namespace, value, reading.region), reading.key), Validity(from_ms, until_ms))
        for value, from_ms, until_ms in zip(values, since, until, strict=True)
        if value.strip()
    ]


def _times_ms(column: str, row: Mapping[str, str], values: Sequence[str]) -> list[int | None]:
    """Return a column's times, one for each value of its namespace; an empty column says nothing of any."""
    text = row.get(column, "").strip()
    if not text:
        return [None] * len(values)
    times = text.split(_SEPARATOR)
    if len(times) != len(values):
        _fail(f"{column} must hold as many times as there are values ({len(values)}), got {text!r}")
    return [_instant_ms(column, each.strip()) for each in times]


def _validity(identifiers: Iterable[tuple[MemberPseudonym, Validity]]) -> dict[MemberPseudonym, Validity]:
    found: dict[MemberPseudonym, Validity] = {}
    for each, said in identifiers:
        if said.until_ms is not None and said.until_ms <= (said.from_ms or 0):
            _fail(f"{UNTIL[each.namespace]} must be after {FROM[each.namespace]}, and after 1970")
        if found.setdefault(each, said) != said:
            _fail(f"the row names a {each.namespace} twice with different times; write one row for each time")
    return {each: said for each, said in found.items() if said != UNSAID}


def _normal(namespace: Namespace, value: str, region: str | None) -> str:
    """Return a value as every source writes it: phone numbers in E.164 (ITU-T), the others as they are."""
    if namespace != "phone":
        return value
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException as error:
        remedy = "write it with its country code, such as +44 20 7946 0000, or give --region"
        msg = f"phone {value.strip()!r} cannot be read ({error}); {remedy}"
        raise ValueError(msg) from error
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        _fail(f"phone {value.strip()!r} has not as many digits as a number of its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _instant_ms(column: str, text: str) -> int | None:
    if not text:
        return None
    try:
        return parse_time(text if "T" in text else f"{date.fromisoformat(text).isoformat()}T00:00:00Z")
    except ValueError as error:
        msg = f"{column} must be a day such as 2026-03-01 or an instant such as 2026-03-01T09:00:00Z, got {text!r}"
        raise ValueError(msg) from error


def _consent(text: str) -> bool | None:
    if not text:
        return None
    if text.lower() in _YES:
        return True
    if text.lower() not in _NO:
        _fail(f"{CONSENT} must be yes, no or empty, got {text!r}")
    return False


def _fail(message: str) -> None:
    raise ValueError(message)
