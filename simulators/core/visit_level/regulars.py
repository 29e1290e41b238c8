"""Members who come back, and at some time never again.

Each member has a visit rate, gamma distributed over those who join; each visit is the member's last one with the same
chance: the model of Fader, Hardie and Lee ("Counting your customers the easy way", Marketing Science 2005) with one
chance for all. It is begun in its steady state, in which as many join as lapse: members of the rate r are then as
frequent among those who still come as among those who join, divided by r. So times between visits follow a Lomax
(Pareto II) distribution whose parameters are the scenario's.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from simulators.core.scenario import Members, Year

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]
Bytes = NDArray[np.int8]

_SHOWS_OTHER = 0.5

NEVER = -1
"""A day on which something did not happen."""

_FIELDS = np.dtype(
    [
        ("visits_per_day", np.float64),
        ("joined_day", np.int64),
        ("lapsed_day", np.int64),
        ("visits", np.int64),
        ("consents", np.bool_),
        ("has_phone", np.bool_),
        ("has_card", np.bool_),
        ("has_openid", np.bool_),
    ]
)


class MemberTable(Struct, frozen=True, kw_only=True, eq=False):
    """The truth about a store's members, M in all. Days count from the first one that was simulated.

    Attributes:
        visits_per_day: True rate in a usual time, shape (M,).
        joined_day: `NEVER` for those who had joined before.
        lapsed_day: Day of the last visit of all; `NEVER` for those who go on coming.
        visits: How many visits were drawn.
        consents: Agreed to visit linking.
        has_phone: Can show a phone number besides the member number.
        has_card: Can show a card.
        has_openid: Can show an openid.
    """

    visits_per_day: Floats
    joined_day: Longs
    lapsed_day: Longs
    visits: Longs
    consents: Flags
    has_phone: Flags
    has_card: Flags
    has_openid: Flags


class Regulars:
    """The members of one store in the course of time.

    Args:
        year: How they come back.
        programme: What they have to show.
        visits_per_day: How many visits of members there are on a usual day.
        rng: What those who are members at the beginning are drawn from.
    """

    def __init__(self, year: Year, programme: Members, visits_per_day: float, rng: np.random.Generator) -> None:
        self._year, self._programme = year, programme
        self._members = np.empty(0, dtype=_FIELDS)
        self._count = 0
        returning = (1 - year.lapses) * visits_per_day
        self._join(rng, round(returning * year.return_days), year.return_shape - 1, NEVER)
        if self._count:
            self._members["visits_per_day"] *= returning / self._members["visits_per_day"].sum()

    def come(self, rng: np.random.Generator, visits: int, day: int) -> tuple[Longs, Flags]:
        """Return who make the visits of one day, shape (N,), and for which of them it is the first visit.

        Who lapses on a day does so at its end.
        """
        still = np.flatnonzero(self._members["lapsed_day"][: self._count] == NEVER)
        joins = rng.random(visits) < (self._year.lapses if len(still) else 1.0)
        who = np.empty(visits, dtype=np.int64)
        who[joins] = self._join(rng, int(joins.sum()), self._year.return_shape, day)
        who[~joins] = still[_weighted(rng, self._members["visits_per_day"][still], visits - int(joins.sum()))]
        np.add.at(self._members["visits"], who, 1)
        self._members["lapsed_day"][who[rng.random(visits) < self._year.lapses]] = day
        return who, joins

    def shown(self, rng: np.random.Generator, who: Longs) -> Bytes:
        """Return what members show, as numbers of `SHOWN`: the member number as often as all else together."""
        members = self._members[who]
        others = np.stack([members["has_phone"], members["has_card"], members["has_openid"]], axis=1)
        wishes = rng.random(others.shape) * others
        shows_other = others.any(axis=1) & (rng.random(len(who)) < _SHOWS_OTHER)
        shown: Bytes = np.where(shows_other, wishes.argmax(axis=1) + 2, 1).astype(np.int8)
        return shown

    def table(self) -> MemberTable:
        """Return the truth about all members so far."""
        members = self._members[: self._count]
        return MemberTable(**{name: members[name].copy() for name in members.dtype.names or ()})

    def _join(self, rng: np.random.Generator, number: int, shape: float, day: int) -> Longs:
        """Add new members and return their numbers."""
        first, self._count = self._count, self._count + number
        if self._count > len(self._members):
            self._members = np.resize(self._members, max(self._count, 2 * len(self._members)))
        new, programme = self._members[first : self._count], self._programme
        rate = 1 / ((self._year.return_shape - 1) * self._year.return_days)
        new["visits_per_day"] = rng.gamma(shape, rate, number)
        new["joined_day"], new["lapsed_day"], new["visits"] = day, NEVER, 0
        for name, share in (
            ("consents", programme.consent),
            ("has_phone", programme.phones),
            ("has_card", programme.cards),
            ("has_openid", programme.openids),
        ):
            new[name] = rng.random(number) < share
        return np.arange(first, self._count)


def _weighted(rng: np.random.Generator, weights: Floats, number: int) -> Longs:
    """Return indexes, drawn in proportion to the weights."""
    sums = np.cumsum(weights)
    top = sums[-1] if len(sums) else 0.0
    return np.searchsorted(sums, rng.random(number) * top, side="right").astype(np.int64)
