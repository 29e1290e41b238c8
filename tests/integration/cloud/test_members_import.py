"""A member base goes from a CSV file into profiles and consents; sending it again changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from cloud.app import create_app
from cloud.config import Settings
from shopthread.cli import app
from tests.integration.cloud.support import TENANT, Cloud, serving

ROWS = """record_id,since,member_number,phone,visit_linking_consent
1,2026-01-01,M1,+442079460000,yes
2,2026-01-02,M2,+442079460000,
3,2026-01-03,M3,,no
4,,,,
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
    assert (code, "Sent 3 records; 2 identifiers moved" in said) == (1, True), said
    state = cloud.state()
    assert (len(state["profiles"]), len(state["consents"])) == (2, 3)
    code, said = _import(tmp_path, *sent)
    assert "Sent 3 records; 0 identifiers moved" in said
    assert cloud.state() == state


def test_a_cloud_that_does_not_take_it_is_told_in_one_line(http: httpx.Client, tmp_path: Path):
    assert "--apply needs --api-key-file" in _import(tmp_path, "--apply")[1]
    secret = tmp_path / "api-key"
    secret.write_text("stk_wrong", encoding="utf-8")
    options = ["--apply", "--api-key-file", str(secret), "--url"]
    assert "answered 401" in _import(tmp_path, *options, str(http.base_url))[1]
    assert "cannot be reached" in _import(tmp_path, *options, "http://127.0.0.1:1")[1]


def test_a_short_key_is_refused(tmp_path: Path):
    (tmp_path / "short").write_bytes(b"x")
    (tmp_path / "members.csv").write_text(ROWS, encoding="utf-8")
    options = ["members", "import", str(tmp_path / "members.csv"), "--key-file", str(tmp_path / "short")]
    assert "holds 1 bytes, at least 16" in " ".join(CliRunner().invoke(app, options).output.split())
