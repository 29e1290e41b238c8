"""Waits in line: which belong together, and what follows from that."""

import numpy as np

from simulators.core.scoring.measured import EVERYWHERE, MeasuredEnd, MeasuredWait
from simulators.core.scoring.waits import ALL_QUEUES, WaitScore, score_waits
from tests.unit.simulators.scoring.made import at, person, truth, wait

TRUE = truth(
    person("a", (0, 300), waits=[wait(10, 50), wait(100, 160, "abandoned", "other")], tracks=[("cam", "1", 5, 200)]),
    person("b", (0, 300), waits=[wait(20, 90)], tracks=[("cam", "2", 5, 40), ("cam", "3", 41, 200)]),
    person("c", (0, None), waits=[wait(200, None, "waiting")], tracks=[("cam", "4", 100, 290)]),
)


def measured(
    joined: float, ended: float | None, end: MeasuredEnd = "served", track: str | None = None, zone: str = "queue"
) -> MeasuredWait:
    return MeasuredWait(
        queue_zone_id=zone,
        joined_ms=at(joined),
        ended_ms=None if ended is None else at(ended),
        end=end,
        camera_id=None if track is None else "cam",
        track_id=track,
    )


def scored(*waits: MeasuredWait) -> dict[str, WaitScore]:
    return {each.queue_zone_id: each for each in score_waits(waits, TRUE, np.random.default_rng(0))}


def test_waits_of_one_person_in_one_line_at_one_time_are_a_pair() -> None:
    found = scored(
        measured(12, 51, track="1"),
        measured(22, 80, "unknown", track="2"),
        measured(205, 290, "unknown", track="4"),
        measured(100, 150, "abandoned", track="1", zone="other"),
    )
    queue, other, everywhere = found["queue"], found["other"], found[ALL_QUEUES]
    assert (queue.found.value, other.found.value, everywhere.found.value) == (1, 1, 1)
    assert queue.lengths.mean_error.value == (-1 - 12) / 2  # who still waits has no length yet
    assert queue.outcomes.value == 0.5
    assert other.outcomes.value == 1
    assert everywhere.p90_absolute_error.samples == 3
    assert {each.end: each.measured for each in everywhere.counts} == {
        "joined": 4,
        "served": 1,
        "abandoned": 1,
        "waiting": 0,
        "unknown": 2,
    }


def test_nobody_elses_wait_nor_another_line_nor_another_time_is_found() -> None:
    for wrong in (
        measured(12, 51, track="4"),
        measured(12, 51, track="1", zone="other"),
        measured(60, 90, track="1"),
        measured(12, 51, track="9"),
        measured(12, 51),
    ):
        assert scored(wrong)["queue"].found.value == 0


def test_of_two_claims_the_longer_one_is_the_pair_and_each_wait_counts_once() -> None:
    queue = scored(measured(12, 20, track="1"), measured(25, 50, track="1"))["queue"]
    assert queue.found.value == 1 / 3
    assert queue.lengths.mean_error.value == 25 - 40
    assert queue.counts[0].measured == 2


def test_an_observer_of_everybody_names_people() -> None:
    seen = MeasuredWait(
        queue_zone_id="queue", joined_ms=at(10), ended_ms=at(50), end="served", camera_id=EVERYWHERE, track_id="a"
    )
    assert scored(seen)["queue"].lengths.mean_error.value == 0
