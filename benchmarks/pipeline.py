"""What one frame costs from people to events: tripwires, zones, a queue and heat."""

import time
from pathlib import Path

import numpy as np

from benchmarks.measure import Result
from contracts.events import Source
from edge.core.floor import FLOOR_ITSELF
from edge.core.pipeline import Person, PipelineRules, initial_state, step
from edge.core.queues import Queue
from edge.core.tripwire import Tripwire
from edge.core.zones import Zone

_FRAMES, _ROUNDS = 300, 3
_STEP_M, _DEPTH_M, _WIDTH_M = 0.08, 10.0, 2.0
_START_MS, _FRAME_MS = 1_772_442_000_000, 100
_CASES = ((8, 5, 400.0), (100, 10, 4000.0))
"""People, zones, and the microseconds that a frame may take."""


def pipeline(_: Path) -> list[Result]:
    """Follow people who walk at random; processor time of one core, the best of three rounds."""
    results = []
    for people, zones, may_take_us in _CASES:
        took_us = min(_frame_us(people, zones) for _ in range(_ROUNDS))
        results.append(
            Result(
                name=f"pipeline, {people} people, {zones} zones, 2 lines",
                value=took_us,
                unit="us per frame",
                reference_name="what it may take",
                reference=may_take_us,
                ratio=took_us / may_take_us,
            )
        )
    return results


def rules_with(zones: int) -> PipelineRules:
    """Return rules with two tripwires and so many zones of five corners, a line and its till among them."""
    return PipelineRules(
        source=Source("bench", "store", "cam-1"),
        tripwires=tuple(
            Tripwire(
                id=f"line-{number}",
                kind="entrance",
                points=((3.0 + 4 * number, 0.0), (3.0 + 4 * number, _DEPTH_M)),
                band=0.15,
                settle_s=1.0,
            )
            for number in range(2)
        ),
        zones=tuple(
            Zone(
                id=f"zone-{number}",
                kind="queue" if number == 0 else "checkout" if number == 1 else "shelf",
                polygon=_house(_WIDTH_M * number),
                band=0.15,
                min_stay_s=1.0,
            )
            for number in range(zones)
        ),
        queues=(Queue(zone=0, tills=(1,)),),
        floor=FLOOR_ITSELF,
        heat_cell_m=0.5,
    )


def _house(left: float) -> tuple[tuple[float, float], ...]:
    right = left + _WIDTH_M + 0.2
    return ((left, 0.0), (right, 0.0), (right, 6.0), ((left + right) / 2, 7.0), (left, 6.0))


def _frame_us(people: int, zones: int) -> float:
    rules, rng = rules_with(zones), np.random.default_rng(1)
    size = np.array([_WIDTH_M * zones, _DEPTH_M])
    places = rng.uniform(0, size, (people, 2)) + np.cumsum(rng.normal(0, _STEP_M, (_FRAMES, people, 2)), axis=0)
    frames = [
        [Person(f"track-{number}", (x, y), 0.9) for number, (x, y) in enumerate(frame)]
        for frame in np.clip(places, 0, size).tolist()
    ]
    state = initial_state()
    began_s = time.process_time()
    for number, frame in enumerate(frames):
        state, _ = step(rules, state, frame, _START_MS + number * _FRAME_MS)
    return (time.process_time() - began_s) / _FRAMES * 1e6
