"""Many devices' events from a process of its own, as fast as the broker takes them: packets are ready beforehand."""

import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event as Signal

from msgspec import Struct

from contracts.delivery import EPOCH_PROPERTY, OLDEST_PROPERTY, SEQUENCE_PROPERTY
from contracts.events import Event, Source, draft_event, encode_event
from contracts.payloads import FootfallCrossing, ZoneCount, ZoneOccupancy
from contracts.privacy import UplinkPayload
from contracts.topics import event_topic

_WINDOW = 2000
_PIECE = 100
_FIRST_MS = 1_772_442_000_000
_PUBACK = 0x40


class Load(Struct, frozen=True, kw_only=True):
    """So many events of so many devices; loads of other `first` are other events, in an epoch of their own."""

    store: Source
    first: int
    events: int
    devices: int

    @property
    def epoch(self) -> str:
        """Return the life of the outboxes from which they come."""
        return f"epoch-{self.first}"


def device_events(load: Load) -> Iterator[Event[UplinkPayload]]:
    """Return the events of a load: crossings and samples of zones, device after device."""
    devices = load.devices
    for index in range(load.events):
        number = load.first + index
        source = Source(load.store.tenant, load.store.store, f"cam-{number % devices}")
        data: UplinkPayload
        if number // devices % 2:
            data = FootfallCrossing(
                tripwire_id="door",
                tripwire_kind="entrance",
                direction="in",
                track_id=f"t-{number}",
                confidence=0.9,
                rule_version="bench-1",
            )
        else:
            counts = (ZoneCount(zone_id=f"zone-{index}", zone_kind="shelf", people=index) for index in range(4))
            data = ZoneOccupancy(zones=tuple(counts))
        yield draft_event(source, data, _FIRST_MS + number, number).numbered(source, 1 + index // devices)


@contextmanager
def feeding(port: int, load: Load) -> Iterator[Signal]:
    """Prepare events in a process of its own; they are published once the signal is set."""
    context = multiprocessing.get_context("spawn")
    ready, begin = context.Event(), context.Event()
    process = context.Process(target=_publish, args=(port, load, ready, begin), daemon=True)
    process.start()
    ready.wait()
    try:
        yield begin
    finally:
        process.join(10)
        process.kill()


def _publish(port: int, load: Load, ready: Signal, begin: Signal) -> None:
    packets = [_packet(event, load.epoch, 1 + index % 60_000) for index, event in enumerate(device_events(load))]
    with socket.create_connection(("127.0.0.1", port)) as broker:
        broker.sendall(_packed(0x10, b"\x00\x04MQTT\x05\x02\x02\x58\x00\x00\x04feed"))
        broker.recv(1000)
        ready.set()
        begin.wait()
        sent = confirmed = 0
        while confirmed < len(packets):
            while sent < len(packets) and sent - confirmed < _WINDOW:
                broker.sendall(b"".join(packets[sent : sent + _PIECE]))
                sent += len(packets[sent : sent + _PIECE])
            confirmed += _confirmations(broker)


def _confirmations(broker: socket.socket) -> int:
    """Return how many packets the broker has just confirmed."""
    raw, at, count = broker.recv(65_536), 0, 0
    while at < len(raw):
        while len(raw) < at + 2 or len(raw) < at + 2 + raw[at + 1]:
            raw += broker.recv(65_536)
        count += raw[at] == _PUBACK
        at += 2 + raw[at + 1]
    return count


def _packet(event: Event[UplinkPayload], epoch: str, packet_id: int) -> bytes:
    topic = event_topic(event.origin, type(event.data)).encode()
    pairs = ((EPOCH_PROPERTY, epoch), (SEQUENCE_PROPERTY, str(event.sequence_number)), (OLDEST_PROPERTY, "1"))
    properties = b"".join(b"\x26" + _text(name) + _text(value) for name, value in pairs)
    head = len(topic).to_bytes(2, "big") + topic + packet_id.to_bytes(2, "big") + _length(len(properties)) + properties
    return _packed(0x32, head + encode_event(event))


def _text(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


def _packed(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + _length(len(content)) + content


def _length(size: int) -> bytes:
    """Return a number as MQTT writes lengths: seven bits a byte, the lowest first."""
    written = bytearray()
    while True:
        size, low = size >> 7, size & 0x7F
        written.append(low | (0x80 if size else 0))
        if not size:
            return bytes(written)
