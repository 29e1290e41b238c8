"""Rows as JSON, CSV or Parquet, with a tag by which a client sees that nothing changed."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Literal

from fastapi import Request, Response

from cloud.analytics.schemas import MetricRow
from cloud.errors import ProblemError, invalid_value

Format = Literal["json", "csv", "parquet"]
MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
_COLUMNS: dict[str, str] = {
    "store": "string",
    "region": "string",
    "start": "string",
    "end": "string",
    "value": "double",
    "low": "double",
    "high": "double",
    "coverage": "double",
    "sample": "double",
    "is_partial": "bool",
    "is_estimated": "bool",
    "compared_start": "string",
    "compared_end": "string",
    "compared_value": "double",
    "compared_coverage": "double",
    "change": "double",
}


def choose_format(request: Request, asked: str | None) -> Format:
    """Return the format that `format` names, else the first that the Accept header allows; JSON where neither does.

    Raises:
        ProblemError: 422, no such format; 406, the header allows none of ours.
    """
    if asked is not None:
        found = next((name for name in MEDIA_TYPES if name == asked), None)
        if found is None:
            raise invalid_value(name="format", value=asked, allowed=f"one of {', '.join(MEDIA_TYPES)}")
        return found
    accepted = [each.partition(";")[0].strip().lower() for each in request.headers.get("accept", "*/*").split(",")]
    for media_type in accepted:
        if media_type in {"*/*", "application/*", "application/problem+json"}:
            return "json"
        for name, ours in MEDIA_TYPES.items():
            if media_type in {ours.partition(";")[0], "text/*" if name == "csv" else ours}:
                return name
    detail = f"the Accept header allows {', '.join(accepted)}; there are {', '.join(MEDIA_TYPES.values())}"
    raise ProblemError(HTTPStatus.NOT_ACCEPTABLE, "not-acceptable", "No such format", detail)


def respond(request: Request, body: bytes, kind: Format, next_cursor: str | None) -> Response:
    """Return the answer with its tag, or 304 where the client holds the same.

    The next page's cursor stands also in a header: CSV and Parquet hold rows alone.
    """
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization, Cookie"}
    if next_cursor is not None:
        headers["X-Next-Cursor"] = next_cursor
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, headers=headers, media_type=MEDIA_TYPES[kind])


def write_rows(rows: Sequence[MetricRow], kind: Literal["csv", "parquet"]) -> bytes:
    """Return rows as a table; what is unknown is an empty field of CSV, a null of Parquet.

    Raises:
        ProblemError: 501, this installation cannot write Parquet.
    """
    flat = [_flat(asdict(row)) for row in rows]
    return _csv(flat) if kind == "csv" else _parquet(flat)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    compared = row.pop("compared") or {}
    change = compared.pop("change", None)
    return {**row, **{f"compared_{name}": value for name, value in compared.items()}, "change": change}


def _csv(rows: Sequence[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(_COLUMNS), restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: csv_field(value) for name, value in row.items()})
    return text.getvalue().encode()


def csv_field(value: object) -> object:
    """Return a CSV field. A text that a spreadsheet would take for a formula is quoted with an apostrophe."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value


def _parquet(rows: Sequence[dict[str, Any]]) -> bytes:
    try:
        import pyarrow as pa  # noqa: PLC0415 - in an extra: not every cloud writes Parquet
        from pyarrow import parquet  # noqa: PLC0415 - likewise
    except ImportError as error:
        detail = "this installation has no pyarrow: install shopthread[parquet], or ask for format=csv"
        raise ProblemError(HTTPStatus.NOT_IMPLEMENTED, "no-parquet", "Cannot write Parquet", detail) from error
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in _COLUMNS.items()])
    columns = [[_number(row.get(name), kind) for row in rows] for name, kind in _COLUMNS.items()]
    target = io.BytesIO()
    parquet.write_table(
        pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema), target
    )
    return target.getvalue()


def _number(value: Any, kind: str) -> Any:  # noqa: ANN401 - a cell of any column
    return float(value) if kind == "double" and value is not None else value
