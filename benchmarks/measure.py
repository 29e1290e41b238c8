"""How a benchmark is written down and timed: medians of alternating runs, ours against a reference, in one process."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

Work = Callable[[], int]
"""Does something once and returns how many items it did."""


@dataclass(frozen=True, slots=True)
class Result:
    """One figure.

    Attributes:
        name: What was measured.
        value: Our median rate.
        unit: Its unit.
        reference_name: What it is compared with: a physical limit, or what a user would pick instead.
        reference: The reference's median rate, in the same unit.
        ratio: The median of the ratios ours / reference, pair by pair.
    """

    name: str
    value: float
    unit: str
    reference_name: str
    reference: float
    ratio: float

    def as_json(self) -> dict[str, str | float]:
        """Return the figure for build/bench.json."""
        return asdict(self)


def compare(name: str, unit: str, ours: Work, reference_name: str, reference: Work, pairs: int = 5) -> Result:
    """Time `ours` and `reference` in turn and return the medians; the first pair warms up and is not counted."""
    rates: list[tuple[float, float]] = []
    for pair in range(pairs + 1):
        both = (_rate(ours), _rate(reference))
        if pair:
            rates.append(both)
    return Result(
        name=name,
        value=statistics.median(rate for rate, _ in rates),
        unit=unit,
        reference_name=reference_name,
        reference=statistics.median(rate for _, rate in rates),
        ratio=statistics.median(rate / other for rate, other in rates),
    )


def _rate(work: Work) -> float:
    started_s = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - started_s)


def processor_s(server: int | None = None) -> float:
    """Return the processor time of this process, and of another one such as a database's, as Linux tells it."""
    if server is None:
        return time.process_time()
    return time.process_time() + int(Path(f"/proc/{server}/schedstat").read_text().split()[0]) / 1e9
