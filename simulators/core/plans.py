"""What a party sets out to do, drawn when it arrives."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from simulators.core.layout import Door, Shelf
from simulators.core.members import Identifier, Member
from simulators.core.scenario import Scenario

Purpose = Literal["browse", "buy", "scan", "refund", "try_on"]
_PURPOSES: tuple[Purpose, ...] = ("browse", "buy", "scan", "refund", "try_on")
_SHELVES: dict[Purpose, tuple[int, int]] = {
    "browse": (1, 4),
    "buy": (2, 4),
    "scan": (1, 1),
    "refund": (0, 0),
    "try_on": (1, 3),
}
_SHELVES_PER_STOP = 4  # Who buys in a big store stops at up to a quarter of its shelves.
CHILDRENS_PACE = 0.85
"""How fast a party with children walks, against others."""


class PartyPlan(Struct, frozen=True, kw_only=True):
    """Why a party comes and how it will go about it.

    Attributes:
        size: How many people, 1 to 6.
        children: How many of them, the last ones, are children.
        pace_mps: How fast they walk together.
        door: Where they come in.
        aside_m: How far from the door's middle the first of them walks.
        turns: Whether they turn round before they are in (`in_door`) or just inside, None to come in.
        has_stranger: Whether a stranger walks beside them to the first shelf.
        shelves: Which shelves they stop at, in order.
        steps_out: Whether one of them goes out for a while.
        away_s: For how long, s.
        tries_on: Whether one of them wants to try something on.
        buys_what_was_tried: Whether they then buy it.
        uses_kiosk: Whether they want to scan something.
        pays: Whether they go to the till.
        patience_s: How long they stand in line, s.
        waits_at_kiosk: Whether they wait if somebody else uses the terminal.
        all_to_till: Whether all of them stand at the till.
        member: The member among them, if one.
        shown: What that member shows at terminals, None to show nothing.
        shows_late: Whether it is shown late.
    """

    purpose: Purpose
    size: int
    children: int
    pace_mps: float
    door: Door
    aside_m: float
    turns: Literal["in_door", "inside"] | None
    has_stranger: bool
    shelves: tuple[Shelf, ...]
    steps_out: bool
    away_s: float
    tries_on: bool
    buys_what_was_tried: bool
    uses_kiosk: bool
    pays: bool
    patience_s: float
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
    behaviour, traffic = scenario.behaviour, scenario.traffic
    purpose = _PURPOSES[weighted(rng, [getattr(scenario.purposes, purpose) for purpose in _PURPOSES])]
    size = 1 + weighted(rng, traffic.party_size_weights)
    is_family = size > 1 and rng.random() < traffic.families
    pace_mps = float(rng.uniform(*behaviour.walking_mps)) * (CHILDRENS_PACE if is_family else 1.0)
    member = pick_member(rng) if rng.random() < behaviour.members else None
    shown = member.shown(rng, now_ms) if member is not None and rng.random() < behaviour.show_member else None
    turns: Literal["in_door", "inside"] = "in_door" if rng.random() < 0.5 else "inside"  # noqa: PLR2004
    door = scenario.doors[weighted(rng, [door.weight for door in scenario.doors])]
    return PartyPlan(
        purpose=purpose,
        size=size,
        children=size // 2 if is_family else 0,
        pace_mps=pace_mps,
        door=door,
        aside_m=float(rng.uniform(-0.5, 0.5)) * door.width_m,
        turns=turns if rng.random() < behaviour.turn_in_door else None,
        has_stranger=bool(rng.random() < traffic.strangers_beside),
        shelves=_draw_shelves(scenario, purpose, rng),
        steps_out=bool(rng.random() < behaviour.reenter),
        away_s=float(rng.uniform(*behaviour.reenter_after_s)),
        tries_on=purpose == "try_on",
        buys_what_was_tried=bool(rng.random() < behaviour.buys_what_was_tried),
        uses_kiosk=_wants_kiosk(scenario, purpose, rng),
        pays=purpose in ("buy", "refund"),
        patience_s=float(rng.uniform(*behaviour.patience_s)),
        waits_at_kiosk=bool(rng.random() < behaviour.wait_at_kiosk),
        all_to_till=bool(rng.random() < behaviour.companions_at_till),
        member=member,
        shown=shown,
        shows_late=bool(rng.random() < behaviour.late_member),
    )


def stops_for(purpose: Purpose, shelves: int) -> tuple[int, int]:
    """Return at how many shelves a party stops at least and at most, where there are so many."""
    fewest, most = _SHELVES[purpose]
    return fewest, max(most, shelves // _SHELVES_PER_STOP) if purpose == "buy" else most


def _draw_shelves(scenario: Scenario, purpose: Purpose, rng: np.random.Generator) -> tuple[Shelf, ...]:
    fewest, most = stops_for(purpose, len(scenario.shelves))
    stops = min(int(rng.integers(fewest, most + 1)), len(scenario.shelves))
    return tuple(scenario.shelves[int(index)] for index in rng.permutation(len(scenario.shelves))[:stops])


def _wants_kiosk(scenario: Scenario, purpose: Purpose, rng: np.random.Generator) -> bool:
    scans_too = rng.random() < scenario.behaviour.buyers_who_scan
    return bool(scenario.kiosks) and (purpose == "scan" or (purpose == "buy" and scans_too))


def weighted(rng: np.random.Generator, weights: Sequence[float]) -> int:
    """Return an index, drawn in proportion to the weights."""
    bounds = np.cumsum(weights)
    return int(np.searchsorted(bounds, rng.random() * bounds[-1], side="right"))
