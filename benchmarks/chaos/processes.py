"""The suite's processes, by name: started, killed, kept from writing, started again, ended. Each writes its own log."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from msgspec import Struct

_STOP_S = 20.0


class _Child(Struct):
    command: tuple[str, ...]
    environment: dict[str, str]
    process: subprocess.Popen[bytes]


class Processes:
    """Children of this process, each with a process group of its own.

    Args:
        logs: The folder of their logs.

    Attributes:
        ended: Names of those that ended by themselves, in order.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: dict[str, _Child] = {}
        self._down: set[str] = set()
        self.ended: list[str] = []

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a command under a name."""
        surroundings = dict(environment or os.environ)
        self._children[name] = _Child(tuple(command), surroundings, self._spawn(name, command, surroundings))

    def python(self, name: str, *arguments: str) -> None:
        """Start `python -m ARGUMENTS` under a name."""
        self.start(name, (sys.executable, "-m", *arguments))

    def kill(self, name: str) -> None:
        """End a process by SIGKILL, and its children."""
        process = self._children[name].process
        self._down.add(name)
        if process.poll() is None:  # else the number may be another's by now
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def revive(self, name: str) -> None:
        """Start a process again that was killed."""
        child = self._children[name]
        self._down.discard(name)
        child.process = self._spawn(name, child.command, child.environment)

    def fill_disk(self, name: str, most_bytes: int | None) -> None:
        """Let a process write no file beyond so many bytes; None lets it write again. Linux."""
        process = self._children[name].process
        with suppress(ProcessLookupError):
            _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most if most_bytes is None else most_bytes, most))

    def tend(self) -> None:
        """Start again what ended by itself, and take note of it."""
        for name, child in self._children.items():
            if name not in self._down and child.process.poll() is not None:
                self.ended.append(f"{name} (code {child.process.returncode})")
                child.process = self._spawn(name, child.command, child.environment)

    def is_running(self, name: str) -> bool:
        """Return whether a process runs."""
        return self._children[name].process.poll() is None

    def may_end(self, name: str) -> None:
        """Take an end from now on for what was asked for."""
        self._down.add(name)

    def stop(self, *names: str, within_s: float = _STOP_S) -> None:
        """End processes: politely, and by force those that did not within so many seconds."""
        until_s = time.monotonic() + within_s
        for name in names:
            self.may_end(name)
            self._children[name].process.send_signal(signal.SIGTERM)
        for name in names:
            with suppress(subprocess.TimeoutExpired):
                self._children[name].process.wait(max(0.0, until_s - time.monotonic()))
            self.kill(name)

    def end_all(self) -> None:
        """End every process by force; those that have ended are gone already."""
        for name in self._children:
            self.kill(name)

    def _spawn(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        # Through a pipe, as a service manager does it: a process whose disk is full can still complain.
        log = self._logs / f"{name}.log"
        threading.Thread(target=_copy, args=(process.stdout, log), name="log", daemon=True).start()
        return process


def _copy(told: IO[bytes], log: Path) -> None:
    with told, log.open("ab", buffering=0) as file:
        for line in told:
            file.write(line)
