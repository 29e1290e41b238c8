"""Gathers what the gateway's parts know of the devices."""

from collections.abc import Mapping

from contracts.events import Source
from gateway.adapters.clock_rows import ClockRows
from gateway.adapters.config_rows import ConfigRows
from gateway.adapters.credential_rows import CredentialRows
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.event_store import EventStore
from gateway.adapters.restart_rows import RestartRows
from gateway.adapters.sightings import Sighting, Sightings
from gateway.core.devices.overview import DeviceFacts, DeviceView, overview


def device_views(
    database: DeviceDatabase,
    store: EventStore,
    gateway: Source,
    now_ms: int,
    sightings: Mapping[str, Sighting] | None = None,
) -> list[DeviceView]:
    """Return a row for each device.

    Args:
        database: The devices' file.
        store: The events.
        gateway: The gateway, which is no device.
        now_ms: Now, Unix milliseconds.
        sightings: What was heard of each device; None: what was written down of it.

    Raises:
        DeviceStoreError: The devices' file cannot be read.
        EventStoreError: The event store cannot be read.
    """
    seen = Sightings(database).kept() if sightings is None else sightings
    clocks, configs = ClockRows(database).estimates(), ConfigRows(database).rows()
    registered = {each.device: each for each in CredentialRows(database).registered()}
    present = {Source.parse(each.source).device: each for each in store.devices()}
    missing = {Source.parse(source).device: count for source, count in store.missing().items()}
    restarts = RestartRows(database).rows()
    facts = {}
    for name in {*seen, *configs, *registered, *present}:
        restart = restarts.get(name)
        device, config, known, sighting = present.get(name), configs.get(name), registered.get(name), seen.get(name)
        facts[name] = DeviceFacts(
            kind=device.kind if device else known.kind if known else None,
            is_online=None if device is None else device.online,
            is_revoked=known is not None and known.is_revoked,
            seen_ms=None if sighting is None else sighting.seen_ms,
            health=None if sighting is None else sighting.health,
            software_version=None if device is None else device.software_version,
            missing=missing.get(name, 0),
            clock=clocks.get(name),
            config_desired=None if config is None else config.desired,
            config_reported=None if config is None else config.reported,
            config_refused=None if config is None else config.refused,
            config_error=None if config is None else config.error,
            restart_needed="" if config is None else config.restart_needed,
            restart=None if restart is None else restart.state,
            restarted_ms=None if restart is None else restart.started_ms,
        )
    return overview(facts, now_ms, (gateway.device,))
