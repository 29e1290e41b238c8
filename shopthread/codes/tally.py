"""What a table of codes holds, in figures; memory holds a number of each pack, and of each that a cap's code names."""

from collections.abc import Iterable

from msgspec import Struct

from shopthread.codes.digests import Digests, digest_of
from shopthread.codes.table import CodeRow


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
    packs, named, inner = Digests(), Digests(), 0
    for code in codes:
        products.add(code.gtin)
        if code.kind == "outer":
            packs.add(digest_of(code.gtin, code.serial))
        else:
            inner += 1
            if code.outer_serial is not None:
                named.add(digest_of(code.gtin, code.outer_serial))
    return Tally(products=len(products), outer=len(packs), inner=inner, elsewhere=named.missing_from(packs))
