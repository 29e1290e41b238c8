"""Whether a rule's condition holds of what was read. Pure: no clock, randomness or I/O.

What is unknown is judged to be neither: nothing opens on it, and nothing is resolved by it.
"""

from math import sqrt
from statistics import fmean, variance
from typing import Literal

from msgspec import Struct

from cloud.alerts.rules import UNUSUAL, AlertRule

LEAST_HISTORY = 4
"""From fewer earlier weeks nobody can tell what is usual."""

Unknown = Literal[
    "not_observed",
    "poorly_observed",
    "closed",
    "several_currencies",
    "too_small_a_sample",
    "too_little_history",
    "no_spread",
]


class Subject(Struct, frozen=True, kw_only=True, order=True):
    """What an alert is of: a camera, a store, a region, or all shops of a rule."""

    store: str = ""
    device: str = ""
    region: str = ""

    @property
    def key(self) -> str:
        """Return text that tells it from every other subject of a rule."""
        return f"{self.region}|{self.store}|{self.device}"


class Reading(Struct, frozen=True, kw_only=True):
    """What a rule's measure said of one subject.

    Attributes:
        subject: Whose.
        value: None where it is unknown.
        unknown: Why it is.
        start_ms: When the interval began; of a live measure None.
        end_ms: When it ended; of a live measure when it was read.
        coverage: The share that cameras observed.
        sample: On how much the value rests.
        is_share: Whether the value is a share of the sample.
        is_count: Whether it is a number of independent things.
        history: The same of earlier weeks, as far as known.
    """

    subject: Subject
    value: float | None
    end_ms: int
    unknown: Unknown | None = None
    start_ms: int | None = None
    coverage: float | None = None
    sample: float | None = None
    is_share: bool = False
    is_count: bool = False
    history: tuple[float, ...] = ()


class Verdict(Struct, frozen=True, kw_only=True):
    """Whether the condition holds; None: nobody can tell, and `unknown` says why.

    Attributes:
        holds: Whether it does.
        unknown: Why that is unknown.
        z: How many standard deviations from the usual.
        usual: The mean of the earlier weeks.
    """

    holds: bool | None
    unknown: Unknown | None = None
    z: float | None = None
    usual: float | None = None


def judge(rule: AlertRule, reading: Reading) -> Verdict:
    """Return whether a rule's condition holds of a reading."""
    if reading.value is None:
        return Verdict(holds=None, unknown=reading.unknown or "not_observed")
    if reading.sample is not None and reading.sample < rule.least_sample:
        return Verdict(holds=None, unknown="too_small_a_sample")
    if rule.condition not in UNUSUAL:
        return Verdict(holds=_compares(rule, reading.value))
    if len(reading.history) < LEAST_HISTORY:
        return Verdict(holds=None, unknown="too_little_history")
    usual = fmean(reading.history)
    spread = spread_of(reading, usual)
    if spread == 0:
        same = reading.value == usual
        return Verdict(holds=False if same else None, unknown=None if same else "no_spread", usual=usual)
    z = (reading.value - usual) / spread
    return Verdict(holds=z > rule.limit if rule.condition == "unusually_high" else z < -rule.limit, z=z, usual=usual)


def _compares(rule: AlertRule, value: float) -> bool:
    return value > rule.limit if rule.condition == "above" else value < rule.limit


def spread_of(reading: Reading, usual: float) -> float:
    """Return the standard deviation of one more value beside the earlier ones, and not less than chance alone gives.

    Of n earlier values with variance s² the next one lies around their mean with the variance s² (1 + 1/n). Chance
    alone gives a number of independent things the variance of Poisson's distribution, its mean, and a share of n things
    that of the binomial one: a few quiet weeks that happened to be alike do not make the next one an alert.
    """
    more = 1 + 1 / len(reading.history)
    seen = variance(reading.history) * more
    return sqrt(max(seen, _chance(reading, usual) * more))


def _chance(reading: Reading, usual: float) -> float:
    if reading.is_count:
        return max(usual, 0.0)
    if reading.is_share and reading.sample:
        return max(usual * (1 - usual), 0.0) / reading.sample
    return 0.0
