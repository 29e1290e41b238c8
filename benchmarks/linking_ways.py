"""Ways to say which visit made which touch: ours, a rule, and three that a user would try first."""

from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.linking_cases import GATE
from cloud.linking.decide import Decision, Gate, RuleLinker, Scene, StayIndex, Touch, made_by_staff
from cloud.linking.probabilistic import LinkRules, ProbabilisticLinker, motion_of
from simulators.core.scoring.assignment import assign
from simulators.core.scoring.measured import MeasuredLink

Way = Callable[[Scene], list[MeasuredLink]]
_FAR_M = 1000.0


def ours(scene: Scene, rules: LinkRules | None = None) -> list[MeasuredLink]:
    """Link by probability; the best candidate of each touch is told, linked or not: so probabilities can be judged."""
    parties = {visit.visit_id: visit.party_id for visit in scene.visits}
    return [_told(decision, parties) for decision in ProbabilisticLinker(GATE, rules).link(scene).decisions.values()]


def by_rule(scene: Scene) -> list[MeasuredLink]:
    """Link the only visit in the zone, two seconds about."""
    links = []
    for decision in RuleLinker(Gate()).link(scene).decisions.values():
        if decision.visit_id is not None:
            device, _, time_ms = decision.touch_id.rpartition("@")
            links.append(MeasuredLink(device_id=device, t_ms=int(time_ms), visit_id=decision.visit_id))
    return links


def _told(decision: Decision, parties: Mapping[str, str | None]) -> MeasuredLink:
    """Return a decision as it is scored: with the probability of the visit, or of its party where that is linked."""
    device, _, time_ms = decision.touch_id.rpartition("@")
    best = max(decision.hypotheses, key=lambda each: (each.posterior or 0.0, each.visit_id), default=None)
    visit_id = decision.visit_id or (None if best is None else best.visit_id)
    is_party = decision.decision == "party"
    party = parties.get(visit_id or "") if is_party else None
    together = [
        each.posterior or 0.0
        for each in decision.hypotheses
        if each.visit_id == visit_id or (party is not None and parties[each.visit_id] == party)
    ]
    return MeasuredLink(
        device_id=device,
        t_ms=int(time_ms),
        visit_id=visit_id,
        posterior=min(1.0, sum(together)) if together else None,
        party=is_party,
        decision=decision.decision,
    )


def _link(touch: Touch, visit_id: str | None) -> MeasuredLink:
    return MeasuredLink(device_id=touch.device, t_ms=touch.time_ms, visit_id=visit_id)


def nearest_in_time(scene: Scene) -> list[MeasuredLink]:
    """Link whoever was in the zone nearest to the time that the terminal tells."""
    index = StayIndex(scene.visits, GATE)
    links = []
    for touch in scene.compared():
        gaps_ms = index.gaps_ms(touch.zone_id or "", touch.time_ms, GATE.clock_error_ms)
        links.append(_link(touch, min(gaps_ms, key=lambda key: (gaps_ms[key], key), default=None)))
    return links


def nearest_in_space(scene: Scene) -> list[MeasuredLink]:
    """Link whoever stood nearest to the terminal at the time that it tells."""
    links = []
    for touch in scene.compared():
        away_m = _away_m(scene, touch)
        links.append(_link(touch, min(away_m, key=lambda key: (away_m[key], key), default=None)))
    return links


def hungarian(scene: Scene) -> list[MeasuredLink]:
    """Assign touches of a terminal to different visits, nearest in space in sum, and everybody to somebody."""
    links = []
    for device in sorted({touch.device for touch in scene.touches}):
        touches = [touch for touch in scene.compared() if touch.device == device]
        away_m = [_away_m(scene, touch) for touch in touches]
        ids = sorted({key for each in away_m for key in each})
        cost = np.array([[each.get(key, _FAR_M) for key in ids] for each in away_m]).reshape(len(touches), len(ids))
        for row, column in assign(-cost):
            if cost[row, column] < _FAR_M:
                links.append(_link(touches[row], ids[column]))
    return links


def _away_m(scene: Scene, touch: Touch) -> dict[str, float]:
    """Return how far each customer present stood from the terminal at the time that it tells."""
    place = scene.terminals[touch.touch_id].place_m
    if place is None:
        return {}
    found = {}
    for visit in scene.visits:
        is_there = visit.opened_ms <= touch.time_ms <= visit.updated_ms
        if is_there and visit.path and not made_by_staff(visit, GATE):
            x_m, y_m = motion_of(visit).position(touch.time_ms)
            found[visit.visit_id] = float(np.hypot(x_m - place[0], y_m - place[1]))
    return found


OURS = "ours"
BASELINES: dict[str, Way] = {
    "nearest in time": nearest_in_time,
    "nearest in space": nearest_in_space,
    "Hungarian": hungarian,
}
WAYS: dict[str, Way] = {OURS: ours, "only visit in the zone": by_rule, **BASELINES}
