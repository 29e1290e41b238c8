"""A report goes from a store's file into the cloud by one command, and whatever is wrong is told in one line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shopthread.cli import app
from tests.integration.cloud.audit_reports import a_report
from tests.integration.cloud.client import Client

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


def _upload(
    client: Client, folder: Path, *files: Path, scope: str = "admin", url: str | None = None
) -> tuple[int, str]:
    key = folder / "api-key"
    key.write_text(client.key(scope)["Authorization"].removeprefix("Bearer ") + "\n", encoding="utf-8")
    sent = ["--api-key-file", str(key), "--url", url or str(client.http.base_url)]
    result = CliRunner().invoke(app, ["audit", "upload", *map(str, files), *sent])
    return result.exit_code, " ".join(result.output.split())


def _written(folder: Path, name: str, report: object) -> Path:
    file = folder / name
    file.write_text(json.dumps(report), encoding="utf-8")
    return file


def test_reports_are_uploaded_once(client: Client, tmp_path: Path):
    files = [
        _written(tmp_path, "west.json", a_report()),
        _written(tmp_path, "east.json", a_report("east", (0, 0, 0))),
    ]
    code, said = _upload(client, tmp_path, *files)
    assert (code, "west/cam-1: 50 right, 2 missed, 0 invented, accuracy 96.2% (87.0% to 98.9%)" in said) == (0, True), (
        said
    )
    kept = client.get("/v1/audits")["items"]
    assert {camera for each in kept for camera in each["cameras"]} == {"west/cam-1", "east/cam-1"}
    assert all(each["id"] in said for each in kept)
    assert _upload(client, tmp_path, *files) == (code, said)
    assert client.get("/v1/audits")["items"] == kept


def test_nothing_is_sent_where_a_file_is_no_report(client: Client, tmp_path: Path):
    good = _written(tmp_path, "west.json", a_report())
    page = tmp_path / "report.html"
    page.write_text("<html>", encoding="utf-8")
    for wrong, named in (
        (page, "give report.json"),
        (_written(tmp_path, "list.json", []), "Expected `object`, got `array`"),
        (tmp_path / "none.json", "none.json"),
    ):
        code, said = _upload(client, tmp_path, good, wrong)
        assert (code, said.startswith("error:"), named in said) == (1, True, True), said
    assert client.get("/v1/audits")["items"] == []


def test_what_the_cloud_refuses_is_told_in_its_own_words(client: Client, tmp_path: Path):
    good = _written(tmp_path, "west.json", a_report())
    with_picture = _written(tmp_path, "picture.json", {**a_report(), "picture": "/9j/4AAQ"})
    code, said = _upload(client, tmp_path, with_picture)
    assert (code, "422" in said, "unknown field `picture`" in said, '"detail"' in said) == (1, True, True, False), said
    code, said = _upload(client, tmp_path, good, scope="read")
    assert (code, "403" in said, "admin" in said) == (1, True, True), said
    code, said = _upload(client, tmp_path, good, url="http://127.0.0.1:9")
    assert (code, "cannot be reached" in said) == (1, True), said
    code, said = _upload(client, tmp_path, good, url=f"{client.http.base_url}/login?")
    assert (code, "something else than JSON" in said or "answered 4" in said) == (1, True), said
    assert client.get("/v1/audits")["items"] == []
