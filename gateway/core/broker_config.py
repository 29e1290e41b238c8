"""Mosquitto's configuration for a store: hardened, with rights per device. Pure: returns text.

Each device signs in under its own id and may write under its own topics and read what the gateway asks of it. Only the
gateway reads what devices write; so what a device publishes on channel `local` reaches nobody else.
"""

from msgspec import Struct

from contracts.events import Source
from contracts.topics import Channel, device_filter, store_filter
from gateway.core.interop.home_assistant import Home
from gateway.core.interop.rules import HomeAssistantRules

FROM_DEVICES: tuple[Channel, ...] = ("event", "local", "status", "state")
HOME_USER = "home-assistant"
"""As whom Home Assistant signs in, where somebody gave it a password: it reads what it is told, nothing else."""
_CONFIGURATION = """\
# Mosquitto for the store {tenant}/{store}. Made by `shopthread gateway mosquitto`; make it anew rather than edit it.
per_listener_settings false

# Encrypted, and nobody without a name and a password.
listener {port} {host}
cafile {folder}/ca.pem
certfile {folder}/broker.pem
keyfile {folder}/broker.key
tls_version tlsv1.2
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
pid_file {folder}/mosquitto.pid

# Nothing that was accepted is dropped, whatever the gateway's absence. Durability does not rest on it: a device keeps
# each event until the gateway has acknowledged it.
persistence true
persistence_location {folder}/data/
autosave_interval 1
max_queued_messages 0
max_queued_bytes 0
persistent_client_expiration 30d
max_packet_size 1048576

log_dest stdout
log_type error
log_type warning
log_type notice
"""


class BrokerPlace(Struct, frozen=True, kw_only=True):
    """Where the broker runs.

    Attributes:
        host: IP address to listen on.
        port: TCP port.
        folder: Absolute path of the folder with certificates, passwords, ACL and data.
    """

    host: str
    port: int
    folder: str


def mosquitto_configuration(gateway: Source, place: BrokerPlace) -> str:
    """Return `mosquitto.conf` for a gateway's store."""
    return _CONFIGURATION.format(
        tenant=gateway.tenant, store=gateway.store, host=place.host, port=place.port, folder=place.folder
    )


def mosquitto_acl(gateway: Source) -> str:
    """Return the access control list of a gateway's store: who may read and write which topics."""
    tenant, store = gateway.tenant, gateway.store
    home = Home(gateway=gateway, prefix=HomeAssistantRules().prefix, software_version="")
    lines = [
        f"# Rights in the store {tenant}/{store}. A user's name is the device's id; %u stands for it.",
        "",
        f"user {gateway.device}",
        *(f"topic read {store_filter(tenant, store, channel)}" for channel in FROM_DEVICES),
        f"topic write {store_filter(tenant, store, 'cmd')}",
        *(f"topic readwrite {each}" for each in home.filters),
        "",
        f"user {HOME_USER}",
        f"topic readwrite {home.prefix}/status",
        *(f"topic read {each}" for each in home.filters),
        "",
        *(f"pattern write {device_filter(tenant, store, '%u', channel)}" for channel in FROM_DEVICES),
        f"pattern read {device_filter(tenant, store, '%u', 'cmd')}",
    ]
    return "\n".join(lines) + "\n"
