"""Where all shops are goes from one table into the cloud; what cannot be taken in is told, and the rest is set."""

import csv
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from cloud.app import create_app
from cloud.tables import stores
from shopthread.cli import app
from shopthread.rejected_rows import RejectedRow
from shopthread.store_positions import PlacedStore, TableError, read_positions
from tests.integration.cloud.support import TENANT, Cloud, NewCloud, serving

HEAD = "store,latitude_deg,longitude_deg\n"
NORTH, SOUTH = (51.5074, -0.1278), (-33.8688, 151.2093)


def _table(folder: Path, *rows: str, head: str = HEAD) -> Path:
    file = folder / "positions.csv"
    file.write_text(head + "\n".join(rows), encoding="utf-8")
    return file


def _run(http: httpx.Client, cloud: Cloud, file: Path, *options: str) -> tuple[int, str]:
    key = file.parent / "key"
    key.write_text(cloud.keys.create(TENANT, ["admin", "read"]).secret, encoding="utf-8")
    place = ["--url", str(http.base_url), "--api-key-file", str(key)]
    result = CliRunner().invoke(app, ["stores", "positions", str(file), *place, *options])
    return result.exit_code, " ".join(result.output.split())


def _places(http: httpx.Client, folder: Path) -> dict[str, tuple[float | None, float | None]]:
    headers = {"Authorization": f"Bearer {(folder / 'key').read_text(encoding='utf-8')}"}
    listed = http.get("/v1/stores", headers=headers).json()
    return {each["store"]: (each["latitude_deg"], each["longitude_deg"]) for each in listed}


def test_a_table_is_told_then_set_then_a_no_op_and_bad_rows_lose_no_good_one(new_cloud: NewCloud, tmp_path: Path):
    cloud = new_cloud()
    with cloud.database.write() as session:
        session.insert(
            stores,
            [{"tenant": TENANT, "store": store} for store in ("a", "b", "c")]
            + [{"tenant": "another", "store": "theirs"}],
        )
    rows = ["a,51.5074,-0.1278", "theirs,1,2", "b,95,2", " b ,-33.8688,151.2093", "a,1,1"]
    file, rejected = _table(tmp_path, *rows), tmp_path / "rejected.csv"
    with serving(create_app(cloud.settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        code, said = _run(http, cloud, file, "--rejected", str(rejected))
        assert (code, "Nothing was set" in said, "Without a position: c" in said) == (1, True, True), said
        assert set(_places(http, tmp_path).values()) == {(None, None)}
        code, said = _run(http, cloud, file, "--apply", "--rejected", str(rejected))
        assert (code, "Set 2 positions; 0 were known" in said) == (1, True), said
        assert _places(http, tmp_path) == {"a": NORTH, "b": SOUTH, "c": (None, None)}
        with rejected.open(encoding="utf-8", newline="") as opened:
            told = {row["line"]: row for row in csv.DictReader(opened)}
        assert {line: row["store"] for line, row in told.items()} == {"3": "theirs", "4": "b", "6": "a"}
        assert "no store 'theirs'" in told["3"]["reason"]
        assert "latitude_deg must be decimal degrees from -90 to 90" in told["4"]["reason"]
        assert "'95'" in told["4"]["reason"]
        assert "on line 2 already" in told["6"]["reason"]

        mended = rejected.read_text(encoding="utf-8").replace("95,2", "-33.8688,151.2093").splitlines()
        again = _table(tmp_path, *(row for row in mended if ",b," in row), head=mended[0] + "\n")
        assert "shops that stay where they are │ 1" in _run(http, cloud, again)[1]

        moved = _table(tmp_path, "a,51.5074,-0.1278", "b,51.5074,-0.1278")
        code, said = _run(http, cloud, moved, "--apply")
        assert (code, "Set 1 positions; 1 were known" in said) == (0, True), said
        assert _places(http, tmp_path)["b"] == NORTH
        code, said = _run(http, cloud, moved, "--apply")
        assert "Set 0 positions; 2 were known" in said


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("a,51.5,", "longitude_deg"),
        ("a,nan,1", "latitude_deg"),
        ("a,1,180.1", "from -180 to 180"),
        ("a,51,5074,-0,1278", "written with a point"),
        ("a,51", "fewer fields"),
        (",1,2", "store is empty"),
        ("a,51°30'N,1", "51°30'N"),
    ],
)
def test_a_row_that_cannot_be_taken_in_is_told_with_its_line(tmp_path: Path, row: str, fault: str):
    good, bad = read_positions(_table(tmp_path, "other,90,-180", row))
    assert good == PlacedStore(line=2, store="other", latitude_deg=90.0, longitude_deg=-180.0)
    assert isinstance(bad, RejectedRow)
    assert (bad.line, fault in bad.reason) == (3, True), bad.reason


def test_what_is_no_table_of_positions_is_refused(tmp_path: Path):
    with pytest.raises(TableError, match="must name store, latitude_deg, longitude_deg"):
        list(read_positions(_table(tmp_path, "a;1;2", head="store;latitude_deg;longitude_deg\n")))
    file = tmp_path / "positions.csv"
    file.write_bytes(b"store,latitude_deg,longitude_deg\n\xff,1,2")
    with pytest.raises(TableError, match="no CSV in UTF-8"):
        list(read_positions(file))
