"""A store's events leave the cloud as they came, and its link decisions in the form in which they are scored."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud.ingest import export
from shopthread.cloud_commands import app
from tests.integration.cloud.support import MEMBERS, T0, Cloud, Shop, visit_id
from tests.integration.cloud.test_properties import give_consent


def _export(cloud: Cloud, file: Path, store: str = "store-1", what: str = "events") -> tuple[int, str]:
    options = ["--store", store, "--tenant", "acme", "--out", str(file), "--database-url"]
    result = CliRunner().invoke(app, [f"export-{what}", *options, cloud.settings.resolved_database_url])
    return result.exit_code, result.output


def test_events_come_out_as_they_went_in(
    cloud: Cloud, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_PAGE", 2)
    events = [shop.crossing(T0 + n * 1000) for n in range(5)]
    other = Shop(store="store-2").crossing(T0)
    cloud.take_in(events[3], other, *events)  # One comes twice, and first.
    file = tmp_path / "events.ndjson"
    code, output = _export(cloud, file)
    assert code == 0, output
    assert "5 events of acme/store-1" in output.replace("\n", "")
    assert file.read_bytes().splitlines() == [events[3], *events[:3], events[4]]
    assert list(tmp_path.glob(".*")) == []
    assert _export(cloud, file, "nowhere")[0] == 0
    assert file.read_bytes() == b""


def test_a_file_that_cannot_be_written_is_told_in_one_line(cloud: Cloud, tmp_path: Path) -> None:
    code, output = _export(cloud, tmp_path / "missing" / "events.ndjson")
    assert code == 1
    assert "name another file with --out" in output


def test_decisions_that_hold_come_out_with_their_visits(cloud: Cloud, shop: Shop, tmp_path: Path) -> None:
    give_consent(cloud, 0, granted=True, second=0)
    visits = [shop.visit(1, 1, ("kiosk", 10.0, 60.0)), shop.visit(2, 1, ("kiosk", 200.0, 260.0))]
    scans = [shop.scan(30.0, MEMBERS[0]), shop.scan(230.0, MEMBERS[1]), shop.scan(500.0, MEMBERS[0])]
    cloud.take_in(*visits, *scans)
    file = tmp_path / "links.jsonl"
    code, output = _export(cloud, file, what="links")
    assert code == 0, output
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [(each["device_id"], each["t_ms"], each["decision"]) for each in lines] == [
        ("term-1", T0 + 30_000, "linked"),
        ("term-1", T0 + 230_000, "vetoed"),
        ("term-1", T0 + 500_000, "null"),
    ]
    assert [each.get("visit_id") for each in lines] == [visit_id(1), None, None]
