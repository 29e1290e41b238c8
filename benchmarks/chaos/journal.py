"""What devices made, written down by themselves beside their outboxes: the truth that every hop is compared with.

Before an event goes into the outbox its line `made NUMBER TYPE ID` is written, afterwards `kept NUMBER`. Where the
process is killed in between, or the disk is full, the number is made again: of several lines the last one counts.
"""

import re
from pathlib import Path

from msgspec import Struct, field

_LINE = re.compile(rb"made ([0-9]+) ([a-z0-9.]+) ([0-9a-f-]{36})|kept ([0-9]+)")


class Journal(Struct):
    """A device's journal, read so far.

    Attributes:
        made: Type and id of each number.
        kept: Up to which number the outbox said that it holds them, or held.
    """

    made: dict[int, tuple[str, str]] = field(default_factory=dict)
    kept: int = 0
    offset: int = 0

    def read(self, path: Path) -> "Journal":
        """Read on where the last reading ended, up to the last whole line; return itself."""
        try:
            with path.open("rb") as file:
                file.seek(self.offset)
                text = file.read()
        except FileNotFoundError:  # the device has not begun
            return self
        whole = text[: text.rfind(b"\n") + 1]
        self.offset += len(whole)
        for line in whole.splitlines():
            found = _LINE.fullmatch(line)
            if found is None:  # torn where the disk was full or the process was killed
                continue
            number, kind, event_id, kept = found.groups()
            if kept is None:
                self.made[int(number)] = (kind.decode(), event_id.decode())
            else:
                self.kept = max(self.kept, int(kept))
        return self


def path_of(folder: Path, device: str) -> Path:
    """Return where a device's journal lies."""
    return folder / f"{device}.journal"


def outbox_path(folder: Path, device: str) -> Path:
    """Return where a device's outbox lies."""
    return folder / device / "outbox.sqlite"
