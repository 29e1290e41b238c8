"""What docs/scoring.md says is so."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from shopthread.simulate_commands import app
from simulators.core.damage import DAMAGES

PAGE = (Path(__file__).parents[4] / "docs" / "scoring.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", re.findall(r"^shopthread simulate (.+)$", PAGE, re.MULTILINE))
def test_every_command_of_the_page_can_be_parsed(line: str) -> None:
    name, *arguments = shlex.split(line)
    typer.main.get_group(app).commands[name].make_context(name, arguments)


def test_every_option_and_damage_is_described() -> None:
    score = typer.main.get_group(app).commands["score"]
    options = {option for parameter in score.params for option in parameter.opts if option.startswith("--")}
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) == options
    table = PAGE.partition("| damage | effect |")[2]
    assert set(re.findall(r"`([a-z_]+)`", table)) == set(DAMAGES)
