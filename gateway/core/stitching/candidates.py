"""Who may go on when a segment begins, and what speaks for each of them. Pure."""

from math import hypot, inf

from gateway.core.stitching.appearance import Appearances
from gateway.core.stitching.clusters import Cluster, begins_at_entrance
from gateway.core.stitching.pairs import Pairs
from gateway.core.stitching.rules import StitchRules
from gateway.core.stitching.sight import Blends, Sight
from gateway.core.stitching.tracklets import Tracklet, in_one_frame

_LEAVING_MS = 3000  # Who went out and is seen no more for this long is outside.
_NEAR_M = 4.0
_FEW_RIVALS, _MANY_RIVALS = 3, 8  # Who may be one of more people is forgotten soon; of many more, at once.


class Candidates:
    """Everybody who may go on.

    Args:
        rules: What decides.
        looks: What everybody looks like.
        blends: Who the undecided may be.
        pairs: What was found out about pairs of segments.
    """

    def __init__(self, rules: StitchRules, looks: Appearances, blends: Blends, pairs: Pairs) -> None:
        self._rules, self._looks, self._blends, self._pairs = rules, looks, blends, pairs
        self._people: list[Cluster] = []
        self._places: list[tuple[float, float, int]] = []
        self._now_ms = -1

    def person(self, place: int) -> Cluster:
        """Return whom a place in `weights` stands for."""
        return self._people[place]

    def add(self, cluster: Cluster) -> None:
        """Take somebody in who may go on, once."""
        if not cluster.is_set_aside and not any(each is cluster for each in self._people):
            self._people.append(cluster)

    def restart(self, clusters: list[Cluster], now_ms: float) -> None:
        """Take those in who may go on at a time, and nobody else."""
        self._people = [each for each in clusters if not each.is_set_aside and self._may_go_on(each, now_ms)]
        for each in self._people:
            each.refresh()
        self._now_ms = -1

    def look_around(self, now_ms: int) -> None:
        """Note where everybody is who may go on."""
        self._now_ms = now_ms
        self._people = [each for each in self._people if each.into is None and self._may_go_on(each, now_ms)]
        self._places = [(*each.last().position(now_ms), each.last().ended_ms) for each in self._people]

    def _may_go_on(self, cluster: Cluster, now_ms: float) -> bool:
        """Return whether somebody may go on.

        Of whom nobody can say who of many it was is soon forgotten: each of the many is asked anyway.
        """
        over_ms = cluster.last().ended_ms + self._rules.evidence_s * 1000
        is_one_of_many = len(cluster.rivals) > (_FEW_RIVALS if over_ms < now_ms else _MANY_RIVALS)
        if is_one_of_many and not self._looks.versions(cluster.looks(), over_ms):
            return False
        return cluster.last().ended_ms >= now_ms - max(self._rules.gap_s, self._rules.reentry_s) * 1000

    def weights(self, tracklet: Tracklet) -> dict[int, float]:
        """Return what speaks for each of them, by place; those are left out for whom nothing can."""
        sight, is_back = self.sight(tracklet), begins_at_entrance(tracklet)
        found = {}
        for place in self._near(tracklet):
            weight = self._weight(self._people[place], tracklet, sight, is_back=is_back)
            if weight is not None:
                found[place] = weight
        return found

    def sight(self, tracklet: Tracklet) -> Sight:
        """Return how a segment looks."""
        own = self._blends.versions_of(((tracklet.device.device, tracklet.segment.segment_id),))
        return Sight(self._looks, self._blends, own)

    def _near(self, tracklet: Tracklet) -> list[int]:
        """Return the places of those who can have come to where a segment begins; quick, and never too few.

        Those that began in this very window have no place noted yet.
        """
        (x_m, y_m), opened_ms = tracklet.beginning(), tracklet.opened_ms
        speed = self._rules.walking_mps / 1000
        least_m = self._rules.walking_mps * self._rules.window_s + _NEAR_M
        found = [
            index
            for index, (ax, ay, ended_ms) in enumerate(self._places)
            if hypot(ax - x_m, ay - y_m)
            <= (least_m + speed * (opened_ms - ended_ms) if opened_ms > ended_ms else least_m)
        ]
        return [*found, *range(len(self._places), len(self._people))]

    def _weight(self, cluster: Cluster, tracklet: Tracklet, sight: Sight, *, is_back: bool) -> float | None:
        live: list[Tracklet] = []
        if cluster.last().ended_ms >= tracklet.opened_ms:
            live = [each for each in cluster.live(self._now_ms) if each.ended_ms >= tracklet.opened_ms]
        where = self._overlap(live, tracklet) if live else self._gap(cluster, tracklet, is_back=is_back)
        if where is None or (-inf < where < self._rules.new_inside - self._rules.alike_most):
            return None
        appearance = sight.likeness(cluster)
        if where == -inf:
            return appearance if appearance is not None and appearance >= self._rules.reentry_least else None
        return where + (appearance or 0.0)

    def _overlap(self, live: list[Tracklet], tracklet: Tracklet) -> float | None:
        """Return what segments say that go on when another begins, None where they forbid it."""
        weights = []
        evidence_ms = round(self._rules.evidence_s * 1000)
        for each in live:
            until_ms = min(each.ended_ms, tracklet.ended_ms, tracklet.opened_ms + evidence_ms)
            if each.device == tracklet.device:
                if in_one_frame(each, tracklet):
                    return None
                weight = self._pairs.afterwards(each, tracklet)
            else:
                weight = self._pairs.together(each, tracklet, tracklet.opened_ms, until_ms)
            if weight is None:
                return None
            weights.append(weight)
        return max(weights)

    def _gap(self, cluster: Cluster, tracklet: Tracklet, *, is_back: bool) -> float | None:
        """Return what a gap says; None where nobody is so fast, -inf where appearance alone may speak."""
        last = cluster.last()
        gap_ms = tracklet.opened_ms - last.ended_ms
        went_out = cluster.went_out()
        if went_out and (is_back or gap_ms > _LEAVING_MS):
            return -inf if gap_ms <= self._rules.reentry_s * 1000 else None
        if gap_ms > self._rules.gap_s * 1000:
            return None
        weight = self._pairs.afterwards(last, tracklet)
        if weight is None:
            return None
        return weight - (self._rules.left_at_exit if went_out else 0.0)
