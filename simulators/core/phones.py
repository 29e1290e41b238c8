"""Phone numbers that are kept for fiction, how they change over the years, and numbers in an order that tells nothing.

The numbers are North American ones in area code 555 and up whose exchange begins with 0 or 1, which cannot be dialled.
"""

import numpy as np
from msgspec import Struct

PROGRAMME_BEGAN_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z: no number changed before.
YEAR_MS = 365 * 86_400_000
PHONES_PER_AREA = 2_000_000
_AREA_CODE = 555


class Scramble:
    """A permutation of 0 to `size` - 1, drawn by chance among the affine ones.

    Args:
        size: How many values there are: a power of ten, or twice one, of at least 100.
        rng: What it is drawn from.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self._size = size
        tens, last = int(rng.integers(size // 40, size // 20)), int(rng.choice((1, 3, 7, 9)))
        self._factor = 10 * tens + last  # Coprime to 10, so no two places have the same value.
        self._shift = int(rng.integers(size))

    def __call__(self, place: int) -> int:
        """Return the value at a place, 0 to `size` - 1."""
        return (self._factor * place + self._shift) % self._size


class Phone(Struct, frozen=True):
    """A phone whose number may change once a year.

    Attributes:
        slot: Which number it had first.
        slots_per_change: How many slots further each later number stands.
        first_change_ms: When the number changes for the first time, Unix milliseconds; None: never.
        scramble: Which number stands in a slot.
    """

    slot: int
    slots_per_change: int
    first_change_ms: int | None
    scramble: Scramble

    def changes_by(self, now_ms: int) -> int:
        """Return how often the number has changed."""
        if self.first_change_ms is None or now_ms < self.first_change_ms:
            return 0
        return 1 + (now_ms - self.first_change_ms) // YEAR_MS

    def next_change_ms(self, now_ms: int) -> int | None:
        """Return when the number changes next, None if never."""
        return None if self.first_change_ms is None else self.first_change_ms + self.changes_by(now_ms) * YEAR_MS

    def numbers(self, now_ms: int) -> tuple[str, ...]:
        """Return all numbers so far in the form of E.164, the present one last."""
        return tuple(self._number(change) for change in range(self.changes_by(now_ms) + 1))

    def _number(self, change: int) -> str:
        area, place = divmod(self.slot + change * self.slots_per_change, PHONES_PER_AREA)
        return f"+1{_AREA_CODE + area}{self.scramble(place):07d}"
