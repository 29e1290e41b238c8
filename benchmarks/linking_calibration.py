"""How often a visit is the right one whose probability was summed to so much, in simulated walks.

`python -m benchmarks.linking_calibration --walks 60` prints what the points in `cloud/linking/calibration.py` are taken
from: likeliest visits in ranges of probability, parties left out.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.optimize import isotonic_regression  # type: ignore[import-untyped]

from benchmarks.linking_cases import Case, walk_cases
from benchmarks.linking_ways import ours
from cloud.linking.probabilistic import LinkRules
from simulators.core.scoring.linking import score_links
from simulators.core.scoring.measured import Options

_EDGES = (0.0, 0.25, 0.5, 0.6, 0.7, 0.82, 0.92, 0.97, 0.993, 0.997, 0.999)
_FINE = Options(bins=1000)
_AS_SUMMED = LinkRules(points=())
_WALKS = 60


def said_and_right(cases: Iterable[Case]) -> list[tuple[int, float, float]]:
    """Return touches in each range from below, their mean probability, and the share that was right."""
    pools: dict[int, Counter[str]] = defaultdict(Counter)
    for case in cases:
        for scene in (case.scene, case.clocked):
            links = [each for each in ours(scene, _AS_SUMMED) if not each.party]
            score = score_links("summed", links, case.measured, case.truth, _FINE, np.random.default_rng(0))
            for part in score.calibration.bins if score.calibration else ():
                pool, count = pools[int(np.searchsorted(_EDGES, part.mean_posterior, "right"))], part.correct.samples
                pool["touches"] += count
                pool["said_1e9"] += round(part.mean_posterior * count * 1e9)
                pool["right"] += round((part.correct.value or 0.0) * count)
    ordered = [pools[key] for key in sorted(pools)]
    return [
        (each["touches"], each["said_1e9"] / each["touches"] / 1e9, each["right"] / each["touches"]) for each in ordered
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.linking_calibration", description=__doc__)
    parser.add_argument("--walks", type=int, default=_WALKS, help="half hours with drawn errors (default: %(default)s)")
    walks = parser.parse_args().walks
    found = said_and_right(track(walk_cases(walks), "walking", walks, transient=True))
    rising = isotonic_regression([right for _, _, right in found], weights=[count for count, _, _ in found]).x
    table = Table("touches", "summed to", "right", "right, never falling")
    for (count, said, right), value in zip(found, rising, strict=True):
        table.add_row(str(count), f"{said:.4f}", f"{right:.3f}", f"{value:.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
