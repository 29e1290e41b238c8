"""Where shops are, as a CSV file tells it: read, and compared with what the cloud holds."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from shopthread.rejected_rows import ADDED, RejectedRow

COLUMNS = ("store", "latitude_deg", "longitude_deg")
_MOST_DEG: Mapping[str, int] = {"latitude_deg": 90, "longitude_deg": 180}


class TableError(Exception):
    """The file is no table of positions; the message says what its first line must name."""


class PlacedStore(Struct, frozen=True, kw_only=True):
    """A shop and where it is, WGS 84; `line` is where the file says so."""

    line: int
    store: str
    latitude_deg: float
    longitude_deg: float

    @property
    def place(self) -> tuple[float, float]:
        """Return latitude and longitude, degrees."""
        return self.latitude_deg, self.longitude_deg

    def rejected(self, reason: str) -> RejectedRow:
        """Return the row as one that cannot be taken in."""
        texts = (self.store, str(self.latitude_deg), str(self.longitude_deg))
        return RejectedRow(line=self.line, reason=reason, values=dict(zip(COLUMNS, texts, strict=True)))


class Plan(Struct, kw_only=True):
    """What a file would change.

    Attributes:
        new: Shops of which the cloud does not know where they are.
        moved: Shops that it takes to be elsewhere.
        same: How many are where it takes them to be.
        unplaced: Shops of the cloud that the file says nothing of, and nothing else did.
    """

    new: list[PlacedStore]
    moved: list[PlacedStore]
    same: int
    unplaced: list[str]


def read_positions(path: Path) -> Iterator[PlacedStore | RejectedRow]:
    """Yield the rows of a file in order; a shop that stands in it again is rejected.

    Raises:
        TableError: It is no CSV in UTF-8, or its first line names other columns.
        OSError: It cannot be read.
    """
    lines: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            _check_columns(rows.fieldnames or ())
            for row in rows:
                values = {name: row[name] or "" for name in COLUMNS}
                try:
                    placed = _read_row(rows.line_num, row)
                    _refuse_repeated(placed, lines)
                    yield placed
                except ValueError as error:
                    yield RejectedRow(line=rows.line_num, reason=str(error), values=values)
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"{path} is no CSV in UTF-8: {error}; save it as one"
        raise TableError(msg) from error


def plan_of(rows: Iterable[PlacedStore], held: Iterable[Mapping[str, Any]]) -> tuple[Plan, list[RejectedRow]]:
    """Return what positions would change, and those of shops that the cloud does not have.

    Args:
        rows: Where shops are.
        held: The cloud's shops, as `GET /v1/stores` tells of them.
    """
    known = {str(each["store"]): (each["latitude_deg"], each["longitude_deg"]) for each in held}
    plan, rejected = Plan(new=[], moved=[], same=0, unplaced=[]), list[RejectedRow]()
    told = set()
    for row in rows:
        told.add(row.store)
        place = known.get(row.store)
        if place is None:
            remedy = "mend its name, or add it with PUT /v1/stores/{store}; one also appears with its first event"
            rejected.append(row.rejected(f"the cloud has no store {row.store!r}: {remedy}"))
        elif place == row.place:
            plan.same += 1
        else:
            (plan.new if None in place else plan.moved).append(row)
    plan.unplaced = sorted(store for store, place in known.items() if None in place and store not in told)
    return plan, rejected


def _check_columns(names: Iterable[str]) -> None:
    found = list(names)
    if sorted(set(found) - set(ADDED)) != sorted(COLUMNS):
        msg = f"the first line must name {', '.join(COLUMNS)}, separated by commas; it reads {','.join(found)[:80]!r}"
        raise TableError(msg)


def _read_row(line: int, row: Mapping[str | None, str | None]) -> PlacedStore:
    if None in row or None in row.values():
        msg = "the row has more or fewer fields than the first line; decimals are written with a point"
        raise ValueError(msg)
    store = str(row["store"]).strip()
    if not store:
        msg = "store is empty: name the shop as GET /v1/stores does"
        raise ValueError(msg)
    latitude_deg, longitude_deg = (_degrees(name, str(row[name]).strip()) for name in _MOST_DEG)
    return PlacedStore(line=line, store=store, latitude_deg=latitude_deg, longitude_deg=longitude_deg)


def _degrees(name: str, text: str) -> float:
    most = _MOST_DEG[name]
    try:
        degrees = float(text)
    except ValueError:
        degrees = math.nan
    if not -most <= degrees <= most:
        allowed = f"decimal degrees from -{most} to {most} such as 51.5074, south and west below 0"
        msg = f"{name} must be {allowed}, got {text!r}"
        raise ValueError(msg)
    return degrees


def _refuse_repeated(row: PlacedStore, lines: dict[str, int]) -> None:
    first = lines.setdefault(row.store, row.line)
    if first != row.line:
        msg = f"store {row.store!r} stands on line {first} already: keep the one that is right"
        raise ValueError(msg)
