"""What looks say of a segment being somebody's, who may be undecided. Pure."""

from collections.abc import Callable
from math import exp, inf, log
from operator import mul

from gateway.core.stitching.appearance import Appearances, Versions
from gateway.core.stitching.clusters import Cluster

_DEPTH = 3  # Of who might be somebody who might be somebody, so many are looked at.

LEAST_SHARE = 0.02
"""Who is less probable, against the most probable one, is not among those whom somebody undecided may be."""

Looks = tuple[tuple[str, str], ...]
Blend = dict[Cluster, float]
"""How probable each of some people is, who are not undecided, or of whom nothing was ever seen."""


class Blends:
    """Who the undecided may be in the end, which is asked for each segment that begins, and seldom changes.

    Args:
        looks: What everybody looks like.
        evidence_ms: Signatures count that are taken until so long after it is asked.
    """

    def __init__(self, looks: Appearances, evidence_ms: float) -> None:
        self._looks, self._evidence_ms = looks, evidence_ms
        self._until_ms = inf
        self._versions: dict[Cluster, tuple[Looks, Versions]] = {}
        self._blends: dict[tuple[Cluster, int], Blend] = {}

    def look_around(self, now_ms: int) -> None:
        """Note what time it is: other signatures count."""
        self._until_ms = now_ms + self._evidence_ms
        self._versions.clear()
        self._blends.clear()

    def change(self) -> None:
        """Note that somebody undecided was decided upon, or seen again."""
        self._blends.clear()

    def versions(self, person: Cluster) -> Versions:
        """Return the signatures of somebody's newest segments."""
        segments = person.looks()
        found = self._versions.get(person)
        if found is None or found[0] is not segments:
            found = self._versions[person] = segments, self.versions_of(segments)
        return found[1]

    def versions_of(self, segments: Looks) -> Versions:
        """Return the signatures of segments that count."""
        return self._looks.versions(segments, self._until_ms)

    def is_blend(self, person: Cluster) -> bool:
        """Return whether somebody is undecided, and was never seen well."""
        return bool(person.rivals) and not self.versions(person)

    def of(self, person: Cluster, depth: int = _DEPTH) -> Blend:
        """Return who somebody may be; somebody known is nobody else."""
        if not depth or not self.is_blend(person):
            return {person: 1.0}
        if (person, depth) not in self._blends:
            self._blends[person, depth] = self._blend(person, depth)
        return self._blends[person, depth]

    def _blend(self, person: Cluster, depth: int) -> Blend:
        most = max(weight for _, weight in person.rivals)
        weights = [exp(weight - most) for _, weight in person.rivals]
        total = sum(weights)
        blend: Blend = {}
        for (rival, _), weight in zip(person.rivals, weights, strict=True):
            part = weight / total
            for each, share in self.of(rival.person(), depth - 1).items():
                blend[each] = blend.get(each, 0.0) + share * part
        least = LEAST_SHARE * max(blend.values())
        return {each: share for each, share in blend.items() if share >= least}


class _Ratios(dict[Cluster, float]):
    """How much likelier a segment's looks are if they are somebody's, found out when they are asked for."""

    def __init__(self, likeness: Callable[[Cluster], float | None]) -> None:
        super().__init__()
        self._likeness = likeness

    def __missing__(self, person: Cluster) -> float:
        found = self[person] = exp(self._likeness(person) or 0.0)
        return found


class Sight:
    """How one segment looks. It holds as long as nothing is decided or joined.

    Args:
        looks: What everybody looks like.
        blends: Who the undecided may be.
        versions: The segment's signatures, none where it has no looks.
    """

    def __init__(self, looks: Appearances, blends: Blends, versions: Versions) -> None:
        self._looks, self._blends, self._versions = looks, blends, versions
        self._ratios = _Ratios(self._known)

    def likeness(self, person: Cluster) -> float | None:
        """Return what looks say of somebody having been seen, None where nothing can be compared.

        Who is undecided and was never seen well looks like one of the rivals: the mean of the likelihood ratios.
        """
        if not self._versions:
            return None
        if not self._blends.is_blend(person):
            return self._known(person)
        blend = self._blends.of(person)
        return log(sum(map(mul, blend.values(), map(self._ratios.__getitem__, blend))))

    def _known(self, person: Cluster) -> float | None:
        return self._looks.likeness(self._blends.versions(person), self._versions)
