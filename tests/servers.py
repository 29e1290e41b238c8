"""Real servers for tests: found on the machine or under build/, started on free ports, ended with the test."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gateway.adapters.embedded_broker import EmbeddedBroker

ROOT = Path(__file__).resolve().parent.parent
_FETCHED = ROOT / "build" / "mosquitto"
_START_S = 60.0


def free_port() -> int:
    """Return a TCP port that nobody listens on right now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def mosquitto_command() -> tuple[str, dict[str, str]]:
    """Return Mosquitto's path and the environment that it needs; skip the test where there is none."""
    for candidate in (shutil.which("mosquitto"), "/usr/sbin/mosquitto"):
        if candidate and Path(candidate).exists():
            return candidate, dict(os.environ)
    fetched = _FETCHED / "usr" / "sbin" / "mosquitto"
    if fetched.exists():
        libraries = ":".join(str(folder) for folder in (_FETCHED / "usr" / "lib").glob("*-linux-gnu*"))
        return str(fetched), {**os.environ, "LD_LIBRARY_PATH": libraries}
    pytest.skip("Mosquitto is not here: run deploy/fetch_mosquitto.sh, or install it (apt-get install mosquitto)")


@contextmanager
def running_mosquitto(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run Mosquitto on the loopback interface."""
    command, environment = mosquitto_command()
    configuration = folder / f"mosquitto-{port}.conf"
    configuration.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nuser root\n", encoding="utf-8"
    )
    process = subprocess.Popen(
        [command, "-c", str(configuration)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for_port(port, process)
        yield process
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def running_broker(kind: str, folder: Path, port: int) -> Iterator[None]:
    """Run a broker of one kind: `embedded` or `mosquitto`."""
    if kind == "mosquitto":
        with running_mosquitto(folder, port):
            yield
        return
    broker = EmbeddedBroker("127.0.0.1", port)
    broker.start()
    try:
        yield
    finally:
        broker.stop()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens on a port of this machine."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"the server on port {port} ended with code {process.returncode}")
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"nothing listens on port {port} after {_START_S} s")


def wait_for_socket(port: int) -> None:
    """Wait until somebody listens on a port of this machine; fail the test where nobody does."""

    def listens() -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, what=f"somebody on port {port}")


def wait_until(condition, timeout_s: float = 60.0, what: str = "the condition"):  # noqa: ANN001
    """Wait until `condition()` is true; fail the test where it does not become so."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.02)
    pytest.fail(f"waited {timeout_s} s in vain for {what}")
