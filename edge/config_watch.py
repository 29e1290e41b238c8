"""Looks whether a configuration file was changed, or whether somebody asks for it to be read again."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EdgeError

logger = logging.getLogger(__name__)

_LOOK_S = 2.0


class ReloadBell:
    """Asks every camera to read its configuration again; ringing it is safe in a signal handler."""

    def __init__(self) -> None:
        self.rung = 0

    def ring(self) -> None:
        """Ask once."""
        self.rung += 1


@dataclass(frozen=True, slots=True)
class Reloading:
    """A configuration's file, and what asks to read it again."""

    path: Path
    bell: ReloadBell


class ConfigWatch:
    """Reads a configuration again when that is asked for, or when its file was changed. A bad one changes nothing.

    Args:
        path: The file.
        reload: Reads it and puts it into force; raises `EdgeError` where that cannot be.
        on_bad: Called with the file's content and what is wrong with it.
        bell: Asks for it; None: nobody does.
        watches_file: Look at the file's time and size too.
    """

    def __init__(
        self,
        path: Path,
        reload: Callable[[], object],
        on_bad: Callable[[bytes, str], None],
        *,
        bell: ReloadBell | None = None,
        watches_file: bool = False,
    ) -> None:
        self._path, self._reload, self._on_bad = path, reload, on_bad
        self._bell, self._watches_file = bell or ReloadBell(), watches_file
        self._answered, self._seen = self._bell.rung, self._stamp()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {path.name}", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Read the configuration again if there is a reason to."""
        rung, stamp = self._bell.rung, self._stamp()
        is_asked = rung != self._answered
        has_changed = self._watches_file and stamp is not None and stamp != self._seen
        if not is_asked and not has_changed:
            return
        self._answered, self._seen = rung, stamp
        try:
            self._reload()
        except EdgeError as error:
            logger.error("%s: the running configuration stays in force: %s", self._path, error)  # noqa: TRY400 - one line
            self._on_bad(self._content(), str(error))

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_S):
            self.look()

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _content(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError:
            return b""
