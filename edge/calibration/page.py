"""The page on which an operator sets up a camera. The still that it shows lives in memory and is never written."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from contracts.fields import TripwireKind, ZoneKind
from edge.adapters.local_page import PAGES_DIR, Handlers, Reply, Request, json_reply, page_files, text_reply
from edge.calibration.drawing import Drawing, drawing_of
from edge.calibration.report import report
from edge.calibration.settings_file import read_settings, save
from edge.camera_config import parse_camera_config
from edge.camera_floor import floor_map
from edge.camera_settings import CameraConfig, Plane, Point
from edge.core.floor import picture_point
from edge.errors import ConfigurationError, EdgeError
from edge.ports import Image

logger = logging.getLogger(__name__)

TakeStill = Callable[[CameraConfig, int], Image]
"""Returns a picture, masked as the configuration says; later ones for higher numbers, where the source is a file."""
EncodeStill = Callable[[Image], bytes]
"""Returns a picture as PNG."""


class PlanShape(Struct, frozen=True, kw_only=True):
    """Something that stands on the store's floor plan.

    Attributes:
        kind: How it is drawn: wall, shelf or zone.
        name: What it is called.
        points: Its corners, metres.
    """

    kind: str
    name: str
    points: tuple[Point, ...]


class PageState(Struct, frozen=True, kw_only=True):
    """What the page begins with."""

    file: str
    plane: Plane
    picture_size: tuple[int, int]
    drawn_size: tuple[int, int] | None
    drawing: Drawing
    on_floor: tuple[tuple[Point, ...], ...]
    tripwire_kinds: tuple[str, ...]
    zone_kinds: tuple[str, ...]
    plan: tuple[PlanShape, ...]


class CalibrationPage:
    """The page's answers.

    Args:
        path: The camera's configuration file.
        take_still: Takes a picture.
        encode: Makes it a file's bytes.
        plan: The store's floor plan, empty where it is not known.

    Raises:
        EdgeError: The configuration cannot be read, or no picture comes.
    """

    def __init__(
        self, path: Path, take_still: TakeStill, encode: EncodeStill, plan: tuple[PlanShape, ...] = ()
    ) -> None:
        self._path, self._take_still, self._encode, self._plan = path, take_still, encode, plan
        self._guard = threading.Lock()
        self._stills = 0
        self._raw = read_settings(path)
        self._still, self._size = self._taken()

    def handlers(self) -> Handlers:
        """Return what the page answers, by method and path."""
        return {
            **page_files(PAGES_DIR / "calibration"),
            ("GET", "/still.png"): lambda _: Reply(self._still, "image/png"),
            ("GET", "/state"): lambda _: json_reply(self._state()),
            ("POST", "/still"): self._take_another,
            ("POST", "/check"): self._check,
            ("POST", "/save"): self._save,
        }

    def _config(self) -> CameraConfig:
        return parse_camera_config(self._raw, self._path, is_draft=True)

    def _taken(self) -> tuple[bytes, tuple[int, int]]:
        config = self._config()
        try:
            still = self._take_still(config, self._stills)
        except ConfigurationError:  # Masks of a picture of another shape: their pixels are hidden as they are written.
            still = self._take_still(replace(config, camera=replace(config.camera, picture_size=None)), self._stills)
        height_px, width_px = still.shape[:2]
        return self._encode(still), (width_px, height_px)

    def _state(self) -> PageState:
        config = self._config()
        is_floor = config.camera.plane == "floor"
        return PageState(
            file=str(self._path),
            plane=config.camera.plane,
            picture_size=self._size,
            drawn_size=config.camera.picture_size,
            drawing=drawing_of(config, self._size),
            on_floor=_in_picture(config) if is_floor else (),
            tripwire_kinds=get_args(TripwireKind),
            zone_kinds=get_args(ZoneKind),
            plan=self._plan,
        )

    def _take_another(self, _: Request) -> Reply:
        with self._guard:
            self._stills += 1
            self._still, self._size = self._taken()
        return text_reply("a new picture was taken")

    def _check(self, request: Request) -> Reply:
        return json_reply(report(self._config(), _drawing(request)))

    def _save(self, request: Request) -> Reply:
        drawing = _drawing(request)
        with self._guard:
            self._raw, backup = save(self._path, self._raw, drawing)
            try:
                self._still, self._size = self._taken()
            except EdgeError as error:
                logger.warning("saved, but no new picture came: %s", error)
        return json_reply({"saved": str(self._path), "backup": str(backup), "state": self._state()})


def _drawing(request: Request) -> Drawing:
    try:
        return msgspec.json.decode(request.body, type=Drawing)
    except msgspec.MsgspecError as error:
        msg = f"the page sent a drawing that cannot be read: {error}; load the page again"
        raise ConfigurationError(msg) from error


def _in_picture(config: CameraConfig) -> tuple[tuple[Point, ...], ...]:
    """Return tripwires and zones that are drawn on the floor as the picture shows them; none without a usable floor."""
    try:
        known = floor_map(config)
    except ConfigurationError:
        return ()
    if known is None:
        return ()
    drawn = [*(line.points for line in config.tripwires), *((*zone.points, zone.points[0]) for zone in config.zones)]
    seen = [[picture_point(known, point) for point in points] for points in drawn]
    return tuple(tuple(point for point in points if point is not None) for points in seen)
