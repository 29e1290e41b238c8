"""A running camera's lines and zones are changed without a restart; what cannot be changed is named."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.payloads import FootfallCrossing, VisitSegment
from tests.fakes.cameras import BrightDetector, FakeCamera, FakeClock, MemorySink, picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.camera_agent import CameraAgent
from edge.camera_config import load_camera_config
from edge.camera_rules import pipeline_rules
from edge.camera_settings import CameraConfig
from edge.config_watch import ConfigWatch, ReloadBell
from edge.errors import ConfigurationError
from edge.ports import Frame, Stopped
from edge.reconfiguration import restart_keys
from edge.video_observations import VideoObservations

HEAD = """
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"
[camera]
source = "file:x.avi"
"""
DOOR = '[[tripwire]]\nid = "door"\npoints = [[160.0, 230.0], [160.0, 10.0]]\n'
INNER = '[[tripwire]]\nid = "inner"\npoints = [[220.0, 230.0], [220.0, 10.0]]\n'
SHELF = '[[zone]]\nid = "shelf"\nkind = "shelf"\npoints = [[0.0, 0.0], [319.0, 0.0], [319.0, 239.0], [0.0, 239.0]]\n'


def config(tmp_path: Path, layout: str = DOOR, camera: str = "") -> CameraConfig:
    path = tmp_path / "camera.toml"
    path.write_text(f"{HEAD}{camera}\n{layout}", encoding="utf-8")
    return load_camera_config(path)


class Prompted(FakeCamera):
    """A camera beside which something happens before some of its frames."""

    def __init__(self, frames: int, at: dict[int, object]) -> None:
        super().__init__([picture([(20 + 4 * index, 100)]) for index in range(frames)])
        self._at = at

    def frames(self, stopped: Stopped) -> Iterator[Frame]:
        for frame in super().frames(stopped):
            happening = self._at.get(frame.index)
            if callable(happening):
                happening()
            yield frame


def run(first: CameraConfig, at: dict[int, object]) -> tuple[CameraAgent, MemorySink]:
    sink = MemorySink()
    agent = CameraAgent(
        VideoObservations(Prompted(65, at), BrightDetector(), first),
        pipeline_rules(first),
        sink,
        FakeClock(look_s=0.1).monotonic_s,
        config=first,
    )
    at.update({index: (lambda happening=happening: happening(agent)) for index, happening in at.items()})
    agent.run(lambda: False)
    return agent, sink


def crossings(sink: MemorySink) -> list[str]:
    return [draft.data.tripwire_id for draft in sink.drafts if isinstance(draft.data, FootfallCrossing)]


def test_a_line_and_a_zone_that_come_while_somebody_walks_count_from_then_on(tmp_path: Path) -> None:
    first = config(tmp_path)
    _, sink = run(first, {45: lambda agent: agent.reconfigure(config(tmp_path, DOOR + INNER + SHELF))})
    assert crossings(sink) == ["door", "inner"]
    segments = [draft.data for draft in sink.drafts if isinstance(draft.data, VisitSegment)]
    assert len({segment.segment_id for segment in segments}) == 1
    (stay,) = segments[-1].stays
    assert stay.entered_ms - segments[-1].opened_ms >= 4000


def test_reading_the_same_again_changes_no_byte(tmp_path: Path) -> None:
    first = config(tmp_path, DOOR + SHELF)
    _, plain = run(first, {})
    _, read_again = run(first, {index: lambda agent: agent.reconfigure(first) for index in (1, 20, 40)})
    assert read_again.drafts == plain.drafts


def test_a_line_that_can_never_fire_leaves_the_running_ones_in_force(tmp_path: Path) -> None:
    first = config(tmp_path)
    edge = '[[tripwire]]\nid = "door"\npoints = [[0.0, 239.0], [320.0, 239.0]]\n'

    def refused(agent: CameraAgent) -> None:
        with pytest.raises(ConfigurationError, match="can never fire"):
            agent.reconfigure(config(tmp_path, edge))

    assert crossings(run(first, {10: refused})[1]) == ["door"]


def test_before_the_first_picture_nothing_can_be_placed(tmp_path: Path) -> None:
    first = config(tmp_path)

    def refused(agent: CameraAgent) -> None:
        with pytest.raises(ConfigurationError, match="no picture came from fake yet"):
            agent.reconfigure(first)

    run(first, {0: refused})


def test_what_comes_into_force_only_at_a_restart_is_named(tmp_path: Path) -> None:
    first = config(tmp_path)
    found: list[tuple[str, ...]] = []
    second = config(tmp_path, INNER, "max_fps = 5.0\nmin_age_s = 1.0")
    _, sink = run(first, {3: lambda agent: found.append(agent.reconfigure(second))})
    assert found == [("camera.max_fps", "camera.min_age_s")]
    assert crossings(sink) == ["inner"]


def test_where_points_mean_something_else_nothing_is_changed(tmp_path: Path) -> None:
    first = config(tmp_path)
    floor = "[floor]\nimage_px = [[0,0],[9,0],[9,9],[0,9]]\nfloor_m = [[0,0],[1,0],[1,1],[0,1]]\n"
    with pytest.raises(ConfigurationError, match=r"floor says where the points .* restart"):
        restart_keys(first, config(tmp_path, DOOR + floor))
    with pytest.raises(ConfigurationError, match=r"camera\.picture_size"):
        restart_keys(first, config(tmp_path, DOOR, "picture_size = [640, 480]"))
    assert restart_keys(first, config(tmp_path, INNER + SHELF)) == ()


class Watched:
    """A configuration file with a watch over it."""

    def __init__(self, tmp_path: Path, *, watches_file: bool = True) -> None:
        self.path = tmp_path / "camera.toml"
        self.path.write_text("one", encoding="utf-8")
        self.read: list[str] = []
        self.bad: list[tuple[bytes, str]] = []
        self.bell = ReloadBell()
        self.watch = ConfigWatch(self.path, self._reload, self._keep_bad, bell=self.bell, watches_file=watches_file)

    def write(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")

    def _reload(self) -> None:
        text = self.path.read_text(encoding="utf-8")
        if text == "bad":
            msg = "tripwire: wrong"
            raise ConfigurationError(msg)
        self.read.append(text)

    def _keep_bad(self, content: bytes, reason: str) -> None:
        self.bad.append((content, reason))


def test_a_file_that_changes_is_read_once(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.watch.look()
    watched.write("two!")
    for _ in range(3):
        watched.watch.look()
    assert watched.read == ["two!"]


def test_a_file_is_not_looked_at_unless_that_is_asked_for(tmp_path: Path) -> None:
    watched = Watched(tmp_path, watches_file=False)
    watched.write("two!")
    watched.watch.look()
    assert watched.read == []
    watched.bell.ring()
    watched.watch.look()
    watched.watch.look()
    assert watched.read == ["two!"]


def test_a_bad_file_is_kept_and_told_once_and_a_good_one_after_it_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(tmp_path)
    watched.write("bad")
    watched.watch.look()
    watched.watch.look()
    assert watched.bad == [(b"bad", "tripwire: wrong")]
    assert "the running configuration stays in force: tripwire: wrong" in caplog.text
    watched.write("good")
    watched.watch.look()
    assert watched.read == ["good"]


def test_a_file_that_is_gone_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.path.unlink()
    watched.watch.look()
    assert (watched.read, watched.bad) == ([], [])
    replacement = tmp_path / "new.toml"
    replacement.write_text("one", encoding="utf-8")
    replacement.replace(watched.path)
    watched.watch.look()
    assert watched.read == ["one"]


def test_asked_for_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.write("bad")
    watched.watch.look()
    watched.bad.clear()
    watched.bell.ring()
    watched.watch.look()
    assert watched.bad == [(b"bad", "tripwire: wrong")]


def test_a_watch_ends_when_it_is_told_to(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.watch.start()
    watched.watch.stop()
    assert not any(thread.name == "watch camera.toml" for thread in threading.enumerate())
