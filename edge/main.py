"""Composes the edge's agents: the only place of this tier that constructs adapters and reads the clock."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from contracts.delivery import Presence
from edge.adapters.camera import CameraClock
from edge.adapters.device_link import Answer, Command, DeviceLink
from edge.adapters.outbox import Outbox
from edge.adapters.outbox_sink import OutboxSink
from edge.adapters.publisher import Publisher
from edge.adapters.signature_lane import SignatureLane
from edge.adapters.signature_link import SignatureLink
from edge.adapters.track_feed import BadLine
from edge.camera_building import build_camera_agent, encoder_name, feed_name, frame_source
from edge.camera_config import load_camera_config
from edge.camera_remote import CameraRemote
from edge.camera_rules import check_placement
from edge.camera_settings import CameraConfig, CameraSettings
from edge.config import BrokerSettings, DeviceSettings, check_device
from edge.config_watch import ConfigWatch, ReloadBell, Reloading
from edge.errors import FeedError
from edge.health import HealthReporter, Vitals
from edge.many_cameras import Failure, load_cameras, run_together
from models.errors import ModelError
from models.loader import load_model
from models.registry import ModelRegistry

if TYPE_CHECKING:
    from edge.camera_agent import CameraAgent
    from edge.viewing.live_view import LiveView

logger = logging.getLogger(__name__)

OUTBOX_FILE = "outbox.sqlite"
_THERMAL_ZONE = Path("/sys/class/thermal/thermal_zone0/temp")
_DRAIN_S = 10.0
_FIRST_PICTURE_S = 15.0

DeviceKind = Literal["camera", "terminal", "pos"]


def clock_ms() -> int:
    """Return the wall clock, Unix milliseconds."""
    return time.time_ns() // 1_000_000


def _clock_us() -> int:
    return time.time_ns() // 1000


CAMERA_CLOCK = CameraClock(
    wall_ms=clock_ms, monotonic_s=time.monotonic, sleep=time.sleep, random=secrets.SystemRandom().random
)


def temperature_c() -> float | None:
    """Return the device's temperature in degrees Celsius, None where the system does not tell."""
    try:
        return int(_THERMAL_ZONE.read_text(encoding="ascii")) / 1000
    except (OSError, ValueError):
        return None


def new_epoch() -> str:
    """Return a name for a new outbox that no other one has."""
    return secrets.token_hex(8)


class Device:
    """What every agent has: an outbox that is being published, and health reports.

    Attributes:
        outbox: Where its events go.
        signatures: Where its appearance signatures go; None where it was given no encoder's name.
    """

    def __init__(
        self,
        settings: DeviceSettings,
        broker: BrokerSettings,
        kind: DeviceKind,
        vitals: Callable[[], Vitals],
        encoder: str | None = None,
        commands: Mapping[str, Command] | None = None,
        greeting: Callable[[], Iterable[Answer]] = tuple,
    ) -> None:
        source = check_device(settings).source
        software_version = version("shopthread")
        self.outbox = Outbox(settings.data_dir / OUTBOX_FILE, source, new_epoch)
        presence = Presence(online=True, kind=kind, software_version=software_version)
        self._publisher = Publisher(self.outbox, source, broker, presence)
        self.signatures: SignatureLane | None = None
        self._signature_link: SignatureLink | None = None
        if encoder is not None:
            self.signatures = SignatureLane(source, software_version, encoder, clock_ms, time.monotonic)
            self._signature_link = SignatureLink(self.signatures, broker)
        self._link = DeviceLink(source, broker, _clock_us, _events_ahead(kind, vitals), commands or {}, greeting)
        self._health = HealthReporter(
            source, self.outbox, software_version, settings.health_interval_s, clock_ms, vitals, temperature_c
        )

    @contextmanager
    def running(self) -> Iterator["Device"]:
        """Publish and report while the block runs; then hand over what is left, as far as the gateway takes it."""
        self._publisher.start()
        if self._signature_link is not None:
            self._signature_link.start()
        self._link.start()
        self._health.start()
        try:
            yield self
        finally:
            self._health.stop()
            self._link.stop()
            if self._signature_link is not None:
                self._signature_link.stop()
            if not self._publisher.drain(_DRAIN_S):
                depth = self.outbox.counts().depth
                logger.warning("%d events wait in the outbox for the gateway; they go out at the next start", depth)
            self._publisher.stop()
            self.outbox.close()

    def report_picture(self) -> None:
        """Report now that the camera's picture has become another."""
        self._health.report("picture")

    def greet(self) -> None:
        """Tell the gateway that the device runs."""
        self._link.greet()

    def wake(self) -> None:
        """Say that new rows are in the outbox."""
        self._publisher.wake()


