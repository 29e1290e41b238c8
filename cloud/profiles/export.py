"""Every profile of a tenant as a table, one a row, page by page: memory holds one page whatever their number.

All pages come from one transaction: they are as of one moment. Who withdrew a consent is left out, and counted.
"""

import csv
import io
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Literal, cast

from msgspec import Struct
from sqlalchemy import func, select

from cloud.among import among
from cloud.analytics.formats import csv_field
from cloud.changes.repository import newest_position
from cloud.consents.repository import refused_profiles
from cloud.db import Database, ReadSession, chunks
from cloud.profiles.facts import Facts
from cloud.profiles.lifecycle import LifecycleRules
from cloud.profiles.live import categories_of, load_facts
from cloud.profiles.schemas import Profile, Rfm
from cloud.profiles.standings import scores_of
from cloud.profiles.survivorship import consent_states
from cloud.profiles.view import Asked, show
from cloud.tables import profiles

TableFormat = Literal["csv", "parquet"]
Row = dict[str, Any]
COLUMNS: dict[str, str] = {
    "one_id": "string",
    "identifiers": "string",
    "first_seen_at": "string",
    "last_seen_at": "string",
    "linked_visits": "int64",
    "expected_visits": "double",
    "scans": "int64",
    "stores": "string",
    "currency": "string",
    "purchases": "int64",
    "gross_minor": "int64",
    "refunded_minor": "int64",
    "net_minor": "int64",
    "first_purchase_at": "string",
    "last_purchase_at": "string",
    "recency_days": "int64",
    "recency_score": "int64",
    "frequency_score": "int64",
    "monetary_score": "int64",
    "lifecycle_stage": "string",
    "lifecycle_rule": "string",
    "preferred_category": "string",
    "preferred_zone": "string",
    "visit_linking_consent": "bool",
    "attributes": "string",
}
"""Names of the columns with their Arrow types. Several values of one field are separated by `;`."""
_PAGE = 500


class MissingPyarrowError(Exception):
    """This installation cannot write Parquet. The message names the extra that can."""

    def __init__(self) -> None:
        super().__init__("this installation has no pyarrow: install shopthread[parquet], or export csv")


class ProfileExport(Struct, frozen=True, kw_only=True):
    """An export under way.

    Attributes:
        profiles: How many rows there will be.
        withheld: How many profiles are left out, since their member withdrew consent.
        since: The cursor of the change feed from which whatever is not in the rows follows.
        pages: The rows, to be read once.
    """

    profiles: int
    withheld: int
    since: int
    pages: Iterator[list[Row]]


OnRows = Callable[[int], object]
Write = Callable[[ProfileExport, OnRows], Iterator[bytes]]


def export_pages(database: Database, tenant: str, now_ms: int, rules: LifecycleRules) -> ProfileExport:
    """Begin an export. Its transaction lasts until the pages are read or dropped."""
    read = _read(database, tenant, now_ms, rules)
    total, withheld, since = cast("tuple[int, int, int]", next(read))
    return ProfileExport(
        profiles=total - withheld, withheld=withheld, since=since, pages=cast("Iterator[list[Row]]", read)
    )


def _read(
    database: Database, tenant: str, now_ms: int, rules: LifecycleRules
) -> Iterator[tuple[int, int, int] | list[Row]]:
    """Yield how many profiles there are, how many are withheld and the feed's cursor, then pages of rows."""
    with database.read() as session:
        refused = refused_profiles(session, tenant)
        total = session.number(select(func.count()).select_from(profiles).where(profiles.c.tenant == tenant))
        yield total, _count(session, tenant, refused), newest_position(session)
        last = ""
        while one_ids := _after(session, tenant, last):
            last = one_ids[-1]
            wanted = [one_id for one_id in one_ids if one_id not in refused]
            yield _rows(session, Asked(tenant=tenant, one_id="", now_ms=now_ms, rules=rules, limit=1), wanted)


def _count(session: ReadSession, tenant: str, one_ids: Collection[str]) -> int:
    """Return how many of these there are profiles of: who refuses may never have been seen nor been on record."""
    return sum(
        session.number(select(func.count()).where(profiles.c.tenant == tenant, among(profiles.c.one_id, part)))
        for part in chunks(sorted(one_ids))
    )


