"""Files of drawn visits hold what was drawn, the same bytes each time, and tell how to judge them."""

import csv
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from shopthread.simulate_commands import app
from simulators.adapters.scenario_files import load_scenario
from simulators.core.errors import ScenarioError
from simulators.core.visit_level.batch import NOBODY, PURPOSES, ROLES, SHOWN, VisitBatch
from simulators.core.visit_level.generator import StoreVisits

pq = pytest.importorskip("pyarrow.parquet", reason="years of visits need the extra analysis", exc_type=ImportError)

from simulators.adapters import visit_files, visit_writers  # noqa: E402 - they need pyarrow
from simulators.adapters.visit_tables import flat_tables, visit_table  # noqa: E402

FIRST_DAY = date(2026, 12, 23)
DAYS = 4


def _write(folder: Path, file_format: visit_writers.Format, *, seed: int = 1, stores: int = 1) -> visit_files.Summary:
    scenario = load_scenario("fashion_store")
    return visit_files.write_visits(
        scenario, folder, file_format, seed=seed, first_day=FIRST_DAY, days=DAYS, stores=stores
    )


def _batches(seed: int = 1) -> list[VisitBatch]:
    store = StoreVisits(load_scenario("fashion_store"), seed, FIRST_DAY)
    return [store.next_day() for _ in range(DAYS)]


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _expected(batch: VisitBatch, row: int) -> dict[str, Any]:
    """One visit written out by hand."""
    places = batch.places
    stays = range(batch.stay_offsets[row], batch.stay_offsets[row + 1])
    lines = range(batch.line_offsets[row], batch.line_offsets[row + 1])
    return {
        "role": ROLES[batch.role[row]],
        "purpose": None if batch.purpose[row] == NOBODY else PURPOSES[batch.purpose[row]],
        "door": places.doors[batch.door[row]],
        "till": None if batch.till[row] == NOBODY else places.tills[batch.till[row]],
        "member": None if batch.member[row] == NOBODY else int(batch.member[row]),
        "shown_namespace": SHOWN[batch.shown[row]] or None,
        "away_s": None if np.isnan(batch.away_from_s[row]) else pytest.approx(float(batch.away_s[row])),
        "total_minor": int(batch.total_minor[row]),
        "stays": [
            {
                "zone": places.zones[batch.stay_zone[stay]],
                "from_s": pytest.approx(float(batch.stay_from_s[stay])),
                "dwell_s": pytest.approx(float(batch.stay_s[stay])),
            }
            for stay in stays
        ],
        "lines": [
            {
                "gtin": places.gtins[batch.line_product[line]],
                "quantity": int(batch.line_quantity[line]),
                "unit_price_minor": int(places.prices_minor[batch.line_product[line]]),
            }
            for line in lines
        ],
    }


