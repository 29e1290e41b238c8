"""Sends one message by HTTP to an address that was checked, and follows no redirect."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from typing import Protocol

from cloud.webhooks.addresses import RefusedAddressError, Resolve, check_url, checked_address, resolve_host
from cloud.webhooks.retry import Answer

_MOST_READ_BYTES = 64 * 1024


class Send(Protocol):
    """Sends a body and returns what came of it; it never raises."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send once."""


class HttpSender:
    """Sends over the network.

    Args:
        timeout_s: How long connecting, and each read, may take.
        allow_private: Send to private addresses too, and without TLS.
        resolve: Finds the addresses of a host.
    """

    def __init__(self, timeout_s: float, *, allow_private: bool, resolve: Resolve = resolve_host) -> None:
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._resolve = resolve

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """See `Send`."""
        try:
            parts = check_url(url, allow_private=self._allow_private)
            address, port = checked_address(parts, self._resolve, allow_private=self._allow_private)
            with socket.create_connection((address, port), self._timeout_s) as plain:
                connection = http.client.HTTPConnection(parts.hostname or "", port, timeout=self._timeout_s)
                connection.sock = _secured(plain, parts.hostname or "") if parts.scheme == "https" else plain
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
                answer = connection.getresponse()
                answer.read(_MOST_READ_BYTES)
                connection.close()
        except (OSError, http.client.HTTPException, RefusedAddressError) as error:
            return Answer(fault=f"{type(error).__name__}: {error}"[:500])
        if Answer(status=answer.status).is_taken:
            return Answer(status=answer.status)
        return Answer(status=answer.status, fault=f"the receiver answered {answer.status} {answer.reason}"[:500])


def _secured(plain: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
