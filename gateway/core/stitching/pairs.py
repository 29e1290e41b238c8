"""What was found out about pairs of segments, so that it is found out once. Pure."""

from typing import NamedTuple

from gateway.core.stitching import evidence
from gateway.core.stitching.rules import StitchRules
from gateway.core.stitching.tracklets import Tracklet


class _Found(NamedTuple):
    """What the time says in which both were seen, on what time it rests, and which changes of both were known."""

    weight: float | None
    from_ms: int
    until_ms: int
    rests_ms: int
    changes: tuple[int, int]


class _After(NamedTuple):
    """What place and time say of one that begins after the other, which changes of both were known, when it began."""

    weight: float | None
    changes: tuple[int, int]
    from_ms: int


class Pairs:
    """Which segments were in one place at one time.

    Decisions are made anew when what they rest on changes; most of what they ask then has the same answer.

    Args:
        rules: What decides.
    """

    def __init__(self, rules: StitchRules) -> None:
        self._rules = rules
        self._found: dict[tuple[str, str], _Found] = {}
        self._after: dict[tuple[str, str], _After] = {}

    def together(self, one: Tracklet, other: Tracklet, from_ms: int, until_ms: int) -> float | None:
        """Return what the time says in which both were seen: see `evidence.together`."""
        key = (one.segment.segment_id, other.segment.segment_id)
        found = self._found.get(key)
        if found is not None and _holds(found, one, other, from_ms, until_ms):
            return found.weight
        weight, rests_ms = evidence.together(one, other, from_ms, until_ms, self._rules)
        self._found[key] = _Found(weight, from_ms, until_ms, rests_ms, (one.changes, other.changes))
        return weight

    def afterwards(self, before: Tracklet, after: Tracklet) -> float | None:
        """Return what place and time say of a segment that begins when another has ended: see `evidence.afterwards`."""
        key, changes = (before.segment.segment_id, after.segment.segment_id), (before.changes, after.changes)
        found = self._after.get(key)
        if found is None or found.changes != changes:
            weight = evidence.afterwards(before, after, self._rules)
            found = self._after[key] = _After(weight, changes, after.opened_ms)
        return found.weight

    def forget(self, before_ms: float) -> None:
        """Forget what is about times before one: it is seldom asked again."""
        self._after = {key: found for key, found in self._after.items() if found.from_ms >= before_ms}
        self._found = {key: found for key, found in self._found.items() if found.from_ms >= before_ms}


def _holds(found: _Found, one: Tracklet, other: Tracklet, from_ms: int, until_ms: int) -> bool:
    """Return whether what was found holds for a time; who was in two places at once stays so, whatever comes later."""
    if found.from_ms != from_ms or not one.is_same(found.changes[0], found.rests_ms):
        return False
    is_over = found.weight is None and found.from_ms < found.rests_ms <= until_ms
    return (is_over or found.until_ms == until_ms) and other.is_same(found.changes[1], found.rests_ms)
