"""Whether probabilities of links hold in walks that nothing was learned from, by how wrong the terminal's clock is.

`python -m benchmarks.linking_held_out --walks 36` prints the calibration error of each slice beside what chance alone
would make of it, were every probability right, and how far it goes when the walks are drawn again with replacement.
"""

import argparse
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.linking_cases import Case, walk_cases
from benchmarks.linking_ways import ours
from cloud.linking.leaving import Leaving
from simulators.core.scoring.linking import score_links
from simulators.core.scoring.measured import Options

_LEARNED_FROM = 60
_DRAWS = 2000
_SAID, _SUM, _RIGHT = range(3)
_OPTIONS = Options()

Bins = NDArray[np.float64]
"""Shape (3, bins): how often something was said, the sum of its probabilities, how often rightly."""


def bins_by_clock(cases: Iterable[Case]) -> dict[str, list[Bins]]:
    """Return, for each error of the terminals' clocks, which nobody measured, the bins of each walk."""
    found: dict[str, list[Bins]] = {}
    for case in cases:
        score = score_links("ours", ours(case.scene), case.measured, case.truth, _OPTIONS, np.random.default_rng(0))
        for part in score.slices:
            if part.of == "skew":
                bins = np.zeros((3, _OPTIONS.bins))
                for each in part.bins:
                    count = each.correct.samples
                    said = count, count * each.mean_posterior, count * (each.correct.value or 0.0)
                    bins[:, round(each.low * _OPTIONS.bins)] = said
                found.setdefault(part.name, []).append(bins)
    return found


def calibration_error(bins: Bins) -> float:
    """Return the expected calibration error."""
    return float(np.abs(bins[_RIGHT] - bins[_SUM]).sum() / bins[_SAID].sum())


def by_chance(bins: Bins, rng: np.random.Generator) -> float:
    """Return the error that 95 of 100 samples of this size stay below if every probability is right."""
    said = np.rint(bins[_SAID]).astype(np.int64)
    share = np.divide(bins[_SUM], bins[_SAID], out=np.zeros_like(bins[_SUM]), where=said > 0)
    gaps = np.abs(rng.binomial(said, np.clip(share, 0, 1), (_DRAWS, len(said))) - bins[_SUM])
    return float(np.percentile(gaps.sum(axis=1) / said.sum(), 95))


def over_walks(walks: Sequence[Bins], rng: np.random.Generator) -> tuple[float, float]:
    """Return between what the error lies in 90 of 100 draws of the walks with replacement."""
    stacked = np.stack(walks)
    drawn = rng.integers(0, len(walks), (_DRAWS, len(walks)))
    low, high = np.percentile([calibration_error(stacked[each].sum(axis=0)) for each in drawn], [5, 95])
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.linking_held_out", description=__doc__)
    parser.add_argument("--walks", type=int, default=6, help="half hours with drawn errors (default: %(default)s)")
    parser.add_argument(
        "--skip", type=int, default=_LEARNED_FROM, help="walks before them, learned from (default: %(default)s)"
    )
    parser.add_argument(
        "--leaving",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="the linker takes people to leave after a touch so many times as late (default: %(default)s)",
    )
    chosen = parser.parse_args()
    taken = Leaving(receipt_s=chosen.leaving * Leaving().receipt_s, scan_s=chosen.leaving * Leaving().scan_s)
    cases = track(walk_cases(chosen.walks, chosen.skip, taken), "walking", chosen.walks, transient=True)
    table = Table(
        "clock wrong by", "touches", "calibration error", "95 % by chance below", "over walks", "right - said"
    )
    rng = np.random.default_rng(1)
    for name, walks in sorted(bins_by_clock(cases).items(), key=lambda item: float(item[0].rstrip(" s"))):
        bins = np.sum(walks, axis=0)
        low, high = over_walks(walks, rng)
        figures = calibration_error(bins), by_chance(bins, rng)
        signed = (bins[_RIGHT] - bins[_SUM]).sum() / bins[_SAID].sum()
        shown = [f"{each:.3f}" for each in figures]
        table.add_row(name, f"{bins[_SAID].sum():.0f}", *shown, f"{low:.3f} to {high:.3f}", f"{signed:+.3f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
