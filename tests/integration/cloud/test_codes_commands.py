"""The commands of item codes: issued, registered, drawn; what is drawn is read by another decoder."""

import csv
import os
import tracemalloc
from io import StringIO
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from cloud.app import create_app
from cloud.codes.links import parse_link
from cloud.codes.store_token import SLOT_MS, InStore, read_token
from shopthread.cli import app as cli
from shopthread.codes.images import address_of, image_of, images, sheet
from shopthread.codes.issuing import ALPHABET, issue
from shopthread.codes.table import CodeFile, CodeRow, TableError, whole_file, write_codes
from shopthread.codes.tally import Tally, tally
from shopthread.rejected_rows import RejectedRow
from tests.integration.cloud.support import TENANT, NewCloud, serving

GTIN = "09521230000185"
RESOLVER = "https://id.example"
ROW = CodeRow(gtin=GTIN, product_name="=1+1 <b>", lot="L1", page_url="https://example.com/red")
HEAD = "gtin,serial,kind,lot,outer_serial,product_name,page_url,sold_at\n"


def run(*arguments: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(cli, ["codes", *arguments])
    return outcome.exit_code, outcome.output


def _table(path: Path, *rows: str) -> Path:
    path.write_text(HEAD + "\n".join(rows), encoding="utf-8")
    return path


def test_codes_go_from_the_command_line_to_the_cloud_and_to_the_printer(tmp_path: Path, new_cloud: NewCloud):
    cloud, file, key = new_cloud(), tmp_path / "codes.csv", tmp_path / "admin.key"
    made = ["issue", "--gtin", GTIN[1:], "--count", "3", "--kind", "both", "--name", "Red wine", "--out", str(file)]
    assert run(*made)[0] == 0
    assert run(*made)[0] == 1, "a file of codes is never overwritten"
    code, said = run("import", str(file))
    assert (code, "Nothing was sent" in said) == (0, True)
    key.write_text(cloud.keys.create(TENANT, ["admin", "read"]).secret)
    with serving(create_app(cloud.settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        there = ("--apply", "--url", str(http.base_url), "--api-key-file", str(key))
        assert "6 are new, 0 were known" in run("import", str(file), *there)[1]
        assert "0 are new, 6 were known" in run("import", str(file), *there)[1]
        listed = http.get("/v1/codes?kind=inner", headers={"Authorization": f"Bearer {key.read_text()}"}).json()
    assert {each["product_name"] for each in listed["items"]} == {"Red wine"}
    assert all(each["outer_serial"] for each in listed["items"])
    assert "--api-key-file" in run("import", str(file), "--apply")[1]
    assert run("qr", str(file), "--resolver", RESOLVER, "--out", str(tmp_path / "qr"))[0] == 0
    assert len(list((tmp_path / "qr").glob("*.svg"))) == 6
    assert run("qr", str(file), "--resolver", RESOLVER, "--out", str(tmp_path / "s.svg"), "--sheet")[0] == 0
    assert run("qr", str(file), "--resolver", "id.example", "--out", str(tmp_path / "x"))[0] == 1


def test_serials_carry_every_random_bit():
    rng = Random(1)
    rows = list(issue(ROW, 500, "both", rng.getrandbits))
    assert len({row.serial for row in rows}) == 1000
    assert all(set(row.serial) <= set(ALPHABET) and len(row.serial) == 16 for row in rows)
    packs = [row.serial for row in rows if row.kind == "outer"]
    assert [row.outer_serial for row in rows if row.kind == "inner"] == packs
    bits = iter([0, 1])
    assert [row.serial for row in issue(ROW, 2, "outer", lambda _: next(bits))] == ["A" * 16, "B" + "A" * 15]
    assert {row.outer_serial for row in issue(ROW, 2, "inner", rng.getrandbits)} == {None}


def test_a_drawn_code_is_read_by_another_decoder():
    code = ROW.with_code("A/B\"<x>'", "outer", None)
    ((name, drawn),) = images([code], RESOLVER, "png")
    assert name == f"{GTIN}-outer-A%2FB%22%3Cx%3E%27.png"
    pixels = cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(pixels)
    assert text == address_of(code, RESOLVER)
    assert parse_link(text).serial == code.serial
    assert image_of("x", "svg").startswith(b"<?xml")
    assert "A/B&quot;&lt;x&gt;&#x27;" in "".join(sheet([code], 1, RESOLVER))


def test_a_table_that_is_written_is_read_again_and_runs_no_formula(tmp_path: Path):
    rows = [*issue(ROW, 2, "both", Random(2).getrandbits), ROW.with_code("=1+1", "outer", None)]
    with (tmp_path / "codes.csv").open("w", newline="") as file:
        write_codes(file, rows)
    assert list(CodeFile(tmp_path / "codes.csv").rows()) == rows
    with (tmp_path / "codes.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("9521230000186,A,outer,,,,,", "check digit"),
        (f"{GTIN},A B,outer,,,,,", "serial"),
        (f"{GTIN},,outer,,,,,", "serial"),
        (f"{GTIN},A,middle,,,,,", "kind"),
        (f"{GTIN},A,outer,,B,,,", "outer_serial 'B'"),
        (f"{GTIN},A,inner,,B,{'x' * 201},,", "product_name"),
        (f"{GTIN},A,inner,,B,,javascript:alert(1),", "page_url"),
        (f"{GTIN},A,inner,,B,,,yesterday", "sold_at"),
        (f"{GTIN},A,inner", "fields"),
        (f"{GTIN},GOOD,outer,,,,,", "line 2 already"),
    ],
)
def test_bad_rows_are_rejected_with_the_reason(tmp_path: Path, row: str, fault: str):
    file = _table(tmp_path / "codes.csv", f"{GTIN},GOOD,outer,,,,,", row)
    good, bad = CodeFile(file).rows()
    assert isinstance(good, CodeRow)
    assert isinstance(bad, RejectedRow)
    assert fault in bad.reason
    code, said = run("import", str(file), "--rejected", str(tmp_path / "again.csv"))
    assert (code, "line 3" in said) == (1, True)
    with (tmp_path / "again.csv").open(newline="") as opened:
        (told,) = csv.DictReader(opened)
    assert (told["line"], told["reason"], told["gtin"]) == ("3", bad.reason, row.partition(",")[0])


def test_rejected_rows_are_mended_where_they_were_written_and_read_again(tmp_path: Path):
    file, again, still = (tmp_path / name for name in ("codes.csv", "again.csv", "still.csv"))
    _table(file, f"{GTIN},A B,outer,,,,,", f"{GTIN},C D,outer,,,,,")
    run("import", str(file), "--rejected", str(again))
    again.write_text(again.read_text(encoding="utf-8").replace(",A B,", ",AB,"), encoding="utf-8")
    code, said = run("import", str(again), "--rejected", str(still))
    assert (code, "codes on packs │ 1" in " ".join(said.split())) == (1, True), said
    with still.open(newline="") as opened:
        (told,) = csv.DictReader(opened)
    assert (told["line"], told["serial"], "C D" in told["reason"]) == ("3", "C D", True)


def test_memory_holds_a_number_of_each_code(tmp_path: Path):
    def peak_bytes(count: int) -> int:
        file = tmp_path / f"{count}.csv"
        with file.open("w", newline="") as opened:
            write_codes(opened, issue(ROW, count, "both", Random(3).getrandbits))
        tracemalloc.start()
        found = tally(CodeFile(file).codes())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found == Tally(products=1, outer=count, inner=count, elsewhere=0)
        return peak

    few = peak_bytes(100)
    assert (peak_bytes(600) - few) / 1000 < 64, "bytes a code"


def test_codes_are_issued_without_being_held():
    class Nowhere(StringIO):
        """Takes what is written, and keeps nothing of it."""

        def write(self, text: str) -> int:
            return len(text)

    def peak_bytes(count: int) -> int:
        tracemalloc.start()
        assert write_codes(Nowhere(), issue(ROW, count, "both", Random(3).getrandbits)) == 2 * count
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    peak_bytes(10)
    assert peak_bytes(3000) - peak_bytes(300) < 5_000, "5,400 codes more; each alone is 65 bytes"


def test_codes_stand_in_a_file_when_all_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "codes.csv"
    made = ["issue", "--gtin", GTIN, "--count", "10", "--out", str(file)]
    serials = iter(range(5))
    monkeypatch.setattr("secrets.randbits", lambda _: next(serials))
    with pytest.raises(RuntimeError, match="StopIteration"):
        CliRunner().invoke(cli, ["codes", *made], catch_exceptions=False)
    assert not list(tmp_path.iterdir()), "the sixth serial could not be made, so there is none"
    monkeypatch.undo()
    (tmp_path / ".codes.csv.new").write_text("gtin,serial\nwhat a kill cut off")
    code, said = run(*made)
    assert (code, "10 codes are in" in said) == (0, True)
    assert len(list(CodeFile(file).codes())) == 10
    assert [path.name for path in tmp_path.iterdir()] == ["codes.csv"]


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path):
    file = tmp_path / "codes.csv"
    with pytest.raises(FileExistsError, match="name another file"), whole_file(file):
        file.write_text("another's")
    assert file.read_text() == "another's"


def test_what_lies_in_packs_of_another_file_is_counted_and_a_pipe_is_refused(tmp_path: Path):
    file = _table(tmp_path / "caps.csv", f"{GTIN},A,outer,,,,,", f"{GTIN},B,inner,,A,,,", f"{GTIN},C,inner,,Z,,,")
    assert tally(CodeFile(file).codes()) == Tally(products=1, outer=1, inner=2, elsewhere=1)
    os.mkfifo(tmp_path / "pipe")
    code, said = run("import", str(tmp_path / "pipe"))
    assert (code, "is a pipe" in said) == (1, True)


def test_a_file_that_is_no_table_of_codes_is_refused(tmp_path: Path):
    file = tmp_path / "codes.csv"
    for content, fault in ((b"gtin,serial\n", "'kind'"), (b"gtin,serial,kind,x\n", "'x'"), (b"\xff\xfe", "UTF-8")):
        file.write_bytes(content)
        with pytest.raises(TableError, match=fault):
            list(CodeFile(file).rows())
    assert run("import", str(file))[0] == 1


def test_a_store_token_is_shown_and_the_cloud_reads_it(tmp_path: Path):
    key, drawn = tmp_path / "token.key", tmp_path / "token.svg"
    key.write_bytes(b"0123456789abcdef\n")
    place = InStore(store="store-1", terminal="till-1", zone_id="checkout")
    asked = ["store-token", "--key-file", str(key), "--tenant", TENANT, "--store", "store-1", "--terminal", "till-1"]
    asked += ["--zone", "checkout", "--resolver", "https://id.example/", "--once"]
    code, said = run(*asked)
    assert code == 0
    address = said.split()[-1]
    assert address.startswith("https://id.example/in-store/store-1~till-1~checkout~")
    token = address.rpartition("/")[2]
    slot = int(token.split("~")[3])
    assert read_token(b"0123456789abcdef", TENANT, token, slot * SLOT_MS) == place
    assert run(*asked, "--svg", str(drawn))[0] == 0
    assert drawn.read_bytes().startswith(b"<?xml")
    key.write_bytes(b"short")
    assert "5 bytes" in run(*asked)[1]
