"""`shopthread edge staff-uniform`: who is enrolled is shown, and the file holds numbers alone."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shopthread.edge_commands import app

enrolment = pytest.importorskip("edge.uniform_enrolment", reason="pictures need the extra edge")
uniform = pytest.importorskip("edge.core.uniform", reason="pictures need the extra edge")

CONFIG = '[device]\ntenant = "acme"\nstore = "north"\nid = "camera-1"\ndata_dir = "data"\n[camera]\nsource = "usb:0"\n'


def _invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    return result.exit_code, result.output


def test_a_uniform_is_written_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def enrolled(*arguments: object) -> object:
        asked.append(arguments[-1])
        model = uniform.UniformModel(looks=((0.5, 0.25),), mean=0.95, sd=0.02, views=12)
        tracks = (enrolment.FilmedTrack(4, 12, 8.0), enrolment.FilmedTrack(7, 3, 0.0))
        return enrolment.Enrolment(tracks, (4,), model)

    monkeypatch.setattr(enrolment, "enrol_uniform", enrolled)
    config, model = tmp_path / "camera.toml", tmp_path / "uniform.json"
    config.write_text(CONFIG, encoding="utf-8")
    code, output = _invoke(
        "staff-uniform", "take.mp4", "--config", str(config), "--out", str(model), "--track", "4", "--track", "9"
    )
    assert code == 0, output
    assert asked == [[4, 9]]
    assert "12 views of 1 tracks, alike 0.95 on average" in output
    assert 'Set uniform_file = "uniform.json" under [staff].' in output
    assert json.loads(model.read_text(encoding="utf-8")) == {
        "looks": [[0.5, 0.25]], "mean": 0.95, "sd": 0.02, "views": 12,
    }  # fmt: skip
    code, output = _invoke("staff-uniform", "take.mp4", "--config", str(config))
    assert code == 0, output
    assert asked[1] == ()


def test_a_recording_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    code, output = _invoke("staff-uniform", str(tmp_path / "none.mp4"), "--config", str(tmp_path / "none.toml"))
    assert code == 1
    assert "none.toml" in output
