"""Who came together: in through one entrance, one after the other, and side by side at first. Pure."""

from collections.abc import Iterable
from math import hypot

from gateway.core.stitching.clusters import Cluster
from gateway.core.stitching.rules import StitchRules
from gateway.core.stitching.visits import visit_id

_SAMPLE_MS = 1000
_LOOK_MS = 20_000
_LEAST_SAMPLES = 3


def entered(cluster: Cluster) -> tuple[str, int] | None:
    """Return through which entrance and when somebody came in first, None where no camera saw it."""
    stays = [stay for each in cluster.tracklets for stay in each.segment.stays if stay.zone_kind == "entrance"]
    first = min(stays, key=lambda stay: (stay.entered_ms, stay.zone_id), default=None)
    return None if first is None else (first.zone_id, first.entered_ms)


def parties(clusters: Iterable[Cluster], rules: StitchRules) -> dict[str, str]:
    """Return the party of each visit that has one, by the visit's id. A party is named after its earliest visit.

    Two belong together who came in through one entrance within `party_s` and then walked side by side, or of whom
    cameras gave the same hint; whoever belongs to one belongs to the other.
    """
    people = sorted(clusters, key=lambda each: each.anchor.key)
    leader = {id(each): each for each in people}
    arrivals = sorted(
        ((at, each) for each in people if (at := entered(each)) is not None),
        key=lambda pair: (*pair[0], pair[1].anchor.key),
    )
    for index, ((zone_id, at_ms), one) in enumerate(arrivals):
        for (other_zone, other_ms), other in arrivals[index + 1 :]:
            if other_zone != zone_id or other_ms - at_ms > rules.party_s * 1000:
                break
            if _side_by_side(one, other, other_ms, rules):
                _unite(leader, one, other)
    hinted: dict[str, Cluster] = {}
    for each in people:
        for hint in hints(each):
            _unite(leader, hinted.setdefault(hint, each), each)
    members: dict[int, list[Cluster]] = {}
    for each in people:
        members.setdefault(id(leader[id(each)]), []).append(each)
    return {
        visit_id(each): _name(group) for group in members.values() for each in group if len(group) > 1 or hints(each)
    }


def hints(cluster: Cluster) -> list[str]:
    """Return what cameras said of the party, without repetition, in order."""
    return sorted({each.segment.group_hint for each in cluster.tracklets if each.segment.group_hint is not None})


def _name(group: list[Cluster]) -> str:
    known = [hint for each in group for hint in hints(each)]
    return min(known) if known else visit_id(group[0])


def _unite(leader: dict[int, Cluster], one: Cluster, other: Cluster) -> None:
    """Let two groups be one; the earlier leader leads."""
    first, second = sorted((leader[id(one)], leader[id(other)]), key=lambda each: each.anchor.key)
    for key, each in leader.items():
        if each is second:
            leader[key] = first


def _side_by_side(one: Cluster, other: Cluster, from_ms: int, rules: StitchRules) -> bool:
    distances = []
    for t_ms in range(from_ms, from_ms + _LOOK_MS, _SAMPLE_MS):
        here = _place(one, t_ms)
        there = None if here is None else _place(other, t_ms)
        if here is not None and there is not None:
            distances.append(hypot(here[0] - there[0], here[1] - there[1]))
    return len(distances) >= _LEAST_SAMPLES and sum(distances) / len(distances) <= rules.party_m


def _place(cluster: Cluster, t_ms: int) -> tuple[float, float] | None:
    for each in cluster.tracklets:
        if each.has_path and each.opened_ms <= t_ms <= each.ended_ms:
            return each.position(t_ms)
        if each.opened_ms > t_ms:
            break
    return None