def _after(session: ReadSession, tenant: str, one_id: str) -> list[str]:
    statement = select(profiles.c.one_id).where(profiles.c.tenant == tenant, profiles.c.one_id > one_id)
    return [row.one_id for row in session.rows(statement.order_by(profiles.c.one_id).limit(_PAGE))]


def _rows(session: ReadSession, asked: Asked, one_ids: Sequence[str]) -> list[Row]:
    facts = load_facts(session, asked.tenant, one_ids)
    touches = [touch for each in facts.values() for touch in each.touches]
    categories = categories_of(session, asked.tenant, touches)
    scores = scores_of(session, asked.tenant, one_ids)
    return [_row(show(facts[one_id], asked, categories, scores.get(one_id)), facts[one_id]) for one_id in one_ids]


def _row(profile: Profile, facts: Facts) -> Row:
    categories, zones = profile.preferences.categories, profile.preferences.zones
    consents = {each.purpose: each.in_force for each in consent_states(facts.consents)}
    said = {each.name: each.value for each in profile.attributes}
    return {
        "one_id": profile.one_id,
        "identifiers": ";".join(f"{each.namespace}:{each.pseudonym}" for each in profile.identifiers),
        "first_seen_at": profile.first_seen_at,
        "last_seen_at": profile.last_seen_at,
        "linked_visits": profile.linked_visits,
        "expected_visits": profile.expected_visits,
        "scans": profile.scans.total,
        "stores": ";".join(each.store for each in profile.stores),
        **_bought(profile),
        **_scored(profile.rfm),
        "lifecycle_stage": profile.lifecycle.stage,
        "lifecycle_rule": profile.lifecycle.rule_version,
        "preferred_category": categories[0].name if categories else None,
        "preferred_zone": zones[0].name if zones else None,
        "visit_linking_consent": consents.get("visit_linking"),
        "attributes": json.dumps(said) if said else None,
    }


def _bought(profile: Profile) -> Row:
    if not profile.purchases:
        return {"purchases": 0}
    main = profile.purchases[0]
    return {
        "currency": main.currency,
        "purchases": main.purchases,
        "gross_minor": main.gross_minor,
        "refunded_minor": main.refunded_minor,
        "net_minor": main.net_minor,
        "first_purchase_at": main.first_at,
        "last_purchase_at": main.last_at,
    }


def _scored(rfm: Rfm | None) -> Row:
    return {} if rfm is None else rfm.model_dump(include=COLUMNS.keys() & Rfm.model_fields.keys() - {"currency"})


def writer_for(kind: TableFormat) -> Write:
    """Return what turns an export into the bytes of a file, piece by piece; it tells how many more rows are in it.

    Raises:
        MissingPyarrowError: This installation cannot write Parquet.
    """
    if kind == "csv":
        return _csv
    try:
        import pyarrow as pa  # noqa: PLC0415 - in an extra: not every cloud writes Parquet
        from pyarrow import parquet  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise MissingPyarrowError from error
    return lambda export, on_rows: _parquet(export, on_rows, pa, parquet)


def _csv(export: ProfileExport, on_rows: OnRows) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(COLUMNS), restval="", lineterminator="\r\n")
    writer.writeheader()
    for page in export.pages:
        for row in page:
            writer.writerow({name: csv_field(value) for name, value in row.items()})
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
        on_rows(len(page))
    if text.getvalue():
        yield text.getvalue().encode()


def _parquet(
    export: ProfileExport,
    on_rows: OnRows,
    pa: Any,  # noqa: ANN401 - it has no types
    parquet: Any,  # noqa: ANN401 - likewise
) -> Iterator[bytes]:
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in COLUMNS.items()])
    sink = _Sink()
    with parquet.ParquetWriter(pa.PythonFile(sink, "w"), schema) as writer:
        for page in export.pages:
            writer.write_table(pa.Table.from_pylist(page, schema))
            yield sink.take()
            on_rows(len(page))
    yield sink.take()


class _Sink(io.RawIOBase):
    """A file that is handed on while it is written."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        self._held += data
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken
