"""What a perfect observer of a truth sees, and what is left of it after a damage."""

from msgspec.structs import replace

from simulators.core.damage import damaged
from simulators.core.observer import perfect_observation
from simulators.core.scoring import Observation, Options, Scorecard, score
from simulators.core.truth import Truth

SHARE = 0.3
OPTIONS = Options()


def harmed_by(true: Truth, name: str, share: float = SHARE) -> tuple[Observation, Observation, Scorecard]:
    perfect = perfect_observation(true)
    harmed = damaged(perfect, true, {name: share}, seed=5)
    return of_customers(perfect), of_customers(harmed), score(harmed, true, OPTIONS)


def of_customers(seen: Observation) -> Observation:
    """Return an observation without the visits of staff, which no damage of visits strikes."""
    return replace(seen, visits=tuple(visit for visit in seen.visits or () if not visit.visit_id.startswith("staff-")))
