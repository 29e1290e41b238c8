"""How probable each visit is for each touch of a group, all of them judged together. Pure.

Touches are taken in order of time. A state says which visit each member holds as far as a later touch can depend on
it; equal states are one, so the sum over all joint assignments is exact and costs what the crowd costs, not what its
touches to a power do. It is the forward-backward algorithm (Rabiner 1989, Proceedings of the IEEE 77(2), III.A) over
the hypotheses of Reid's multiple hypothesis tracking (1979, IEEE Transactions on Automatic Control 24(6)). Beyond
`most_states` the best states are kept, which is what k-best assignment keeps.
"""

from collections.abc import Mapping, Sequence
from math import exp, inf, log
from typing import TypeAlias

from msgspec import Struct

State: TypeAlias = frozenset[tuple[str, str]]
"""Pairs of a visit and the member who holds it."""


class Claim(Struct, frozen=True):
    """A touch with the visits that could have made it.

    Attributes:
        member: Whose touch it is.
        t_ms: When.
        weights: Log weight of each visit, by its id.
        null: Log weight of nobody of them.
    """

    member: str
    t_ms: int
    weights: Mapping[str, float]
    null: float


class JointRules(Struct, frozen=True, kw_only=True):
    """What touches of one member say of each other.

    Attributes:
        again: Log weight of a member's touch by the visit that made an earlier one.
        elsewhere: Log weight of a member's touch by anybody else while that visit still goes on.
        most_states: States that are kept after each touch.
    """

    again: float = 2.0
    elsewhere: float = -3.0
    most_states: int = 512


def posteriors(
    claims: Sequence[Claim], spans: Mapping[str, tuple[int, int]], rules: JointRules
) -> list[dict[str | None, float]]:
    """Return for each touch the probability of each visit, and of none under None; each adds up to 1.

    A visit is one member's. A member who holds a visit that still goes on may be at another one only as `elsewhere`
    says.

    Args:
        claims: The touches in order of time.
        spans: When each visit began and ended, ms.
        rules: What touches of one member say of each other.
    """
    matters = _matters(claims)
    layers: list[dict[State, float]] = [{frozenset(): 0.0}]
    edges: list[list[tuple[State, str | None, State, float]]] = []
    for place, claim in enumerate(claims):
        steps = [
            (state, visit_id, _kept(after, matters[place]), weight)
            for state in layers[-1]
            for visit_id, after, weight in _choices(claim, state, spans, rules)
        ]
        reached: dict[State, list[float]] = {}
        for state, _, after, weight in steps:
            reached.setdefault(after, []).append(layers[-1][state] + weight)
        summed = {state: _log_sum(values) for state, values in reached.items()}
        best = sorted(summed, key=lambda state: (-summed[state], sorted(state)))[: rules.most_states]
        layers.append({state: summed[state] for state in best})
        edges.append([step for step in steps if step[2] in layers[-1]])
    return _smoothed(layers, edges)


def _choices(
    claim: Claim, state: State, spans: Mapping[str, tuple[int, int]], rules: JointRules
) -> list[tuple[str | None, State, float]]:
    """Return what may have made a touch: the visit or None, the state after it, and the log weight."""
    holder = dict(state)
    held = {visit_id for visit_id, member in state if member == claim.member}
    is_busy = any(spans[visit_id][0] <= claim.t_ms <= spans[visit_id][1] for visit_id in held)
    elsewhere = rules.elsewhere if is_busy else 0.0
    choices: list[tuple[str | None, State, float]] = [(None, state, claim.null + elsewhere)]
    for visit_id, weight in sorted(claim.weights.items()):
        if visit_id in held:
            choices.append((visit_id, state, weight + rules.again))
        elif visit_id not in holder:
            choices.append((visit_id, state | {(visit_id, claim.member)}, weight + elsewhere))
    return choices


def _matters(claims: Sequence[Claim]) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Return for each touch the visits and the members of which a later touch may ask."""
    found: list[tuple[frozenset[str], frozenset[str]]] = []
    visits: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    for claim in reversed(claims):
        found.append((visits, members))
        visits, members = visits | claim.weights.keys(), members | {claim.member}
    return found[::-1]


def _kept(state: State, matters: tuple[frozenset[str], frozenset[str]]) -> State:
    visits, members = matters
    return frozenset(pair for pair in state if pair[0] in visits or pair[1] in members)


def _smoothed(
    layers: list[dict[State, float]], edges: list[list[tuple[State, str | None, State, float]]]
) -> list[dict[str | None, float]]:
    ahead = dict.fromkeys(layers[-1], 0.0)
    found: list[dict[str | None, float]] = []
    for layer, steps in zip(reversed(layers[:-1]), reversed(edges), strict=True):
        by_choice: dict[str | None, list[float]] = {}
        by_state: dict[State, list[float]] = {}
        for state, visit_id, after, weight in steps:
            by_choice.setdefault(visit_id, []).append(layer[state] + weight + ahead[after])
            by_state.setdefault(state, []).append(weight + ahead[after])
        total = _log_sum([value for values in by_choice.values() for value in values])
        found.append({visit_id: exp(_log_sum(values) - total) for visit_id, values in by_choice.items()})
        ahead = {state: _log_sum(by_state[state]) if state in by_state else -inf for state in layer}
    return found[::-1]


def _log_sum(values: Sequence[float]) -> float:
    """Return log of the sum of exponentials, the same whatever the order of the values."""
    top = max(values, default=-inf)
    if top == -inf:
        return -inf
    return top + log(sum(sorted(exp(value - top) for value in values)))
