"""`shopthread simulate` as an integrator meets it."""

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from shopthread.simulate_commands import app
from simulators.adapters.feed_files import read_truth

START = "2026-03-02T09:00:00Z"


def _invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    return result.exit_code, result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    code, output = _invoke(
        "run", "corner_shop", "--out", str(tmp_path), "--speed", "0", "--start", START, "--duration-s", "900"
    )
    assert code == 0, output
    assert "tripwire door in / out" in output
    return tmp_path


def test_a_batch_run_begins_and_ends_when_asked(folder: Path) -> None:
    truth = read_truth(folder / "truth.json")
    assert truth.start_ms == 1_772_442_000_000
    assert truth.until_ms - truth.start_ms == 900_000
    assert truth.seed == 1


def test_a_batch_run_without_an_end_reaches_from_the_lead_to_now(tmp_path: Path) -> None:
    code, output = _invoke("run", "corner_shop", "--out", str(tmp_path), "--speed", "0", "--lead", "60")
    assert code == 0, output
    truth = read_truth(tmp_path / "truth.json")
    assert truth.until_ms - truth.start_ms == 60_000


def test_a_live_run_ends_after_the_seconds_asked_for(tmp_path: Path) -> None:
    code, output = _invoke("run", "corner_shop", "--out", str(tmp_path), "--seconds", "0.5", "--speed", "100")
    assert code == 0, output
    truth = read_truth(tmp_path / "truth.json")
    assert 10_000 < truth.until_ms - truth.start_ms <= 60_000


def test_scores_of_counts_and_links(folder: Path) -> None:
    truth = read_truth(folder / "truth.json")
    door = truth.totals.tripwires[0]
    touch = next(touch for touch in truth.touches if touch.expected == "link")
    tracks = next(person.tracks for person in truth.people if person.person_id == touch.person_id)
    link = {"device_id": touch.device_id, "t_ms": touch.t_ms, "visit": [msgspec.to_builtins(each) for each in tracks]}
    (folder / "links.jsonl").write_bytes(msgspec.json.encode(link) + b"\n")
    count = f"door={door.crossed_in + 1},{door.crossed_out}"
    code, output = _invoke(
        "score", str(folder / "truth.json"), "--count", count, "--links", str(folder / "links.jsonl")
    )
    assert code == 0, output
    assert "+1" in output
    assert "1 / 1" in output
    code, output = _invoke("score", str(folder / "truth.json"))
    assert "to link / to abstain from" in output


def test_the_plan_is_drawn_as_a_file_and_as_a_sketch(tmp_path: Path) -> None:
    code, output = _invoke("plan", "corner_shop", "--svg", str(tmp_path / "plan.svg"))
    assert code == 0, output
    assert "e entrance" in output
    assert (tmp_path / "plan.svg").read_text(encoding="utf-8").startswith("<svg")


def test_scenarios_are_listed_with_their_devices() -> None:
    code, output = _invoke("scenarios")
    assert code == 0
    assert all(word in output for word in ("corner_shop", "cam-1", "kiosk-1", "till-1"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "nowhere", "--out", "unused"), "corner_shop, fashion_store, supermarket, or the path of a TOML file"),
        (("run", "corner_shop", "--out", "unused", "--start", "2026-03-02T09:00:00"), "offset from UTC"),
        (("score", "missing.json"), "missing.json"),
        (("plan", "nowhere"), "corner_shop"),
    ],
)
def test_mistakes_are_answered_in_words(arguments: tuple[str, ...], said: str) -> None:
    code, output = _invoke(*arguments)
    assert code != 0
    assert said in output
    assert "Traceback" not in output
    assert not Path("unused").exists()


def test_a_count_of_another_form_is_refused(folder: Path) -> None:
    code, output = _invoke("score", str(folder / "truth.json"), "--count", "door=3")
    assert code == 1
    assert "TRIPWIRE=IN,OUT" in output
