"""Composes what speaks with other systems in the store."""

from collections.abc import Callable

from gateway.adapters.connection import Login, peer_login
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.event_store import EventStore
from gateway.adapters.frigate import Frigate
from gateway.adapters.home_assistant import HomeAssistant
from gateway.adapters.peer_intake import PeerIntake
from gateway.adapters.peer_rows import PeerRows
from gateway.adapters.scenescape import SceneScape
from gateway.adapters.store_pages import StoreNow
from gateway.config import GatewayConfig
from gateway.core.interop.scenescape import Look
from gateway.core.interop.tracks import Observation
from gateway.errors import ConfigurationError

AnyPeer = HomeAssistant | PeerIntake[Observation] | PeerIntake[Look]


def make_peers(
    config: GatewayConfig,
    own: Login,
    database: DeviceDatabase,
    store: EventStore,
    now: Callable[[], StoreNow],
    clock_ms: Callable[[], int],
) -> list[AnyPeer]:
    """Return what the configuration asks for, not started yet.

    Args:
        config: The gateway's.
        own: How the gateway signs in at the store's own broker.
        database: The devices' file.
        store: Where events go.
        now: Returns the store as it is.
        clock_ms: The wall clock, Unix milliseconds.

    Raises:
        ConfigurationError: A password cannot be read, or a device would have two origins.
        DeviceStoreError: The devices' file cannot be read.
    """
    check_names(config)
    gateway, peers = config.gateway.source, list[AnyPeer]()
    home, frigate, scenescape = config.home_assistant, config.frigate, config.scenescape
    if home is not None:
        peers.append(HomeAssistant(gateway, home, peer_login(home.broker, own, "home_assistant"), now))
    if frigate is not None:
        login, rows = peer_login(frigate.broker, own, "frigate"), PeerRows(database, gateway, frigate.devices)
        cameras = Frigate(gateway, frigate, rows)
        peers.append(PeerIntake(gateway, cameras, config.intake, login, rows, store.receive, clock_ms))
    if scenescape is not None:
        login, rows = peer_login(scenescape.broker, own, "scenescape"), PeerRows(database, gateway, scenescape.devices)
        scenes = SceneScape(gateway, scenescape, rows)
        peers.append(PeerIntake(gateway, scenes, config.intake, login, rows, store.receive, clock_ms))
    return peers


def check_names(config: GatewayConfig) -> None:
    """Refuse a device that two parts of the configuration would report as.

    Raises:
        ConfigurationError: There is one.
    """
    owner = {config.gateway.id: "gateway.id"}
    for table, rules in (("frigate.cameras", config.frigate), ("scenescape.scenes", config.scenescape)):
        for device in () if rules is None else sorted(rules.devices):
            if device in owner:
                msg = f"{table}: {device!r} is also named in {owner[device]}; give each device a name of its own"
                raise ConfigurationError(msg)
            owner[device] = table
