"""How long after a fault everything that devices had said by its end is in the cloud."""

import sqlite3
import threading
import time
from pathlib import Path

from msgspec import Struct, field

from benchmarks.chaos.hops import VISITS
from benchmarks.chaos.journal import Journal, path_of
from benchmarks.chaos.plan import Fault
from contracts.payloads import VisitSegment

_POLL_S = 0.05
_BUSY_S = 0.2


class _Wait(Struct):
    fault: Fault
    began_s: float
    through: dict[str, int]


class _Arrived(Struct):
    """Numbers of one device in the cloud: all up to `through`, and some beyond it."""

    through: int = 0
    beyond: set[int] = field(default_factory=set)

    def add(self, number: int) -> None:
        self.beyond.add(number)
        while self.through + 1 in self.beyond:
            self.through += 1
            self.beyond.remove(self.through)


class Recovery:
    """Follows the cloud's log from a thread of its own.

    Args:
        folder: Where the devices' journals lie.
        cloud: The cloud's SQLite file.
        devices: The devices.

    Attributes:
        times: Seconds from each fault's beginning until the cloud held what had been made by its end, in order.
        visits: How many visits the cloud knows.
    """

    def __init__(self, folder: Path, cloud: Path, devices: tuple[str, ...]) -> None:
        self.times: list[tuple[Fault, float]] = []
        self._folder, self._cloud = folder, cloud
        self._journals = {device: Journal() for device in devices}
        self._arrived = {device: _Arrived() for device in devices}
        self.visits = 0
        self._position, self._counted = 0, 0
        self._waiting: list[_Wait] = []
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name="recovery", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def has_begun(self) -> bool:
        """Return whether the cloud holds something of every device."""
        return all(arrived.through for arrived in self._arrived.values())

    def is_counted(self) -> bool:
        """Return whether the cloud's figures are made of everything in its log."""
        return self._counted >= self._position

    def made(self) -> dict[str, int]:
        """Return how many events each device has made and kept."""
        return {device: journal.read(path_of(self._folder, device)).kept for device, journal in self._journals.items()}

    def segments(self) -> int:
        """Return how many segments of visits devices have made, as of the last look at their journals."""
        kinds = (kind for journal in self._journals.values() for kind, _ in journal.made.values())
        return sum(kind == VisitSegment.TYPE for kind in kinds)

    def mended(self, fault: Fault, began_s: float) -> None:
        """Say that a fault is over, which began at a time of the monotonic clock."""
        with self._lock:
            self._waiting.append(_Wait(fault, began_s, self.made()))

    def is_complete(self) -> bool:
        """Return whether the cloud holds everything that devices made."""
        made = self.made()
        return all(self._arrived[device].through >= count for device, count in made.items())

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _follow(self) -> None:
        db = sqlite3.connect(self._cloud, timeout=_BUSY_S, check_same_thread=False)
        db.execute("PRAGMA query_only = 1")
        while not self._stop.wait(_POLL_S):
            try:
                self._look(db)
            except sqlite3.OperationalError:  # the cloud is being started
                continue
        db.close()

    def _look(self, db: sqlite3.Connection) -> None:
        rows = db.execute(
            "SELECT position, device, sequence FROM event_log WHERE position > ? ORDER BY position", (self._position,)
        ).fetchall()
        for position, device, number in rows:
            self._position = position
            if device in self._arrived:
                self._arrived[device].add(number)
        (self._counted,) = db.execute(
            "SELECT coalesce(min(position), 0) FROM projection_cursors WHERE name IN ('footfall', 'visits')"
        ).fetchone()
        (self.visits,) = db.execute(VISITS).fetchone()
        now_s = time.monotonic()
        with self._lock:
            for wait in tuple(self._waiting):
                if all(self._arrived[device].through >= number for device, number in wait.through.items()):
                    self.times.append((wait.fault, now_s - wait.began_s))
                    self._waiting.remove(wait)
