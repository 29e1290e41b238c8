"""A camera's agent on recordings: what everything around the model costs, how idle a core stays, and memory."""

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from msgspec.structs import replace

from benchmarks.measure import Result
from benchmarks.tracking import PETS_VARIABLE, folder_of
from edge.adapters.onnx_detector import OnnxDetector
from edge.adapters.outbox import Outbox
from edge.adapters.outbox_sink import OutboxSink
from edge.camera_agent import CameraAgent
from edge.camera_building import frame_source
from edge.camera_config import load_camera_config
from edge.camera_rules import pipeline_rules, tracker_rules
from edge.camera_settings import CameraConfig
from edge.main import CAMERA_CLOCK
from edge.video_observations import VideoObservations
from models.loader import LoadedModel, Session, open_session
from models.registry import ModelRegistry, read_verified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.loader import DeclaredTensor

CLIP = Path(__file__).parent.parent / "simulators" / "footage" / "entrance"
_INPUT_WH_PX = (416, 320)
_FPS = 10
_PASSES = 3
_SETTLED_S = 12.0
_PETS = """
[device]
tenant = "bench"
store = "store"
id = "cam-1"
data_dir = "data"
[camera]
source = "file:{video}"
[[tripwire]]
id = "road"
points = [[345.0, 230.0], [345.0, 420.0]]
"""


@dataclass
class TimedSession:
    """Adds up the processor and wall time of a session's runs."""

    inner: Session
    cpu_s: float = 0.0
    wall_s: float = 0.0

    def get_inputs(self) -> "Sequence[DeclaredTensor]":
        """See `Session.get_inputs`."""
        return self.inner.get_inputs()

    def get_outputs(self) -> "Sequence[DeclaredTensor]":
        """See `Session.get_outputs`."""
        return self.inner.get_outputs()

    def run(self, names: list[str], feeds: "dict[str, NDArray[Any]]") -> "list[NDArray[Any]]":
        """See `Session.run`."""
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        found = self.inner.run(names, feeds)
        self.cpu_s += time.process_time() - cpu_s
        self.wall_s += time.perf_counter() - wall_s
        return found


@dataclass(frozen=True, slots=True)
class Pass:
    """One recording from end to end, processor milliseconds a frame; wall time as a ratio alone, others work too."""

    whole_ms: float
    session_ms: float
    wall_ratio: float


def run_once(config: CameraConfig, folder: Path) -> Pass:
    """Run a recording as fast as can be, from decoding to the outbox."""
    registered = ModelRegistry().get(config.camera.model)
    content = read_verified(registered.path, registered.manifest.sha256)
    timed = TimedSession(open_session(content, source=str(registered.path)))
    rules = tracker_rules(config)
    model = LoadedModel(registered.manifest, timed)
    detector = OnnxDetector(model, config.camera.input_size, rules.doubtful_score, rules.detector_nms_iou)
    outbox = Outbox(folder / "outbox.sqlite", config.device.source, lambda: "bench")
    agent = CameraAgent(
        VideoObservations(frame_source(config, CAMERA_CLOCK), detector, config),
        pipeline_rules(config),
        OutboxSink(outbox, None, lambda: None),
        CAMERA_CLOCK.monotonic_s,
    )
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    agent.run(lambda: False)
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    outbox.close()
    frames = agent.frames_processed
    return Pass(cpu_s / frames * 1000, timed.cpu_s / frames * 1000, wall_s / timed.wall_s)


def _as_fast_as_can_be(path: Path) -> CameraConfig:
    config = load_camera_config(path)
    return replace(config, camera=replace(config.camera, realtime=False, input_size=_INPUT_WH_PX))


def _speed(name: str, config: CameraConfig, folder: Path) -> Result:
    passes = []
    for index in range(_PASSES):
        scratch = folder / f"{name}-{index}"
        scratch.mkdir()
        passes.append(run_once(config, scratch))
    whole_ms = statistics.median(one.whole_ms for one in passes)
    session_ms = statistics.median(one.session_ms for one in passes)
    around = statistics.median(one.whole_ms / one.session_ms for one in passes)
    wall = statistics.median(one.wall_ratio for one in passes)
    print(
        f"{name}: {whole_ms:.1f} ms of a core a frame, {session_ms:.1f} of them the model: {around - 1:.0%} on top "
        f"({wall - 1:.0%} by the clock on the wall); a core is {1 - whole_ms * _FPS / 1000:.0%} idle at {_FPS} fps"
    )
    return Result(f"agent, {name}", 1000 / whole_ms, "frames/s", "its model alone", 1000 / session_ms, 1 / around)


def _write_cameras(folder: Path, count: int) -> list[Path]:
    """Write configurations of cameras that play the clip over and over, and publish to nobody."""
    text = (CLIP / "camera.toml").read_text(encoding="utf-8")
    paths = []
    for index in range(count):
        path = folder / f"camera-{index}.toml"
        own = text.replace('"file:video.mp4"', f'"file:{CLIP / "video.mp4"}"\nloop = true')
        own = own.replace("[640, 480]", str(list(_INPUT_WH_PX))).replace('"cam-1"', f'"cam-{index}"')
        own = own.replace('"data-cam-1"', f'"data-{index}"')
        path.write_text(own + "\n[broker]\nport = 9\n", encoding="utf-8")
        paths.append(path)
    return paths


def resident_mib(folder: Path, cameras: int) -> tuple[float, float]:
    """Return the memory of `shopthread edge run` with cameras at work, MiB, and how much of a core it takes."""
    folder.mkdir()
    command = [sys.executable, "-m", "shopthread", "edge", "run", *map(str, _write_cameras(folder, cameras))]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as agent:
        try:
            process = psutil.Process(agent.pid)
            time.sleep(_SETTLED_S / 2)
            before_s = sum(process.cpu_times()[:2])
            time.sleep(_SETTLED_S / 2)
            busy = (sum(process.cpu_times()[:2]) - before_s) / (_SETTLED_S / 2)
            return process.memory_info().rss / 2**20, busy
        finally:
            agent.terminate()


def agent(folder: Path) -> list[Result]:
    """Measure the agent on the committed clip, and on PETS09-S2L1 where it is at hand; then its memory."""
    results = [_speed("rendered entrance", _as_fast_as_can_be(CLIP / "camera.toml"), folder)]
    pets = folder_of(PETS_VARIABLE, "vtest.avi")
    if pets is not None:
        path = folder / "pets.toml"
        path.write_text(_PETS.format(video=pets / "vtest.avi"), encoding="utf-8")
        results.append(_speed("PETS09-S2L1", _as_fast_as_can_be(path), folder))
    for cameras in (1, 2, 4):
        rss_mib, busy = resident_mib(folder / f"agent-{cameras}", cameras)
        print(f"{cameras} camera(s) in one agent: {rss_mib:.0f} MiB resident, {busy:.0%} of a core at {_FPS} fps each")
        if cameras == 1:
            results.append(Result("memory of one camera", rss_mib, "MiB", "the bar", 300.0, rss_mib / 300))
    return results
