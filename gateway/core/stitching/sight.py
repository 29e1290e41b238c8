"""What looks say of a segment being somebody's, who may be undecided. Pure."""

from math import exp, log
from operator import mul

from gateway.core.stitching.appearance import Appearances, Versions
from gateway.core.stitching.clusters import Cluster

_DEPTH = 3  # Of who might be somebody who might be somebody, so many are looked at.


class Sight:
    """How one segment looks.

    Undecided people have the same few rivals, and these have each other: whoever is asked for once is remembered, else
    the cost would be the product of their numbers. It holds as long as nothing is decided or joined.

    Args:
        looks: What everybody looks like.
        versions: The segment's signatures, none where it has no looks.
    """

    def __init__(self, looks: Appearances, versions: Versions) -> None:
        self._looks, self._versions = looks, versions
        self._known: dict[tuple[int, int], float | None] = {}

    def likeness(self, person: Cluster) -> float | None:
        """Return what looks say of somebody having been seen, None where nothing can be compared.

        Who is undecided and was never seen well looks like one of the rivals: the mean of the likelihood ratios.
        """
        return self._likeness(person, _DEPTH) if self._versions else None

    def _likeness(self, person: Cluster, depth: int) -> float | None:
        key = (id(person), depth)
        if key not in self._known:
            self._known[key] = self._compare(person, depth)
        return self._known[key]

    def _compare(self, person: Cluster, depth: int) -> float | None:
        own = self._looks.versions(person.looks())
        if own or not person.rivals or not depth:
            return self._looks.likeness(own, self._versions)
        most = max(weight for _, weight in person.rivals)
        shares = [exp(weight - most) for _, weight in person.rivals]
        ratios = [exp(self._likeness(rival.person(), depth - 1) or 0.0) for rival, _ in person.rivals]
        return log(sum(map(mul, shares, ratios)) / sum(shares))
