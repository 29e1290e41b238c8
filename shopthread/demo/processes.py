"""Starts the demo's processes, restarts what dies, and ends them all. Each writes a log of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from shopthread.demo.workspace import DemoError, Workspace

_RESTART_WAIT_S = 0.5
_MOST_RESTARTS = 20
_STOP_S = 15.0


class ProcessState(Struct, kw_only=True):
    """One process and what became of it."""

    name: str
    arguments: tuple[str, ...]
    restart: bool
    process: subprocess.Popen[bytes]
    restarts: int = 0
    died_at_s: float | None = None


class Processes:
    """The demo's processes, by name. One that dies is started again; one that ends well has done its work."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._states: dict[str, ProcessState] = {}

    def start(self, name: str, arguments: Sequence[str], *, restart: bool = True) -> None:
        """Start `shopthread ARGUMENTS` under a name."""
        process = self._spawn(name, arguments)
        self._states[name] = ProcessState(name=name, arguments=tuple(arguments), restart=restart, process=process)
        self._publish()

    def tend(self) -> list[str]:
        """Start again what died. Returns what happened, a line each.

        Raises:
            DemoError: A process dies again and again.
        """
        news = []
        for state in self._states.values():
            code = state.process.poll()
            if not code or not state.restart:  # it runs, or its input has ended and all is well
                continue
            if state.died_at_s is None:
                state.died_at_s = time.monotonic()
                news.append(f"{state.name} ended with {_words(code)}; starting it again")
            elif time.monotonic() - state.died_at_s >= _RESTART_WAIT_S:
                state.restarts += 1
                if state.restarts > _MOST_RESTARTS:
                    msg = f"{state.name} ends again and again; see {self.log(state.name)}"
                    raise DemoError(msg)
                state.process = self._spawn(state.name, state.arguments)
                state.died_at_s = None
                self._publish()
        return news

    def failure(self, name: str) -> str | None:
        """Return the last line of a process's log if it has ended, else None."""
        state = self._states[name]
        if state.process.poll() is None:
            return None
        lines = self.log(name).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else f"{name} ended with {_words(state.process.returncode)}"

    def ended(self, name: str) -> bool:
        """Return whether a process has ended."""
        return self._states[name].process.poll() is not None

    def restarts(self) -> dict[str, int]:
        """Return how often each process was started again, those that were."""
        return {name: state.restarts for name, state in self._states.items() if state.restarts}

    def stop(self, *names: str) -> None:
        """End processes, all of them where none is named: politely, then by force."""
        states = [self._states[name] for name in names or tuple(self._states) if name in self._states]
        for state in states:
            state.restart = False
            if state.process.poll() is None:
                state.process.send_signal(signal.SIGTERM)
        until_s = time.monotonic() + _STOP_S
        for state in states:
            try:
                state.process.wait(max(0.0, until_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                state.process.kill()
                state.process.wait()

    def log(self, name: str) -> Path:
        """Return a process's log."""
        return self._workspace.logs / f"{name}.log"

    def _spawn(self, name: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        with self.log(name).open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own command line
                [sys.executable, "-m", "shopthread", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the demo alone, which then ends the others in order
                env={**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"},
            )

    def _publish(self) -> None:
        """Write the process ids where tests and curious people find them."""
        ids = {name: state.process.pid for name, state in self._states.items()}
        temporary = self._workspace.processes.with_suffix(".part")
        temporary.write_text(json.dumps(ids), encoding="ascii")
        temporary.replace(self._workspace.processes)


def _words(code: int) -> str:
    """Return an exit code in words."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
