"""What only one party uses at a time: scan terminals, fitting cabins, and tills with their queues."""

from collections.abc import Sequence

from simulators.core.geometry import Point
from simulators.core.layout import FittingRoom, Kiosk, Till


class KioskDesk:
    """A scan terminal: one party uses it, a few others wait inside its zone, in order."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.kiosk = kiosk
        self.user: str | None = None
        self._waiting: dict[str, Point] = {}  # In the order in which they came.

    def take(self, party_id: str) -> bool:
        """Take the terminal if it is free and nobody came before. Return whether it is now this party's."""
        is_next = next(iter(self._waiting), party_id) == party_id
        if self.user is not None or not is_next:
            return False
        self.user = party_id
        self._waiting.pop(party_id, None)
        return True

    def wait(self, party_id: str) -> Point | None:
        """Wait for the terminal. Return where to stand, None where there is no room to wait."""
        taken = self._waiting.values()
        spot = next((spot for spot in self.kiosk.waiting_spots if spot not in taken), None)
        if spot is not None:
            self._waiting[party_id] = spot
        return spot

    def leave(self) -> None:
        """Hand the terminal to whoever is next."""
        self.user = None


class TillDesk:
    """A till: one party is served, the others stand in line. It knows whose turn it is, not what is sold."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self.customer: str | None = None
        self._line: list[str] = []

    @property
    def length(self) -> int:
        """How many parties stand in line."""
        return len(self._line)

    @property
    def is_busy(self) -> bool:
        """Whether anybody is served or stands in line."""
        return bool(self._line) or self.customer is not None

    @property
    def is_full(self) -> bool:
        """Whether every place in line is taken."""
        return len(self._line) >= len(self.till.queue_slots)

    @property
    def tail(self) -> Point:
        """Where the next to come will stand."""
        return self.till.queue_slots[min(len(self._line), len(self.till.queue_slots) - 1)]

    def join(self, party_id: str) -> None:
        """Stand at the end of the line."""
        self._line.append(party_id)

    def place(self, party_id: str) -> Point:
        """Return where a party in line should stand now."""
        slots = self.till.queue_slots
        return slots[min(self._line.index(party_id), len(slots) - 1)]

    def call(self, party_id: str) -> bool:
        """Go to the till if it is free and this party is first in line. Return whether it may."""
        if self.customer is not None or self._line[0] != party_id:
            return False
        self.customer = self._line.pop(0)
        return True

    def give_up(self, party_id: str) -> None:
        """Leave the line before it is this party's turn."""
        self._line.remove(party_id)

    def release(self) -> None:
        """The customer has left the till."""
        self.customer = None


def shortest_line(desks: Sequence[TillDesk]) -> TillDesk:
    """Return the open till with the shortest line; among equals a free one, then the first.

    A till with `opens_at` opens when so many parties stand in the line of each open one, and stays open as long as
    anybody stands there.
    """
    is_open = [not desk.till.opens_at or desk.is_busy for desk in desks]
    shortest = min((desk.length for desk, opened in zip(desks, is_open, strict=True) if opened), default=None)
    for index, desk in enumerate(desks):
        if not is_open[index] and (shortest is None or shortest >= desk.till.opens_at):
            is_open[index] = True
            break
    opened = [desk for desk, is_it in zip(desks, is_open, strict=True) if is_it]
    return min(opened, key=lambda desk: (desk.length, desk.customer is not None))


class FittingDesk:
    """The cabins of a fitting room, one person in each, and who waits for one, in order."""

    def __init__(self, room: FittingRoom) -> None:
        self.room = room
        self._free = list(room.cabins)
        self._waiting: dict[str, Point] = {}

    def take(self, party_id: str) -> Point | None:
        """Take a cabin if one is free and nobody came before. Return where it is, None if there is none."""
        is_next = next(iter(self._waiting), party_id) == party_id
        if not self._free or not is_next:
            return None
        self._waiting.pop(party_id, None)
        return self._free.pop(0)

    def wait(self, party_id: str) -> Point | None:
        """Wait for a cabin. Return where to stand, None where there is no room to wait."""
        taken = self._waiting.values()
        spot = next((spot for spot in self.room.waiting_spots if spot not in taken), None)
        if spot is not None:
            self._waiting[party_id] = spot
        return spot

    def leave(self, cabin: Point) -> None:
        """Come out of a cabin."""
        self._free.append(cabin)
