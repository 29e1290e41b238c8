"""Where a member stands between a first contact and loyalty. Pure: no clock, randomness or I/O.

The stages are those of the member depth model: no purchase, potential, ordinary, repurchase, loyal.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Stage = Literal["no_purchase", "potential", "ordinary", "repurchase", "loyal"]

STAGES: tuple[Stage, ...] = ("no_purchase", "potential", "ordinary", "repurchase", "loyal")
"""From the least to the most attached."""

MS_PER_DAY = 86_400_000


class LifecycleRules(Struct, frozen=True, kw_only=True):
    """The thresholds between the stages.

    Attributes:
        potential_interest: How many scans and expected visits, together, make who bought nothing a potential customer.
        potential_days: How far back they count.
        repurchase_purchases: From how many purchases on a customer has come back to buy.
        loyal_purchases: From how many purchases within `loyal_days` on a customer is loyal.
        loyal_days: How far back these count.

    Raises:
        ValueError: A customer would be loyal before having come back.
    """

    potential_interest: float = 1.0
    potential_days: int = 180
    repurchase_purchases: int = 2
    loyal_purchases: int = 4
    loyal_days: int = 365

    def __post_init__(self) -> None:
        if self.loyal_purchases < self.repurchase_purchases:
            msg = (
                f"lifecycle_loyal_purchases must be lifecycle_repurchase_purchases ({self.repurchase_purchases}) "
                f"or more, got {self.loyal_purchases}"
            )
            raise ValueError(msg)

    @property
    def version(self) -> str:
        """Return the rule with its thresholds: two stages of one version mean the same."""
        return (
            f"lifecycle-1.potential-{self.potential_interest:g}in{self.potential_days}d"
            f".repurchase-{self.repurchase_purchases}.loyal-{self.loyal_purchases}in{self.loyal_days}d"
        )


class Lifecycle(Struct, frozen=True, kw_only=True):
    """A stage, and what it follows from."""

    stage: Stage
    purchases: int
    recent_purchases: int
    """Within the rules' `loyal_days`."""
    recent_interest: float
    """Scans and expected visits within the rules' `potential_days`."""


def lifecycle(
    purchases_ms: Sequence[int], interests: Sequence[tuple[int, float]], now_ms: int, rules: LifecycleRules
) -> Lifecycle:
    """Return a member's stage.

    Args:
        purchases_ms: When each purchase was that stands, Unix milliseconds, in any order.
        interests: When each scan or visit was, and its weight: 1 for a scan, its probability for a visit.
        now_ms: Which moment to judge from.
        rules: The thresholds.
    """
    loyal_from_ms = now_ms - rules.loyal_days * MS_PER_DAY
    interest_from_ms = now_ms - rules.potential_days * MS_PER_DAY
    recent = sum(at_ms >= loyal_from_ms for at_ms in purchases_ms)
    interest = sum(weight for at_ms, weight in interests if at_ms >= interest_from_ms)
    return Lifecycle(
        stage=_stage(len(purchases_ms), recent, interest, rules),
        purchases=len(purchases_ms),
        recent_purchases=recent,
        recent_interest=interest,
    )


def _stage(purchases: int, recent_purchases: int, recent_interest: float, rules: LifecycleRules) -> Stage:
    if recent_purchases >= rules.loyal_purchases:
        return "loyal"
    if purchases >= rules.repurchase_purchases:
        return "repurchase"
    if purchases:
        return "ordinary"
    return "potential" if recent_interest >= rules.potential_interest else "no_purchase"
