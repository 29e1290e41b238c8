"""Writes the configuration files of the demo's devices and gateways."""

from pathlib import Path

import simulators
from shopthread.demo.workspace import FILMED, SHOP, TENANT, Ports, Workspace

CAMERA, KIOSK, TILL = "cam-1", "kiosk-1", "till-1"
HEALTH_INTERVAL_S = 5.0
FOOTAGE = Path(simulators.__file__).resolve().parent / "footage" / "entrance" / "video.mp4"
"""Rendered footage that comes with the project."""
_DRAWN_FOR_FOOTAGE = FOOTAGE.with_name("camera.toml")
_DRAWN_BY_NAME = {"vtest.avi": Path(__file__).resolve().with_name("plaza.toml")}


def write_gateway(workspace: Workspace, store: str, ports: Ports) -> Path:
    """Write a store's gateway configuration and return its path."""
    path = workspace.config(store, "gateway")
    return _write(
        path,
        f"""\
[gateway]
tenant = "{TENANT}"
store = "{store}"
data_dir = "{workspace.data(store, "gateway")}"
health_interval_s = {HEALTH_INTERVAL_S}

[broker]
port = {ports.broker}

[cloud]
url = "http://127.0.0.1:{ports.web}"
api_key_file = "{workspace.ingest_key}"
longest_retry_s = 5.0
""",
    )


def write_shop_camera(workspace: Workspace, ports: Ports) -> Path:
    """Write the simulated camera's configuration: the scenario's lines and zones, and the feed to follow."""
    drawn = (workspace.feeds / f"camera-{CAMERA}.toml").read_text(encoding="utf-8")
    source = (
        f'[camera]\nsource = "tracks:{workspace.feeds / f"tracks-{CAMERA}.jsonl"}"\nplane = "floor"\nfollow = true\n\n'
    )
    text = source + _without_table(_without_table(drawn, "device"), "camera") + _device(workspace, SHOP, CAMERA, ports)
    return _write(workspace.config(SHOP, CAMERA), text)


def write_terminal(workspace: Workspace, ports: Ports, zone_id: str) -> Path:
    """Write the scan kiosk's configuration."""
    feed = workspace.feeds / f"scans-{KIOSK}.jsonl"
    text = f'[terminal]\ninput = "follow:{feed}"\nzone_id = "{zone_id}"\n'
    return _write(workspace.config(SHOP, KIOSK), text + _pseudonyms(workspace) + _device(workspace, SHOP, KIOSK, ports))


def write_pos(workspace: Workspace, ports: Ports, zone_id: str) -> Path:
    """Write the POS tap's configuration."""
    feed = workspace.feeds / f"receipts-{TILL}.jsonl"
    text = f'[pos]\ninput = "follow:{feed}"\nzone_id = "{zone_id}"\n'
    return _write(workspace.config(SHOP, TILL), text + _pseudonyms(workspace) + _device(workspace, SHOP, TILL, ports))


def write_video_camera(workspace: Workspace, ports: Ports, video: Path) -> Path:
    """Write the video camera's configuration.

    Lines and zones are those that were drawn for the video: for the footage that comes with the project and for the
    street scene of OpenCV. For another one, a line down the middle of the picture is drawn.

    Args:
        workspace: The demo's folder.
        ports: Where the broker is.
        video: The video file.

    Raises:
        EdgeError: The video cannot be opened.
    """
    path = workspace.config(FILMED, CAMERA)
    drawn = _DRAWN_FOR_FOOTAGE if video == FOOTAGE else _DRAWN_BY_NAME.get(video.name)
    if drawn is not None:
        table = _without_table(drawn.read_text(encoding="utf-8"), "device")
        lines = [line for line in table.splitlines() if not line.startswith(("source", "start", "loop", "realtime"))]
        text = "\n".join(lines) + "\n"
    else:
        from contracts.events import Source  # noqa: PLC0415 - only here
        from edge.main import picture_size  # noqa: PLC0415 - the edge is loaded when it is needed
        from edge.starter import starter_toml  # noqa: PLC0415

        starter = starter_toml(Source(TENANT, FILMED, CAMERA), f"file:{video}", picture_size(f"file:{video}"))
        text = _without_table(_without_table(_without_table(starter, "device"), "broker"), "camera") + "\n[camera]\n"
    text = text.replace("[camera]\n", f'[camera]\nsource = "file:{video}"\nrealtime = true\nloop = true\n', 1)
    return _write(path, text + _device(workspace, FILMED, CAMERA, ports))


def _device(workspace: Workspace, store: str, device: str, ports: Ports) -> str:
    return f"""
[device]
tenant = "{TENANT}"
store = "{store}"
id = "{device}"
data_dir = "{workspace.data(store, device)}"
health_interval_s = {HEALTH_INTERVAL_S}

[broker]
port = {ports.broker}
"""


def _pseudonyms(workspace: Workspace) -> str:
    return f'\n[pseudonyms]\nkey_file = "{workspace.pseudonym_key}"\n'


def _without_table(text: str, table: str) -> str:
    """Return TOML text without one top-level table."""
    before, found, rest = text.partition(f"[{table}]\n")
    if not found:
        return text
    following = rest.find("\n[")
    return before + (rest[following + 1 :] if following >= 0 else "")


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