def _events_ahead(kind: DeviceKind, vitals: Callable[[], Vitals]) -> Callable[[], float | None]:
    """Return what tells how far events are ahead of the wall clock: only a camera's have a time of their own."""
    if kind == "camera":
        return lambda: vitals().clock_offset_ms
    return lambda: 0.0


def run_camera(
    config: CameraConfig,
    models_dir: Path,
    stop: threading.Event,
    view: "LiveView | None" = None,
    reloading: Reloading | None = None,
) -> None:
    """Run a camera until its input ends or `stop` is set; start it again where the gateway asks for that.

    Args:
        config: From `load_camera_config`.
        models_dir: Where models lie that a user added.
        stop: Ends it.
        view: Shows what the agent sees; None: nobody looks.
        reloading: How the configuration is read again; None: it never is.

    Raises:
        EdgeError: The configuration, the input or the outbox cannot be used.
        ModelError: The model is not there, or is refused.
    """

    def own() -> CameraConfig:
        return config if reloading is None else load_camera_config(reloading.path)

    remote = CameraRemote(config, own, ModelRegistry(models_dir), clock_ms)
    started = remote.to_start(config)
    while True:
        try:
            _run_camera(started, models_dir, stop, remote, view, reloading)
            if stop.is_set() or not remote.must_restart:
                return
            logger.warning("%s starts again: the gateway asks for it", config.device.source)
        except ModelError as error:
            if not remote.cannot_start(str(error)):
                raise
        started = remote.to_start(own())


def _run_camera(
    config: CameraConfig,
    models_dir: Path,
    stop: threading.Event,
    remote: CameraRemote,
    view: "LiveView | None",
    reloading: Reloading | None,
) -> None:
    agents: list[CameraAgent] = []
    registry = ModelRegistry(models_dir)
    encoder = encoder_name(config, registry) if config.camera.signatures else None

    def vitals() -> Vitals:
        return agents[0].vitals() if agents else Vitals()

    device = Device(config.device, config.broker, "camera", vitals, encoder, remote.commands, remote.greeting)
    name = feed_name(config)

    def keep_bad_line(line: BadLine) -> None:
        logger.warning("%s: kept a line that cannot be used: %s", name, line.reason)
        device.outbox.keep_bad_input(name or config.camera.source, line.text, line.reason, clock_ms())

    sink = OutboxSink(device.outbox, name, device.wake)
    if view is not None:
        view.sink, view.vitals = sink, vitals
    with device.running():
        agent = build_camera_agent(
            config,
            sink if view is None else view,
            CAMERA_CLOCK,
            registry=registry,
            on_bad_line=keep_bad_line,
            resume=None if name is None else device.outbox.position(name),
            on_tracked=None if view is None else view.on_tracked,
            on_detected=None if view is None else view.on_detected,
        )
        agents.append(agent)
        sink.beginning = agent.beginning
        agent.on_picture = device.report_picture
        if device.signatures is not None:
            agent.tell_looks(device.signatures)
        with nullcontext() if reloading is None else _watching(reloading, config, agent, device, remote):
            remote.runs(agent)
            device.greet()
            agent.run(lambda: stop.is_set() or remote.must_restart)


