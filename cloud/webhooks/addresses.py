"""To which addresses webhooks may be sent: a URL from outside must not reach what stands inside."""

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

Resolve = Callable[[str, int], list[str]]
"""Returns the addresses of a host, as text."""


class RefusedAddressError(Exception):
    """A URL leads where nothing may be sent. The message says why and what is allowed."""


def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses of a host.

    Raises:
        OSError: It has none.
    """
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check_url(url: str, *, allow_private: bool) -> SplitResult:
    """Return the parts of a URL that may be told.

    Raises:
        RefusedAddressError: It is no such URL.
    """
    allowed = "http:// or https://" if allow_private else "https://"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        msg = f"an {allowed} URL ({error})"
        raise RefusedAddressError(msg) from error
    schemes = {"http", "https"} if allow_private else {"https"}
    if parts.scheme not in schemes or not parts.hostname or parts.username is not None or not url.isascii():
        msg = f"an {allowed} URL with a host, of ASCII, without a user name"
        raise RefusedAddressError(msg)
    return parts


def checked_address(parts: SplitResult, resolve: Resolve, *, allow_private: bool) -> tuple[str, int]:
    """Return the address and port to connect to: of that address and no other was it checked where it leads.

    Every address that the host has must be public, so that a second one cannot lead inside.

    Raises:
        RefusedAddressError: One is not.
        OSError: The host has no address.
    """
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    addresses = resolve(host, port)
    for address in addresses:
        if not allow_private and not is_public(address):
            msg = f"{host} leads to {address}, which is no public address; see webhook_allow_private"
            raise RefusedAddressError(msg)
    return addresses[0], port


def is_public(address: str) -> bool:
    """Return whether an address is one of the public Internet, also behind IPv6's wrappings of IPv4."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
