"""Joins a store's segments into people. Pure: the joins are a function of the set of what was taken in.

Segments are decided upon in the order in which they began, those of one camera that begin together jointly. Each joins
the segments of somebody seen before, or begins somebody new. A decision rests on the segment's first seconds and on
earlier decisions, so what arrives late or changes undoes the decisions from its own time on, and no earlier ones.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from math import exp, inf

from contracts.events import Source
from contracts.payloads import AppearanceSignature, VisitSegment
from gateway.core.stitching.appearance import Appearances
from gateway.core.stitching.assignment import assign, second_best
from gateway.core.stitching.beginnings import Beginnings
from gateway.core.stitching.candidates import Candidates
from gateway.core.stitching.clusters import ENTRANCE_MS, Cluster, Rival, came_in
from gateway.core.stitching.pairs import Pairs
from gateway.core.stitching.rules import StitchRules
from gateway.core.stitching.sight import Blends
from gateway.core.stitching.tracklets import Tracklet, in_one_frame
from gateway.core.stitching.waiting import Waiting, crowd

_NEVER = 1e6


def _id(tracklet: Tracklet) -> str:
    return tracklet.segment.segment_id


def _person(tracklet: Tracklet) -> tuple[str, str]:
    """Return whom its camera takes a segment for: somebody of their own, unless it knows people again."""
    return str(tracklet.device), tracklet.segment.reentry_hint or _id(tracklet)


class Stitcher:
    """The segments of one store, and who made them.

    Args:
        rules: What decides.
    """

    def __init__(self, rules: StitchRules) -> None:
        self._rules = rules
        self._window_ms = max(1, round(rules.window_s * 1000))
        self._ahead_ms = max(rules.evidence_s * 1000, ENTRANCE_MS)  # So far ahead a decision looks.
        self._tracklets: dict[str, Tracklet] = {}
        self._order: list[tuple[int, str]] = []
        self._cluster_of: dict[str, Cluster] = {}
        self._clusters: list[Cluster] = []
        self._looks = Appearances(rules)
        self._pairs = Pairs(rules)
        self._blends = Blends(self._looks, rules.evidence_s * 1000)
        self._candidates = Candidates(rules, self._looks, self._blends, self._pairs)
        self._waiting = Waiting(rules, self._looks, self._blends, self._pairs)
        self._beginnings = Beginnings(rules)
        self._dirty_ms: float = inf
        self._touched: set[str] = set()
        self._first_of: dict[tuple[str, str], str] = {}  # The first segment of whom a camera, or a visit told, knows.
        self._pinned: dict[str, str] = {}
        self._slot_ms = -1

    def take(self, device: Source, segment: VisitSegment, ahead_ms: int = 0) -> None:
        """Take a revision of a segment in: in any order, any number of times.

        Args:
            device: Who saw it.
            segment: The revision, by the device's clock.
            ahead_ms: How far that was ahead of the gateway's, 0 where nobody knows.
        """
        known = self._tracklets.get(segment.segment_id)
        if known is None:
            known = self._tracklets[segment.segment_id] = Tracklet(device, segment, ahead_ms)
            insort(self._order, known.key)
            self._mark(known.opened_ms)
        else:
            key = known.key
            since_ms = known.take(segment, ahead_ms)
            if since_ms is None:
                return
            if known.key != key:
                del self._order[bisect_left(self._order, key)]
                insort(self._order, known.key)
            self._mark(max(min(key, known.key)[0], since_ms - self._ahead_ms))
        if known.ahead_ms:
            self._looks.put_right(segment.segment_id, known.ahead_ms)
        self._touched.add(segment.segment_id)

    def take_signature(self, signature: AppearanceSignature, t_ms: int) -> None:
        """Take an appearance signature in. It may come before its segment."""
        if self._looks.take(signature, t_ms):
            known = self._tracklets.get(signature.segment_id)
            if known is not None:  # A decision looks so far ahead, and not before the segment begins.
                self._mark(max(known.opened_ms, t_ms - known.ahead_ms - self._ahead_ms))

    def pin(self, segment_ids: Iterable[str], person: str) -> None:
        """Take segments for one person's and nobody else's, as it was decided when more was known.

        What a camera says of who came back still counts more.
        """
        for segment_id in segment_ids:
            self._pinned[segment_id] = person

    def unpin(self, segment_ids: Iterable[str], person: str) -> None:
        """Decide anew about those of some segments that are pinned to a person."""
        for segment_id in segment_ids:
            if self._pinned.get(segment_id) == person:
                del self._pinned[segment_id]

    def forget_signatures(self) -> None:
        """Forget all signatures; what they decided stays decided."""
        self._looks.end_day()

    def settle(self) -> list[Cluster]:
        """Decide anew what must be. Return everybody of whom something may have changed since the last time.

        A segment of whom somebody else is now thought to be is with its new cluster.
        """
        first = len(self._order)
        if self._dirty_ms < inf:  # No window is cut in two.
            first = bisect_left(self._order, (self._dirty_ms // self._window_ms * self._window_ms, ""))
        before = {segment_id: self._standing(segment_id) for _, segment_id in self._order[first:]}
        for segment_id in self._touched & self._cluster_of.keys():
            self._cluster_of[segment_id].refresh()
        self._undo(first)
        for group in self._groups(first):
            self._decide(group)
        moved = {each for each, standing in before.items() if standing != self._standing(each)}
        changed = {*self._touched, *moved, *(anchor for each in moved if (anchor := before[each][0]) is not None)}
        self._pairs.forget(self._dirty_ms)
        self._touched, self._dirty_ms = set(), inf
        found = {id(cluster): cluster for each in changed if (cluster := self._cluster_of.get(each)) is not None}
        return sorted(found.values(), key=lambda each: each.anchor.key)

    def clusters(self) -> list[Cluster]:
        """Return everybody, as decided last, in the order in which they began."""
        return sorted(self._clusters, key=lambda each: each.anchor.key)

    def cluster_of(self, segment_id: str) -> Cluster | None:
        """Return whoever made a segment, None where the segment is not known."""
        return self._cluster_of.get(segment_id)

    def forget(self, before_ms: int) -> None:
        """Forget who ended before a time. Segments of theirs that come later stand alone."""
        over = [each for each in self._clusters if each.last().ended_ms < before_ms]
        for cluster in over:
            for each in cluster.tracklets:
                segment_id = each.segment.segment_id
                del self._tracklets[segment_id], self._cluster_of[segment_id]
                self._looks.forget(segment_id)
                self._pinned.pop(segment_id, None)
                self._beginnings.forget((segment_id,))
        self._clusters = [each for each in self._clusters if each.last().ended_ms >= before_ms]
        self._order = [each for each in self._order if each[1] in self._tracklets]
        self._waiting.forget(self._clusters)
        self._first_of = {key: each for key, each in self._first_of.items() if each in self._tracklets}
        self._looks.retain(self._tracklets)

    def _mark(self, t_ms: float) -> None:
        """Note that decisions may differ on segments that began at a time, or later."""
        self._dirty_ms = min(self._dirty_ms, t_ms)

    def _standing(self, segment_id: str) -> tuple[str | None, bool]:
        """Return the first segment of whoever made a segment, None where nobody knows, and whether that one waits."""
        cluster = self._cluster_of.get(segment_id)
        return (None, False) if cluster is None else (_id(cluster.anchor), bool(cluster.rivals))

    def _undo(self, first: int) -> None:
        """Take the decisions back on segments from a place in the order on."""
        undone = {segment_id for _, segment_id in self._order[first:]}
        from_ms = self._order[first][0] // self._window_ms * self._window_ms if undone else inf
        for decision in self._waiting.undo(from_ms):
            if decision.winner is not None:
                self._clusters.append(decision.cluster)
                self._touched.add(_id(decision.winner.anchor))
            self._move(decision.cluster, decision.cluster)
        self._beginnings.forget(undone)
        self._first_of = {key: each for key, each in self._first_of.items() if each not in undone}
        for cluster in {id(c): c for each in undone if (c := self._cluster_of.pop(each, None)) is not None}.values():
            cluster.shorten(undone)
        self._clusters = [each for each in self._clusters if each.tracklets]
        self._candidates.restart(self._clusters, self._order[first][0] if undone else inf)
        self._waiting.restart(self._clusters)
        self._slot_ms = self._order[first - 1][0] // self._window_ms * self._window_ms if first else -1

    def _groups(self, first: int) -> Iterable[list[Tracklet]]:
        """Yield segments that are decided upon jointly: of one camera, begun within a window, none after another."""
        window_ms = self._window_ms
        waiting: dict[Source, list[Tracklet]] = {}
        slot = -1
        for opened_ms, segment_id in self._order[first:]:
            tracklet = self._tracklets[segment_id]
            if opened_ms // window_ms != slot:
                yield from waiting.values()
                waiting, slot = {}, opened_ms // window_ms
            group = waiting.setdefault(tracklet.device, [])
            if any(not in_one_frame(each, tracklet) for each in group):
                yield group
                waiting[tracklet.device] = group = []
            group.append(tracklet)
        yield from waiting.values()

    def _decide(self, group: list[Tracklet]) -> None:
        """Let each segment join whom its camera knows again, or whom it was told of; assign the others jointly."""
        self._look_around(group[0].opened_ms)
        known, first, twins = [], [], []
        for tracklet in group:
            same_person = self._same_person(tracklet)
            if same_person == _id(tracklet):
                if same_person in self._pinned:
                    self._begin(tracklet)
                else:
                    first.append(tracklet)
            elif same_person in self._cluster_of:
                known.append((tracklet, same_person))
            else:
                twins.append((tracklet, same_person))
        for tracklet, same_person in known:
            self._join_again(tracklet, self._cluster_of[same_person])
        if first:
            self._assign(first)
        for tracklet, same_person in twins:
            self._join_again(tracklet, self._cluster_of[same_person])

    def _same_person(self, tracklet: Tracklet) -> str:
        """Return the first segment of whoever made a segment, as far as that is certain: else itself."""
        own = _id(tracklet)
        keys = [_person(tracklet)]
        if own in self._pinned:
            keys.append(("visit", self._pinned[own]))
        found = next((self._first_of[key] for key in keys if key in self._first_of), own)
        for key in keys:
            self._first_of.setdefault(key, own)
        return found

    def _begin(self, tracklet: Tracklet) -> Cluster:
        """Take a segment for the first of somebody's."""
        cluster = Cluster(tracklet, is_set_aside=not tracklet.has_path)
        self._clusters.append(cluster)
        self._candidates.add(cluster)
        self._cluster_of[_id(tracklet)] = cluster
        return cluster

    def _join_again(self, tracklet: Tracklet, cluster: Cluster) -> None:
        """Let a segment join the one that its own camera says is the same person's."""
        cluster.join(tracklet, is_set_aside=not tracklet.has_path)
        self._cluster_of[_id(tracklet)] = cluster
        self._candidates.add(cluster)
        self._note_news(cluster)

    def _note_news(self, cluster: Cluster) -> None:
        """Note that somebody was seen again, who may be undecided."""
        if cluster.rivals:
            self._waiting.add(cluster)
            self._waiting.change(cluster)
        self._blends.change()

    def _assign(self, group: list[Tracklet]) -> None:
        rows = [self._candidates.weights(tracklet) if tracklet.has_path else {} for tracklet in group]
        places = sorted({place for row in rows for place in row})
        new = [self._new(tracklet, row) for tracklet, row in zip(group, rows, strict=True)]
        costs = [
            [
                *(-row[place] if place in row else _NEVER for place in places),
                *(-new[index] if index == other else _NEVER for other in range(len(group))),
            ]
            for index, row in enumerate(rows)
        ]
        people = [self._candidates.person(place) for place in places]
        found = assign(costs)
        for index, (tracklet, column) in enumerate(zip(group, found, strict=True)):
            if column >= len(people):
                self._begin(tracklet)
                continue
            other, margin = second_best(costs, found, index, _NEVER)
            pair = [each for each in (column, other) if each < len(people)]
            margin -= crowd([new[index], *(each for place, each in rows[index].items() if place != places[column])])
            if len(pair) > 1 and margin < self._rules.unclear_margin and any(self._is_known(people[i]) for i in pair):
                self._wait(tracklet, self._rivals(rows[index], {places[each] for each in pair}))
            else:
                people[column].join(tracklet)
                self._cluster_of[_id(tracklet)] = people[column]
                if people[column].rivals:
                    self._note_news(people[column])

    def _rivals(self, weights: dict[int, float], pair: set[int]) -> list[Rival]:
        """Return whose a segment may be: the two who come first, and who would once one of them cannot be it."""
        least = max(weights[place] for place in pair) - 2 * self._rules.unclear_margin
        return [
            (self._candidates.person(place), weight)
            for place, weight in weights.items()
            if place in pair or weight >= least
        ]

    def _is_known(self, person: Cluster) -> bool:
        """Return whether it is known what somebody looks like, so that waiting for another look may help."""
        return bool(person.rivals or self._blends.versions(person))

    def _new(self, tracklet: Tracklet, weights: dict[int, float]) -> float:
        """Return the weight of a segment being somebody new; note where it begins."""
        if came_in(tracklet):
            return self._rules.new_at_entrance
        if not tracklet.has_path:
            return self._rules.new_inside
        new = self._beginnings.weight(tracklet)
        self._beginnings.note(tracklet, 1 / (1 + sum(exp(each - new) for each in weights.values())))
        return new

    def _wait(self, tracklet: Tracklet, rivals: list[Rival]) -> None:
        """Let a segment wait that might be either of two people's. Looks are compared anew when more is known."""
        cluster = self._begin(tracklet)
        sight = self._candidates.sight(tracklet)
        cluster.rivals = [(each, weight - (sight.likeness(each) or 0.0)) for each, weight in rivals]
        self._waiting.add(cluster)

    def _look_around(self, now_ms: int) -> None:
        """Once a window, join those of whom enough is known by now, and note where everybody is."""
        slot_ms = now_ms // self._window_ms * self._window_ms
        if slot_ms == self._slot_ms:
            return
        before_ms, self._slot_ms = self._slot_ms, slot_ms
        self._blends.look_around(slot_ms)
        for part in self._waiting.decide(slot_ms, before_ms):
            person = part.person()
            self._move(part, person)
            self._candidates.add(person)
            self._blends.change()
        self._clusters = [each for each in self._clusters if each.into is None]
        self._candidates.look_around(slot_ms)

    def _move(self, part: Cluster, person: Cluster) -> None:
        """Note that a part's segments are somebody's now, of which both will tell."""
        self._touched.add(_id(person.anchor))
        for each in part.tracklets:
            self._cluster_of[_id(each)] = person
            self._touched.add(_id(each))
