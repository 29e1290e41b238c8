"""Joins a store's segments into people. Pure: the joins are a function of the set of what was taken in.

Segments are decided upon in the order in which they began, those of one camera that begin together jointly. Each joins
the segments of somebody seen before, or begins somebody new. A decision rests on the segment's first seconds and on
earlier decisions, so what arrives late or changes undoes the decisions from its own time on, and no earlier ones.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from math import hypot, inf

from contracts.events import Source
from contracts.payloads import AppearanceSignature, VisitSegment
from gateway.core.stitching import evidence
from gateway.core.stitching.appearance import Appearances, Versions
from gateway.core.stitching.assignment import assign
from gateway.core.stitching.clusters import Cluster, begins_at_entrance, came_in
from gateway.core.stitching.rules import StitchRules
from gateway.core.stitching.tracklets import Tracklet

_NEVER = 1e6
_RIVALS = 2
_LEAVING_MS = 3000  # Who went out and is seen no more for this long is outside.
_NEAR_M = 4.0
_SMOOTH_MS = 30_000  # What is known of a time changes with what is seen up to this much later.


def _id(tracklet: Tracklet) -> str:
    return tracklet.segment.segment_id


def _person(tracklet: Tracklet) -> tuple[str, str]:
    """Return whom its camera takes a segment for: somebody of their own, unless it knows people again."""
    return str(tracklet.device), tracklet.segment.reentry_hint or _id(tracklet)


def _in_one_frame(before: Tracklet, after: Tracklet) -> bool:
    """Return whether one camera saw two segments in one frame, the second one's first: they are certainly two people's.

    A track that makes too many stays goes on as another segment, at the very time at which the first one ends.
    """
    one, other = before.as_told, after.as_told  # By the camera's own clock, to the millisecond.
    if one.track_id == other.track_id:
        return one.updated_ms > other.opened_ms
    return one.updated_ms >= other.opened_ms


class Stitcher:
    """The segments of one store, and who made them.

    Args:
        rules: What decides.
    """

    def __init__(self, rules: StitchRules) -> None:
        self._rules = rules
        self._window_ms = max(1, round(rules.window_s * 1000))
        self._tracklets: dict[str, Tracklet] = {}
        self._order: list[tuple[int, str]] = []
        self._cluster_of: dict[str, Cluster] = {}
        self._clusters: list[Cluster] = []
        self._active: list[Cluster] = []
        self._looks = Appearances(rules)
        self._dirty_ms: float = inf
        self._touched: set[str] = set()
        self._first_of: dict[tuple[str, str], str] = {}  # The first segment of whom a camera, or a visit told, knows.
        self._pinned: dict[str, str] = {}
        self._places: list[tuple[float, float, int]] = []
        self._places_ms = -1

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
            before, key = known.segment, known.key
            if not known.take(segment, ahead_ms):
                return
            updated_ms = segment.updated_ms - known.ahead_ms
            if known.key != key:
                del self._order[bisect_left(self._order, key)]
                insort(self._order, known.key)
                updated_ms = min(key, known.key)[0]
            elif updated_ms < before.updated_ms or known.segment.reentry_hint != before.reentry_hint:
                updated_ms = known.opened_ms
            self._mark(min(before.updated_ms, updated_ms))
        self._touched.add(segment.segment_id)

    def take_signature(self, signature: AppearanceSignature, t_ms: int) -> None:
        """Take an appearance signature in. It may come before its segment."""
        if self._looks.take(signature, t_ms):
            known = self._tracklets.get(signature.segment_id)
            self._mark(t_ms if known is None else known.opened_ms)

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
        before = {segment_id: self._anchor(segment_id) for _, segment_id in self._order[first:]}
        for segment_id in self._touched & self._cluster_of.keys():
            self._cluster_of[segment_id].refresh()
        self._undo(first)
        for group in self._groups(first):
            self._decide(group)
        moved = {each for each, anchor in before.items() if anchor != self._anchor(each)}
        changed = {*self._touched, *moved, *(anchor for each in moved if (anchor := before[each]) is not None)}
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
        self._clusters = [each for each in self._clusters if each.last().ended_ms >= before_ms]
        self._order = [each for each in self._order if each[1] in self._tracklets]
        self._first_of = {key: each for key, each in self._first_of.items() if each in self._tracklets}
        self._looks.retain(self._tracklets)

    def _mark(self, t_ms: float) -> None:
        """Note that decisions may differ which look at a time."""
        self._dirty_ms = min(self._dirty_ms, t_ms - self._rules.evidence_s * 1000 - _SMOOTH_MS)

    def _anchor(self, segment_id: str) -> str | None:
        cluster = self._cluster_of.get(segment_id)
        return None if cluster is None else cluster.anchor.segment.segment_id

    def _undo(self, first: int) -> None:
        """Take the decisions back on segments from a place in the order on."""
        undone = {segment_id for _, segment_id in self._order[first:]}
        self._first_of = {key: each for key, each in self._first_of.items() if each not in undone}
        for cluster in {id(c): c for each in undone if (c := self._cluster_of.pop(each, None)) is not None}.values():
            cluster.shorten(undone)
        horizon_ms = self._order[first][0] - self._horizon_ms() if first < len(self._order) else inf
        self._clusters = [each for each in self._clusters if each.tracklets]
        for each in self._active:
            each.refresh()
        self._active = [each for each in self._clusters if not each.is_set_aside and each.last().ended_ms >= horizon_ms]
        self._places_ms = -1

    def _horizon_ms(self) -> float:
        return max(self._rules.gap_s, self._rules.reentry_s) * 1000

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
            if any(not _in_one_frame(each, tracklet) for each in group):
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
                    self._begin(tracklet, is_set_aside=not tracklet.has_path)
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

    def _begin(self, tracklet: Tracklet, *, is_set_aside: bool) -> None:
        """Take a segment for the first of somebody's."""
        cluster = Cluster(tracklet, is_set_aside=is_set_aside)
        self._clusters.append(cluster)
        if not is_set_aside:
            self._active.append(cluster)
        self._cluster_of[_id(tracklet)] = cluster

    def _join_again(self, tracklet: Tracklet, cluster: Cluster) -> None:
        """Let a segment join the one that its own camera says is the same person's."""
        cluster.join(tracklet, is_set_aside=not tracklet.has_path)
        self._cluster_of[_id(tracklet)] = cluster
        if not cluster.is_set_aside and not any(each is cluster for each in self._active):
            self._active.append(cluster)

    def _assign(self, group: list[Tracklet]) -> None:
        rows = [self._weights(tracklet) if tracklet.has_path else {} for tracklet in group]
        unclear = [self._is_unclear(tracklet, weights) for tracklet, weights in zip(group, rows, strict=True)]
        rows = [{} if is_unclear else weights for weights, is_unclear in zip(rows, unclear, strict=True)]
        columns = sorted({place for row in rows for place in row})
        new = [self._rules.new_at_entrance if came_in(tracklet) else self._rules.new_inside for tracklet in group]
        costs = [
            [
                *(-row[place] if place in row else _NEVER for place in columns),
                *(-new[index] if index == other else _NEVER for other in range(len(group))),
            ]
            for index, row in enumerate(rows)
        ]
        for tracklet, column, is_unclear in zip(group, assign(costs), unclear, strict=True):
            if column < len(columns):
                cluster = self._active[columns[column]]
                cluster.join(tracklet)
                self._cluster_of[_id(tracklet)] = cluster
            else:
                self._begin(tracklet, is_set_aside=is_unclear or not tracklet.has_path)

    def _is_unclear(self, tracklet: Tracklet, weights: dict[int, float]) -> bool:
        """Return whether a segment is short and might as well be somebody else's: better left out than wrong."""
        if tracklet.ended_ms - tracklet.opened_ms >= self._rules.unclear_s * 1000 or len(weights) < _RIVALS:
            return False
        best, second = sorted(weights.values())[: -_RIVALS - 1 : -1]
        return best - second < self._rules.unclear_margin

    def _look_around(self, now_ms: int) -> None:
        """Note where everybody is who may go on, once a window."""
        slot_ms = now_ms // self._window_ms * self._window_ms
        if slot_ms == self._places_ms:
            return
        self._places_ms = slot_ms
        horizon_ms = slot_ms - self._horizon_ms()
        self._active = [each for each in self._active if each.last().ended_ms >= horizon_ms]
        self._places = [(*each.last().position(slot_ms), each.last().ended_ms) for each in self._active]

    def _near(self, tracklet: Tracklet) -> list[int]:
        """Return the places of active clusters that can have come to where a segment begins; quick, and never too few.

        Those that began in this very window have no place noted yet.
        """
        (x_m, y_m), opened_ms = tracklet.beginning(), tracklet.opened_ms
        speed = self._rules.walking_mps / 1000
        least_m = self._rules.walking_mps * (self._rules.window_s + 1) + _NEAR_M
        found = [
            index
            for index, (ax, ay, ended_ms) in enumerate(self._places)
            if hypot(ax - x_m, ay - y_m)
            <= (least_m + speed * (opened_ms - ended_ms) if opened_ms > ended_ms else least_m)
        ]
        return [*found, *range(len(self._places), len(self._active))]

    def _weights(self, tracklet: Tracklet) -> dict[int, float]:
        """Return what speaks for each active cluster, by its place; those are left out for whom nothing can."""
        looks = self._looks.versions(((tracklet.device.device, tracklet.segment.segment_id),))
        is_back = begins_at_entrance(tracklet)
        found = {}
        for place in self._near(tracklet):
            weight = self._weight(self._active[place], tracklet, looks, is_back=is_back)
            if weight is not None:
                found[place] = weight
        return found

    def _weight(self, cluster: Cluster, tracklet: Tracklet, looks: Versions, *, is_back: bool) -> float | None:
        live = [each for each in cluster.live(self._places_ms) if each.ended_ms >= tracklet.opened_ms]
        where = self._overlap(live, tracklet) if live else self._gap(cluster, tracklet, is_back=is_back)
        if where is None or (-inf < where < self._rules.new_inside - self._rules.alike_most):
            return None
        appearance = self._looks.likeness(self._looks.versions(cluster.looks()), looks) if looks else None
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
                if _in_one_frame(each, tracklet):
                    return None
                weight = evidence.afterwards(each, tracklet, self._rules)
            else:
                weight = evidence.together(each, tracklet, tracklet.opened_ms, until_ms, self._rules)
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
        weight = evidence.afterwards(last, tracklet, self._rules)
        if weight is None:
            return None
        return weight - (self._rules.left_at_exit if went_out else 0.0)
