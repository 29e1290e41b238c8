"""What a metric is. Pure."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from cloud.analytics.parts import CAMERA_COUNTS

Grain = Literal["hour", "day", "week", "month", "total"]
GRAINS: tuple[Grain, ...] = ("hour", "day", "week", "month", "total")
FROM_DAY: tuple[Grain, ...] = ("day", "week", "month", "total")
Kind = Literal["sum", "ratio", "peak", "members"]
Parts = Mapping[str, int]

CAMERAS = ("seen_ms", *CAMERA_COUNTS)
TILLS = ("receipts",)
SCANNERS = ("scans",)

BAND_Z = 1.96
"""How many standard deviations a band of 95 % reaches to either side."""


class Metric(Struct, frozen=True, kw_only=True):
    """One figure, defined once: every answer, document and page that names it means this.

    `sum`: parts that add up over time and shops. `ratio`: a quotient of two sums, taken after summing, never a mean of
    ratios. `peak`: the largest of the parts. `members`: how many different members, which never adds up.

    Attributes:
        name: Its name in the API.
        title_en: What people call it.
        title_zh: The same in Chinese.
        formula: How it is counted, in words.
        unit: Its unit.
        kind: How it is put together.
        numerator: The parts that are added up.
        denominator: The parts by whose sum a ratio divides.
        divisor: What the numerator is divided by to come to the unit.
        divisor_below: What the denominator is divided by.
        sample: The part that says on how much the value rests, where that is not the denominator, or the numerator of a
            sum.
        variance: The part with the variance of the numerator, where links leave it uncertain.
        sources: Kinds of devices that must have reported for the value to be known: any part of each must not be 0.
        needs: What a shop must have.
        grains: For which intervals it is told.
        has_currency: Whether it is money, told in one currency at a time.
        rule_versions: The versions of the rules that it follows.
    """

    name: str
    title_en: str
    title_zh: str
    formula: str
    unit: str
    kind: Kind
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    divisor: int = 1
    divisor_below: int = 1
    sample: str | None = None
    variance: str | None = None
    sources: tuple[tuple[str, ...], ...] = ()
    needs: tuple[str, ...] = ()
    grains: tuple[Grain, ...] = GRAINS
    has_currency: bool = False
    rule_versions: tuple[str, ...] = ("1",)

    @property
    def from_cameras(self) -> bool:
        """Return whether coverage by cameras stands beside the value."""
        return CAMERAS in self.sources

    @property
    def counted(self) -> str | None:
        """Return the part that is the value and its sample as it is, None where they must be worked out."""
        is_plain = self.kind == "sum" and len(self.numerator) == self.divisor == 1 and self.sample is None
        return self.numerator[0] if is_plain else None

    @property
    def told_parts(self) -> tuple[str, ...]:
        """Return the parts that the value, its band and its sample need."""
        single = [name for name in (self.variance, self.sample) if name is not None]
        return tuple(dict.fromkeys((*self.numerator, *self.denominator, *single)))

    @property
    def sources_by_span(self) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
        """Return what must have reported in an hour, and what on its day: that tills work is seen from a whole day."""
        return (
            [group for group in self.sources if group == CAMERAS],
            [group for group in self.sources if group != CAMERAS],
        )

    def value_of(self, parts: Parts) -> float | int | None:
        """Return the value of summed parts, None where a ratio has nothing to divide by."""
        above = _total(parts, self.numerator)
        if self.kind == "ratio":
            below = _total(parts, self.denominator)
            # One division of whole numbers: the quotient of the sums to the last digit.
            return None if below == 0 else above * self.divisor_below / (below * self.divisor)
        return _divided(above, self.divisor)

    def band_of(self, parts: Parts) -> tuple[float, float] | None:
        """Return between what the value lies with 95 %, None where nothing is uncertain about it.

        By the normal approximation of the Poisson-binomial distribution: links are trials with different chances.
        """
        value = None if self.variance is None else self.value_of(parts)
        if self.variance is None or value is None:
            return None
        spread = BAND_Z * (parts.get(self.variance, 0) / self.divisor) ** 0.5
        most = 1.0
        if self.kind == "ratio":
            spread /= _total(parts, self.denominator) / self.divisor_below
        else:
            most = float(self.sample_of(parts))
        return max(value - spread, 0.0), min(value + spread, max(most, float(value)))

    def sample_of(self, parts: Parts) -> int | float:
        """Return on how much the value rests: visits, receipts, waits."""
        if self.sample is not None:
            return parts.get(self.sample, 0)
        names, divisor = (
            (self.denominator, self.divisor_below) if self.kind == "ratio" else (self.numerator, self.divisor)
        )
        sample = _divided(_total(parts, names), divisor)
        return sample if isinstance(sample, int) else round(sample, 3)


def _total(parts: Parts, names: tuple[str, ...]) -> int:
    """Return the sum of some parts; most are one, and answers have thousands of rows."""
    return parts.get(names[0], 0) if len(names) == 1 else sum(parts.get(name, 0) for name in names)


def _divided(number: int, divisor: int) -> int | float:
    """Return a whole number where the division leaves none over."""
    return number / divisor if number % divisor else number // divisor
