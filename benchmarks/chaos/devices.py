"""A process with some virtual devices: the agents' own outboxes, publishers and clocks, fed with made-up events.

Run as `python -m benchmarks.chaos.devices FOLDER GROUP PORT RATE DEVICE...`. A file in the folder ends the
making, also for a process that is only just starting; each goes on until the gateway holds everything.
"""

import logging
import random
import secrets
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.chaos.journal import outbox_path, path_of
from contracts.delivery import Presence
from contracts.events import EventDraft, Source, draft_event
from contracts.ids import deterministic_id
from contracts.payloads import CodeScanned, FootfallCrossing, PosSale, Stay, VisitSegment, ZoneCount, ZoneOccupancy
from contracts.privacy import UplinkPayload
from edge.adapters.device_link import DeviceLink
from edge.adapters.outbox import Outbox
from edge.adapters.publisher import Publisher
from edge.config import BrokerSettings
from edge.core.sending import SendPolicy
from edge.errors import OutboxError

TENANT, STORE = "chaos", "store-1"
_POLICY = SendPolicy(window=200, first_resend_s=0.5, longest_resend_s=4.0)
_MOST_AT_ONCE = 5
_TRY_AGAIN_S = 0.1
_DRAIN_S = 300.0
_VISIT_MS = 10_000
_RULE = "chaos-1"

logger = logging.getLogger(__name__)


def offset_path(folder: Path, group: str) -> Path:
    """Return the file that tells by how many milliseconds the clock of a process of devices is ahead."""
    return folder / f"{group}.ahead-ms"


def closing_path(folder: Path) -> Path:
    """Return the file that tells all devices to make no more, and to end when all is handed over."""
    return folder / "closing"


class Clock:
    """A wall clock that somebody may set: the machine's, and what a file says that it is ahead."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now_us(self) -> int:
        """Return Unix microseconds."""
        return time.time_ns() // 1000 + int(self._path.read_text(encoding="ascii")) * 1000

    def now_ms(self) -> int:
        """Return Unix milliseconds."""
        return self.now_us() // 1000


class VirtualDevice:
    """One device: makes an event when told to, and publishes what it made.

    Args:
        folder: Where its files lie.
        name: Its id.
        port: The broker's.
        clock: Its wall clock.
    """

    def __init__(self, folder: Path, name: str, port: int, clock: Clock) -> None:
        self._source, self._clock = Source(TENANT, STORE, name), clock
        self._outbox = Outbox(outbox_path(folder, name), self._source, lambda: secrets.token_hex(8))
        self._journal = path_of(folder, name).open("ab", buffering=0)
        broker = BrokerSettings(port=port)
        presence = Presence(online=True, kind="camera", software_version="chaos")
        self._publisher = Publisher(self._outbox, self._source, broker, presence, _POLICY)
        self._link = DeviceLink(self._source, broker, clock.now_us, lambda: 0.0, {})

    def start(self) -> None:
        """Connect, in the background."""
        self._publisher.start()
        self._link.start()

    def make(self, count: int) -> None:
        """Make so many events.

        Raises:
            OutboxError: They are not in the outbox: its disk is full.
            OSError: They are not in the journal: the disk is full.
        """
        made = self._outbox.counts().made
        drafts = [_event(self._source, number, self._clock.now_ms()) for number in range(made + 1, made + count + 1)]
        self._note("".join(f"made {made + at} {each.data.TYPE} {each.id}\n" for at, each in enumerate(drafts, 1)))
        self._outbox.append(drafts)
        self._note(f"kept {made + count}\n")
        self._publisher.wake()

    def _note(self, lines: str) -> None:
        self._journal.write(f"\n{lines}".encode())  # the line before may be torn

    def settle(self) -> None:
        """Write down how far the outbox came, where a note of that was lost."""
        self._note(f"kept {self._outbox.counts().made}\n")

    def stop(self) -> None:
        """Wait until the gateway holds everything, then disconnect."""
        self.settle()
        until_s = time.monotonic() + _DRAIN_S
        while not self._publisher.drain(1.0) and time.monotonic() < until_s:
            pass
        self._link.stop()
        self._publisher.stop()
        self._outbox.close()
        self._journal.close()


def _event(source: Source, number: int, now_ms: int) -> EventDraft[UplinkPayload]:
    """Return a device's event of a number: five kinds in turn."""
    return draft_event(source, _payload(source, number, now_ms), now_ms, number)


def _payload(source: Source, number: int, now_ms: int) -> UplinkPayload:
    name = f"{source.device}-{number}"
    kind = number % 5
    if kind == 0:
        return PosSale(receipt_id=name, lines=(), total_minor=number, currency="EUR")
    if kind == 1:
        return FootfallCrossing(
            tripwire_id="door",
            tripwire_kind="entrance",
            direction="in" if number % 2 else "out",
            track_id=name,
            confidence=0.9,
            rule_version=_RULE,
        )
    if kind == 2:
        return CodeScanned(scan_id=name, code=name, result="unreadable")
    if kind == 3:
        return ZoneOccupancy(zones=(ZoneCount(zone_id="shelf", zone_kind="shelf", people=number),))
    entered_ms = now_ms - _VISIT_MS
    return VisitSegment(
        segment_id=deterministic_id(now_ms, str(source), "segment", number),
        track_id=name,
        phase="closed",
        ordinal=0,
        opened_ms=entered_ms,
        updated_ms=now_ms,
        closed_ms=now_ms,
        stays=(Stay(zone_id="shelf", zone_kind="shelf", entered_ms=entered_ms, left_ms=now_ms),),
        rule_version=_RULE,
    )


def _run(folder: Path, group: str, port: int, rate: float, names: list[str]) -> None:
    """Make `rate` events a second, some at once, until there is the file that ends it."""
    closing = closing_path(folder)
    clock, chance = Clock(offset_path(folder, group)), random.Random()
    with ExitStack() as held:
        devices = [VirtualDevice(folder, name, port, clock) for name in names]
        for device in devices:
            device.start()
            held.callback(device.stop)
        while not closing.exists():
            count = chance.randint(1, _MOST_AT_ONCE)
            try:
                chance.choice(devices).make(count)
            except (OutboxError, OSError) as error:
                logger.warning("nothing was made: %s", error)
                time.sleep(_TRY_AGAIN_S)
            time.sleep(count / rate)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    _run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5:])
