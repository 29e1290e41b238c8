"""Very many codes as one number each: which come twice, which are not among others."""

from array import array
from collections.abc import Iterable
from hashlib import blake2b

_PILES = 256
"""Numbers lie in piles by their last bits, and one pile at a time is looked through."""


def digest_of(gtin: str, serial: str) -> int:
    """Return 64 bits that stand for a code; two codes rarely have the same."""
    return int.from_bytes(blake2b(f"{gtin}\0{serial}".encode(), digest_size=8).digest(), "big")


class Digests:
    """Numbers of codes, eight bytes each, the same one as often as it came.

    Attributes:
        piles: The numbers, in piles by their last bits.
    """

    def __init__(self, digests: Iterable[int] = ()) -> None:
        self.piles = [array("Q") for _ in range(_PILES)]
        for digest in digests:
            self.add(digest)

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self.piles))

    def add(self, digest: int) -> None:
        """Take one more."""
        self.piles[digest % _PILES].append(digest)

    def repeated(self) -> frozenset[int]:
        """Return which came more than once."""
        found: set[int] = set()
        for pile in self.piles:
            seen: set[int] = set()
            for digest in pile:
                (found if digest in seen else seen).add(digest)
        return frozenset(found)

    def missing_from(self, others: "Digests") -> int:
        """Return how many of these are not among others."""
        return sum(
            sum(digest not in there for digest in mine)
            for mine, there in zip(self.piles, map(frozenset, others.piles), strict=True)
        )
