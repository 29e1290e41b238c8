"""The documentation's commands exist with their options, its links lead somewhere, its examples load."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from contracts.generate import ROOT
from edge.camera_config import load_camera_config
from edge.config import PosConfig, ScanTerminalConfig, load_toml
from gateway.config import load_config
from shopthread.cli import app

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
EXAMPLES = ROOT / "deploy" / "examples"
_COMMAND = re.compile(
    r"(?:^|`|\s\s+#\s+|#   )(shopthread (?:edge|terminal|gateway|cloud|simulate|models|demo)[^`\n]*)", re.MULTILINE
)
_TARGET = re.compile(r"`?make ([a-z]+)\b(?=[`\s:])")
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def _commands() -> list[str]:
    texts = [page.read_text() for page in (*PAGES, *EXAMPLES.glob("*.toml"))]
    found = {match.strip() for text in texts for match in _COMMAND.findall(text)}
    return sorted(command for command in found if "|" not in command and "..." not in command)


@pytest.mark.parametrize("command", _commands())
def test_a_documented_command_exists_with_its_options(command: str):
    words = shlex.split(command.split(" > ", maxsplit=1)[0], comments=True)[1:]
    names = []
    group = get_command(app)
    while words and hasattr(group, "commands") and words[0] in group.commands:
        names.append(words.pop(0))
        group = group.commands[names[-1]]
    assert not hasattr(group, "commands") or not words, f"{command}: there is no such subcommand"
    shown = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0
    for option in (word.split("=")[0] for word in words if word.startswith("--")):
        assert option in shown.output, f"{command}: there is no option {option}"


def test_there_are_documented_commands():
    assert len(_commands()) > 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere_and_make_targets_exist(page: Path):
    text = page.read_text()
    for link in _LINK.findall(text):
        if "://" not in link:
            assert (page.parent / link).exists(), f"{page.name}: {link} leads nowhere"
    makefile = (ROOT / "Makefile").read_text()
    for target in _TARGET.findall(re.sub(r"\s+", " ", text)):
        if f"`make {target}" in text or f"\nmake {target}" in text:
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: there is no make target {target}"


def test_the_examples_load():
    assert load_camera_config(EXAMPLES / "camera.toml").device.id == "cam-1"
    assert load_toml(EXAMPLES / "kiosk.toml", ScanTerminalConfig).terminal.member_prefixes["CARD:"] == "card"
    assert load_toml(EXAMPLES / "till.toml", PosConfig).pos.zone_id == "checkout"
    assert load_config(EXAMPLES / "gateway.toml").broker.embedded
    assert load_camera_config(ROOT / "shopthread" / "demo" / "plaza.toml").device.store == "plaza"
