"""Renders the cameras of a scenario: footage, its truth, and the configuration with which an agent can watch it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING
from zlib import crc32

import cv2
import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from simulators.adapters.feed_files import replace_file
from simulators.core.errors import ScenarioError
from simulators.core.geometry import Point, distance
from simulators.core.layout import Camera
from simulators.core.optics import CameraOptics
from simulators.core.people import Person
from simulators.core.scenario import Scenario
from simulators.core.store import Store
from simulators.rendering.annotations import Annotator, mot_line, sighting_line
from simulators.rendering.camera_files import rendered_camera_toml
from simulators.rendering.clothing.dressing import figure_of
from simulators.rendering.clothing.pieces import AssetSet
from simulators.rendering.looks import draw_look
from simulators.rendering.motion import Interest, Walker
from simulators.rendering.scenery import build_scenery
from simulators.rendering.sensor import Sensor, SensorSettings, draw_sensor
from simulators.rendering.stage import Actor, Stage, draw_lighting

if TYPE_CHECKING:
    from simulators.rendering.wardrobe import Figure

Image = NDArray[np.uint8]  # (H, W, 3), BGR

VIDEO_FILE, BOXES_FILE, SIGHTINGS_FILE = "video.mp4", "gt.txt", "sightings.jsonl"
TRUTH_FILE, CAMERA_FILE, PREVIEW_FILE = "truth.json", "camera.toml", "preview.png"

_STREAM = 41
_MOST_PEOPLE = 255
_BEYOND_RANGE_M = 4.0
_NEAR_M = 1.3
_COUNTER_BELOW_M = 1.5
_MS_PER_S = 1000


@dataclass(frozen=True, slots=True)
class Take:
    """What is filmed.

    Attributes:
        start_ms: When the first frame is taken, Unix milliseconds UTC.
        lead_s: Seconds before it during which the store fills unseen.
        seconds: Length of the footage.
        fps: Frames a second.
        plain: Without the cameras' blur, noise, colour casts and compression.
    """

    seed: int
    start_ms: int
    lead_s: float
    seconds: float
    fps: float
    plain: bool = False


class Cast:
    """Everyone who is filmed: looks and movements, the same for all cameras.

    Args:
        scenario: Whose shelves people reach to.
        seed: What looks are drawn from.
        assets: What people may wear besides the renderer's own clothes.
    """

    def __init__(self, scenario: Scenario, seed: int, assets: AssetSet | None = None) -> None:
        self._seed, self._assets = seed, assets
        self._shelves = [shelf.polygon for shelf in scenario.shelves]
        self._counters = [wall.polygon for wall in scenario.walls if wall.height_m < _COUNTER_BELOW_M]
        self._figures: dict[str, Figure] = {}
        self._walkers: dict[str, Walker] = {}

    def step(self, people: Sequence[Person], seconds: float) -> list[Actor]:
        """Return how everyone stands now. Who has gone is forgotten."""
        here = {person.person_id for person in people}
        for kept in (self._figures, self._walkers):
            for person_id in kept.keys() - here:
                del kept[person_id]
        return [self._actor(person, seconds) for person in people]

    def _actor(self, person: Person, seconds: float) -> Actor:
        name = person.person_id
        if name not in self._figures:
            look = draw_look(self._seed, name, person.role, person.age, person.height_m)
            self._figures[name] = figure_of(look, self._seed, name, person.role, self._assets)
            self._walkers[name] = Walker(self._seed, person)
        figure = self._figures[name]
        heading, pose = self._walkers[name].step(person, seconds, self._near(person), carries=figure.look.carries)
        return Actor(name, figure, pose, person.position, heading)

    def _near(self, person: Person) -> Interest | None:
        """Return what a person who stands where this one is turns to: a counter, or a shelf and its goods."""
        found = [Interest(_nearest_on(polygon, person.position), goods=True) for polygon in self._shelves]
        found += [Interest(_nearest_on(polygon, person.position), goods=False) for polygon in self._counters]
        nearest = min(found, key=lambda interest: distance(interest.point, person.position))
        return nearest if distance(nearest.point, person.position) < _NEAR_M else None


class FilmedCamera:
    """One camera with its recorder. Use as a context: the video is complete when it ends.

    Args:
        scenario: The store.
        camera: One of its cameras.
        take: What is filmed.
        folder: Where its files go.
    """

    def __init__(self, scenario: Scenario, camera: Camera, take: Take, folder: Path) -> None:
        optics = CameraOptics(camera)
        rng = np.random.default_rng([take.seed, _STREAM, crc32(camera.id.encode())])
        self._camera, self._annotator, self._frame = camera, Annotator(), 0
        self._stage = Stage(optics, build_scenery(scenario, optics, take.seed), draw_lighting(rng))
        self._sensor = Sensor(SensorSettings() if take.plain else draw_sensor(rng), camera.frame_px, rng)
        self._preview_at = max(1, round(take.seconds * take.fps / 2))
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._video = cv2.VideoWriter(
            str(folder / VIDEO_FILE), cv2.VideoWriter.fourcc(*"mp4v"), take.fps, camera.frame_px
        )
        if not self._video.isOpened():
            msg = f"{folder / VIDEO_FILE} cannot be written as MPEG-4 video"
            raise OSError(msg)
        self._boxes = (folder / BOXES_FILE).open("w", encoding="utf-8")
        self._sightings = (folder / SIGHTINGS_FILE).open("wb")

    def __enter__(self) -> "FilmedCamera":
        """Return the camera."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Complete the files."""
        self._video.release()
        self._boxes.close()
        self._sightings.close()

    def film(self, actors: Sequence[Actor], t_ms: int) -> Image:
        """Add one frame to the footage and its truth. Return the picture."""
        self._frame += 1
        reach_m = self._camera.range_m + _BEYOND_RANGE_M
        near = sorted(actors, key=lambda actor: distance(actor.position, self._camera.position))[:_MOST_PEOPLE]
        shot, sightings = self._stage.shoot(
            [actor for actor in near if distance(actor.position, self._camera.position) < reach_m]
        )
        picture = self._sensor.expose(shot)
        self._video.write(picture)
        for each in self._annotator.note(self._frame, t_ms, sightings):
            self._boxes.write(mot_line(each))
            self._sightings.write(sighting_line(each))
        if self._frame == self._preview_at:
            cv2.imwrite(str(self._folder / PREVIEW_FILE), picture)
        return picture


