"""Single items and their codes: the outer one on the pack, and for some an inner one under the cap.

Both are GS1 Digital Links with AI 01 (GTIN) and AI 21 (serial). The serials are spaces of their own: an outer one
begins with P, an inner one with U, and nothing but the ground truth knows which two belong to one item. Each has 15
letters of 32 behind it, 75 bits, so none can be guessed. Items without serials carry their EAN-13 alone.
"""

from collections import defaultdict, deque

import numpy as np
from msgspec import Struct

from simulators.core.gtin import digital_link, ean13
from simulators.core.layout import Product
from simulators.core.scenario import Codes

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LETTERS = 15
_TAKES_PUT_BACK = 0.5
_REMEMBERED = 50


class Item(Struct, frozen=True, kw_only=True):
    """One thing that can be held in hand, sold once.

    Attributes:
        product: What it claims to be.
        outer: The code on the pack.
        inner: The code under the cap, None where there is none.
        is_genuine: False where the codes are those of another item.
    """

    product: Product
    outer: str
    inner: str | None = None
    is_genuine: bool = True


class Stock:
    """The items on a store's shelves. There is always one more of a product; each is taken once, unless put back.

    Args:
        codes: How many items have an inner code, and how many are copies.
        resolver: Where the codes' addresses lead.
    """

    def __init__(self, codes: Codes, resolver: str) -> None:
        self._codes, self._resolver = codes, resolver
        self._put_back: defaultdict[str, deque[Item]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
        self._genuine: defaultdict[str, deque[Item]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))

    def take(self, product: Product, rng: np.random.Generator) -> Item:
        """Take an item of a product off the shelf: one that was put back, or one that nobody has touched.

        Args:
            product: What to take.
            rng: The taker's own random stream; drawn from alike whatever lies on the shelf.
        """
        if not product.serialized:
            return Item(product=product, outer=ean13(product.gtin))
        put_back, is_copy, has_inner, which = (float(each) for each in rng.random(4))
        outer, inner = (self._code(prefix, product, rng) for prefix in "PU")
        if put_back < _TAKES_PUT_BACK and self._put_back[product.gtin]:
            return self._put_back[product.gtin].popleft()
        item = Item(product=product, outer=outer, inner=inner if has_inner < self._codes.under_cap else None)
        if is_copy < self._codes.counterfeits:
            return self._copy(item, which)
        self._genuine[product.gtin].append(item)
        return item

    def put_back(self, item: Item) -> None:
        """Put an item back on the shelf, where the next one may take it."""
        if item.product.serialized:
            self._put_back[item.product.gtin].append(item)

    def _copy(self, elsewhere: Item, which: float) -> Item:
        """Return a copy of one of the store's own items, or of one that lies elsewhere while there are none."""
        originals = self._genuine[elsewhere.product.gtin]
        original = originals[int(which * len(originals))] if originals else elsewhere
        return Item(product=original.product, outer=original.outer, inner=original.inner, is_genuine=False)

    def _code(self, prefix: str, product: Product, rng: np.random.Generator) -> str:
        letters = (_ALPHABET[int(each)] for each in rng.integers(len(_ALPHABET), size=_LETTERS))
        return digital_link(self._resolver, product.gtin, prefix + "".join(letters))
