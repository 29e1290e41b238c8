"""The command, its tables and its page."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from shopthread.simulate_commands import app
from simulators.core.scoring import Scorecard
from tests.unit.simulators.scoring.made import by_chance

pytest.importorskip("matplotlib", reason="pages with plots need the extra analysis")

VOID = {"meta", "br", "path", "use", "rect", "circle"}


def _score(*arguments: str | Path) -> tuple[int, str]:
    runner = CliRunner()
    environment = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    result = runner.invoke(app, ["score", *map(str, arguments)], env=environment)
    return result.exit_code, result.output


@pytest.fixture(scope="module", name="truth_file")
def _truth_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "truth.json"
    path.write_bytes(msgspec.json.encode(by_chance(1)))
    return path


class _Page(HTMLParser):
    """Checks that every element that opens also closes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def test_the_page_holds_everything_and_needs_nothing(truth_file: Path, tmp_path: Path) -> None:
    page, card = tmp_path / "page.html", tmp_path / "card.json"
    code, output = _score(truth_file, "--perfect", "--damage", "swapped_links=0.2", "--html", page, "--json", card)
    assert code == 0, output
    text = page.read_text(encoding="utf-8")
    for part in ("counts", "occupancy", "visits", "dwell", "waits", "touches", "links", "profiles", "codes"):
        assert f'<section id="{part}">' in text
    assert text.count("<svg") == 10
    assert not re.findall(r'(?:src|href)="(?!#)', text.replace('xlink:href="#', 'href="#'))
    assert "<script" not in text
    assert "@import" not in text
    assert not re.findall(r"#0102\w\w", text)
    assert "prefers-color-scheme: dark" in text
    parser = _Page()
    parser.feed(text)
    assert parser.open == []
    known = msgspec.json.decode(card.read_bytes(), type=Scorecard)
    assert known.links[0].precision.value is not None
    assert f"{known.links[0].precision.value:.3f} [" in output


def test_links_of_several_linkers_stand_in_one_table(truth_file: Path, tmp_path: Path) -> None:
    touch = by_chance(1).touches[0]
    line = {
        "device_id": touch.device_id,
        "t_ms": touch.t_ms,
        "visit": [{"camera_id": "*", "track_id": touch.person_id}],
    }
    first, second = tmp_path / "nearest.jsonl", tmp_path / "deep" / "nearest.jsonl"
    first.write_bytes(msgspec.json.encode(line))
    second.parent.mkdir()
    shutil.copy(first, second)
    hungarian = tmp_path / "hungarian.jsonl"
    shutil.copy(first, hungarian)
    code, output = _score(truth_file, "--links", first, "--links", hungarian, "--html", tmp_path / "page.html")
    assert code == 0, output
    assert re.search(r"nearest ┃ +hungarian", output)
    assert "1 / 1 / 1" in output
    assert "Reliability" not in (tmp_path / "page.html").read_text(encoding="utf-8")
    code, output = _score(truth_file, "--links", first, "--links", second)
    assert code == 0, output
    assert str(second.parent.name) in output


def test_counts_profiles_and_codes_alone(truth_file: Path, tmp_path: Path) -> None:
    profiles, codes = tmp_path / "profiles.jsonl", tmp_path / "codes.jsonl"
    profiles.write_text('{"profile_id": "p", "identifiers": [{"namespace": "card", "value": "card-1-0"}]}\n')
    codes.write_text('{"code": "none", "t_ms": 1}\n')
    code, output = _score(
        truth_file, "--count", "door=60,50", "--profiles", profiles, "--codes", codes, "--html", tmp_path / "page.html"
    )
    assert code == 0, output
    assert "1 / 1 / 1" in output
    assert "really inside" in output
    assert "12 scans" not in output
    page = (tmp_path / "page.html").read_bytes()
    assert page.count(b"<svg") == 2
    assert _score(truth_file, "--profiles", profiles, "--codes", codes, "--html", tmp_path / "other.html")[0] == 0
    assert _plots_of(tmp_path / "other.html") == _plots_of(tmp_path / "page.html")


def _plots_of(page: Path) -> list[str]:
    return re.findall(r"<svg.*?</svg>", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--perfect", "--count", "door=1,2"), "--perfect takes the place of a system; leave out --count"),
        (("--damage", "lost_links=0.1"), "--damage harms the perfect observer; add --perfect"),
        (
            ("--perfect", "--damage", "lost_links"),
            "--damage must be NAME=SHARE such as lost_crossings=0.1, got 'lost_links'",
        ),
        (("--perfect", "--damage", "fire=1"), "unknown damage 'fire'; there are lost_crossings"),
        (("--html", "page.html"), "nothing to score; give --events, --links, --profiles, --codes or --count"),
        (("--count", "dor=1,2"), "unknown tripwire 'dor'; the truth knows door"),
        (("--events", "missing.ndjson"), "missing.ndjson"),
    ],
)
def test_mistakes_are_answered_in_words(truth_file: Path, arguments: tuple[str, ...], said: str) -> None:
    code, output = _score(truth_file, *arguments)
    assert code == 1
    assert said in output
    assert not Path("page.html").exists()
