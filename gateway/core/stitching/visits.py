"""What a person's segments say together: one visit. Pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from contracts.ids import deterministic_id
from contracts.payloads import PathPoint, Stay, VisitRevised
from contracts.staff import STAFF_RULE
from gateway.core.staff import StaffRules, decide
from gateway.core.stitching.clusters import Cluster
from gateway.core.stitching.rules import RULE_VERSION
from gateway.core.stitching.tracklets import Tracklet

MOST_POINTS = 256
MOST_STAYS = 500
_JOIN_MS = 3000  # A stay that goes on within this time on another track is the same one.
_GRID_MS = 2000
_DECIMALS = 2


def visit_id(cluster: Cluster) -> str:
    """Return the visit's id: it follows from the anchor, the earliest segment, as its device told it."""
    anchor = cluster.anchor
    return deterministic_id(anchor.as_told.opened_ms, "visit", str(anchor.device), anchor.segment.segment_id)


def is_visit(cluster: Cluster) -> bool:
    """Return whether somebody stayed in a zone of the store. Who only passes by outside does not visit it.

    Nor is it a visit of its own what is some other visit's, as long as nobody can say of which.
    """
    return not cluster.rivals and any(each.segment.stays for each in cluster.tracklets)


def describe(
    cluster: Cluster,
    revision: int,
    party_id: str | None,
    staff: StaffRules,
    cards: Iterable[float] = (),
    fitting_unseen_s: float = 0.0,
) -> VisitRevised:
    """Return the visit that a person's segments make.

    Args:
        cluster: The person's segments.
        revision: The visit's number.
        party_id: Who came together.
        staff: What tells staff from customers.
        cards: What each staff card says of this person, log-odds.
        fitting_unseen_s: As for `merge_stays`.
    """
    tracklets = cluster.tracklets
    ended_ms = max(each.ended_ms for each in tracklets)
    is_closed = all(each.segment.phase == "closed" for each in tracklets)
    errors = [each.segment.path_error_m for each in tracklets if each.segment.path_error_m is not None]
    stays = merge_stays(tracklets, fitting_unseen_s)
    made_by = decide(staff, [each.segment for each in tracklets], stays, cards)
    return VisitRevised(
        visit_id=visit_id(cluster),
        revision=revision,
        status="closed" if is_closed else "open",
        segment_ids=tuple(each.segment.segment_id for each in tracklets),
        opened_ms=cluster.anchor.opened_ms,
        updated_ms=ended_ms,
        closed_ms=ended_ms if is_closed else None,
        stays=stays,
        path=merge_paths(tracklets),
        path_error_m=max(errors) if errors else None,
        party_id=party_id,
        staff_score=made_by.score,
        staff_rule_version=None if made_by.score is None else STAFF_RULE,
        staff_evidence=made_by.evidence,
        role=made_by.role,
        rule_version=RULE_VERSION,
    )


def merge_stays(tracklets: list[Tracklet], fitting_unseen_s: float) -> tuple[Stay, ...]:
    """Return the stays without counting any time in a zone twice, in the order in which they began.

    Stays in one zone that overlap, or follow upon each other within 3 s, are one: two cameras saw it, or a track broke.
    So are those in a fitting room between which nobody saw the person: behind a curtain no camera looks.

    Args:
        tracklets: The person's segments.
        fitting_unseen_s: Whoever is not seen for longer may have left the fitting room unseen.
    """
    by_zone: dict[str, list[Stay]] = {}
    for each in tracklets:
        for stay in each.segment.stays:
            by_zone.setdefault(stay.zone_id, []).append(stay)
    merged: list[Stay] = []
    for stays in by_zone.values():
        united = _unite(sorted(stays, key=lambda stay: stay.entered_ms))
        is_fitting = united[0].zone_kind == "fitting_room"
        merged += _bridge(united, tracklets, fitting_unseen_s * 1000) if is_fitting else united
    ordered = sorted(merged, key=lambda stay: (stay.entered_ms, stay.zone_id))
    return tuple(ordered[:MOST_STAYS])


def _unite(stays: list[Stay]) -> list[Stay]:
    found = stays[:1]
    for stay in stays[1:]:
        last = found[-1]
        if last.left_ms is not None and stay.entered_ms - last.left_ms > _JOIN_MS:
            found.append(stay)
            continue
        is_open = last.left_ms is None or stay.left_ms is None
        left_ms = None if is_open else max(last.left_ms or 0, stay.left_ms or 0)
        found[-1] = Stay(zone_id=last.zone_id, zone_kind=last.zone_kind, entered_ms=last.entered_ms, left_ms=left_ms)
    return found


def _bridge(stays: list[Stay], tracklets: list[Tracklet], unseen_ms: float) -> list[Stay]:
    """Let stays be one between which the person was not seen, and not for too long."""
    found = stays[:1]
    for stay in stays[1:]:
        last = found[-1]
        left_ms = last.left_ms or 0  # Only the last one may go on.
        is_seen = any(
            each.ended_ms > left_ms + _JOIN_MS and each.opened_ms < stay.entered_ms - _JOIN_MS for each in tracklets
        )
        if is_seen or stay.entered_ms - left_ms > unseen_ms:
            found.append(stay)
        else:
            found[-1] = replace(last, left_ms=stay.left_ms)
    return found


def merge_paths(tracklets: list[Tracklet]) -> tuple[PathPoint, ...]:
    """Return the path, the mean of what several cameras saw at once, thinned evenly to at most `MOST_POINTS`."""
    grid: dict[int, list[tuple[int, float, float]]] = {}
    for each in tracklets:
        for point in each.points:
            grid.setdefault(point[0] // _GRID_MS, []).append(point)
    slots = sorted(grid)
    step = -(-len(slots) // MOST_POINTS) or 1
    return tuple(_mean_point(grid[slot]) for slot in slots[::step])


def _mean_point(points: list[tuple[int, float, float]]) -> PathPoint:
    count = len(points)
    times_ms, xs_m, ys_m = zip(*sorted(points), strict=True)
    return PathPoint(times_ms[0], round(sum(xs_m) / count, _DECIMALS), round(sum(ys_m) / count, _DECIMALS))
