"""The log of all audits on this machine, and the end of recordings whose time is up.

The log says who recorded what, why and until when, and when it was deleted. Entries are only ever added.
"""

import os
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge.auditing.folder import AuditError, AuditFolder

LOG_FILE = "audit-log.jsonl"

Action = Literal["record", "report", "delete"]


class LogEntry(Struct, frozen=True, kw_only=True):
    """Something that somebody did.

    Attributes:
        time_ms: When, Unix milliseconds.
        action: What.
        operator: Who.
        folder: The audit's folder.
        note: The reason, or what was made; of a report: the page with pictures, which goes with its recordings.
        delete_after_ms: Of a recording: when it will be deleted.
    """

    time_ms: int
    action: Action
    operator: str
    folder: str
    note: str = ""
    delete_after_ms: int | None = None


_DECODER = msgspec.json.Decoder(LogEntry)


class AuditLog:
    """The log.

    Args:
        home: The folder in which it lies; made when something is logged.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / LOG_FILE

    def add(self, entry: LogEntry) -> None:
        """Add an entry; it is on the disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(msgspec.json.encode(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> list[LogEntry]:
        """Return everything that was done, in order.

        Raises:
            AuditError: A line is none of the log.
        """
        if not self.path.exists():
            return []
        try:
            return _DECODER.decode_lines(self.path.read_bytes())
        except msgspec.MsgspecError as error:
            msg = f"{self.path} is damaged: {error}; move it away and delete recordings by hand"
            raise AuditError(msg) from error

    def recordings(self) -> list[LogEntry]:
        """Return the recordings that were not deleted yet, in order."""
        kept: dict[str, LogEntry] = {}
        for entry in self.entries():
            if entry.action == "record":
                kept[entry.folder] = entry
            elif entry.action == "delete":
                kept.pop(entry.folder, None)
        return list(kept.values())

    def _pages_of(self, folder: str) -> list[Path]:
        """Return the pages with pictures that were made of a recording."""
        return [Path(entry.note) for entry in self.entries() if entry.action == "report" and entry.folder == folder]

    def purge(self, now_ms: int, *, everything: bool = False, operator: str = "") -> list[LogEntry]:
        """Delete the videos whose time is up, and the pages with pictures of them; return their entries.

        Args:
            now_ms: Unix milliseconds.
            everything: Delete the others too.
            operator: Who asks for it; empty: their time is up.
        """
        deleted = []
        for entry in self.recordings():
            if everything or (entry.delete_after_ms is not None and entry.delete_after_ms <= now_ms):
                delete_video(AuditFolder(Path(entry.folder)), now_ms)
                for page in self._pages_of(entry.folder):
                    page.unlink(missing_ok=True)
                note = "on request" if everything else "its time was up"
                who = operator or entry.operator
                self.add(LogEntry(time_ms=now_ms, action="delete", operator=who, folder=entry.folder, note=note))
                deleted.append(entry)
        return deleted


def delete_video(folder: AuditFolder, now_ms: int) -> None:
    """Delete a recording's video; who recorded it and what was labelled stay. Footage that lay there before stays."""
    try:
        manifest = folder.manifest()
    except AuditError:
        return  # somebody deleted the whole folder
    if manifest.kind == "recording" and manifest.deleted_ms is None:
        (folder.path / manifest.video).unlink(missing_ok=True)
        folder.save_manifest(replace(manifest, deleted_ms=now_ms))
