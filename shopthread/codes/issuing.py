"""New codes with serials that nobody can guess. Pure: randomness is passed in."""

from collections.abc import Callable, Iterator
from typing import Literal

from shopthread.codes.table import CodeRow

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 letters and digits of GS1's character set that are not mistaken for each other: no I, O, 0 and 1."""
LETTERS = 16
"""Each carries 5 bits: 80 in all."""
_BITS_PER_LETTER = 5

Issue = Literal["outer", "inner", "both"]
RandomBits = Callable[[int], int]
"""Returns a number of so many random bits, such as `secrets.randbits`."""


def serial_of(random_bits: RandomBits) -> str:
    """Return a new serial: 16 letters that carry 80 random bits."""
    bits = random_bits(LETTERS * _BITS_PER_LETTER)
    return "".join(ALPHABET[bits >> (_BITS_PER_LETTER * place) & 31] for place in range(LETTERS))


def issue(row: CodeRow, count: int, kinds: Issue, random_bits: RandomBits) -> Iterator[CodeRow]:
    """Yield new codes, and keep none of them.

    Nothing compares serials: of the twenty million of the largest file two are alike once in six billion files, and
    then the registry takes one of them.

    Args:
        row: What all of them share: GTIN, lot, product.
        count: How many items.
        kinds: Which codes an item bears. With both, the inner one names the pack that it lies in.
        random_bits: Where serials come from.
    """
    for _ in range(count):
        pack = serial_of(random_bits) if kinds != "inner" else None
        if pack is not None:
            yield row.with_code(pack, "outer", None)
        if kinds != "outer":
            yield row.with_code(serial_of(random_bits), "inner", pack)
