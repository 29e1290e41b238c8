"""Virtual devices: the cores of the store's real agents, fed in process with a simulated store's lines."""

from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import msgspec
from msgspec.structs import replace

from contracts.configuration import decode_toml
from contracts.events import EventDraft, Source
from contracts.privacy import Payload
from edge.camera_config import check_camera_config
from edge.camera_rules import pipeline_rules
from edge.camera_settings import CameraConfig
from edge.config import TerminalSettings
from edge.core import pipeline
from edge.core.pipeline import Person, PipelineRules
from edge.core.receipts import PosRules
from edge.core.rotation import Array, dequantize
from edge.core.scanning import scan_rules
from edge.errors import BadInputError
from edge.line_agent import LineReader, ReceiptReader, ScanReader
from simulators.adapters.device_files import camera_toml
from simulators.core.lines import FeedLine, TrackLine
from simulators.core.scenario import Scenario

DeviceKind: TypeAlias = Literal["camera", "terminal", "pos"]
Drafts: TypeAlias = list[EventDraft[Payload]]


class VirtualDevice(Protocol):
    """A device without its input and its outbox: what it makes of lines.

    Attributes:
        source: The device as events name it.
        kind: What it is.
        bad_lines: Lines that it could not use.
    """

    source: Source
    kind: DeviceKind
    bad_lines: int

    @property
    def frames(self) -> int | None:
        """Return how many lines of tracks it has taken; None for what has no frames."""
        ...

    def take(self, line: FeedLine) -> Drafts:
        """Return the events that a line makes, in the order in which they were decided."""
        ...

    def end(self) -> Drafts:
        """Return the events at the end of the input."""
        ...


class VirtualCamera:
    """A camera that follows people by itself; `edge.core.pipeline` decides what it tells.

    Args:
        rules: What decides.
    """

    kind: DeviceKind = "camera"

    def __init__(self, rules: PipelineRules) -> None:
        self.source, self.bad_lines = rules.source, 0
        self._frames = 0
        self._rules, self._state = rules, pipeline.initial_state()

    @property
    def frames(self) -> int | None:
        """Return how many lines of tracks it has taken."""
        return self._frames

    def take(self, line: FeedLine) -> Drafts:
        """See `VirtualDevice.take`."""
        if not isinstance(line, TrackLine):
            self.bad_lines += 1
            return []
        self._frames += 1
        people = (Person(track.id, (track.x_m, track.y_m), track.confidence) for track in line.tracks)
        self._state, drafts = pipeline.step(self._rules, self._state, people, line.t_ms)
        return [*drafts]

    def looks(self, line: TrackLine) -> list[tuple[str, Array]]:
        """Return what people of a line look like, after `take` of it: segment ids and signatures of length 1."""
        told = [(self._segment_of(sign.id), dequantize(sign.signature)) for sign in line.signatures or ()]
        return [(segment_id, signature) for segment_id, signature in told if segment_id is not None]

    def _segment_of(self, track_id: str) -> str | None:
        return pipeline.segment_of(self._rules, self._state, track_id)

    def end(self) -> Drafts:
        """See `VirtualDevice.end`."""
        self._state, drafts = pipeline.finish(self._rules, self._state)
        return [*drafts]


class VirtualLineDevice:
    """A scan terminal or a till; the agents' own readers make events of its lines.

    Args:
        source: The device.
        kind: What it is.
        reader: What turns its lines into events.
    """

    def __init__(self, source: Source, kind: DeviceKind, reader: LineReader) -> None:
        self.source, self.kind, self.bad_lines = source, kind, 0
        self._reader = reader

    @property
    def frames(self) -> int | None:
        """Return None: it has no frames."""
        return None

    def take(self, line: FeedLine) -> Drafts:
        """See `VirtualDevice.take`."""
        try:
            draft = self._reader.read(msgspec.json.encode(line), line.t_ms)
        except BadInputError:
            self.bad_lines += 1
            return []
        return [] if draft is None else [draft]

    def end(self) -> Drafts:
        """See `VirtualDevice.end`."""
        return []


def make_devices(scenario: Scenario, tenant: str, store: str, pseudonym_key: bytes) -> dict[str, VirtualDevice]:
    """Return every device of a scenario, by its id in the scenario.

    Args:
        scenario: The store.
        tenant: Under which tenant its devices report.
        store: Under which store's name.
        pseudonym_key: The tenant's secret, for members' pseudonyms.

    Raises:
        ConfigurationError: An id has characters that topics do not allow, or a device cannot be configured so.
    """
    named = replace(scenario, tenant=tenant, store=store)
    devices: dict[str, VirtualDevice] = {}
    for camera in scenario.cameras:
        name = Path(f"the scenario's camera {camera.id}")
        config = check_camera_config(decode_toml(camera_toml(named, camera).encode(), CameraConfig, name))
        devices[camera.id] = VirtualCamera(pipeline_rules(config))
    terminal = TerminalSettings()
    for kiosk in scenario.kiosks:
        source = Source(tenant, store, kiosk.id)
        rules = scan_rules(
            source, pseudonym_key, terminal.member_prefixes, terminal.member_hold_s, zone_id=kiosk.zone_id
        )
        devices[kiosk.id] = VirtualLineDevice(source, "terminal", ScanReader(rules))
    for till in scenario.tills:
        source = Source(tenant, store, till.id)
        reader = ReceiptReader(PosRules(source=source, pseudonym_key=pseudonym_key, zone_id=till.zone_id))
        devices[till.id] = VirtualLineDevice(source, "pos", reader)
    return devices
