"""Who might be either of two people, and waits until more is known. Pure.

Two who were hidden together come out again where both might be: a decision then would be a guess that nothing later
could undo. Whoever it is goes on as somebody undecided, with the two rivals for it. What is seen later decides: looks
of a later segment, or that the one cannot have been in two places at once, so that it was the other one.
"""

from math import exp, log
from typing import NamedTuple

from gateway.core.stitching.appearance import Appearances, Versions
from gateway.core.stitching.clusters import Cluster, Rival
from gateway.core.stitching.pairs import Pairs
from gateway.core.stitching.rules import StitchRules
from gateway.core.stitching.sight import LEAST_SHARE, Blends
from gateway.core.stitching.tracklets import Tracklet, in_one_frame

_DEPTH = 8  # Of who might be somebody who might be somebody, so many are looked at.

Shares = list[tuple[Cluster, float]]
"""Who somebody may be, and the logarithm of how probable each one is."""
_Asked = tuple[Cluster, int]  # Whose shares, and how many deep.


class _Decision(NamedTuple):
    """When it was known who somebody was, and what the person was before: `winner` is None for somebody new."""

    at_ms: int
    cluster: Cluster
    winner: Cluster | None
    tracklets: list[Tracklet]
    rivals: list[Rival]


def crowd(weights: list[float]) -> float:
    """Return by how much all of them together weigh more than the heaviest."""
    most = max(weights)
    return log(sum(exp(each - most) for each in weights))


def _who(rival: Rival) -> Cluster:
    return rival[0].person()


