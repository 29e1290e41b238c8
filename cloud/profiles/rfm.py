"""Recency, frequency and monetary value, scored by quintiles. Pure: no clock, randomness or I/O.

A score compares a customer with all customers of the tenant who buy in the same currency: 1 plus how many fifths of
them lie below. Equals share a score. Customers are counted in buckets (the day of the last purchase; purchases and
value to five leading binary digits, so to 6% or better), which are kept up to date purchase by purchase: no score needs
a look at every customer, and none depends on the order in which events came.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from cloud.profiles.facts import KnownTouch
from cloud.profiles.lifecycle import MS_PER_DAY

Measure = Literal["recency", "frequency", "monetary"]
MEASURES: tuple[Measure, ...] = ("recency", "frequency", "monetary")
VERSION = "rfm-1"
_QUINTILES = 5
_KEPT_BITS = 5


class Purchases(Struct, frozen=True, kw_only=True):
    """What somebody bought in one currency; minor units.

    Attributes:
        gross_minor: Of the purchases that stand.
        refunded_minor: What was given back, never negative.
    """

    currency: str
    purchases: int
    gross_minor: int
    refunded_minor: int
    first_ms: int | None
    last_ms: int | None

    @property
    def net_minor(self) -> int:
        """Return what is left of the value after refunds."""
        return self.gross_minor - self.refunded_minor

    @property
    def average_minor(self) -> int | None:
        """Return the value of an average purchase, None where there is none."""
        return round(self.gross_minor / self.purchases) if self.purchases else None


class Buckets(Struct, frozen=True, kw_only=True):
    """Where a customer stands in each measure; a higher bucket is better."""

    currency: str
    recency: int
    frequency: int
    monetary: int

    def of(self, measure: Measure) -> int:
        """Return the bucket of one measure."""
        return {"recency": self.recency, "frequency": self.frequency, "monetary": self.monetary}[measure]


def purchases_by_currency(touches: Iterable[KnownTouch]) -> list[Purchases]:
    """Return what was bought and given back, by currency, that with the most purchases first.

    A refund lowers the value, whatever its sign, and leaves the purchase one.
    """
    by_currency: dict[str, list[KnownTouch]] = {}
    for touch in touches:
        if touch.is_purchase or touch.is_refund:
            by_currency.setdefault(touch.currency or "", []).append(touch)
    found = [_purchases(currency, of_it) for currency, of_it in by_currency.items()]
    return sorted(found, key=lambda each: (-each.purchases, each.currency))


def _purchases(currency: str, touches: Sequence[KnownTouch]) -> Purchases:
    times_ms = [touch.time_ms for touch in touches if touch.is_purchase]
    return Purchases(
        currency=currency,
        purchases=len(times_ms),
        gross_minor=sum(touch.total_minor or 0 for touch in touches if touch.is_purchase),
        refunded_minor=sum(abs(touch.total_minor or 0) for touch in touches if touch.is_refund),
        first_ms=min(times_ms, default=None),
        last_ms=max(times_ms, default=None),
    )


def buckets_of(bought: Sequence[Purchases]) -> Buckets | None:
    """Return where a customer stands, by the currency with the most purchases; None for who bought nothing."""
    if not bought or bought[0].last_ms is None:
        return None
    main = bought[0]
    return Buckets(
        currency=main.currency,
        recency=bought[0].last_ms // MS_PER_DAY,
        frequency=bucket(main.purchases),
        monetary=bucket(main.net_minor),
    )


def bucket(value: int) -> int:
    """Return the bucket of a number: itself up to 31, then sixteen to each doubling; 0 for what is not positive.

    It never falls as the value rises.
    """
    if value <= 0:
        return 0
    dropped = max(value.bit_length() - _KEPT_BITS, 0)
    return (dropped << (_KEPT_BITS - 1)) + (value >> dropped)


def score(below: int, customers: int) -> int:
    """Return a score from 1, the lowest fifth, to 5, of who has `below` of all `customers` beneath.

    Raises:
        ValueError: Not fewer are below than there are.
    """
    if not 0 <= below < customers:
        msg = f"fewer customers must be below than the {customers} there are, got {below}"
        raise ValueError(msg)
    return 1 + _QUINTILES * below // customers
