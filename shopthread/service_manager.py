"""Tells systemd that a service is ready, alive or stopping: the datagrams of sd_notify(3), without a library."""

import os
import socket
import time
from collections.abc import Callable, Mapping

_SHARE = 3.0
"""The watchdog is fed so many times within its time."""


class ServiceManager:
    """Tells whoever started the process how it is; says nothing where nobody asks (no `NOTIFY_SOCKET`).

    Args:
        environment: Of the process.
        monotonic_s: A steady clock.
    """

    def __init__(
        self, environment: Mapping[str, str] = os.environ, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._address, self._monotonic_s = environment.get("NOTIFY_SOCKET", ""), monotonic_s
        self._every_s = _number(environment.get("WATCHDOG_USEC")) / 1e6 / _SHARE
        self._is_ready, self._due_s = False, 0.0

    def __enter__(self) -> "ServiceManager":
        return self

    def __exit__(self, *_: object) -> None:
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """Say that all works: the first time that the service is ready, then what the watchdog waits for."""
        now_s = self._monotonic_s()
        if not self._is_ready:
            self._is_ready = True
            self._tell("READY=1")
        elif self._every_s and now_s >= self._due_s:
            self._tell("WATCHDOG=1")
            self._due_s = now_s + self._every_s

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        # A name that begins with @ is in Linux's abstract namespace.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            try:
                connection.sendto(message.encode(), address)
            except OSError:
                return  # whoever asked is gone; there is nobody to tell


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0