def run_cameras(
    paths: Sequence[Path],
    models_dir: Path,
    stop: threading.Event,
    bell: ReloadBell,
    on_alive: Callable[[], None] = lambda: None,
) -> list[Failure]:
    """Run cameras, each with an outbox and a connection of its own, until all have ended or `stop` is set.

    Args:
        paths: Their configuration files.
        models_dir: Where models lie that a user added.
        stop: Ends them.
        bell: Asks each to read its configuration again.
        on_alive: Called twice a second.

    Returns:
        The cameras that could not be run, and those that failed; the others were run none the less.
    """
    configs, failures = load_cameras(paths)
    if configs:
        for failure in failures:
            logger.error("%s: this camera is not run, the others are: %s", failure.path, failure.reason)

    def run(path: Path, config: CameraConfig) -> None:
        run_camera(config, models_dir, stop, reloading=Reloading(path, bell))

    return failures + run_together(configs, run, on_alive)


@contextmanager
def _watching(
    reloading: Reloading, config: CameraConfig, agent: "CameraAgent", device: Device, remote: CameraRemote
) -> Iterator[None]:
    """Read the configuration again while the block runs, when the bell asks for it or the file changes."""
    path = reloading.path

    def reload() -> None:
        waiting = agent.reconfigure(remote.in_force(load_camera_config(path)))
        logger.warning("%s was read again; its tripwires and zones are in force", path)
        if waiting:
            logger.warning("%s: %s will be in force at the next start", path, ", ".join(waiting))

    def keep_bad(content: bytes, reason: str) -> None:
        device.outbox.keep_bad_input(str(path), content, reason, clock_ms())

    watch = ConfigWatch(path, reload, keep_bad, bell=reloading.bell, watches_file=config.camera.watch_config)
    watch.start()
    try:
        yield
    finally:
        watch.stop()


def live_view(config: CameraConfig) -> "LiveView":
    """Return what shows a camera to people, to be given to `run_camera` or `view_camera`.

    Raises:
        ConfigurationError: The configuration cannot be used, or its source gives no pictures.
    """
    from edge.viewing.live_view import LiveView  # noqa: PLC0415 - an agent that nobody looks at does not load it

    return LiveView(config, frame_source(config, CAMERA_CLOCK).name, time.sleep)


def view_camera(config: CameraConfig, models_dir: Path, stop: threading.Event, view: "LiveView") -> None:
    """Run a camera for people who look, until its input ends or `stop` is set. Nothing is sent and nothing written.

    Args:
        config: From `load_camera_config`. A file is played no faster than it was recorded, and figures are told at
            least every second.
        models_dir: Where models lie that a user added.
        stop: Ends it.
        view: Shows what the agent sees.

    Raises:
        EdgeError: The configuration or the input cannot be used.
        ModelError: The model is not there, or is refused.
    """
    camera = replace(config.camera, realtime=True, occupancy_s=min(config.camera.occupancy_s, 1.0))
    agent = build_camera_agent(
        replace(config, camera=camera),
        view,
        CAMERA_CLOCK,
        registry=ModelRegistry(models_dir),
        on_bad_line=lambda _: None,
        on_tracked=view.on_tracked,
        on_detected=view.on_detected,
    )
    view.vitals = agent.vitals
    agent.run(stop.is_set)


def check_camera(config: CameraConfig, models_dir: Path) -> tuple[int, int]:
    """Look at one picture and check the model and every tripwire against it.

    Returns:
        Width and height of the picture in pixels.

    Raises:
        EdgeError: The configuration or the input cannot be used, or a tripwire can never fire.
        ModelError: The model is not there, or is refused.
    """
    load_model(ModelRegistry(models_dir).get(config.camera.model))
    frame_wh_px = picture_size(config.camera.source)
    check_placement(config, frame_wh_px)
    return frame_wh_px


def picture_size(source: str) -> tuple[int, int]:
    """Return width and height in pixels of a source's first picture.

    Raises:
        EdgeError: The source is none of pictures, cannot be opened, or holds none.
    """
    nobody = DeviceSettings(tenant="nobody", store="nowhere", id="camera", data_dir=Path())
    config = CameraConfig(device=nobody, camera=CameraSettings(source=source))
    until_s = time.monotonic() + _FIRST_PICTURE_S
    for frame in frame_source(config, CAMERA_CLOCK).frames(lambda: time.monotonic() >= until_s):
        height_px, width_px = frame.image_bgr.shape[:2]
        return width_px, height_px
    msg = f"camera.source: no picture came from {source} in {_FIRST_PICTURE_S:.0f} s; check address, user and network"
    raise FeedError(msg)
