"""What only one party uses at a time: scan terminals and tills with their queues."""

from simulators.core.geometry import Point
from simulators.core.layout import Kiosk, Till


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

    def release(self) -> None:
        """The customer has left the till."""
        self.customer = None
