"""With which other systems the gateway speaks: tables of its file, all of them optional. Pure."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from contracts.patterns import END

TopicPrefix = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,7}" + END)]


class PeerBroker(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another broker than the store's.

    Attributes:
        host: Name or address.
        port: TCP port.
        username: The gateway's user name, where the broker asks for one.
        password_file: File that holds its password alone.
        ca_file: Certificate authority for TLS; without it the connection is plain.
    """

    host: str
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None

    @property
    def address(self) -> str:
        """Return `host:port`."""
        return f"{self.host}:{self.port}"


class HomeAssistantRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What Home Assistant is told.

    Attributes:
        enabled: False takes back all that it was ever told.
        prefix: Where it looks for what announces itself.
        interval_s: Seconds between two looks at the store.
        broker: Its broker; None: the store's own.
    """

    enabled: bool = True
    prefix: TopicPrefix = "homeassistant"
    interval_s: Annotated[float, Meta(ge=0.1, le=3600)] = 5.0
    broker: PeerBroker | None = None
