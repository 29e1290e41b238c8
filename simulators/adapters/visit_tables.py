"""Drawn visits as Arrow tables, column for column and without a loop over the visits."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from simulators.core.visit_level.batch import NOBODY, PURPOSES, ROLES, SHOWN, VisitBatch
from simulators.core.visit_level.generator import MOST_MEMBERS
from simulators.core.visit_level.regulars import NEVER, MemberTable

_DIGITS = 9
_PREFIX = {"member_number": "M", "phone": "+15550", "card": "C", "openid": "o"}
"""What identifiers begin with; numbers of the form 555-0... are kept for fiction."""


def visit_table(batch: VisitBatch) -> pa.Table:
    """Return the visits with their stays and receipts nested in them."""
    places, rows = batch.places, len(batch)
    member = pa.array(batch.member, mask=batch.member == NOBODY)
    columns = {
        "store": _named(np.zeros(rows, dtype=np.int8), (batch.store,)),
        "visit": pa.array(batch.party),
        "role": _named(batch.role, ROLES),
        "day": _dates(batch.day, rows),
        "arrived": pa.array(batch.arrived_ms).cast(pa.timestamp("ms", tz="UTC")),
        "dwell_s": pa.array(batch.dwell_s),
        "door": _named(batch.door, places.doors),
        "left_by": _named(batch.left_by, places.doors),
        "size": pa.array(batch.size),
        "children": pa.array(batch.children),
        "purpose": _named(batch.purpose, PURPOSES),
        "turned_in_door": pa.array(batch.turned),
        "away_from_s": pa.array(batch.away_from_s, mask=np.isnan(batch.away_from_s)),
        "away_s": pa.array(batch.away_s, mask=np.isnan(batch.away_from_s)),
        "member": member,
        "joined": pa.array(batch.joined),
        "shown_namespace": _named(np.where(batch.shown == 0, NOBODY, batch.shown).astype(np.int8), SHOWN),
        "shown_value": _shown(batch.shown, member),
        "till": _named(batch.till, places.tills),
        "wait_s": pa.array(batch.wait_s),
        "abandoned": pa.array(batch.abandoned),
        "scans": pa.array(batch.scans),
        "voided": pa.array(batch.voided),
        "total_minor": pa.array(batch.total_minor),
        "stays": _nested(
            batch.stay_offsets,
            zone=_spelled(batch.stay_zone, places.zones),
            from_s=pa.array(batch.stay_from_s),
            dwell_s=pa.array(batch.stay_s),
        ),
        "lines": _nested(
            batch.line_offsets,
            gtin=_spelled(batch.line_product, places.gtins),
            quantity=pa.array(batch.line_quantity),
            unit_price_minor=pa.array(places.prices_minor[batch.line_product]),
        ),
    }
    return pa.table(columns)


def flat_tables(visits: pa.Table) -> dict[str, pa.Table]:
    """Return visits, stays and receipt lines as tables without nested columns; store and visit tell whose they are."""
    tables = {"visits": visits.drop_columns(["stays", "lines"])}
    for name in ("stays", "lines"):
        lists = visits.column(name).combine_chunks()
        of = pc.list_parent_indices(lists)
        parents = visits.select(["store", "visit"]).take(of)
        inner = pa.Table.from_struct_array(pc.list_flatten(lists))
        tables[name] = pa.table({**_columns(parents), **_columns(inner)})
    return {name: plain(table) for name, table in tables.items()}


def plain(table: pa.Table) -> pa.Table:
    """Return a table with names written out instead of looked up in a dictionary."""
    return pa.table(
        {
            name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
            for name, column in _columns(table).items()
        }
    )


def passer_by_table(batch: VisitBatch) -> pa.Table:
    """Return how many walked past in each local hour of the batch's day."""
    hours = len(batch.passers_by)
    return pa.table(
        {
            "store": _named(np.zeros(hours, dtype=np.int8), (batch.store,)),
            "day": _dates(batch.day, hours),
            "hour": pa.array(np.arange(hours, dtype=np.int8)),
            "passers_by": pa.array(batch.passers_by),
        }
    )


def member_table(store: str, store_index: int, first_day: date, members: MemberTable) -> pa.Table:
    """Return the truth about a store's members: who they are and when they joined and lapsed."""
    number = store_index * MOST_MEMBERS + np.arange(len(members.visits), dtype=np.int64)
    ids = pa.array(number)
    has = {"phone": members.has_phone, "card": members.has_card, "openid": members.has_openid}
    return pa.table(
        {
            "store": _named(np.zeros(len(number), dtype=np.int8), (store,)),
            "member": ids,
            "member_number": _identifiers("member_number", ids),
            **{name: pc.if_else(pa.array(flags), _identifiers(name, ids), None) for name, flags in has.items()},
            "visit_linking_consent": pa.array(members.consents),
            "visits_per_day": pa.array(members.visits_per_day),
            "joined_day": _days_after(first_day, members.joined_day),
            "lapsed_day": _days_after(first_day, members.lapsed_day),
            "visits": pa.array(members.visits),
        }
    )


def _named(indexes: NDArray[np.generic], names: tuple[str, ...]) -> pa.DictionaryArray:
    """Return names by their indexes, null where there is none."""
    return pa.DictionaryArray.from_arrays(pa.array(indexes, mask=indexes == NOBODY), pa.array(names, pa.string()))


def _spelled(indexes: NDArray[np.generic], names: tuple[str, ...]) -> pa.StringArray:
    """Return names by their indexes, written out: readers of Parquet cannot put nested dictionaries together."""
    return pa.array(names, pa.string()).take(pa.array(indexes))


def _nested(begins: NDArray[np.int32], **columns: pa.Array) -> pa.ListArray:
    rows = pa.StructArray.from_arrays(list(columns.values()), names=list(columns))
    return pa.ListArray.from_arrays(pa.array(begins), rows)


def _dates(day: date, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(day, pa.date32()), rows)


def _days_after(first_day: date, days: NDArray[np.int64]) -> pa.Array:
    since_epoch = (days + (first_day - date(1970, 1, 1)).days).astype(np.int32)
    return pa.array(since_epoch, mask=days == NEVER).cast(pa.date32())


def _identifiers(namespace: str, member: pa.Array) -> pa.Array:
    digits = pc.utf8_lpad(member.cast(pa.string()), width=_DIGITS, padding="0")
    return pc.binary_join_element_wise(_PREFIX[namespace], digits, "")


def _shown(shown: NDArray[np.int8], member: pa.Array) -> pa.Array:
    values = pa.nulls(len(shown), pa.string())
    for index, namespace in enumerate(SHOWN):
        if namespace:
            values = pc.if_else(pa.array(shown == index), _identifiers(namespace, member), values)
    return values


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(table.column_names, table.columns, strict=True))
