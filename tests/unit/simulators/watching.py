"""People who are put where a test wants them, before cameras of a test's making."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from simulators.adapters.scenario_files import load_scenario
from simulators.core.geometry import Point
from simulators.core.layout import Camera, Wall
from simulators.core.lines import TrackLine
from simulators.core.people import Person, Role
from simulators.core.scenario import Noise, Scenario
from simulators.core.sensing import CameraViews
from simulators.core.truth import TrueFalseTrack, TrueTrack

START_MS = 1_772_442_000_000
TICK_MS = 250
FLOOR = ((0.0, 0.0), (20.0, 0.0), (20.0, 20.0), (0.0, 20.0))


def camera(name: str = "cam-1", sees: tuple[Point, ...] | None = FLOOR, height_m: float = 3.0) -> Camera:
    return Camera(id=name, position=(0.0, 10.0), height_m=height_m, looks_at=(6.0, 10.0), range_m=25.0, sees=sees)


def store(noise: Noise, cameras: Sequence[Camera] = (camera(),), walls: Sequence[Wall] = ()) -> Scenario:
    shop = load_scenario("corner_shop")
    return replace(shop, noise=noise, cameras=tuple(cameras), walls=tuple(walls), shelves=(), outages=())


def person(number: int, position: Point, role: Role = "shopper") -> Person:
    return Person(f"s{number}", role, f"party-{number}", position, 1.0)


def apart(count: int) -> list[Person]:
    """People on a grid, 1.5 m from each other."""
    return [person(number, (1.0 + 1.5 * (number % 12), 1.0 + 1.5 * (number // 12))) for number in range(count)]


class Watched(Struct, frozen=True):
    """What cameras said, and the truth of it."""

    lines: dict[str, list[TrackLine]]
    tracks: list[tuple[str, TrueTrack]]
    false_tracks: tuple[TrueFalseTrack, ...]

    @property
    def points(self) -> int:
        return sum(len(line.tracks) for lines in self.lines.values() for line in lines)


def watch(
    scenario: Scenario,
    people: list[Person],
    ticks: int,
    before_tick: Callable[[int, list[Person]], None] = lambda _tick, _people: None,
    *,
    seed: int = 1,
    clocks: dict[str, Callable[[int], int]] | None = None,
    down: Callable[[int], frozenset[str | None]] = lambda _: frozenset(),
) -> Watched:
    told: dict[tuple[str, str, str, int], TrueTrack] = {}

    def on_track(person_id: str, track: TrueTrack) -> None:
        told[person_id, track.camera_id, track.track_id, track.from_ms] = track

    views = CameraViews(scenario, seed, clocks or {}, on_track)
    lines: dict[str, list[TrackLine]] = defaultdict(list)
    for tick in range(ticks):
        before_tick(tick, people)
        for camera_id, line in views.look(people, START_MS + tick * TICK_MS, down(tick)):
            lines[camera_id].append(line)
    views.tell()
    return Watched(lines, [(key[0], track) for key, track in told.items()], views.false_tracks)
