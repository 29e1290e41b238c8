"""A visit that tells a stay is there while no camera sees it, where that is asked."""

import numpy as np
import pytest

from simulators.core.scoring.measured import MeasuredStay, MeasuredVisit, Options, TrackSpan
from simulators.core.scoring.timeline import Timeline, make_timeline
from tests.unit.simulators.scoring.made import Span, at, person, truth

BOTH = Options(counts_stays=True)


def visit(visit_id: str, tracks: list[tuple[str, float, float]], stays: list[tuple[str, Span]]) -> MeasuredVisit:
    return MeasuredVisit(
        visit_id=visit_id,
        opened_ms=at(0),
        closed_ms=None,
        tracks=tuple(
            TrackSpan(camera_id="cam", track_id=track, from_ms=at(begin), to_ms=at(end)) for track, begin, end in tracks
        ),
        stays=tuple(
            MeasuredStay(zone_id=zone, entered_ms=at(begin), left_ms=None if end is None else at(end))
            for zone, (begin, end) in stays
        ),
    )


def fits(line: Timeline, true: int, measured: int) -> list[int]:
    return [instant for instant, *pair in line.sightings.fits.tolist() if pair == [true, measured]]


def at_of(line: Timeline, measured: int) -> list[int]:
    return [instant for instant, visit in line.sightings.measured.tolist() if visit == measured]


ANNA = person(
    "anna", (0, 60), tracks=[("cam", "a1", 0, 10), ("cam", "a2", 40, 59)], stays=[("shop", 0, 60), ("cabins", 10, 41)]
)
BERT = person("bert", (0, 60), tracks=[("cam", "b1", 0, 59)], stays=[("shop", 0, 60), ("cabins", 30, 35)])


def test_stays_count_only_where_that_is_asked():
    told = visit("a", [("a1", 0, 10), ("a2", 40, 59)], [("cabins", (10, 41))])
    store = truth(ANNA)
    assert fits(make_timeline(store, [told], Options()), 0, 0) == [*range(11), *range(40, 60)]
    with_stays = make_timeline(store, [told], BOTH)
    assert fits(with_stays, 0, 0) == at_of(with_stays, 0) == list(range(60))


def test_a_stay_while_a_track_lives_says_nothing_more():
    told = visit("a", [("b1", 0, 59)], [("cabins", (10, 41))])
    line = make_timeline(truth(ANNA, BERT), [told], BOTH)
    assert fits(line, 0, 0) == []
    assert fits(line, 1, 0) == list(range(60))


def test_a_stay_fits_all_customers_in_that_zone_and_is_wrong_where_nobody_is():
    told = visit("a", [("a1", 0, 10)], [("cabins", (20, 50)), ("nowhere", (55, None))])
    line = make_timeline(truth(ANNA, BERT), [told], BOTH)
    assert fits(line, 0, 0) == [*range(11), *range(20, 41)]
    assert fits(line, 1, 0) == list(range(30, 35))
    assert at_of(line, 0)[:41] == [*range(11), *range(20, 50)]
    assert at_of(line, 0)[41:] == list(range(55, len(line.at_ms)))


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_those_that_looking_at_each_instant_finds(seed: int):
    rng = np.random.default_rng(seed)

    def spans(count: int) -> list[tuple[str, Span]]:
        return [
            (str(rng.choice(["x", "y"])), (int(begin), int(begin + rng.integers(1, 20))))
            for begin in rng.integers(0, 80, count)
        ]

    people = [
        person(f"p{index}", (0, 100), tracks=[("cam", f"t{index}", 5, 9)], stays=[(z, *s) for z, s in spans(3)])
        for index in range(4)
    ]
    told = [visit(f"v{index}", [(f"t{index}", 5, 9)], spans(3)) for index in range(3)]
    line = make_timeline(truth(*people), told, BOTH)
    expected = set()
    for instant, t_ms in enumerate(line.at_ms.tolist()):
        for number, each in enumerate(told):
            if any(track.from_ms <= t_ms <= track.to_ms for track in each.tracks):
                expected.add((instant, number, number))
                continue
            zones = {s.zone_id for s in each.stays if s.entered_ms <= t_ms < (s.left_ms or 0)}
            expected |= {
                (instant, index, number)
                for index, true in enumerate(people)
                if any(s.zone_id in zones and s.entered_ms <= t_ms < (s.left_ms or 0) for s in true.stays)
            }
    assert set(map(tuple, line.sightings.fits.tolist())) == expected
