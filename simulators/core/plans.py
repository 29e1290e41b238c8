"""What a party sets out to do, drawn when it arrives."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from msgspec import Struct

from simulators.core.layout import Shelf
from simulators.core.members import Identifier, Member
from simulators.core.scenario import Scenario

Purpose = Literal["browse", "buy", "scan", "refund"]
_PURPOSES: tuple[Purpose, ...] = ("browse", "buy", "scan", "refund")
_SHELVES: dict[Purpose, tuple[int, int]] = {"browse": (1, 4), "buy": (2, 4), "scan": (1, 1), "refund": (0, 0)}


class PartyPlan(Struct, frozen=True, kw_only=True):
    """Why a party comes and how it will go about it.

    Attributes:
        size: How many people, 1 to 4.
        pace_mps: How fast they walk together.
        shelves: Which shelves they stop at, in order.
        uses_kiosk: Whether they want to scan something.
        pays: Whether they go to the till.
        waits_at_kiosk: Whether they wait if somebody else uses the terminal.
        all_to_till: Whether all of them stand at the till.
        member: The member among them, if one.
        shown: What that member shows at terminals, None to show nothing.
        shows_late: Whether it is shown late.
    """

    purpose: Purpose
    size: int
    pace_mps: float
    shelves: tuple[Shelf, ...]
    uses_kiosk: bool
    pays: bool
    waits_at_kiosk: bool
    all_to_till: bool
    member: Member | None
    shown: Identifier | None
    shows_late: bool


def draw_plan(
    scenario: Scenario,
    pick_member: Callable[[np.random.Generator], Member | None],
    now_ms: int,
    rng: np.random.Generator,
) -> PartyPlan:
    """Return what a party will do.

    Args:
        scenario: The store.
        pick_member: Picks a member who is not in the store now, None if there is none.
        now_ms: When the party comes.
        rng: The party's own random stream.
    """
    behaviour, weights = scenario.behaviour, scenario.purposes
    purpose = _PURPOSES[_weighted(rng, (weights.browse, weights.buy, weights.scan, weights.refund))]
    fewest, most = _SHELVES[purpose]
    stops = min(int(rng.integers(fewest, most + 1)), len(scenario.shelves))
    chosen = rng.permutation(len(scenario.shelves))[:stops]
    member = pick_member(rng) if rng.random() < behaviour.members else None
    shown = member.shown(rng, now_ms) if member is not None and rng.random() < behaviour.show_member else None
    return PartyPlan(
        purpose=purpose,
        size=1 + _weighted(rng, scenario.traffic.party_size_weights),
        pace_mps=float(rng.uniform(*behaviour.walking_mps)),
        shelves=tuple(scenario.shelves[int(index)] for index in chosen),
        uses_kiosk=bool(scenario.kiosks)
        and (purpose == "scan" or (purpose == "buy" and rng.random() < behaviour.buyers_who_scan)),
        pays=purpose in ("buy", "refund"),
        waits_at_kiosk=bool(rng.random() < behaviour.wait_at_kiosk),
        all_to_till=bool(rng.random() < behaviour.companions_at_till),
        member=member,
        shown=shown,
        shows_late=bool(rng.random() < behaviour.late_member),
    )


def _weighted(rng: np.random.Generator, weights: tuple[float, ...]) -> int:
    """Return an index, drawn in proportion to the weights."""
    bounds = np.cumsum(weights)
    return int(np.searchsorted(bounds, rng.random() * bounds[-1], side="right"))
