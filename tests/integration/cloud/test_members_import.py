"""A member base goes from a CSV file into profiles and consents; sending it again changes nothing."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from cloud.app import create_app
from cloud.config import Settings
from shopthread.cli import app
from shopthread.members.parquet import as_text
from tests.integration.cloud.support import TENANT, Cloud, NewCloud, serving

ROWS = """record_id,since,member_number,phone,phone_until,visit_linking_consent,family_name
1,2026-01-01,M1,+442079460000,2026-02-01,yes,Doe
2,2026-01-02,M2,+442079460000,,,
3,2026-01-03,M3,,,no,Roe
4,,,,,,
"""


@pytest.fixture
def http(cloud: Cloud, settings: Settings) -> Iterator[httpx.Client]:
    with serving(create_app(settings, cloud.clock, cloud.token, runs_projections=False)) as client:
        yield client


def _import(folder: Path, *options: str) -> tuple[int, str]:
    file, key = folder / "members.csv", folder / "key"
    file.write_text(ROWS, encoding="utf-8")
    key.write_bytes(b"0123456789abcdef")
    result = CliRunner().invoke(app, ["members", "import", str(file), "--key-file", str(key), *options])
    return result.exit_code, " ".join(result.output.split())


def test_a_file_is_rehearsed_then_sent_then_a_no_op(http: httpx.Client, cloud: Cloud, tmp_path: Path):
    secret = tmp_path / "api-key"
    secret.write_text(cloud.keys.create(TENANT, ["members"]).secret, encoding="utf-8")
    code, said = _import(tmp_path, "--rejected", str(tmp_path / "rejected.csv"))
    assert (code, "Nothing was sent" in said) == (1, True)
    assert "line 5: the row names nobody" in said
    assert "names nobody" in (tmp_path / "rejected.csv").read_text(encoding="utf-8")
    assert not cloud.state()["profiles"]
    sent = ["--apply", "--url", str(http.base_url), "--api-key-file", str(secret)]
    code, said = _import(tmp_path, *sent)
    assert (code, "Sent 3 records; 3 identifiers moved" in said) == (1, True), said
    cloud.projector.catch_up()
    state = cloud.state()
    assert (len(state["profiles"]), len(state["consents"])) == (2, 3)
    code, said = _import(tmp_path, *sent)
    assert "Sent 3 records; 0 identifiers moved" in said
    cloud.projector.catch_up()
    assert cloud.state() == state


def test_a_file_goes_into_the_database_at_once_as_over_http(cloud: Cloud, new_cloud: NewCloud, tmp_path: Path):
    other = new_cloud()
    with serving(create_app(other.settings, other.clock, other.token, runs_projections=False)) as http:
        secret = tmp_path / "api-key"
        secret.write_text(other.keys.create(TENANT, ["members"]).secret, encoding="utf-8")
        _import(tmp_path, "--apply", "--url", str(http.base_url), "--api-key-file", str(secret))
    place = ["--apply", "--tenant", TENANT, "--database-url", cloud.settings.resolved_database_url]
    code, said = _import(tmp_path, *place)
    assert (code, "Wrote 3 records, 3 of them new." in said) == (1, True), said
    assert "Wrote 3 records, 0 of them new." in _import(tmp_path, *place)[1]
    states = []
    for each in (cloud, other):
        each.projector.catch_up()
        moves = [(row[1], *row[3:]) for row in each.state()["identity_ledger"]]
        states.append(each.state() | {"identity_ledger": moves})
    assert len(states[0]["profile_attributes"]) == 4, "match codes of two names and two phones"
    assert states[0] == states[1], "but for when the moves were made"
    code, said = _import(tmp_path, *place, "--rank", "3")
    assert (code, "says something else already" in said) == (1, True), said


def _import_parquet(folder: Path, rows: list[dict[str, object]]) -> tuple[int, str]:
    pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs the extra parquet")
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs the extra parquet")
    file, key = folder / "members.PARQUET", folder / "key"
    parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    key.write_bytes(b"0123456789abcdef")
    result = CliRunner().invoke(app, ["members", "import", str(file), "--key-file", str(key)])
    return result.exit_code, " ".join(result.output.split())


def test_parquet_is_reported_like_csv(tmp_path: Path):
    since = datetime(2026, 1, 1, tzinfo=UTC)
    rows: list[dict[str, object]] = [
        {
            "record_id": 1,
            "since": since,
            "member_number": "M1",
            "phone": ["+442079460000"],
            "visit_linking_consent": True,
        },
        {"record_id": 2, "since": since, "member_number": "M2", "phone": ["+442079460000", "+442079460001"]},
        {"record_id": 3, "since": since, "member_number": "M3", "phone": None, "visit_linking_consent": False},
        {"record_id": 4, "since": None, "member_number": None, "phone": []},
    ]
    rows[0]["visit_linking_consent"] = True
    from_parquet = _import_parquet(tmp_path, rows)
    (tmp_path / "csv").mkdir()
    from_csv = _import(tmp_path / "csv")
    assert from_parquet[0] == from_csv[0] == 1
    assert "profiles that they make │ 2" in from_parquet[1]
    assert "line 4: the row names nobody" in from_parquet[1]
    assert "different identifiers: phone │ 2" in from_parquet[1]
    assert (
        from_parquet[1].split("profiles that they make")[1].split("line")[0].split("members who agree")[1]
        == (from_csv[1].split("profiles that they make")[1].split("line")[0].split("members who agree")[1])
    )


def test_parquet_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    code, said = _import_parquet(tmp_path, [{"record_id": "1", "card": 1.5}])
    assert (code, "write identifiers as text" in said) == (1, True)
    code, said = _import_parquet(tmp_path, [{"record_id": "1", "shoe_size": 1}])
    assert (code, "unknown column 'shoe_size'" in said) == (1, True)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 not at all")
    options = ["members", "import", str(tmp_path / "bad.parquet"), "--key-file", str(tmp_path / "key")]
    assert "is no Parquet file" in " ".join(CliRunner().invoke(app, options).output.split())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "shopthread[parquet]" in " ".join(CliRunner().invoke(app, options).output.split())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (float("nan"), ""),
        (12.0, "12"),
        (True, "yes"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05.000Z"),  # noqa: DTZ001 - Parquet may hold such
        (["a", 1], "a;1"),
    ],
)
def test_values_become_what_csv_would_have(value: object, text: str):
    assert as_text(value) == text


def test_a_value_of_another_kind_is_named():
    with pytest.raises(ValueError, match="got b'x'"):
        as_text(b"x")


def test_a_cloud_that_does_not_take_it_is_told_in_one_line(http: httpx.Client, tmp_path: Path):
    assert "--apply needs --api-key-file" in _import(tmp_path, "--apply")[1]
    secret = tmp_path / "api-key"
    secret.write_text("stk_wrong", encoding="utf-8")
    options = ["--apply", "--api-key-file", str(secret), "--url"]
    assert "answered 401" in _import(tmp_path, *options, str(http.base_url))[1]
    assert "cannot be reached" in _import(tmp_path, *options, "http://127.0.0.1:1")[1]


def test_a_pipe_cannot_be_read_twice(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "key").write_bytes(b"0123456789abcdef")
    options = ["members", "import", str(tmp_path / "pipe"), "--key-file", str(tmp_path / "key"), "--apply"]
    assert "save them to a file first" in " ".join(CliRunner().invoke(app, options).output.split())


def test_a_short_key_is_refused(tmp_path: Path):
    (tmp_path / "short").write_bytes(b"x")
    (tmp_path / "members.csv").write_text(ROWS, encoding="utf-8")
    options = ["members", "import", str(tmp_path / "members.csv"), "--key-file", str(tmp_path / "short")]
    assert "holds 1 bytes, at least 16" in " ".join(CliRunner().invoke(app, options).output.split())