class Waiting:
    """The undecided of one store.

    Args:
        rules: What decides.
        looks: What everybody looks like.
        blends: Tells the signatures of everybody.
        pairs: What was found out about pairs of segments.
    """

    def __init__(self, rules: StitchRules, looks: Appearances, blends: Blends, pairs: Pairs) -> None:
        self._rules, self._looks, self._blends, self._pairs = rules, looks, blends, pairs
        self._undecided: list[Cluster] = []
        self._known: dict[int, list[tuple[int, int]]] = {}
        self._decisions: list[_Decision] = []
        self._shares: dict[_Asked, Shares] = {}
        self._lasting: dict[_Asked, Shares] = {}  # Those that rest on nobody's looks.
        self._used_by: dict[Cluster, list[_Asked]] = {}  # What rests on whose shares.

    def add(self, cluster: Cluster) -> None:
        """Let somebody wait who has rivals, once."""
        if not any(each is cluster for each in self._undecided):
            self._undecided.append(cluster)

    def restart(self, clusters: list[Cluster]) -> None:
        """Let those of some clusters wait who have rivals, and nobody else."""
        self._undecided = [each for each in clusters if each.rivals]
        self._known.clear()
        for each in (self._shares, self._lasting, self._used_by):
            each.clear()

    def change(self, cluster: Cluster) -> None:
        """Note that somebody undecided was decided upon, or seen again."""
        self._shares.clear()
        changed = [cluster]
        while changed:
            resting = self._used_by.pop(changed.pop(), ())
            changed += [asked[0] for asked in resting if self._lasting.pop(asked, None) is not None]

    def decide(self, now_ms: int, before_ms: int) -> list[Cluster]:
        """Join those of whom enough is known by now. Return who was somebody undecided until then.

        Who is not seen any more waits in vain, unless another segment goes on.

        Args:
            now_ms: The time.
            before_ms: When this was asked before.
        """
        for each in [each for each, _ in self._lasting if self._blends.versions(each)]:
            self.change(each)
        self._shares.clear()
        oldest_ms = before_ms - self._rules.evidence_s * 1000
        self._undecided = [each for each in self._undecided if each.last().ended_ms >= oldest_ms]
        found: list[Cluster] = []
        while decided := [each for each in self._waited() if self._has_news(each) and self._decide(each, now_ms)]:
            found += decided
        return found

    def _waited(self) -> list[Cluster]:
        self._undecided = sorted((each for each in self._undecided if each.rivals), key=lambda each: each.anchor.key)
        return self._undecided

    def undo(self, from_ms: float) -> list[_Decision]:
        """Take back what was decided from a time on, and return it."""
        undone = []
        while self._decisions and self._decisions[-1].at_ms >= from_ms:
            decision = self._decisions.pop()
            if decision.winner is not None:
                decision.winner.release(decision.cluster, decision.tracklets)
            decision.cluster.rivals = decision.rivals
            undone.append(decision)
        return undone

    def forget(self, clusters: list[Cluster]) -> None:
        """Forget everybody but some clusters."""
        kept = {id(each) for each in clusters}
        self._decisions = [each for each in self._decisions if id(each.cluster.person()) in kept]
        self._undecided = [each for each in self._undecided if id(each) in kept]
        for each in self._undecided:
            each.rivals = [rival for rival in each.rivals if id(rival[0].person()) in kept]

    def _has_news(self, cluster: Cluster) -> bool:
        """Return whether anybody concerned has more segments than when it was last asked."""
        people = [rival.person() for rival, _ in cluster.rivals]
        people += [rival.person() for each in people for rival, _ in each.rivals]
        known = [(len(each.tracklets), len(each.rivals)) for each in (cluster, *people)]
        is_news = self._known.get(id(cluster)) != known
        self._known[id(cluster)] = known
        return is_news

    def _decide(self, cluster: Cluster, now_ms: int) -> bool:
        """Join somebody undecided, if it is clear with whom, or with nobody. Return whether it is."""
        rated = self._rated(cluster)
        is_new = not rated or rated[0][0] < self._rules.new_inside
        if not is_new and len(rated) > 1:
            others = [self._rules.new_inside, *(weight for weight, _ in rated[1:])]
            if rated[0][0] - rated[1][0] - crowd(others) < self._rules.unclear_margin:
                return False
        self.change(cluster)
        winner = None if is_new else rated[0][1]
        self._decisions.append(_Decision(now_ms, cluster, winner, list(cluster.tracklets), cluster.rivals))
        cluster.rivals = []
        if winner is not None:
            winner.absorb(cluster)
        return True

    def _rated(self, cluster: Cluster) -> list[tuple[float, Cluster]]:
        """Return who can be it, the likeliest first. A rival who is undecided may be any of its own rivals."""
        seen = self._blends.versions(cluster)
        best: dict[int, tuple[float, Cluster]] = {}
        for rival, weight in cluster.rivals:
            for person, share in self._resolved(rival.person(), _DEPTH):
                likely = weight + share + self._likeness(person, seen)
                if id(person) not in best or likely > best[id(person)][0]:
                    best[id(person)] = (likely, person)
        rated = [
            (likely + beside, person)
            for likely, person in best.values()
            if (beside := self._beside(person, cluster)) is not None
        ]
        return sorted(rated, key=lambda each: (-each[0], each[1].anchor.key))

    def _resolved(self, person: Cluster, depth: int) -> Shares:
        """Return who somebody may be in the end; somebody known is nobody else."""
        if not depth or not person.rivals:
            return [(person, 0.0)]
        asked = person, depth
        found = self._lasting.get(asked) or self._shares.get(asked)
        if found is None:
            found = self._shares[asked] = self._share(person, depth)
        return found

    def _share(self, person: Cluster, depth: int) -> Shares:
        seen = self._blends.versions(person)
        people, ratios = {}, dict[int, float]()
        for rival, weight in person.rivals:
            for each, share in self._resolved(rival.person(), depth - 1):
                people[id(each)] = each
                ratio = exp(weight + share + self._likeness(each, seen))
                ratios[id(each)] = ratios.get(id(each), 0.0) + ratio
        total, least = sum(ratios.values()), LEAST_SHARE * max(ratios.values())
        shares = [(each, log(ratios[key] / total)) for key, each in people.items() if ratios[key] >= least]
        if not seen:
            self._keep(person, depth, shares)
        return shares

    def _keep(self, person: Cluster, depth: int, shares: Shares) -> None:
        """Keep whom somebody may be until anybody is decided upon or seen again on whom it rests."""
        asked = person, depth
        undecided = [each for each in map(_who, person.rivals) if each.rivals]
        if depth == 1 or all((each, depth - 1) in self._lasting for each in undecided):
            self._lasting[asked] = shares
            for each in (person, *undecided):
                self._used_by.setdefault(each, []).append(asked)

    def _likeness(self, person: Cluster, seen: Versions) -> float:
        return (self._looks.likeness(self._blends.versions(person), seen) or 0.0) if seen else 0.0

    def _beside(self, person: Cluster, cluster: Cluster) -> float | None:
        """Return what was seen since of two at the same time: None where they were in two places at once."""
        found, began_ms = [0.0], cluster.anchor.opened_ms
        since = [each for each in person.tracklets if each.ended_ms >= began_ms]
        for mine in cluster.tracklets:
            for each in since:
                weight = self._at_once(each, mine)
                if weight is None:
                    return None
                if max(each.opened_ms, mine.opened_ms) > began_ms:
                    found.append(weight)
        return max(found)

    def _at_once(self, one: Tracklet, other: Tracklet) -> float | None:
        """Return what the time says in which both were seen, 0 where there is none, None where they are two people."""
        from_ms = max(one.opened_ms, other.opened_ms)
        until_ms = min(one.ended_ms, other.ended_ms, from_ms + round(self._rules.evidence_s * 1000))
        if one.device == other.device:
            first, then = sorted((one, other), key=lambda each: each.key)
            return None if in_one_frame(first, then) else 0.0
        if from_ms > until_ms or not (one.has_path and other.has_path):
            return 0.0
        return self._pairs.together(one, other, from_ms, until_ms)
