"""Links touches to visits by how probable each visit is, all touches of a neighbourhood judged together. Pure.

Where the visit stood and for how long gives each visit and touch a log likelihood ratio (`evidence`), at the true time
that the terminal's clock offset gives (`terminals`). `lattice` turns the ratios of touches that share visits or members
into probabilities, with the hypothesis that nobody whom cameras saw made the touch; `calibration` makes them say how
often such a link is right. A touch is linked if one visit is probable enough and far enough ahead; if the members of
one party are so together, to the party; else it is left alone.
"""

from collections.abc import Mapping, Sequence
from math import exp, inf, log

from msgspec import Struct
from msgspec.structs import replace

from cloud.linking.calibration import POINTS, Points, calibrated
from cloud.linking.decide import (
    Decision,
    DecisionKind,
    Features,
    Gate,
    Hypothesis,
    Linking,
    Scene,
    StayIndex,
    Touch,
    Visit,
    ineligibility,
    stage_of,
)
from cloud.linking.evidence import EvidenceRules, Motion, look
from cloud.linking.lattice import Claim, JointRules, posteriors
from cloud.linking.terminals import MEASURED_SIGMA_MS, Terminal

MODEL = "joint-3"
_CLOCK_ERRORS = tuple((sigma, exp(-(sigma**2) / 2)) for sigma in (-1.5, -0.75, 0.0, 0.75, 1.5))
"""In standard deviations, with their weights."""
_DECIMALS = 3
_NEGLIGIBLE = -8.0
_MS_PER_S = 1000


class LinkRules(Struct, frozen=True, kw_only=True):
    """When a touch is linked.

    Attributes:
        evidence: How much each fact weighs.
        joint: What touches of one member say of each other.
        points: What sums of probability mean, see `calibration`.
        untracked: Prior probability that no camera followed who made a touch.
        zone_log_ratio: Of being in the terminal's zone, where the terminal's place or the visit's path is not known.
        gap_s: Such a visit that is outside the zone loses one unit of log ratio each this many seconds.
        path_error_m: Standard error of positions that no camera states.
        least_posterior: A visit, or a party, that is less probable is not linked.
        least_margin: Nor is one that is ahead of the next visit by less.
    """

    evidence: EvidenceRules = EvidenceRules()
    joint: JointRules = JointRules()
    points: Points = POINTS
    untracked: float = 0.05
    zone_log_ratio: float = 1.5
    gap_s: float = 2.0
    path_error_m: float = 0.1
    least_posterior: float = 0.95
    least_margin: float = 0.5


