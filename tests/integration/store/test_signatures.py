"""Appearance signatures from cameras to the gateway: they join visits, and lie on no disk and on no uplink."""

import base64
import datetime
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import msgspec
import numpy as np
import paho.mqtt.client as mqtt
import pytest
import zstandard
from paho.mqtt.enums import CallbackAPIVersion

from contracts.delivery import IngestReceipt, Presence
from contracts.events import Source, decode_event
from contracts.payloads import AppearanceSignature, VisitRevised, VisitSegment
from contracts.signature_keys import SignatureKey, decode_key
from edge.adapters.outbox import Outbox
from edge.adapters.outbox_sink import OutboxSink
from edge.adapters.publisher import Publisher
from edge.adapters.signature_lane import SignatureLane
from edge.adapters.signature_link import SignatureLink
from edge.camera_agent import CameraAgent
from edge.config import BrokerSettings
from edge.core.floor import FloorMap
from edge.core.geometry import IDENTITY
from edge.core.pipeline import Person, PipelineRules
from edge.core.rotation import quantize
from edge.core.zones import Zone
from edge.ports import Observation, Signature, Stopped
from gateway.adapters.connection import Login
from gateway.adapters.consumer import Consumer
from gateway.adapters.event_store import EventStore
from gateway.adapters.signatures import SignatureDesk
from gateway.adapters.uploader import Uploader
from gateway.config import BrokerSettings as GatewayBrokerSettings
from gateway.config import StoreSettings
from gateway.core.retry import RetryPolicy
from gateway.core.stitching import StitchRules
from tests.servers import free_port, mosquitto_command, running_broker, wait_for_port, wait_until

START_MS = 1_772_700_000_000
DIMENSIONS = 96
ONE, TWO = Source("acme", "store-1", "cam-1"), Source("acme", "store-1", "cam-2")
SAMPLES_PER_TRACK = 8
HALL = ((-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0))
Sightings = Sequence[tuple[str, int, float, float, float]]
"""Track, whose looks, where (x, m), from when and until when, s."""


def clock_ms() -> int:
    """Return the wall clock, Unix milliseconds."""
    return time.time_ns() // 1_000_000


def looks(person: int, sample: int) -> Signature:
    """Return what an encoder would say of somebody, shape (DIMENSIONS,), of length 1."""
    true = np.random.default_rng(person).standard_normal(DIMENSIONS)
    seen = true + 0.5 * np.random.default_rng((person, sample)).standard_normal(DIMENSIONS)
    unit: Signature = seen / np.linalg.norm(seen)
    return unit


class Script:
    """A camera that sees what a script says, five times a second."""

    name = "script"

    def __init__(self, sightings: Sightings) -> None:
        self._sightings = sightings

    def observations(self, stopped: Stopped) -> Iterator[Observation]:
        """See `ObservationSource.observations`."""
        for tick in range(round(5 * max(each[4] for each in self._sightings))):
            now_s = tick / 5
            here = [each for each in self._sightings if each[3] <= now_s < each[4]]
            told = {
                track: looks(who, tick)
                for track, who, _, from_s, _ in here
                if 0 <= tick - round(5 * (from_s + 1)) < SAMPLES_PER_TRACK
            }
            people = tuple(Person(track, (x_m, 0.0), 0.9) for track, _, x_m, _, _ in here)
            if not stopped():
                yield Observation(time_ms=START_MS + 200 * tick, people=people, looks=told)


class Camera:
    """One camera's agent with its outbox, its publisher and its lane of signatures."""

    def __init__(self, source: Source, folder: Path, port: int) -> None:
        self.outbox = Outbox(folder / source.device / "outbox.sqlite", source, lambda: "a1")
        presence = Presence(online=True, kind="camera", software_version="test")
        self.publisher = Publisher(self.outbox, source, BrokerSettings(port=port), presence)
        self.lane = SignatureLane(source, "test", "reid-1", clock_ms, time.monotonic)
        self.link = SignatureLink(self.lane, BrokerSettings(port=port))
        hall = Zone(id="hall", kind="floor", polygon=HALL, band=0.1, min_stay_s=0.5)
        self._rules = PipelineRules(source=source, zones=(hall,), floor=FloorMap(matrix=IDENTITY))

    @contextmanager
    def running(self) -> Iterator["Camera"]:
        """Publish while the block runs."""
        self.publisher.start()
        self.link.start()
        try:
            yield self
        finally:
            self.link.stop()
            self.publisher.stop()
            self.outbox.close()

    def see(self, sightings: Sightings) -> None:
        """Let the agent work through a script."""
        agent = CameraAgent(
            Script(sightings), self._rules, OutboxSink(self.outbox, None, self.publisher.wake), time.monotonic
        )
        agent.tell_looks(self.lane)
        agent.run(lambda: False)


