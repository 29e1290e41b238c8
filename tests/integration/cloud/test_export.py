"""A store's events leave the cloud as they came."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud.ingest import export
from shopthread.cloud_commands import app
from tests.integration.cloud.support import T0, Cloud, Shop


def _export(cloud: Cloud, file: Path, store: str = "store-1") -> tuple[int, str]:
    options = ["--store", store, "--tenant", "acme", "--out", str(file), "--database-url"]
    result = CliRunner().invoke(app, ["export-events", *options, cloud.settings.resolved_database_url])
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