class ProbabilisticLinker:
    """See the module.

    Args:
        gate: Which stays a touch is compared with.
        rules: When a touch is linked.
    """

    def __init__(self, gate: Gate, rules: LinkRules | None = None) -> None:
        self._gate, self._rules = gate, rules or LinkRules()
        self._log_odds_untracked = log(self._rules.untracked / (1 - self._rules.untracked))

    @property
    def model_version(self) -> str:
        """Return the model with the parameters that an operator may set."""
        return f"{MODEL}.posterior-{self._rules.least_posterior:g}.staff-{self._gate.staff_score:g}"

    def link(self, scene: Scene) -> Linking:
        """See `Linker.link`."""
        known = _terminals(scene)
        compared = sorted(
            scene.compared(), key=lambda touch: (known[touch.touch_id].true_ms(touch.at_ms), touch.touch_id)
        )
        weighed = self._weighed(scene, known)
        spans = {visit.visit_id: (visit.opened_ms, visit.updated_ms) for visit in scene.visits}
        found: dict[str, dict[str | None, float]] = {}
        for group in _groups(compared, weighed):
            claims = [self._claim(touch, weighed[touch.touch_id], known) for touch in group]
            for touch, shares in zip(group, posteriors(claims, spans, self._rules.joint), strict=True):
                found[touch.touch_id] = calibrated(shares, self._rules.points)
        by_id = {visit.visit_id: visit for visit in scene.visits}
        ineligible = {touch.touch_id: reason for touch in scene.touches if (reason := ineligibility(touch)) is not None}
        decisions = {
            touch.touch_id: self._decide(touch, weighed.get(touch.touch_id), found.get(touch.touch_id, {}), by_id)
            for touch in scene.touches
            if touch.touch_id not in ineligible
        }
        return Linking(decisions=decisions, ineligible=ineligible)

    def fits(self, scene: Scene) -> dict[str, frozenset[str]]:
        """See `Linker.fits`."""
        weighed = self._weighed(scene, _terminals(scene))
        return {touch_id: frozenset(visits) for touch_id, visits in weighed.items()}

    def _weighed(self, scene: Scene, known: Mapping[str, Terminal]) -> dict[str, dict[str, tuple[Features, float]]]:
        """Return what speaks for each visit that could have made each touch, and its log ratio."""
        index = StayIndex(scene.visits, self._gate)
        motions = {visit.visit_id: motion_of(visit) for visit in scene.visits}
        errors_m = {visit.visit_id: visit.path_error_m or self._rules.path_error_m for visit in scene.visits}
        found: dict[str, dict[str, tuple[Features, float]]] = {}
        for touch in scene.compared():
            terminal = known[touch.touch_id]
            widened_ms = round(2 * terminal.sigma_ms)
            near = index.gaps_ms(touch.zone_id or "", round(terminal.true_ms(touch.at_ms)), widened_ms)
            weights = {
                visit_id: self._weigh(touch, terminal, motions[visit_id], errors_m[visit_id], gap_ms)
                for visit_id, gap_ms in near.items()
            }
            found[touch.touch_id] = {key: pair for key, pair in weights.items() if pair[1] > _NEGLIGIBLE}
        return found

    def _weigh(
        self, touch: Touch, terminal: Terminal, motion: Motion, error_m: float, gap_ms: int
    ) -> tuple[Features, float]:
        """Return what speaks for a visit, and its log ratio, averaged over how wrong the terminal's clock may be."""
        rules = self._rules
        if terminal.place_m is None or not motion.is_known:
            ratio = rules.zone_log_ratio - gap_ms / _MS_PER_S / rules.gap_s
            return Features(gap_ms=gap_ms, log_ratios={"zone": round(ratio, _DECIMALS)}), ratio
        evidence = replace(rules.evidence, spread_m=terminal.spread_m)
        middle_ms, slack_ms = terminal.true_ms(touch.at_ms), self._gate.tolerance_ms
        sights = []
        for sigma, share in _CLOCK_ERRORS:
            at_ms = middle_ms + sigma * terminal.sigma_ms
            if motion.opened_ms - slack_ms <= at_ms <= motion.ended_ms + slack_ms:
                sights.append((share, look(evidence, motion, terminal.place_m, at_ms, error_m)))
        total = sum(share * exp(sight.ratio) for share, sight in sights)
        if total == 0:
            return Features(gap_ms=gap_ms), -inf
        _, best = max(sights, key=lambda pair: pair[1].ratio)
        features = Features(
            gap_ms=gap_ms,
            away_m=round(best.away_m, _DECIMALS),
            stood_s=round(best.stood_s, _DECIMALS),
            log_ratios={"place": round(best.place, _DECIMALS), "standing": round(best.standing, _DECIMALS)},
        )
        return features, log(total / sum(share for _, share in _CLOCK_ERRORS))

    def _claim(
        self, touch: Touch, weighed: Mapping[str, tuple[Features, float]], known: Mapping[str, Terminal]
    ) -> Claim:
        tracked = log(1 - self._rules.untracked)
        return Claim(
            touch.one_id or "",
            round(known[touch.touch_id].true_ms(touch.at_ms)),
            {visit_id: tracked + ratio for visit_id, (_, ratio) in weighed.items()},
            log(self._rules.untracked),
        )

    def _decide(
        self,
        touch: Touch,
        weighed: Mapping[str, tuple[Features, float]] | None,
        shares: Mapping[str | None, float],
        visits: Mapping[str, Visit],
    ) -> Decision:
        candidates = tuple(
            Hypothesis(
                touch_id=touch.touch_id,
                visit_id=visit_id,
                features=features,
                posterior=round(shares.get(visit_id, 0.0), _DECIMALS + 1),
            )
            for visit_id, (features, _) in sorted((weighed or {}).items())
        )
        decision, visit_id, reason = self._verdict(weighed, shares, visits)
        return Decision(
            touch_id=touch.touch_id,
            one_id=touch.one_id or "",
            decision=decision,
            stage=stage_of(None if weighed is None else candidates, visits),
            visit_id=visit_id,
            reason=reason,
            hypotheses=candidates,
        )

    def _verdict(
        self,
        weighed: Mapping[str, tuple[Features, float]] | None,
        shares: Mapping[str | None, float],
        visits: Mapping[str, Visit],
    ) -> tuple[DecisionKind, str | None, str]:
        if weighed is None:
            return "vetoed", None, "no consent to visit linking is in force for this member"
        ranked = sorted(((share, key) for key, share in shares.items() if key is not None), reverse=True)
        if not ranked:
            return "null", None, "no visit stood at the terminal at that time"
        share, best = ranked[0]
        margin = share - max([shares.get(None, 0.0), *(other for other, _ in ranked[1:])])
        if share >= self._rules.least_posterior and margin >= self._rules.least_margin:
            return "linked", best, f"this visit made the touch with probability {share:.3f}"
        party_id = visits[best].party_id
        if party_id is not None:
            together = sum(each for each, key in ranked if visits[key].party_id == party_id)
            if together >= self._rules.least_posterior:
                return "party", best, f"somebody of this visit's party made the touch with probability {together:.3f}"
        if all(ratio < self._log_odds_untracked for _, ratio in weighed.values()):
            return "null", None, f"nobody whom cameras followed fits: probability {shares[None]:.3f}"
        return (
            "ambiguous",
            None,
            f"{len(ranked)} visits could have made the touch, the best with probability {share:.3f}",
        )


def motion_of(visit: Visit) -> Motion:
    """Return where a visit was."""
    return Motion(visit.path, visit.opened_ms, visit.updated_ms)


def _terminals(scene: Scene) -> dict[str, Terminal]:
    return {
        touch.touch_id: scene.terminals.get(
            touch.touch_id, Terminal() if touch.corrected_ms is None else Terminal(sigma_ms=MEASURED_SIGMA_MS)
        )
        for touch in scene.touches
    }


def _groups(touches: Sequence[Touch], weighed: Mapping[str, Mapping[str, object]]) -> list[list[Touch]]:
    """Return touches that share visits or members, directly or through others, in order of time."""
    leader = {touch.touch_id: touch.touch_id for touch in touches}

    def head(key: str) -> str:
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    first: dict[tuple[str, str], str] = {}
    for touch in touches:
        shared = [("visit", visit_id) for visit_id in sorted(weighed[touch.touch_id])]
        for key in (*shared, ("member", touch.one_id or "")):
            other = first.setdefault(key, touch.touch_id)
            leader[head(touch.touch_id)] = head(other)
    groups: dict[str, list[Touch]] = {}
    for touch in touches:
        groups.setdefault(head(touch.touch_id), []).append(touch)
    return list(groups.values())
