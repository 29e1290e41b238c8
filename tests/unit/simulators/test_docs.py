"""What docs/simulators.md says is so."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from shopthread.simulate_commands import app
from simulators.adapters.feed_files import feed_names
from simulators.adapters.scenario_files import load_scenario, scenario_names
from simulators.core.scenario import Noise, Scenario, Year

PAGE = (Path(__file__).parents[3] / "docs" / "simulators.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^shopthread simulate (.+?)(?:\s+#.*)?$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_page_can_be_parsed(line: str) -> None:
    name, *arguments = shlex.split(line)
    command = typer.main.get_group(app).commands[name]
    command.make_context(name, arguments)


def test_every_option_of_run_is_described() -> None:
    run = typer.main.get_group(app).commands["run"]
    options = {option for parameter in run.params for option in parameter.opts if option.startswith("--")}
    assert set(re.findall(r"^\| `(--[a-z-]+)", PAGE, re.MULTILINE)) == options


def test_every_kind_of_file_and_noise_is_described() -> None:
    for kind in ("tracks-{camera}.jsonl", "scans-{terminal}.jsonl", "receipts-{till}.jsonl", "camera-{camera}.toml"):
        assert f"`{kind}`" in PAGE
    assert all(f"`{field}`" in PAGE for field in (*Noise.__struct_fields__, *Year.__struct_fields__))


def test_every_scenario_is_described_with_its_devices() -> None:
    rows = {cells[0]: cells[2:6] for cells in re.findall(r"^\| `(\w+)` " + r"\| ([^|]+) " * 5, PAGE, re.MULTILINE)}
    assert sorted(rows) == scenario_names()
    for name, counts in rows.items():
        told = load_scenario(name)
        assert [int(n) for n in counts] == [len(told.cameras), len(told.doors), len(told.kiosks), len(told.tills)]


def test_every_option_of_visits_is_described() -> None:
    visits = typer.main.get_group(app).commands["visits"]
    options = {option for parameter in visits.params for option in parameter.opts if option.startswith("--")}
    assert all(f"`{option}`" in PAGE for option in options)


def test_feeds_are_named_as_described(scenario: Scenario) -> None:
    assert feed_names(scenario) == {
        "cam-1": "tracks-cam-1.jsonl",
        "cam-2": "tracks-cam-2.jsonl",
        "kiosk-1": "scans-kiosk-1.jsonl",
        "till-1": "receipts-till-1.jsonl",
    }
