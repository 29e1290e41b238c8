"""Which events every hop holds in the end, read from the files themselves; and what is wrong where they differ."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import msgspec
from msgspec import Struct

from benchmarks.chaos.journal import Journal, outbox_path, path_of
from contracts.events import Source
from contracts.payloads import FootfallCrossing, VisitSegment

GATEWAY = "gateway"
VISITS = "SELECT count(*) FROM visits WHERE status NOT IN ('merged', 'withdrawn')"
"""What asks the cloud's database how many visits there were."""

Held: TypeAlias = dict[str, tuple[str, str, int]]
"""Device, type and number of each event, by its id."""


class _Envelope(Struct):
    type: str
    sequence: str


class Hops(Struct, frozen=True, kw_only=True):
    """What devices made and what arrived, devices' events and the gateway's own apart.

    Attributes:
        truth: What devices wrote down themselves.
        gateway: What the gateway holds of devices.
        cloud: What the cloud holds of devices.
        own: What the gateway made itself.
        own_in_cloud: What the cloud holds of that.
        outboxes: How many events each outbox says that it ever held, and how many of these still wait.
        letters: Dead letters of gateway and cloud together.
        figures: What the cloud counted of them, by name.
        repeated: How many deliveries the gateway knew for repetitions.
    """

    truth: Held
    gateway: Held
    cloud: Held
    own: Held
    own_in_cloud: Held
    outboxes: Mapping[str, tuple[int, int]]
    letters: int
    figures: Mapping[str, int]
    repeated: int

    def counts(self, part: int) -> list[tuple[str, int, int, int]]:
        """Return how many events devices made, the gateway holds and the cloud holds.

        Args:
            part: By what: 0 by device, 1 by type.
        """
        columns = [
            Counter(str(each[part]) for each in held.values()) for held in (self.truth, self.gateway, self.cloud)
        ]
        rows = sorted(set().union(*columns))
        return [(row, *(column[row] for column in columns)) for row in rows]  # type: ignore[misc]  # three columns

    def longest_losses(self) -> tuple[int, int]:
        """Return the longest run of a device's numbers that the gateway lacks, and the longest that the cloud lacks."""
        return _longest_loss(self.truth, self.gateway), _longest_loss(self.truth, self.cloud)

    def faults(self) -> list[str]:
        """Return what is wrong, a line each; nothing where no event was lost or doubled anywhere."""
        wrong = []
        for name, held in (("gateway", self.gateway), ("cloud", self.cloud)):
            wrong += _differences(name, self.truth, held)
        wrong += _differences("cloud, of the gateway's own", self.own, self.own_in_cloud)
        for name, held in (("the gateway's own", self.own), ("devices'", self.truth)):
            wrong += _numbering(name, held)
        made = Counter(device for device, _, _ in self.truth.values())
        for device, (kept, waiting) in self.outboxes.items():
            if (kept, waiting) != (made[device], 0):
                wrong.append(f"{device} made {made[device]} events; its outbox had {kept}, of which {waiting} wait")
        if self.letters:
            wrong.append(f"{self.letters} dead letters")
        kinds = Counter(kind for _, kind, _ in self.truth.values())
        for name, kind in (("crossings", FootfallCrossing.TYPE), ("visits", VisitSegment.TYPE)):
            if self.figures[name] != kinds[kind]:
                wrong.append(f"the cloud counted {self.figures[name]} {name}, there were {kinds[kind]}")
        return wrong


def read_hops(folder: Path, devices: Sequence[str]) -> Hops:
    """Return what every hop holds, by the files of a run's folder.

    Args:
        folder: The run's.
        devices: The devices' names.
    """
    truth: Held = {}
    for device in devices:
        journal = Journal().read(path_of(folder, device))
        made = ((number, *journal.made[number]) for number in sorted(journal.made) if number <= journal.kept)
        truth.update({event_id: (device, kind, number) for number, kind, event_id in made})
    with closing(_open(folder / "gateway" / "gateway.sqlite")) as db:
        gateway = _gateway_holds(db)
        letters = _count(db, "dead_letter")
        (repeated,) = db.execute("SELECT coalesce(sum(duplicate), 0) FROM tally").fetchone()
    with closing(_open(folder / "cloud" / "cloud.sqlite")) as db:
        rows = db.execute("SELECT event_id, device, type, sequence FROM event_log")
        cloud: Held = {event_id: (device, kind, number) for event_id, device, kind, number in rows}
        letters += _count(db, "dead_letters")
        (visits,) = db.execute(VISITS).fetchone()
        figures = {"crossings": _count(db, "crossings"), "visits": int(visits)}
    return Hops(
        truth=truth,
        gateway=_of(gateway, own=False),
        cloud=_of(cloud, own=False),
        own=_of(gateway, own=True),
        own_in_cloud=_of(cloud, own=True),
        outboxes={device: _outbox(outbox_path(folder, device)) for device in devices},
        letters=letters,
        figures=figures,
        repeated=int(repeated),
    )


def _gateway_holds(db: sqlite3.Connection) -> Held:
    held: Held = {}
    for event_id, source, body in db.execute("SELECT event_id, source, body FROM event"):
        envelope = msgspec.json.decode(body, type=_Envelope)
        held[event_id] = (Source.parse(source).device, envelope.type, int(envelope.sequence))
    return held


def _of(held: Held, *, own: bool) -> Held:
    return {event_id: each for event_id, each in held.items() if (each[0] == GATEWAY) is own}


def _differences(name: str, truth: Held, held: Held) -> list[str]:
    """Return what a hop lacks and what it holds besides."""
    lost = sorted(each for event_id, each in truth.items() if held.get(event_id) != each)
    extra = sorted(each for event_id, each in held.items() if truth.get(event_id) != each)
    words = ((lost, "lacks"), (extra, "holds besides"))
    return [f"{name} {word} {len(rows)} events, the first {rows[0]}" for rows, word in words if rows]


def _longest_loss(truth: Held, held: Held) -> int:
    """Return how many events of one device in a row a hop lacks, at most."""
    longest = run = 0
    for *_, event_id in sorted((each[0], each[2], event_id) for event_id, each in truth.items()):
        run = 0 if event_id in held else run + 1
        longest = max(longest, run)
    return longest


def _numbering(name: str, held: Held) -> list[str]:
    """Return where numbers are missing or there twice."""
    numbers: dict[str, list[int]] = {}
    for device, _, number in held.values():
        numbers.setdefault(device, []).append(number)
    return [
        f"{name} numbers of {device} are not 1 to {len(found)}: each once"
        for device, found in sorted(numbers.items())
        if sorted(found) != list(range(1, len(found) + 1))
    ]


def _outbox(path: Path) -> tuple[int, int]:
    with closing(_open(path)) as db:
        (made,) = db.execute("SELECT made FROM state").fetchone()
        return int(made), _count(db, "outbox")


def _count(db: sqlite3.Connection, table: str) -> int:
    (count,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=30)
    db.execute("PRAGMA query_only = 1")
    return db
