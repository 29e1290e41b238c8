"""What every subcommand shares: output, logging, one-line errors, stopping on a signal."""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.markup import escape

_PLAIN_WIDTH = 110
"""Columns where nothing says how wide the output is, such as in a log."""


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: time (UTC), level, logger, thread, message, and an error's traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "thread": record.threadName,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


out = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PLAIN_WIDTH)
err = Console(stderr=True)

FAILURE = 1


def print_error(message: str) -> None:
    """Print one line on standard error that begins with `error:`."""
    err.print(f"[bold red]error:[/] {escape(message)}", highlight=False, soft_wrap=True)


def print_warning(message: str) -> None:
    """Print one line on standard error that begins with `warning:`."""
    err.print(f"[bold yellow]warning:[/] {escape(message)}", highlight=False, soft_wrap=True)


@contextmanager
def one_line_errors(*expected: type[Exception]) -> Iterator[None]:
    """Turn expected errors into one line on standard error and a non-zero exit code."""
    try:
        yield
    except expected as error:
        print_error(str(error))
        raise typer.Exit(FAILURE) from error


LogJson = Annotated[bool, typer.Option("--log-json", help="Log one JSON object a line, for a log store.")]


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the moment: the one of before may have been replaced and closed."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def log_to_stderr(*, verbose: bool = False, as_json: bool = False) -> None:
    """Log to standard error: warnings and up, with `verbose` everything of ours; as text, or as JSON lines."""
    logging.basicConfig(
        handlers=[_StandardError()],
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,
    )
    if as_json:
        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonLines())
    for tier in ("edge", "gateway", "cloud", "models", "simulators", "shopthread"):
        logging.getLogger(tier).setLevel(logging.DEBUG if verbose else logging.INFO)


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """Yield an event that SIGINT and SIGTERM set, so that what runs can end cleanly."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ring_on_hangup(ring: Callable[[], None]) -> Iterator[None]:
    """Call `ring` at each SIGHUP while the block runs, where the system has that signal."""
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is None:
        yield
        return
    before = signal.signal(hangup, lambda _number, _frame: ring())
    try:
        yield
    finally:
        signal.signal(hangup, before)
