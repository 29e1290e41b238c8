"""Appearance signatures of segments: in memory alone, for a day at most. Pure."""

from bisect import bisect_left, insort
from collections.abc import Container, Iterable
from math import inf, sqrt
from operator import add, mul

from contracts.payloads import AppearanceSignature
from gateway.core.stitching.rules import StitchRules

MOST_KEPT = 4
"""Of each segment the earliest signatures are kept: the same ones, whatever the order in which they come."""
_MOST_SUMS, _MOST_INTERNED = 2000, 20_000

Vector = tuple[int, ...]
Versions = tuple[tuple[str, str, int, int], ...]
"""Camera, segment id, when the newest signature that counts was taken, after how many changes those up to it are so."""
Sums = dict[tuple[str, str], tuple[Vector, int, float]]  # By camera and day's key: sum, how many, length of the sum.


class _Interned(Versions):
    """Versions of which there is one object each: found by what it is, without looking at its parts."""

    __slots__ = ()
    __hash__ = object.__hash__


class Appearances:
    """The earliest distinct signatures of each segment, by the day's key.

    Args:
        rules: How signatures spread.
        most_remembered: After so many new comparisons those are forgotten that nobody asked for since as many before.
        most_segments: Of so many segments signatures are kept; whose came first go first.
    """

    def __init__(self, rules: StitchRules, most_remembered: int = 100_000, most_segments: int = 20_000) -> None:
        self._rules, self._most_remembered, self._most_segments = rules, most_remembered, most_segments
        self._kept: dict[str, list[tuple[int, str, bytes]]] = {}
        self._known: dict[str, list[tuple[int, int]]] = {}  # As in `Versions`, of each signature, the earliest first.
        self._changes: dict[str, int] = {}
        self._ahead_ms: dict[str, int] = {}
        self._sums: dict[Versions, Sums] = {}
        self._interned: dict[Versions, _Interned] = {}
        self._likenesses: dict[tuple[Versions, Versions], float | None] = {}
        self._older: dict[tuple[Versions, Versions], float | None] = {}

    def take(self, signature: AppearanceSignature, t_ms: int) -> bool:
        """Take a signature of a time in. Return whether it is among those that are kept, and new."""
        if signature.segment_id not in self._kept and len(self._kept) >= self._most_segments:
            del self._kept[next(iter(self._kept))]
        kept = self._kept.setdefault(signature.segment_id, [])
        fresh = (t_ms, signature.key_id, signature.signature)
        if fresh in kept:
            return False
        insort(kept, fresh)
        dropped = kept.pop() if len(kept) > MOST_KEPT else None
        if dropped == fresh:
            return False
        self._note(signature.segment_id, t_ms)
        return True

    def put_right(self, segment_id: str, ahead_ms: int) -> None:
        """Take in how far the clock was ahead by which a segment's signatures were taken."""
        self._ahead_ms[segment_id] = ahead_ms

    def forget(self, segment_id: str) -> None:
        """Forget all signatures of a segment."""
        self._kept.pop(segment_id, None)
        for each in (self._known, self._changes, self._ahead_ms):
            each.pop(segment_id, None)

    def retain(self, segments: Container[str]) -> None:
        """Forget comparisons with any segment but these and those whose signatures wait for them: nobody asks again."""
        self._known = {each: taken for each, taken in self._known.items() if each in segments or each in self._kept}
        known = self._known
        self._changes = {each: self._changes[each] for each in known}
        self._ahead_ms = {each: ahead_ms for each, ahead_ms in self._ahead_ms.items() if each in segments}
        self._interned = {
            key: each for key, each in self._interned.items() if all(segment_id in known for _, segment_id, *_ in key)
        }
        self._likenesses = {
            pair: weight
            for pair, weight in (*self._older.items(), *self._likenesses.items())
            if all(each in known for versions in pair for _, each, *_ in versions)
        }
        self._older = {}

    def end_day(self) -> None:
        """Forget all signatures. What comparing them said is still known, so that no decision changes for want of them.

        That is a number for a pair of segments; nothing of anybody's looks follows from it.
        """
        self._kept.clear()
        self._sums.clear()

    def versions(self, segments: Iterable[tuple[str, str]], until_ms: float = inf) -> Versions:
        """Return those of some segments, given as (camera, segment id), that have signatures taken until a time."""
        found = tuple(
            (device, each, *taken) for device, each in segments if (taken := self._newest(each, until_ms)) is not None
        )
        if len(self._interned) >= _MOST_INTERNED:
            self._interned.clear()
        return self._interned.setdefault(found, _Interned(found))

    def likeness(self, one: Versions, other: Versions) -> float | None:
        """Return what appearance says of two sets of segments being one person, None where nothing can be compared.

        A signature is taken as the person's own unit vector, plus what each camera adds, plus noise. The cosine of two
        means then is about normal, with a mean that follows from the spreads, from how many signatures there are, and
        from whether one camera took both; its variance is 1 / `look_dimensions`. The answer is the logarithm of the
        likelihood ratio, the mean over the pairs of cameras, at most `alike_most` either way.
        """
        pair = (one, other)
        if pair in self._likenesses:
            return self._likenesses[pair]
        if len(self._likenesses) >= self._most_remembered:
            self._likenesses, self._older = {}, self._likenesses
        found = self._older[pair] if pair in self._older else self._compare(self._sums_of(one), self._sums_of(other))
        self._likenesses[pair] = found
        return found

    def _note(self, segment_id: str, t_ms: int) -> None:
        """Note when a signature was taken; what was known of those before it holds."""
        changes = self._changes[segment_id] = self._changes.get(segment_id, 0) + 1
        known = self._known.setdefault(segment_id, [])
        place = bisect_left(known, (t_ms, 0))
        times_ms = [t_ms, *(each for each, _ in known[place:])]
        known[place:] = [(each, changes) for each in times_ms][: MOST_KEPT - place]

    def _newest(self, segment_id: str, until_ms: float) -> tuple[int, int] | None:
        """Return when the newest signature until a time was taken, and the number of its change."""
        until_ms += self._ahead_ms.get(segment_id, 0)
        return next((each for each in reversed(self._known.get(segment_id, ())) if each[0] <= until_ms), None)

    def _sums_of(self, segments: Versions) -> Sums:
        if segments not in self._sums:
            if len(self._sums) >= _MOST_SUMS:
                self._sums.clear()
            self._sums[segments] = self._sum(segments)
        return self._sums[segments]

    def _sum(self, segments: Versions) -> Sums:
        totals: dict[tuple[str, str], tuple[Vector, int]] = {}
        for device, segment_id, until_ms, _ in segments:
            for t_ms, key_id, raw in self._kept.get(segment_id, ()):
                if t_ms > until_ms:
                    break
                values = tuple(memoryview(raw).cast("b").tolist())
                total, count = totals.get((device, key_id), ((0,) * len(values), 0))
                if len(total) == len(values):
                    totals[device, key_id] = (tuple(map(add, total, values)), count + 1)
        return {key: (total, count, sqrt(_dot(total, total))) for key, (total, count) in totals.items()}

    def _compare(self, one: Sums, other: Sums) -> float | None:
        weights = [
            self._weight(a, b, same_camera=device == other_device)
            for (device, key), a in one.items()
            for (other_device, other_key), b in other.items()
            if key == other_key and len(a[0]) == len(b[0]) and a[2] and b[2]
        ]
        if not weights:
            return None
        most = self._rules.alike_most
        return max(-most, min(most, sum(weights) / len(weights)))

    def _weight(self, one: tuple[Vector, int, float], other: tuple[Vector, int, float], *, same_camera: bool) -> float:
        (a, a_count, a_length), (b, b_count, b_length) = one, other
        shared, noise = self._rules.look_camera_sd**2, self._rules.look_noise_sd**2
        spread = sqrt((1 + shared + noise / a_count) * (1 + shared + noise / b_count))
        different = shared / spread if same_camera else 0.0
        same = different + 1 / spread
        cosine, apart = _dot(a, b) / (a_length * b_length), same - different
        return (cosine - (same + different) / 2) * apart * self._rules.look_dimensions


def _dot(a: Vector, b: Vector) -> int:
    return sum(map(mul, a, b))