class Gateway:
    """A store's gateway that joins cameras, and what it sent up."""

    def __init__(self, folder: Path, port: int) -> None:
        settings = StoreSettings(tenant="acme", store="store-1", data_dir=folder)
        self.uplink: list[bytes] = []
        self.store = EventStore(
            folder / "gateway" / "gateway.sqlite", settings.source, StitchRules(enabled=True, settle_s=0.3)
        )
        self.desk = SignatureDesk(
            datetime.time(), datetime.UTC, _random_bytes, self.store.take_signature, self.store.forget_signatures
        )
        client = httpx.Client(base_url="http://cloud", transport=httpx.MockTransport(self._cloud))
        self.uploader = Uploader(
            self.store, client, 100, RetryPolicy(first_s=0.1, longest_s=1.0), clock_ms, lambda: 0.5
        )
        at = GatewayBrokerSettings(port=port)
        self.consumer = Consumer(self.store, settings, Login(at, None), clock_ms, self.uploader.wake, self.desk)

    @contextmanager
    def running(self) -> Iterator["Gateway"]:
        """Serve while the block runs."""
        self.consumer.start()
        self.uploader.start()
        try:
            yield self
        finally:
            self.consumer.stop()
            self.uploader.stop(2.0)
            self.store.close()

    def visits(self) -> list[list[str]]:
        """Return the tracks of each visit that stands, as sent up."""
        highest: dict[str, VisitRevised] = {}
        track_of: dict[str, str] = {}
        for line in b"\n".join(self.uplink).splitlines():
            data = decode_event(line).data
            if isinstance(data, VisitSegment):
                track_of[data.segment_id] = data.track_id
            if isinstance(data, VisitRevised) and data.revision > getattr(highest.get(data.visit_id), "revision", 0):
                highest[data.visit_id] = data
        standing = [each for each in highest.values() if each.status == "closed"]
        return sorted([track_of[each] for each in visit.segment_ids] for visit in standing)

    def _cloud(self, request: httpx.Request) -> httpx.Response:
        body = zstandard.ZstdDecompressor().decompressobj().decompress(request.content)
        self.uplink.append(body)
        count = len(body.splitlines())
        receipt = IngestReceipt(received=count, inserted=count, duplicate=0, rejected=0)
        return httpx.Response(200, content=msgspec.json.encode(receipt))


def _random_bytes(size: int) -> bytes:
    return np.random.default_rng().bytes(size)


@contextmanager
def wire_tap(port: int) -> Iterator[list[mqtt.MQTTMessage]]:
    """Yield everything that passes the broker while the block runs."""
    heard: list[mqtt.MQTTMessage] = []
    ready = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"tap-{time.time_ns()}", protocol=mqtt.MQTTv5)
    client.on_connect = lambda *_: (client.subscribe("shopthread/#", qos=0), None)[1]
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda _client, _userdata, message: heard.append(message)
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert ready.wait(60)
    try:
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def _signatures(heard: Sequence[mqtt.MQTTMessage]) -> list[AppearanceSignature]:
    events = [decode_event(bytes(each.payload)).data for each in heard if "/local/appearance" in each.topic]
    return [each for each in events if isinstance(each, AppearanceSignature)]


def _keys(heard: Sequence[mqtt.MQTTMessage]) -> list[SignatureKey]:
    return [decode_key(bytes(each.payload)) for each in heard if each.topic.endswith("/cmd/signature-key")]


def _secrets_of(heard: Sequence[mqtt.MQTTMessage]) -> list[bytes]:
    """Return every form in which a signature or a key might lie around."""
    plain = [quantize(looks(who, tick)) for who in (1, 2) for tick in range(300)]
    raw = [*plain, *(each.signature for each in _signatures(heard)), *(each.secret for each in _keys(heard))]
    floats = [looks(who, tick).tobytes()[:32] for who in (1, 2) for tick in range(300)]
    return [form for each in raw for form in (each, each[:24], base64.b64encode(each)[:32])] + floats


