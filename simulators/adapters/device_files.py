"""The device configurations that the store's agents need, in the agents' own form.

One `camera-{id}.toml` per camera is that camera agent's whole configuration but for the broker, which is the local one
unless a `[broker]` table is appended; `store.toml` lists all devices with their feeds and the zones that they stand in,
the shelves and the products.
"""

from pathlib import Path

from simulators.adapters.feed_files import feed_names, replace_file
from simulators.adapters.toml_text import Table, toml_text
from simulators.core.layout import Camera
from simulators.core.scenario import Scenario
from simulators.core.views import watcher

STORE_FILE = "store.toml"


def camera_file_name(camera_id: str) -> str:
    """Return the name of a camera's configuration file."""
    return f"camera-{camera_id}.toml"


def write_device_files(folder: Path, scenario: Scenario) -> None:
    """Write each camera's configuration and the list of all devices."""
    for camera in scenario.cameras:
        replace_file(folder / camera_file_name(camera.id), camera_toml(scenario, camera).encode())
    replace_file(folder / STORE_FILE, store_toml(scenario).encode())


def camera_toml(scenario: Scenario, camera: Camera) -> str:
    """Return the configuration of a camera's agent: its feed, and the tripwires and zones that it alone watches."""
    tripwires: list[Table] = [
        {"id": wire.id, "kind": wire.kind, "points": wire.points}
        for wire in scenario.tripwires
        if watcher(scenario.cameras, wire.points) == camera
    ]
    zones: list[Table] = [
        {"id": zone.id, "kind": zone.kind, "points": zone.polygon}
        for zone in scenario.zones
        if watcher(scenario.cameras, zone.polygon) == camera
    ]
    return toml_text(
        {
            "device": {
                "tenant": scenario.tenant,
                "store": scenario.store,
                "id": camera.id,
                "data_dir": f"data-{camera.id}",
            },
            "camera": {"source": f"tracks:{feed_names(scenario)[camera.id]}", "plane": "floor", "follow": True},
        },
        {"tripwire": tripwires, "zone": zones},
        comment=f"{scenario.title}: what camera {camera.id} watches. Metres on the floor, x to the right, y down.",
    )


def store_toml(scenario: Scenario) -> str:
    """Return the list of all devices, zones, shelves and products."""
    feeds = feed_names(scenario)
    cameras: list[Table] = [
        {"id": camera.id, "config": camera_file_name(camera.id), "feed": feeds[camera.id]}
        for camera in scenario.cameras
    ]
    kiosks: list[Table] = [
        {"id": kiosk.id, "zone_id": kiosk.zone_id, "feed": feeds[kiosk.id]} for kiosk in scenario.kiosks
    ]
    tills: list[Table] = [{"id": till.id, "zone_id": till.zone_id, "feed": feeds[till.id]} for till in scenario.tills]
    shelves: list[Table] = [
        {"id": shelf.id, "category": shelf.category, "zone_id": shelf.zone_id} for shelf in scenario.shelves
    ]
    products: list[Table] = [
        {"gtin": product.gtin, "name": product.name, "price_minor": product.price_minor, "shelf_id": shelf.id}
        for shelf in scenario.shelves
        for product in shelf.products
    ]
    return toml_text(
        {},
        {"camera": cameras, "terminal": kiosks, "till": tills, "shelf": shelves, "product": products},
        top={
            "scenario": scenario.name,
            "tenant": scenario.tenant,
            "store": scenario.store,
            "title": scenario.title,
            "currency": scenario.currency,
        },
        comment="The store's devices: where each one's lines come from and which zone it stands in.",
    )
