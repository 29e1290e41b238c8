"""Files of drawn visits: one per store and kind, as Parquet, CSV or lines of JSON, and what is true of them all."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import msgspec
import pyarrow as pa
from msgspec import Struct

from simulators.adapters.feed_files import replace_file
from simulators.adapters.visit_tables import flat_tables, member_table, passer_by_table, plain, visit_table
from simulators.adapters.visit_writers import Format, StoreFiles
from simulators.core.errors import ScenarioError
from simulators.core.scenario import Scenario
from simulators.core.visit_level.generator import StoreVisits
from simulators.core.visit_level.parameters import TrueParameters, true_parameters

SUMMARY_FILE = "visits.json"
"""Written last: where it is, everything else is."""


class StoreSummary(Struct, frozen=True, kw_only=True):
    """One store.

    Attributes:
        store: Its id.
        factor: How many times as busy it is as the scenario says.
        visits: How many visits were drawn, those of the staff among them.
        true: What they were drawn from.
    """

    store: str
    factor: float
    visits: int
    true: TrueParameters


class Summary(Struct, frozen=True, kw_only=True):
    """What was drawn, and what analytics should find again in it.

    Attributes:
        scenario: Its name.
        currency: Of all amounts.
        utc_offset_h: Of the local days and hours.
        seed: What everything was drawn from.
        first_day: The first local day.
        days: How many days.
        stores: The stores.
        files: Every other file in the folder, relative to it.
    """

    scenario: str
    currency: str
    utc_offset_h: float
    seed: int
    first_day: date
    days: int
    stores: tuple[StoreSummary, ...]
    files: tuple[str, ...]


def write_visits(  # noqa: PLR0913 - what a run is made of
    scenario: Scenario,
    folder: Path,
    file_format: Format,
    *,
    seed: int,
    first_day: date,
    days: int,
    stores: int,
    on_day: Callable[[], None] = lambda: None,
) -> Summary:
    """Draw visits into a folder. Files of an earlier run there are replaced.

    Args:
        scenario: What the stores are like, checked.
        folder: Where the files go; it is made if it is not there.
        file_format: How tables are written.
        seed: What everything is drawn from: the same one gives the same bytes.
        first_day: The first local day.
        days: How many days.
        stores: How many stores.
        on_day: Called after each day of each store.

    Raises:
        ScenarioError: The folder holds something that no earlier run wrote.
        OSError: It cannot be written.
    """
    _clear(folder)
    summaries: list[StoreSummary] = []
    names: list[str] = []
    for index in range(stores):
        store = StoreVisits(scenario, seed, first_day, index, stores)
        with StoreFiles(folder, store.store, file_format) as files:
            visits = 0
            for kind, table in _tables(store, file_format, days, on_day):
                visits += len(table) if kind == "visits" else 0
                files.add(kind, table)
            members = member_table(store.store, index, first_day, store.members())
            files.add("members", plain(members) if file_format == "csv" else members)
        names += files.names()
        true = true_parameters(scenario, store.factor)
        summaries.append(StoreSummary(store=store.store, factor=store.factor, visits=visits, true=true))
    summary = Summary(
        scenario=scenario.name,
        currency=scenario.currency,
        utc_offset_h=scenario.utc_offset_h,
        seed=seed,
        first_day=first_day,
        days=days,
        stores=tuple(summaries),
        files=tuple(names),
    )
    replace_file(folder / SUMMARY_FILE, msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")
    return summary


def _tables(
    store: StoreVisits, file_format: Format, days: int, on_day: Callable[[], None]
) -> Iterator[tuple[str, pa.Table]]:
    for _ in range(days):
        batch = store.next_day()
        visits, passers_by = visit_table(batch), passer_by_table(batch)
        if file_format == "csv":
            yield from flat_tables(visits).items()
            yield "passers_by", plain(passers_by)
        else:
            yield "visits", visits
            yield "passers_by", passers_by
        on_day()


def _clear(folder: Path) -> None:
    """Remove what an earlier run wrote, and nothing else."""
    summary = folder / SUMMARY_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if not summary.exists():
        if any(folder.iterdir()):
            key = "--out"
            raise ScenarioError(key, str(folder), "an empty folder, or that of an earlier run")
        return
    earlier = msgspec.json.decode(summary.read_bytes(), type=Summary)
    summary.unlink()
    for name in earlier.files:
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()):
            path.unlink(missing_ok=True)
