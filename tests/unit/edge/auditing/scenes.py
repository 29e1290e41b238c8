"""Small recordings of people who cross a line, and the clock of an audit, for tests."""

from pathlib import Path

import cv2

from edge.camera_config import load_camera_config
from edge.camera_settings import CameraConfig
from tests.fakes.cameras import picture

CONFIG = """
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"
[camera]
source = "rtsp://user:secret@192.0.2.1/x"
start = 2026-03-02T12:00:00Z
[broker]
username = "cam"
[[tripwire]]
id = "door"
points = [[160.0, 230.0], [160.0, 10.0]]
"""
START_MS = 1_772_452_800_000


def config_of(folder: Path, more: str = "") -> CameraConfig:
    """Return the configuration of a camera over a door, in the middle of its picture."""
    (folder / "camera.toml").write_text(CONFIG + more, encoding="utf-8")
    return load_camera_config(folder / "camera.toml")


def walk(*starts: int, frames: int = 80) -> list[list[tuple[int, int]]]:
    """Return where people stand at each frame who walk to the right from the left edge, each from some frame on."""
    return [
        [(10 + 6 * (index - start), 100) for start in starts if 0 <= index - start <= 46] for index in range(frames)
    ]


def clip(path: Path, places: list[list[tuple[int, int]]]) -> Path:
    """Write a video, ten frames a second."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for place in places:
        writer.write(picture(place))
    writer.release()
    return path
