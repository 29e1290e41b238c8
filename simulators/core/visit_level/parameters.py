"""What must come out on average: the true parameters of a scenario's visits, in closed form."""

from msgspec import Struct

from simulators.core.scenario import Purposes, Scenario
from simulators.core.visit_level.batch import PURPOSES
from simulators.core.visit_level.rhythm import Rhythm


class TrueParameters(Struct, frozen=True, kw_only=True):
    """What a scenario's visits are drawn from, as far as analytics should find it again.

    Attributes:
        parties_per_day: Parties on a usual day, over the days of the week and the months.
        mean_party_size: People in a party on average.
        turned: Share of parties that turn round in the door.
        conversion: Share of parties with a sale if nobody gives up in line.
        member_share: Share of parties with a member.
        joins: Share of members' visits that are their first one.
        lapses: Share of members' visits that are their last one.
        return_shape: Shape of the Lomax distribution of the times from a visit to the next one, if there is one.
        return_scale_days: Its scale. Days of the average day's length: a day with twice the visits counts as two.
        members: How many members go on coming at any time on average.
        reenter: Share of parties of which one goes out and comes back in.
    """

    parties_per_day: float
    mean_party_size: float
    turned: float
    conversion: float
    member_share: float
    joins: float
    lapses: float
    return_shape: float
    return_scale_days: float
    members: float
    reenter: float

    def returns_within(self, days: float) -> float:
        """Return the share of members' visits that are followed by another one within so many days."""
        still_away = float((1 + days / self.return_scale_days) ** -self.return_shape)
        return (1 - self.lapses) * (1 - still_away)


def true_parameters(scenario: Scenario, factor: float = 1.0) -> TrueParameters:
    """Return the true parameters of a store that is `factor` times as busy as the scenario says."""
    behaviour, year, sizes = scenario.behaviour, scenario.year, scenario.traffic.party_size_weights
    stays = 1 - behaviour.turn_in_door
    wanted = purpose_shares(scenario.purposes)
    parties = Rhythm(scenario, factor).parties_of_usual_day()
    return TrueParameters(
        parties_per_day=parties,
        mean_party_size=sum(size * weight for size, weight in enumerate(sizes, start=1)) / sum(sizes),
        turned=behaviour.turn_in_door,
        conversion=stays * (wanted["buy"] + behaviour.buys_what_was_tried * wanted["try_on"]),
        member_share=behaviour.members,
        joins=year.lapses,
        lapses=year.lapses,
        return_shape=year.return_shape,
        return_scale_days=year.return_days * (year.return_shape - 1),
        members=(1 - year.lapses) * behaviour.members * parties * year.return_days,
        reenter=stays * behaviour.reenter,
    )


def purpose_shares(purposes: Purposes) -> dict[str, float]:
    """Return what share of the parties comes for each purpose."""
    weights = {name: float(getattr(purposes, name)) for name in PURPOSES}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