def film(
    scenario: Scenario,
    cameras: Sequence[Camera],
    take: Take,
    out_dir: Path,
    progress: Callable[[int], None],
    assets: AssetSet | None = None,
) -> None:
    """Film a scenario through some of its cameras, each into `out_dir/ID`.

    Args:
        scenario: The store.
        cameras: Which of its cameras.
        take: What is filmed.
        out_dir: Gets a folder per camera; files of an earlier take are replaced.
        progress: Told after each frame how many there are.
        assets: What people may wear besides the renderer's own clothes.

    Raises:
        ScenarioError: The scenario cannot be simulated, or fps is nothing that it can be simulated with.
        OSError: A file cannot be written.
        ValueError: A camera's lens is impossible.
    """
    store = Store(at_frame_rate(scenario, take.fps), take.seed, take.start_ms - round(take.lead_s * _MS_PER_S))
    cast = Cast(scenario, take.seed, assets)
    filmed = [FilmedCamera(scenario, camera, take, out_dir / camera.id) for camera in cameras]
    while store.now_ms < take.start_ms:
        store.step()
    for frame in range(round(take.seconds * take.fps)):
        actors = cast.step(store.people, 1 / take.fps)
        for each in filmed:
            each.film(actors, store.now_ms)
        store.step()
        progress(frame + 1)
    truth = msgspec.json.format(msgspec.json.encode(store.truth()), indent=1)
    for camera, each in zip(cameras, filmed, strict=True):
        each.__exit__(None, None, None)
        folder = out_dir / camera.id
        replace_file(folder / TRUTH_FILE, truth)
        replace_file(folder / CAMERA_FILE, rendered_camera_toml(scenario, camera, VIDEO_FILE, take.start_ms).encode())


def at_frame_rate(scenario: Scenario, fps: float) -> Scenario:
    """Return a scenario that goes on by one tick a frame.

    Raises:
        ScenarioError: There can be no such scenario.
    """
    if not 1 <= fps <= 30:  # noqa: PLR2004 - as Scenario.tick_hz says
        key = "fps"
        raise ScenarioError(key, fps, "from 1 to 30 frames a second")
    return replace(scenario, tick_hz=fps)


def _nearest_on(polygon: Sequence[Point], position: Point) -> Point:
    corners = np.asarray(polygon)
    along = np.roll(corners, -1, axis=0) - corners
    offsets = np.asarray(position) - corners
    share = np.clip((offsets * along).sum(axis=1) / (along * along).sum(axis=1), 0, 1)
    nearest = corners + share[:, None] * along
    best = nearest[np.hypot(*(nearest - position).T).argmin()]
    return float(best[0]), float(best[1])
