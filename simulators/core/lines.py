"""The lines that simulated devices put out, in the form in which the store's agents read them.

Times: Unix milliseconds UTC; positions: metres on the floor; money: minor units. No line carries what only the ground
truth knows.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from simulators.core.members import Identifier

ReceiptKind = Literal["sale", "void", "refund"]


class TrackPoint(Struct, frozen=True, gc=False):
    """Where a camera sees one of its tracks."""

    id: str
    x_m: float
    y_m: float
    confidence: float


class TrackSignature(Struct, frozen=True):
    """What one of the line's tracks looks like: a quantized appearance signature, int8. It stays in the store."""

    id: str
    signature: bytes


class TrackLine(Struct, frozen=True, gc=False):
    """All that a camera sees at one tick; `tracks` is empty when it watches and nobody is there.

    Attributes:
        t_ms: When, as the camera's own clock tells it.
        tracks: In the order of the camera's numbers.
        signatures: Of a few of the tracks, in the same order; absent where there are none.
    """

    t_ms: int
    tracks: tuple[TrackPoint, ...]
    signatures: tuple[TrackSignature, ...] | UnsetType = UNSET


class ScanLine(Struct, frozen=True, kw_only=True):
    """A code that a terminal or a phone at home read, and the member that it knew of by then."""

    t_ms: int
    code: str
    member: Identifier | UnsetType = UNSET


class ReceiptItem(Struct, frozen=True, kw_only=True):
    """One line of a receipt. What comes back has a negative quantity."""

    gtin: str
    quantity: int
    unit_price_minor: int
    description: str


class ReceiptLine(Struct, frozen=True, kw_only=True):
    """A receipt that a till closed."""

    t_ms: int
    receipt_id: str
    kind: ReceiptKind
    reverses_receipt_id: str | UnsetType = UNSET
    lines: tuple[ReceiptItem, ...]
    total_minor: int
    currency: str
    tender: str
    member: Identifier | UnsetType = UNSET


class EndLine(Struct, frozen=True):
    """The last line of a feed: nothing follows."""

    end: bool = True


FeedLine = TrackLine | ScanLine | ReceiptLine


def total_of(items: tuple[ReceiptItem, ...]) -> int:
    """Return the sum of a receipt's lines, minor units."""
    return sum(item.quantity * item.unit_price_minor for item in items)
