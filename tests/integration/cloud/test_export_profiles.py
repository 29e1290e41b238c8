"""Profiles leave the cloud as a table: all of them at one moment, but for who withdrew consent."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud.analytics.formats import csv_field
from cloud.app import create_app
from cloud.config import Settings
from cloud.consents.schemas import ConsentStatement
from cloud.consents.service import put_consent
from cloud.context import Context
from cloud.identity.service import add_statements
from cloud.identity.statements import Identifier, Rules, Statement, Validity
from cloud.profiles import export
from cloud.profiles.records import record_attributes
from cloud.profiles.schemas import AttributeStatement
from contracts.pseudonym import pseudonymize
from contracts.timestamps import parse_time
from shopthread.cloud_commands import app as cli
from tests.integration.cloud.support import KEY, MEMBERS, STORE, T0, TENANT, Cloud, Shop, serving
from tests.integration.cloud.test_identity import one_id
from tests.integration.cloud.test_properties import give_consent

NASTY = "=cmd|' /C calc'!A0"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_PAGE", 2)


def fill(cloud: Cloud, shop: Shop) -> None:
    give_consent(cloud, 1, granted=True, second=0)
    give_consent(cloud, 2, granted=True, second=0)
    give_consent(cloud, 2, granted=False, second=1)
    sales = [shop.sale(10 + n, f"r{n}", 100 * (n + 1), MEMBERS[n]) for n in range(3)]
    cloud.take_in(*sales, shop.sale(500, "r9", 30, MEMBERS[0], "refund", "r0"), shop.scan(90, MEMBERS[3]))
    context = Context(cloud.settings, cloud.database, cloud.clock, cloud.keys, cloud.linker)
    said = {"namespace": MEMBERS[0].namespace, "pseudonym": MEMBERS[0].pseudonym, "source": "crm"}
    body = AttributeStatement.model_validate({**said, "name": "tier", "value": NASTY, "at": "2026-03-01T09:00:00Z"})
    record_attributes(context, TENANT, [body])


def run(cloud: Cloud, out: Path, *options: str) -> tuple[int, str]:
    place = ["--tenant", TENANT, "--out", str(out), "--database-url", cloud.settings.resolved_database_url]
    result = CliRunner().invoke(cli, ["export-profiles", *place, *options])
    return result.exit_code, " ".join(result.output.split())


def test_csv_and_parquet_hold_the_same_and_leave_out_who_withdrew(cloud: Cloud, shop: Shop, tmp_path: Path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs the extra parquet")
    fill(cloud, shop)
    file = tmp_path / "profiles.csv"
    code, said = run(cloud, file)
    assert (code, "3 profiles of acme in" in said, "1 left out: consent withdrawn" in said) == (0, True, True), said
    rows = {row["one_id"]: row for row in csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))}
    assert rows.keys() == {one_id(MEMBERS[n]) for n in (0, 1, 3)}
    first = rows[one_id(MEMBERS[0])]
    assert (first["purchases"], first["net_minor"], first["currency"], first["stores"]) == ("1", "70", "EUR", STORE)
    assert (first["lifecycle_stage"], first["visit_linking_consent"]) == ("ordinary", "")
    assert json.loads(first["attributes"]) == {"tier": NASTY}
    assert rows[one_id(MEMBERS[1])]["visit_linking_consent"] == "true"
    assert (rows[one_id(MEMBERS[3])]["purchases"], rows[one_id(MEMBERS[3])]["monetary_score"]) == ("0", "")
    assert run(cloud, tmp_path / "profiles.parquet", "--format", "parquet")[0] == 0
    table = parquet.read_table(tmp_path / "profiles.parquet")
    assert table.column_names == list(export.COLUMNS)
    as_text = {
        row["one_id"]: {name: "" if value is None else csv_field(value) for name, value in row.items()}
        for row in table.to_pylist()
    }
    assert {who: {n: str(v) for n, v in row.items()} for who, row in as_text.items()} == rows


@pytest.mark.parametrize("refused_at", ["2026-02-28T09:00:00Z", "2026-03-02T09:00:00Z"])
def test_a_refusal_by_an_identifier_that_no_shop_has_seen_is_heeded(
    cloud: Cloud, shop: Shop, tmp_path: Path, refused_at: str
):
    """The shops know the member number alone; the phone number, which is the member's since March, said no."""
    context = Context(cloud.settings, cloud.database, cloud.clock, cloud.keys, cloud.linker)
    number, phone, stranger = MEMBERS[0], pseudonymize("phone", "+442079460000", KEY), MEMBERS[3]
    for named in (phone, stranger):
        refusal = {"namespace": named.namespace, "pseudonym": named.pseudonym, "granted": False, "at": refused_at}
        put_consent(context, TENANT, ConsentStatement.model_validate(refusal))
    cloud.take_in(shop.sale(10, "r0", 100, number), shop.sale(11, "r1", 100, MEMBERS[1]))
    since = {Identifier(phone.namespace, phone.pseudonym): Validity(from_ms=parse_time("2026-03-01T09:00:00Z"))}
    statement = Statement(
        statement_id="crm:1",
        rank=1,
        at_ms=T0,
        identifiers=(Identifier(number.namespace, number.pseudonym), *since),
        validity=since,
    )
    with cloud.database.write() as session:
        add_statements(session, TENANT, [("crm", statement)], Rules(), cloud.now_ms)
    file = tmp_path / "profiles.csv"
    said = run(cloud, file)[1]
    assert ("1 profiles of acme in" in said, "1 left out: consent withdrawn" in said) == (True, True), said
    rows = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))
    assert [row["one_id"] for row in rows] == [one_id(MEMBERS[1])]


