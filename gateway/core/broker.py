"""Where a broker is, and who the gateway is to it. Pure."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

Port = Annotated[int, Meta(ge=1, le=65535)]


class Broker(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A broker: the store's own, or another system's.

    Attributes:
        host: Name or address.
        port: TCP port.
        username: The gateway's user name, where the broker asks for one.
        password_file: File that holds its password alone.
        ca_file: Certificate authority for TLS; without it the connection is plain.
    """

    host: str
    port: Port = 1883
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None

    @property
    def address(self) -> str:
        """Return `host:port`."""
        return f"{self.host}:{self.port}"
