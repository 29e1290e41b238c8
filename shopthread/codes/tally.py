"""What a table of codes holds, in figures; memory holds a number of each pack, and of each that a cap's code names."""

from array import array
from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from shopthread.codes.table import CodeRow, digest_of


class Tally(Struct, frozen=True, kw_only=True):
    """Counts of a table.

    Attributes:
        products: Different GTINs.
        outer: Codes on packs.
        inner: Codes under caps.
        elsewhere: Those of them that name a pack that is not in the table.
    """

    products: int
    outer: int
    inner: int
    elsewhere: int

    @property
    def codes(self) -> int:
        """Return how many codes there are."""
        return self.outer + self.inner


def tally(codes: Iterable[CodeRow]) -> Tally:
    """Return what codes, no two alike, are."""
    products: set[str] = set()
    packs, named, inner = array("Q"), array("Q"), 0
    for code in codes:
        products.add(code.gtin)
        if code.kind == "outer":
            packs.append(digest_of(code.gtin, code.serial))
        else:
            inner += 1
            if code.outer_serial is not None:
                named.append(digest_of(code.gtin, code.outer_serial))
    there = np.isin(np.array(named, np.uint64), np.array(packs, np.uint64))
    return Tally(products=len(products), outer=len(packs), inner=inner, elsewhere=int((~there).sum()))
