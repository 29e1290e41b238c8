"""One store's events, made once and stamped for thousands of devices: each gets sources, ids and numbers of its own."""

from collections import Counter
from collections.abc import Callable

from msgspec import Struct

from contracts.delivery import Acknowledgement, Presence
from contracts.events import SEQUENCE_DIGITS, Event, Source, decode_event
from contracts.ids import deterministic_id, time_ms_of
from contracts.payloads import CodeScanned, VisitSegment
from contracts.privacy import Payload
from contracts.topics import event_topic
from edge.adapters.outbox import OutboxRow
from shopthread.fleet.outboxes import MemoryOutbox
from shopthread.fleet.stores import StorePlan, VirtualStore

_SOURCE, _SEQUENCE = "source", "sequence"


class Template(Struct, frozen=True, kw_only=True):
    """A recorded event with gaps where a device's own marks go.

    Attributes:
        made_ms: Store time at which the device had made it, Unix milliseconds.
        payload: Its type.
        pieces: The bytes between the gaps, one more than there are gaps.
        gaps: What goes where: `source`, `sequence`, or a recorded id for which the device has its own.
    """

    made_ms: int
    payload: type[Payload]
    pieces: tuple[bytes, ...]
    gaps: tuple[str, ...]


class RecordedDevice(Struct, frozen=True, kw_only=True):
    """What one device of the recorded store had to say, in order."""

    presence: Presence
    templates: tuple[Template, ...]


def record(
    plan: StorePlan, on_step: Callable[[int], None] = lambda _: None, stopped: Callable[[], bool] = lambda: False
) -> tuple[VirtualStore, dict[str, RecordedDevice]]:
    """Simulate a store as fast as possible and keep what each of its devices says.

    Args:
        plan: Which store.
        on_step: Told the store time now and then, Unix milliseconds.
        stopped: Ends the recording early.

    Returns:
        The store after its end, and its devices by their ids in the scenario.
    """
    store = VirtualStore(plan, lambda: "recorded")
    templates: dict[str, list[Template]] = {name: [] for name in store.outboxes}
    names = {str(outbox.source): name for name, outbox in store.outboxes.items()}
    while not store.is_over:
        grown = store.end() if stopped() else store.step()
        for outbox in grown:
            templates[names[str(outbox.source)]] += _take(outbox, store.now_ms)
        on_step(store.now_ms)
    return store, {
        name: RecordedDevice(presence=outbox.presence, templates=tuple(templates[name]))
        for name, outbox in store.outboxes.items()
    }


def _take(outbox: MemoryOutbox, now_ms: int) -> list[Template]:
    rows = outbox.rows(range(outbox.acknowledged + 1, outbox.made + 1))
    outbox.acknowledge(Acknowledgement(epoch=outbox.epoch, through=outbox.made))
    return [make_template(row.body, now_ms) for row in rows]


def make_template(body: bytes, made_ms: int) -> Template:
    """Return a template of an encoded event.

    Args:
        body: The event.
        made_ms: Store time at which the device had made it, Unix milliseconds.
    """
    event = decode_event(body)
    marks = {
        f'"source":"{event.source}"'.encode(): _SOURCE,
        f'"sequence":"{event.sequence}"'.encode(): _SEQUENCE,
        **{f'"{each}"'.encode(): each for each in own_ids(event)},
    }
    pieces, gaps, rest = [], [], body
    while found := [(place, mark) for mark in marks if (place := rest.find(mark)) >= 0]:
        place, mark = min(found)
        pieces.append(rest[:place])
        gaps.append(marks[mark])
        rest = rest[place + len(mark) :]
    return Template(made_ms=made_ms, payload=type(event.data), pieces=(*pieces, rest), gaps=tuple(gaps))


def own_ids(event: Event[Payload]) -> set[str]:
    """Return the ids in an event that no other device may have: its own, its segment's, its scan's."""
    data = event.data
    if isinstance(data, VisitSegment):
        return {event.id, data.segment_id}
    return {event.id, data.scan_id} if isinstance(data, CodeScanned) else {event.id}


def stamp(template: Template, source: Source, sequence: int) -> bytes:
    """Return the event of a template as a device's own.

    An id keeps its time; the rest of it follows from the device and the recorded id. So the phases of one segment
    stay together, and the same device has the same ids again.

    Args:
        template: The recorded event.
        source: The device.
        sequence: Its number among the device's events.
    """
    filled = []
    for piece, gap in zip(template.pieces, template.gaps, strict=False):
        filled.append(piece)
        if gap == _SOURCE:
            filled.append(b'"source":"%s"' % str(source).encode())
        elif gap == _SEQUENCE:
            filled.append(b'"sequence":"%0*d"' % (SEQUENCE_DIGITS, sequence))
        else:
            filled.append(b'"%s"' % deterministic_id(time_ms_of(gap), str(source), gap).encode())
    return b"".join((*filled, template.pieces[-1]))


class StampedOutbox:
    """A recorded device's events as another device's. Nothing is stored: a row is stamped when it is asked for.

    Args:
        source: The device.
        recorded: What it says.
        epoch: A name that no earlier outbox of this device had.
    """

    def __init__(self, source: Source, recorded: RecordedDevice, epoch: str) -> None:
        self.source, self.presence, self.epoch = source, recorded.presence, epoch
        self.acknowledged = 0
        self._templates, self._made = recorded.templates, 0
        self._topics = {each.payload: event_topic(source, each.payload) for each in recorded.templates}

    @property
    def made(self) -> int:
        """See `VirtualOutbox.made`."""
        return self._made

    def advance(self, made: int) -> None:
        """Make the first so many of the recorded events."""
        self._made = made

    def rows(self, sequences: range) -> list[OutboxRow]:
        """See `VirtualOutbox.rows`."""
        numbers = range(max(sequences.start, self.acknowledged + 1), min(sequences.stop, self._made + 1))
        return [self._row(number) for number in numbers]

    def _row(self, sequence: int) -> OutboxRow:
        template = self._templates[sequence - 1]
        return OutboxRow(sequence, self._topics[template.payload], stamp(template, self.source, sequence))

    def acknowledge(self, acknowledgement: Acknowledgement) -> bool:
        """See `VirtualOutbox.acknowledge`."""
        through = min(acknowledgement.through, self._made)
        if acknowledgement.epoch != self.epoch or through <= self.acknowledged:
            return False
        self.acknowledged = through
        return True

    def types(self) -> Counter[str]:
        """See `VirtualOutbox.types`."""
        return Counter(each.payload.TYPE for each in self._templates[: self._made])
