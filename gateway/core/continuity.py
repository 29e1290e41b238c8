"""How far a device's numbering is gapless. Pure."""

from collections.abc import Iterable

from msgspec import Struct


class Continuity(Struct, frozen=True):
    """What is held of one device's epoch.

    Attributes:
        through: Every number up to and including this one is held.
        beyond: Numbers above `through + 1` that are held already; what lies between is missing.
    """

    through: int = 0
    beyond: frozenset[int] = frozenset()

    @property
    def missing(self) -> tuple[range, ...]:
        """Return the gaps, ascending."""
        gaps, expected = [], self.through + 1
        for number in sorted(self.beyond):
            if number > expected:
                gaps.append(range(expected, number))
            expected = number + 1
        return tuple(gaps)


def advance(held: Continuity, received: Iterable[int], oldest: int = 1) -> Continuity:
    """Return what is held after more numbers came, in any order, with any repetition.

    Args:
        held: What was held before.
        received: The numbers that came.
        oldest: The lowest number that the device still has: lower ones were acknowledged once and will not come again.
    """
    through = max(held.through, oldest - 1)
    beyond = {number for number in (*held.beyond, *received) if number > through}
    while through + 1 in beyond:
        through += 1
        beyond.discard(through)
    return Continuity(through, frozenset(beyond))
