"""What a member likes: categories of the items shown and bought, and zones stayed in. Pure.

The two stand side by side: points of items and seconds in zones have no common unit. A stay counts for the share that
its visit is this member's; so a visit that may be one of two people's speaks half for each.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from cloud.profiles.facts import KnownTouch, WeighedVisit

VERSION = "preferences-1"
PURCHASE_POINTS = 3
SCAN_POINTS = 1
LONGEST_STAY_MS = 3_600_000
"""A longer stay, such as one whose end nobody saw, counts for this much."""
_SHOWN = 5
_MS = 1000


class Liking(Struct, frozen=True, kw_only=True):
    """One thing that a member likes.

    Attributes:
        weight: Points of a category, expected seconds of a zone.
        share: Of everything in the same list, 0 to 1.
    """

    name: str
    store: str | None
    weight: float
    share: float


def liked_categories(touches: Iterable[KnownTouch], categories: Mapping[str, str]) -> list[Liking]:
    """Return the categories of what was bought (three points a line) and scanned (one point), the most liked first.

    Args:
        touches: Of one profile.
        categories: By GTIN; items without one do not count.
    """
    points: dict[tuple[str, str | None], float] = {}
    for touch in touches:
        for gtin, worth in _shown(touch):
            if gtin in categories:
                key = (categories[gtin], None)
                points[key] = points.get(key, 0.0) + worth
    return _ranked(points)


def _shown(touch: KnownTouch) -> list[tuple[str, float]]:
    if touch.is_scan and touch.gtin is not None:
        return [(touch.gtin, SCAN_POINTS)]
    if touch.is_purchase:
        return [(line.gtin, PURCHASE_POINTS) for line in touch.lines if line.gtin is not None and line.quantity > 0]
    return []


def liked_zones(visits: Sequence[WeighedVisit]) -> list[Liking]:
    """Return the zones at shelves in which the member is expected to have stayed the longest."""
    seconds: dict[tuple[str, str | None], float] = {}
    for each in visits:
        for stay in each.visit.stays:
            if stay.zone_kind == "shelf" and stay.left_ms is not None:
                key = (stay.zone_id, each.visit.store)
                dwell_s = min(stay.left_ms - stay.entered_ms, LONGEST_STAY_MS) / _MS
                seconds[key] = seconds.get(key, 0.0) + each.weight * dwell_s
    return _ranked(seconds)


def _ranked(weights: Mapping[tuple[str, str | None], float]) -> list[Liking]:
    total = sum(weights.values())
    ranked = sorted(
        ((key, weight) for key, weight in weights.items() if weight > 0),
        key=lambda each: (-each[1], each[0][0], each[0][1] or ""),
    )
    return [
        Liking(name=name, store=store, weight=weight, share=weight / total) for (name, store), weight in ranked[:_SHOWN]
    ]
