"""The files of a simulated store: one growing feed per device and one from home, the members, the truth.

Feeds are files of JSON lines that are flushed line by line, so the agents can follow them; everything else is replaced
as a whole, so a reader never sees half of it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import msgspec

from simulators.core.lines import EndLine, ScanLine
from simulators.core.members import MemberRecord
from simulators.core.scenario import Scenario
from simulators.core.store import Output
from simulators.core.truth import Truth

TRUTH_FILE = "truth.json"
MEMBERS_FILE = "members.jsonl"
HOME_SCANS_FILE = "home-scans.jsonl"


def feed_names(scenario: Scenario) -> dict[str, str]:
    """Return each device's feed file name, by device id."""
    return {
        **{camera.id: f"tracks-{camera.id}.jsonl" for camera in scenario.cameras},
        **{kiosk.id: f"scans-{kiosk.id}.jsonl" for kiosk in scenario.kiosks},
        **{till.id: f"receipts-{till.id}.jsonl" for till in scenario.tills},
    }


class FeedFiles:
    """Writes what devices put out and what is scanned at home. Feeds of an earlier run in the folder are replaced.

    Args:
        folder: Where the feeds lie; it is made if it is not there.
        scenario: Which devices there are.
    """

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._encoder = msgspec.json.Encoder()
        self._files: dict[str, BinaryIO] = {}
        try:
            for device_id, name in feed_names(scenario).items():
                self._files[device_id] = (folder / name).open("wb")
            self._files[HOME_SCANS_FILE] = (folder / HOME_SCANS_FILE).open("wb")
        except OSError:
            self._close()
            raise

    def write(self, outputs: Iterable[Output]) -> None:
        """Append lines and flush them."""
        for output in outputs:
            self._append(self._files[output.device_id], output.line)

    def write_home_scans(self, lines: Iterable[ScanLine]) -> None:
        """Append what was scanned at home and flush it."""
        for line in lines:
            self._append(self._files[HOME_SCANS_FILE], line)

    def end(self) -> None:
        """Append to every feed that nothing follows, and close it."""
        for file in self._files.values():
            self._append(file, EndLine())
        self._close()

    def _append(self, file: BinaryIO, line: msgspec.Struct) -> None:
        file.write(self._encoder.encode(line) + b"\n")
        file.flush()

    def _close(self) -> None:
        for file in self._files.values():
            file.close()


def write_members(folder: Path, records: Iterable[MemberRecord]) -> None:
    """Write one line per record of the member base: identifiers and whether visits may be linked."""
    replace_file(folder / MEMBERS_FILE, b"".join(msgspec.json.encode(record) + b"\n" for record in records))


def write_truth(folder: Path, truth: Truth) -> None:
    """Write what really happened up to now."""
    replace_file(folder / TRUTH_FILE, msgspec.json.encode(truth) + b"\n")


def read_truth(path: Path) -> Truth:
    """Return the truth that a simulation wrote.

    Raises:
        OSError: The file cannot be read.
        msgspec.ValidationError: It holds something else.
    """
    return msgspec.json.decode(path.read_bytes(), type=Truth)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file as a whole: a reader sees the old content or the new one."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(content)
    unfinished.replace(path)