def _assert_as_drawn(rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    batches = _batches()
    assert len(rows) == sum(len(batch) for batch in batches)
    expected = [_expected(batch, row) for batch in batches for row in range(len(batch))]
    for row, visit in zip(rows, expected, strict=True):
        assert {name: row[name] for name in visit} == visit


def test_parquet_holds_what_was_drawn(tmp_path: Path) -> None:
    summary = _write(tmp_path, "parquet")
    table = pq.read_table(tmp_path / "visits" / "fashion-store.parquet")
    _assert_as_drawn(table.to_pylist())
    assert table.num_rows == summary.stores[0].visits
    arrived = table.column("arrived").to_pylist()
    assert arrived[0].tzinfo is not None
    assert round(arrived[0].timestamp() * 1000) == _batches()[0].arrived_ms[0]
    assert set(table.column("day").to_pylist()) == {date(2026, 12, day) for day in (23, 24, 26)}, "shut at Christmas"


def test_lines_of_json_hold_the_same(tmp_path: Path) -> None:
    _write(tmp_path, "ndjson")
    lines = (tmp_path / "visits" / "fashion-store.ndjson").read_text(encoding="utf-8").splitlines()
    _assert_as_drawn(map(json.loads, lines))


def test_csv_holds_the_same_in_tables_that_are_flat(tmp_path: Path) -> None:
    _write(tmp_path, "csv")

    def rows(kind: str) -> list[dict[str, str]]:
        with (tmp_path / kind / "fashion-store.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    visits, batches = rows("visits"), _batches()
    assert [int(visit["total_minor"]) for visit in visits] == [int(n) for batch in batches for n in batch.total_minor]
    paid = dict.fromkeys((visit["visit"] for visit in visits), 0)
    for line in rows("lines"):
        paid[line["visit"]] += int(line["quantity"]) * int(line["unit_price_minor"])
    assert [paid[visit["visit"]] for visit in visits] == [int(visit["total_minor"]) for visit in visits]
    stays = rows("stays")
    assert len(stays) == sum(len(batch.stay_zone) for batch in batches)
    assert {stay["zone"] for stay in stays} <= set(batches[0].places.zones)
    assert len(rows("passers_by")) == 24 * DAYS


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for file_format in ("parquet", "csv", "ndjson"):
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            _write(tmp_path / file_format / name, file_format, seed=seed)
        folder = tmp_path / file_format
        assert _contents(folder / "a") == _contents(folder / "b")
        assert _contents(folder / "a") != _contents(folder / "c")


def test_members_are_told_with_what_they_show(tmp_path: Path) -> None:
    _write(tmp_path, "parquet")
    members = {
        each["member"]: each for each in pq.read_table(tmp_path / "members" / "fashion-store.parquet").to_pylist()
    }
    visits = pq.read_table(tmp_path / "visits" / "fashion-store.parquet").to_pylist()
    shown = [visit for visit in visits if visit["shown_namespace"]]
    assert {visit["shown_namespace"] for visit in shown} >= {"member_number", "phone"}
    for visit in shown:
        assert members[visit["member"]][visit["shown_namespace"]] == visit["shown_value"]
    for visit in visits:
        if visit["joined"]:
            assert members[visit["member"]]["joined_day"] == visit["day"]
    values = [value for each in members.values() for name in SHOWN[1:] if (value := each[name])]
    assert len(values) == len(set(values))


def test_a_big_day_is_written_in_several_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path / "whole", "parquet")
    monkeypatch.setattr(visit_writers, "_ROWS_AT_ONCE", 300)
    _write(tmp_path / "pieces", "parquet")
    whole, pieces = (
        pq.ParquetFile(tmp_path / name / "visits" / "fashion-store.parquet") for name in ("whole", "pieces")
    )
    assert pieces.num_row_groups > whole.num_row_groups == 1
    assert pieces.read().equals(whole.read())


def test_an_earlier_run_is_replaced_and_nothing_else_is_touched(tmp_path: Path) -> None:
    _write(tmp_path, "csv", stores=2)
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    summary = _write(tmp_path, "parquet")
    assert set(_contents(tmp_path)) == {*summary.files, "visits.json", "notes.txt"}
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious").write_text("mine", encoding="utf-8")
    with pytest.raises(ScenarioError, match="an empty folder"):
        _write(other, "csv")
    assert set(_contents(other)) == {"precious"}


def test_a_summary_cannot_name_files_outside_its_folder(tmp_path: Path) -> None:
    folder, precious = tmp_path / "visits", tmp_path / "precious"
    summary = _write(folder, "csv")
    precious.write_text("mine", encoding="utf-8")
    forged = replace(summary, files=("../precious", str(precious)))
    (folder / "visits.json").write_bytes(msgspec.json.encode(forged))
    _write(folder, "csv")
    assert precious.exists()


def test_what_was_begun_is_removed_when_it_cannot_be_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit_writers, "_ROWS_AT_ONCE", 1)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        visit_files.write_visits(
            load_scenario("fashion_store"), tmp_path, "csv", seed=1, first_day=FIRST_DAY, days=2, stores=1, on_day=stop
        )
    assert not _contents(tmp_path)


def test_a_day_without_visits_has_flat_tables_too() -> None:
    store = StoreVisits(load_scenario("fashion_store"), 1, date(2026, 12, 25))
    tables = flat_tables(visit_table(store.next_day()))
    assert [table.num_rows for table in tables.values()] == [0, 0, 0]


def _invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["visits", *arguments], env={"COLUMNS": "160", "NO_COLOR": "1", "TERM": "dumb"})
    return result.exit_code, result.output


def test_the_command_tells_what_it_drew(tmp_path: Path) -> None:
    code, output = _invoke("fashion_store", "--days", "2", "--stores", "12", "--out", str(tmp_path))
    assert code == 0, output
    assert "fashion-store-0001" in output
    assert "of 12 stores" in output
    summary = json.loads((tmp_path / "visits.json").read_text(encoding="utf-8"))
    assert len(summary["stores"]) == 12
    assert summary["first_day"] == "2026-01-01"
    assert summary["stores"][0]["true"]["conversion"] == pytest.approx(0.2808)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere", "--out", "unused"), "corner_shop, fashion_store, supermarket"),
        (("corner_shop", "--out", "unused", "--first-day", "yesterday"), "yesterday"),
        (("corner_shop", "--out", "unused", "--format", "xlsx"), "xlsx"),
    ],
)
def test_mistakes_are_answered_in_words(arguments: tuple[str, ...], said: str) -> None:
    code, output = _invoke(*arguments)
    assert code != 0
    assert said in output
    assert "Traceback" not in output
    assert not Path("unused").exists()