def test_nobody_makes_an_empty_table(cloud: Cloud, tmp_path: Path):
    pytest.importorskip("pyarrow", reason="Parquet needs the extra parquet")
    for kind in ("csv", "parquet"):
        assert "0 profiles" in run(cloud, tmp_path / kind, "--format", kind)[1]
        assert (tmp_path / kind).stat().st_size > 0


def test_a_spreadsheet_takes_no_text_for_a_formula():
    for text in (NASTY, "+1", "-1", "@x", "\tx", "\rx"):
        assert csv_field(text) == f"'{text}"
    assert [csv_field(value) for value in ("a=b", -5, None)] == ["a=b", -5, None]


def test_the_same_comes_over_http(cloud: Cloud, shop: Shop, settings: Settings, tmp_path: Path):
    pytest.importorskip("pyarrow", reason="Parquet needs the extra parquet")
    fill(cloud, shop)
    run(cloud, tmp_path / "profiles.csv")
    with serving(create_app(settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        assert http.get("/v1/exports/profiles.csv").status_code == 401
        http.headers["Authorization"] = f"Bearer {cloud.keys.create(TENANT, ['members']).secret}"
        answer = http.get("/v1/exports/profiles.csv")
        assert (answer.status_code, answer.headers["Shopthread-Withheld-Profiles"]) == (200, "1")
        here = list(csv.DictReader(io.StringIO((tmp_path / "profiles.csv").read_text(encoding="utf-8"))))
        sent = list(csv.DictReader(io.StringIO(answer.text)))
        for row in (*here, *sent):
            row["recency_days"] = ""  # The command has the system's clock, the server the test's.
            row["lifecycle_stage"] = ""
        assert here == sent
        assert http.get("/v1/exports/profiles.parquet").content[:4] == b"PAR1"
        assert http.get("/v1/exports/profiles.txt").status_code == 422


def test_a_missing_pyarrow_is_told_with_the_extra(
    cloud: Cloud, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, said = run(cloud, tmp_path / "x.parquet", "--format", "parquet")
    assert (code, "shopthread[parquet]" in said) == (1, True)
    assert run(cloud, tmp_path / "x.csv")[0] == 0
    with serving(create_app(settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        http.headers["Authorization"] = f"Bearer {cloud.keys.create(TENANT, ['members']).secret}"
        answer = http.get("/v1/exports/profiles.parquet")
        assert (answer.status_code, "shopthread[parquet]" in answer.json()["detail"]) == (501, True)
