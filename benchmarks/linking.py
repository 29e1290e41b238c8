"""Links of visits to members' touches in simulated supermarkets whose clocks go wrong, beside simpler ways to link.

`make bench ONLY=linking` is short; `python -m benchmarks.linking --walks 60 --days 2` prints the tables of
docs/linking.md. Simulated stores are kept in build/linking, so a second run costs only the linking.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct, field
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.linking_cases import GATE, Case, day_cases, walk_cases
from benchmarks.linking_ways import BASELINES, OURS, WAYS, Way
from benchmarks.measure import Result
from cloud.linking.decide import Scene
from cloud.linking.probabilistic import ProbabilisticLinker
from simulators.core.scoring.intervals import wilson_lower_bound
from simulators.core.scoring.linking import CalibrationBin, LinkScore, score_links
from simulators.core.scoring.measured import Options

_TARGET_PER_S = 2000.0
_SHORT_WALKS = 4
_SHORT_DAYS = 1
_TIMED = 5
CLOCKED = "ours, clocks measured"
_WHOLE = ("all", "")


class Slice(Struct):
    """Counts of one slice, over all days.

    Attributes:
        touches: Those that a linker should link if it can.
        linked: Links.
        correct: Those of them that are right.
        found: Right links of `touches`.
        bins: What was said with which probability: how often, the sum of the probabilities, how often rightly.
    """

    touches: int = 0
    linked: int = 0
    correct: int = 0
    bins: dict[float, Counter[str]] = field(default_factory=dict)

    def add(self, touches: int, linked: int, correct: int, bins: Iterable[CalibrationBin]) -> None:
        """Count what one day adds."""
        self.touches, self.linked, self.correct = self.touches + touches, self.linked + linked, self.correct + correct
        for part in bins:
            count, pool = part.correct.samples, self.bins.setdefault(part.low, Counter())
            pool["said"] += count
            pool["posterior_1e6"] += round(part.mean_posterior * count * 1e6)
            pool["right"] += round((part.correct.value or 0.0) * count)

    @property
    def precision(self) -> float:
        """Return the share of links that are right."""
        return self.correct / self.linked if self.linked else float("nan")

    @property
    def calibration_error(self) -> float:
        """Return the expected calibration error."""
        said = sum(pool["said"] for pool in self.bins.values())
        gaps = sum(abs(pool["right"] - pool["posterior_1e6"] / 1e6) for pool in self.bins.values())
        return gaps / said if said else float("nan")

    def cells(self) -> list[str]:
        """Return touches, links, precision, its lower bound, recall, abstention, calibration error."""
        touches = self.touches or float("nan")
        figures = (
            self.precision,
            wilson_lower_bound(self.correct, self.linked),
            self.correct / touches,
            1 - self.linked / touches,
            self.calibration_error,
        )
        return [str(self.touches), str(self.linked), *(f"{each:.3f}" for each in figures)]


Slices = dict[tuple[str, str], Slice]


def pooled(scores: Sequence[LinkScore]) -> Slices:
    """Return what all days say together, by slice."""
    found: Slices = {_WHOLE: Slice()}
    for each in scores:
        whole_bins = each.calibration.bins if each.calibration else ()
        found[_WHOLE].add(each.touches, each.linked, each.correct, whole_bins)
        for part in each.slices:
            pool = found.setdefault((part.of, part.name), Slice())
            pool.add(part.touches, part.linked, part.correct, part.bins)
    return found


def scores_of(name: str, way: Way, scenes: Iterable[Scene], cases: Sequence[Case]) -> Slices:
    """Return the scores of one way over all cases."""
    scores = [
        score_links(name, way(scene), case.measured, case.truth, Options(), np.random.default_rng(0))
        for scene, case in zip(scenes, cases, strict=True)
    ]
    return pooled(scores)


def report(title: str, cases: Sequence[Case]) -> None:
    """Print every way's scores as a whole; ours in each slice, beside the others' precision."""
    found = {
        name: scores_of(name, way, [case.scene for case in cases], cases)
        for name, way in track(WAYS.items(), "linking", transient=True)
    }
    found[CLOCKED] = scores_of(CLOCKED, WAYS[OURS], [case.clocked for case in cases], cases)
    columns = ("touches", "linked", "precision", "at least", "recall", "abstention", "calibration error")
    table = Table("way", *columns, title=title)
    for name, slices in found.items():
        cells = slices[_WHOLE].cells()
        table.add_row(name, *cells[:-1], cells[-1] if name in {OURS, CLOCKED} else "-")
    console = Console(width=190)
    console.print(table)
    for ours in (OURS, CLOCKED):
        parts = Table("slice", "", *columns, *(f"precision: {way}" for way in BASELINES), title=ours)
        for key, part in sorted(found[ours].items(), key=_place_of):
            if key != _WHOLE:
                others = (found[way].get(key, Slice()).precision for way in BASELINES)
                parts.add_row(*key, *part.cells(), *(f"{each:.3f}" for each in others))
        console.print(parts)


def _place_of(item: tuple[tuple[str, str], Slice]) -> tuple[str, float]:
    (of, name), _ = item
    return of, float(name.rstrip("+ s").split("-")[0] or 0)


def rate_of(cases: Sequence[Case]) -> float:
    """Return how many touches are decided in a second of processor time, the median over cases and repetitions."""
    rates = []
    for _ in range(_TIMED):
        for case in cases:
            began_s = time.process_time()
            ProbabilisticLinker(GATE).link(case.scene)
            rates.append(len(case.scene.touches) / (time.process_time() - began_s))
    return statistics.median(rates)


def measured(walks: int, days: int) -> float:
    """Print the scores of so many walks and days; return how many touches a second are decided."""
    drawn = list(track(walk_cases(walks), "walking", walks, transient=True))
    report(f"{walks} walks with drawn errors", drawn)
    if days:
        report(
            f"{days} days with cameras and stitching", list(track(day_cases(days), "simulating", days, transient=True))
        )
    return rate_of(drawn)


def linking(_folder: Path) -> Result:
    """Link a few walks and a day; print the scores, and say how many touches a second are decided."""
    rate = measured(_SHORT_WALKS, _SHORT_DAYS)
    return Result(
        name="link touches to visits",
        value=rate,
        unit="touches/s",
        reference_name="wanted",
        reference=_TARGET_PER_S,
        ratio=rate / _TARGET_PER_S,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.linking", description=__doc__)
    parser.add_argument(
        "--walks", type=int, default=_SHORT_WALKS, help="half hours with drawn errors (default: %(default)s)"
    )
    parser.add_argument(
        "--days", type=int, default=_SHORT_DAYS, help="with cameras and stitching (default: %(default)s)"
    )
    chosen = parser.parse_args()
    rate = measured(chosen.walks, chosen.days)
    Console().print(f"ours decides {rate:,.0f} touches/s")


if __name__ == "__main__":
    main()