def _written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize("like", [1, 2])
def test_looks_make_one_visit_of_two_cameras_and_leave_no_trace(like: int, tmp_path: Path):
    """Two stand side by side; one of them appears at another camera half-way between: only looks can tell who."""
    port = free_port()
    with (
        running_broker("embedded", tmp_path, port),
        wire_tap(port) as heard,
        Gateway(tmp_path, port).running() as gateway,
        Camera(ONE, tmp_path, port).running() as one,
        Camera(TWO, tmp_path, port).running() as two,
    ):
        wait_until(lambda: one.lane.has_key and two.lane.has_key, what="the day's key")
        one.see([("a", 1, 0.0, 0, 20), ("b", 2, 1.0, 0, 20)])
        two.see([("c", like, 0.5, 40, 60)])
        for camera in (one, two):
            assert camera.publisher.drain(20)
        expected = [["a", "c"], ["b"]] if like == 1 else [["a"], ["b", "c"]]
        wait_until(lambda: len(_signatures(heard)) == 3 * SAMPLES_PER_TRACK, what="every signature on its way")
        wait_until(lambda: gateway.desk.counts["taken"] == 3 * SAMPLES_PER_TRACK, what="every signature taken in")
        wait_until(lambda: gateway.visits() == expected, what="the joined visit")
        keys, signatures = _keys(heard), _signatures(heard)
        traces, written, uplink = _secrets_of(heard), _written(tmp_path), b"\n".join(gateway.uplink)
        with wire_tap(port) as later:
            time.sleep(0.5)
    told = [data for line in uplink.splitlines() if isinstance(data := decode_event(line).data, VisitSegment)]
    assert len({each.key_id for each in keys}) == 1
    assert {each.segment_id for each in signatures} == {each.segment_id for each in told}
    assert b"visit.segment" in written
    for trace in traces:
        assert trace not in written
        assert trace not in uplink
    assert b"appearance" not in written + uplink
    assert [each.topic for each in later if "status" not in each.topic] == [], "nothing else is kept by the broker"


def test_keys_change_at_closing_and_with_a_restart_of_the_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    port = free_port()
    with ExitStack() as stack:
        stack.enter_context(running_broker("embedded", tmp_path, port))
        heard = stack.enter_context(wire_tap(port))
        with Gateway(tmp_path, port).running():
            camera = stack.enter_context(Camera(ONE, tmp_path, port).running())
            wait_until(lambda: camera.lane.has_key, what="the first key")
        camera.see([("a", 1, 0.0, 0, 3)])  # Nobody listens: lost.
        wait_until(lambda: len(_signatures(heard)) > 3, what="the lost signatures")
        gateway = stack.enter_context(Gateway(tmp_path, port).running())

        def heard_anew() -> bool:
            camera.see([(f"b{clock_ms()}", 1, 0.0, 0, 3)])
            return gateway.desk.counts["taken"] > 0

        wait_until(heard_anew, what="signatures under the new key")
        assert gateway.desk.counts["old_key"] > 0
        assert len({each.key_id for each in _keys(heard)}) == 2
        tomorrow_ms = clock_ms() + 86_400_000
        monkeypatch.setattr(gateway.consumer, "_clock_ms", lambda: tomorrow_ms)
        taken = gateway.desk.counts["taken"]

        def heard_tomorrow() -> bool:
            camera.see([(f"c{clock_ms()}", 1, 0.0, 0, 3)])
            return gateway.desk.counts["taken"] > taken

        wait_until(heard_tomorrow, what="signatures under the next day's key")
        assert len({each.key_id for each in _keys(heard)}) == 3


@pytest.mark.mosquitto
def test_a_broker_that_writes_to_disk_writes_no_signature_and_no_key(tmp_path: Path):
    """The gateway is away with a session that waits for it: that is when Mosquitto writes messages down."""
    port, folder = free_port(), tmp_path / "mosquitto"
    folder.mkdir()
    command, environment = mosquitto_command()
    (folder / "conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\n"
        f"persistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\nmax_queued_messages 0\n"
    )
    process = subprocess.Popen([command, "-c", str(folder / "conf")], env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        with wire_tap(port) as heard, Camera(ONE, tmp_path, port).running() as camera:
            with Gateway(tmp_path, port).running():
                wait_until(lambda: camera.lane.has_key, what="the day's key")
            camera.see([("a", 1, 0.0, 0, 20)])
            wait_until(lambda: len(_signatures(heard)) > 5, what="the signatures")
            wait_until(lambda: any("visit.segment" in each.topic for each in heard), what="the segments")
    finally:
        process.terminate()
        process.wait(10)
    written = (folder / "mosquitto.db").read_bytes()
    assert b"visit.segment" in written, "what is durable waits there for the gateway"
    for trace in _secrets_of(heard):
        assert trace not in written
    assert b"appearance" not in written
