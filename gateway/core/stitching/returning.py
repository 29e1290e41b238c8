"""Visits of one camera that knows people again: re-entry without any joining of cameras. Pure.

The rule `single-reentry-1`: segments of one device that carry one re-entry hint are one visit. The device alone judged
who came back, and within which time. What the visits say is a function of the set of segments, whatever their order: of
each segment the revision of the highest ordinal counts.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from contracts.events import EventDraft, Source, draft_event
from contracts.payloads import PathPoint, VisitRevised, VisitSegment
from gateway.core.staff import StaffRules
from gateway.core.stitching.clusters import Cluster
from gateway.core.stitching.parties import hints
from gateway.core.stitching.staff_cards import StaffCards
from gateway.core.stitching.tracklets import Tracklet
from gateway.core.stitching.visits import MOST_POINTS, describe, is_visit, visit_id

RULE_VERSION = "single-reentry-1"

Draft = EventDraft[VisitRevised]
_Key = tuple[Source, str]


class _Told(Struct, frozen=True):
    """What was told last of a visit: its revision, and its state."""

    revision: int
    status: Literal["open", "closed", "merged", "withdrawn"]
    merged_into: str | None
    updated_ms: int


class Returning:
    """Those whom single cameras know again.

    Args:
        gateway: Who tells visits.
        staff: What tells staff from customers.
        cards: The staff cards that were shown.
    """

    def __init__(self, gateway: Source, staff: StaffRules, cards: StaffCards | None = None) -> None:
        self._gateway, self._staff, self._cards = gateway, staff, cards or StaffCards(staff)
        self._tracklets: dict[str, Tracklet] = {}
        self._key_of: dict[str, _Key] = {}
        self._people: dict[_Key, dict[str, Tracklet]] = {}
        self._told: dict[str, _Told] = {}

    def resume(self, device: Source, data: VisitSegment | VisitRevised) -> None:
        """Take in what was there before a restart, without telling anything."""
        if isinstance(data, VisitSegment):
            self._place(device, data)
        else:
            self._note(data)

    def take(self, device: Source, segment: VisitSegment) -> list[Draft]:
        """Return the revisions that a segment brings: in any order, any number of times."""
        touched = self._place(device, segment)
        clusters = [cluster for key in touched if (cluster := self._cluster(key)) is not None]
        drafts: list[Draft] = []
        for cluster in clusters:
            drafts += self._revise(cluster)
        return drafts

    def knows(self, segment_id: str) -> bool:
        """Return whether a segment is of somebody whom a camera may know again."""
        return segment_id in self._key_of

    def person_of(self, segment_id: str) -> str:
        """Return what all segments of one person have in common."""
        key = self._key_of.get(segment_id)
        return segment_id if key is None else f"{key[0]} {key[1]}"

    def retell(self, segment_ids: Iterable[str]) -> list[Draft]:
        """Return the visits of these segments anew: a staff card says something else of them."""
        keys = sorted({self._key_of[each] for each in segment_ids}, key=str)
        clusters = [cluster for key in keys if (cluster := self._cluster(key)) is not None]
        return [draft for cluster in clusters for draft in self._revise(cluster)]

    def forget(self, before_ms: int) -> None:
        """Forget everybody whose last segment ended before a time."""
        over = [key for key, parts in self._people.items() if max(p.ended_ms for p in parts.values()) < before_ms]
        for key in over:
            for segment_id in self._people.pop(key):
                del self._tracklets[segment_id], self._key_of[segment_id]
        self._told = {visit: told for visit, told in self._told.items() if told.updated_ms >= before_ms}

    def _place(self, device: Source, segment: VisitSegment) -> list[_Key]:
        """Put a segment among those of its person. Return whose changed, the one it now belongs to last."""
        segment_id = segment.segment_id
        known = self._tracklets.get(segment_id)
        if known is None:
            known = self._tracklets[segment_id] = Tracklet(device, segment)
        elif segment.ordinal <= known.segment.ordinal:
            return []
        else:
            known = self._tracklets[segment_id] = Tracklet(known.device, segment)
        key = (known.device, known.segment.reentry_hint or segment_id)
        before = self._key_of.get(segment_id, key)
        self._key_of[segment_id] = key
        if before != key:
            del self._people[before][segment_id]
        self._people.setdefault(key, {})[segment_id] = known
        if before == key:
            return [key]
        if not self._people[before]:
            del self._people[before]
        return [before, key]

    def _cluster(self, key: _Key) -> Cluster | None:
        parts = sorted(self._people.get(key, {}).values(), key=lambda each: each.key)
        if not parts:
            return None
        cluster = Cluster(parts[0])
        for each in parts[1:]:
            cluster.join(each)
        return cluster

    def _revise(self, cluster: Cluster) -> list[Draft]:
        """Return the visit of a person, and the ends of visits that are this one now."""
        visit, drafts = visit_id(cluster), []
        told = self._told.get(visit)
        if is_visit(cluster):
            drafts.append(self._tell(self._describe(cluster, told)))
        elif told is not None and told.status != "withdrawn":
            drafts.append(self._tell(_ended(self._describe(cluster, told), None)))
        into = visit if is_visit(cluster) else None
        for part in cluster.tracklets[1:]:
            alone = Cluster(part)
            told = self._told.get(visit_id(alone))
            if told is not None and (told.status not in {"merged", "withdrawn"} or told.merged_into != into):
                drafts.append(self._tell(_ended(self._describe(alone, told), into)))
        return drafts

    def _describe(self, cluster: Cluster, told: _Told | None) -> VisitRevised:
        """Return a person's visit, numbered above all that can have been told of it."""
        least = sum(each.segment.ordinal + 1 for each in cluster.tracklets)
        revision = least if told is None else max(least, told.revision + 1)
        party = min(hints(cluster), default=None)
        cards = self._cards.evidence((each.segment.segment_id for each in cluster.tracklets), self.person_of)
        visit = describe(cluster, revision, party, self._staff, cards)
        return replace(visit, path=_path(cluster), rule_version=RULE_VERSION)

    def _tell(self, visit: VisitRevised) -> Draft:
        self._note(visit)
        return draft_event(self._gateway, visit, visit.updated_ms, visit.visit_id, visit.revision)

    def _note(self, visit: VisitRevised) -> None:
        known = self._told.get(visit.visit_id)
        if known is None or known.revision < visit.revision:
            self._told[visit.visit_id] = _Told(visit.revision, visit.status, visit.merged_into, visit.updated_ms)


def _path(cluster: Cluster) -> tuple[PathPoint, ...]:
    """Return where somebody was, thinned evenly to at most `MOST_POINTS`."""
    points = sorted((point.t_ms, point.x_m, point.y_m) for each in cluster.tracklets for point in each.segment.path)
    step = -(-len(points) // MOST_POINTS) or 1
    return tuple(PathPoint(*point) for point in points[::step])


def _ended(visit: VisitRevised, into: str | None) -> VisitRevised:
    """Return that a visit is no more: it is another one's now, or nobody stayed anywhere."""
    return replace(
        visit,
        segment_ids=visit.segment_ids[:1],
        status="withdrawn" if into is None else "merged",
        merged_into=into,
        stays=(),
        path=(),
        party_id=None,
        staff_score=None,
        staff_rule_version=None,
        staff_evidence=(),
        role=None,
    )
