"""Appearance signatures of segments: in memory alone, for a day at most. Pure."""

from bisect import bisect_left, insort
from collections.abc import Container, Iterable
from math import inf, sqrt
from operator import add, mul
from typing import NamedTuple

from contracts.payloads import AppearanceSignature
from gateway.core.stitching.rules import StitchRules

MOST_KEPT = 4
"""Of each segment the earliest signatures are kept: the same ones, whatever the order in which they come."""
_MOST_SUMS, _MOST_INTERNED = 2000, 20_000

Vector = tuple[int, ...]
Versions = tuple[tuple[str, str, int, int], ...]
"""Camera, segment id, when the newest signature that counts was taken, after how many changes those up to it are so."""


class _Sum(NamedTuple):
    """What somebody's signatures under one day's key say together.

    Attributes:
        values: The sum over cameras of the unit vector of each camera's signatures, divided by the root of its spread.
        spreads: By camera, the variance of what it saw, in units of that of all people.
        total: The sum over cameras of 1 / spread.
    """

    values: tuple[float, ...]
    spreads: dict[str, float]
    total: float


Sums = dict[str, _Sum]  # By the day's key.


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
        sums: Sums = {}
        for (device, key_id), (vector, count) in totals.items():
            self._add(sums, key_id, device, vector, count)
        return sums

    def _add(self, sums: Sums, key_id: str, device: str, vector: Vector, count: int) -> None:
        """Add what one camera saw; nothing follows from a vector of no length, or of another one than the others'."""
        length = sqrt(sum(map(mul, vector, vector)))
        known = sums.get(key_id, _Sum((0.0,) * len(vector), {}, 0.0))
        if not length or len(known.values) != len(vector):
            return
        spread = 1 + self._rules.look_camera_sd**2 + self._rules.look_noise_sd**2 / count
        scale = 1 / (length * sqrt(spread))
        values = tuple(before + scale * each for before, each in zip(known.values, vector, strict=True))
        sums[key_id] = _Sum(values, {**known.spreads, device: spread}, known.total + 1 / spread)

    def _compare(self, one: Sums, other: Sums) -> float | None:
        """Return the mean over the pairs of cameras.

        A pair's weight is (cosine - (same + different) / 2) * (same - different) * dimensions, where `same` and
        `different` are the cosines to be expected. As their difference is 1 / root(spread of one * spread of the
        other), the sum over all pairs is one product of two sums, less a part that rests on the spreads alone.
        """
        total, pairs = 0.0, 0
        for key_id, a in one.items():
            b = other.get(key_id)
            if b is not None and len(a.values) == len(b.values):
                shared = sum(
                    1 / (each * b.spreads[device]) for device, each in a.spreads.items() if device in b.spreads
                )
                total += sum(map(mul, a.values, b.values)) - a.total * b.total / 2
                total -= self._rules.look_camera_sd**2 * shared
                pairs += len(a.spreads) * len(b.spreads)
        if not pairs:
            return None
        most = self._rules.alike_most
        return max(-most, min(most, total * self._rules.look_dimensions / pairs))
