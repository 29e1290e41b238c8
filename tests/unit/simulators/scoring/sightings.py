"""Random sightings, the same for our figures and for those of TrackEval."""

from collections.abc import Iterable

import numpy as np

from simulators.core.scoring.identification import Sightings

CASES = 24


def random_sightings(case: int) -> Sightings:
    """Return who is seen under which ids: cleanly or with switches, lost and false ids, ids of several at once."""
    rng = np.random.default_rng([20, case])
    people, instants = int(rng.integers(1, 9)), int(rng.integers(5, 160))
    true, measured, fits = set(), set(), set()
    mess = (0.0, 0.02, 0.1, 0.4)[case % 4]
    for person in range(people):
        begin = int(rng.integers(0, instants))
        end = int(rng.integers(begin + 1, instants + 1))
        ids = [person]
        for t in range(begin, end):
            true.add((t, person))
            if rng.random() < mess:  # The id changes, perhaps into one that is somebody else's, or a second one begins.
                fresh = int(rng.integers(0, 2 * people))
                ids = [fresh] if rng.random() < 0.5 else [*ids[-1:], fresh]
            if rng.random() >= mess:
                for each in ids:
                    measured.add((t, each))
                    fits.add((t, person, each))
        for t in range(instants):
            if rng.random() < mess / 4:
                measured.add((t, int(rng.integers(0, 2 * people))))
    return Sightings(_rows(true, 2), _rows(measured, 2), _rows(fits, 3))


def _rows(rows: Iterable[tuple[int, ...]], width: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return np.array(sorted(rows), dtype=np.int64).reshape(-1, width)
