"""How often things are down, and for how long."""

from itertools import islice, pairwise

import pytest
from msgspec.structs import replace

from simulators.adapters.scenario_files import load_scenario
from simulators.core.outages import OutageBoard, outages
from simulators.core.scenario import Outages, Scenario
from simulators.core.store import Store
from simulators.core.truth import TrueOutage
from tests.unit.simulators.runs import START_MS

DAY_MS = 86_400_000


def _store(*rules: Outages) -> Scenario:
    camera = load_scenario("corner_shop").cameras[0]
    both = (replace(camera, id="a"), replace(camera, id="b"))
    return replace(load_scenario("corner_shop"), cameras=both, outages=rules)


def _days(scenario: Scenario, days: int, seed: int = 1) -> list[TrueOutage]:
    drawn: list[TrueOutage] = []
    for outage in outages(scenario, seed, START_MS):
        if outage.from_ms >= START_MS + days * DAY_MS:
            break
        drawn.append(outage)
    return drawn


def test_rates_and_lengths_are_as_asked_for() -> None:
    scenario = _store(
        Outages(what="broker", per_day=6.0, lasts_s=(10.0, 50.0)),
        Outages(what="camera", per_day=3.0, lasts_s=(60.0, 60.0)),
        Outages(what="wan", per_day=0.05, lasts_s=(600.0, 1200.0)),
        Outages(what="gateway", per_day=0.0, lasts_s=(1.0, 2.0)),
    )
    drawn = _days(scenario, 400)
    assert [each.from_ms for each in drawn] == sorted(each.from_ms for each in drawn)
    for what, device_id, per_day, mean_s in (
        ("broker", None, 6.0, 30.0),
        ("camera", "a", 3.0, 60.0),
        ("camera", "b", 3.0, 60.0),
        ("wan", None, 0.05, 900.0),
    ):
        found = [each for each in drawn if (each.what, each.device_id) == (what, device_id)]
        expected = 400 * per_day
        assert len(found) == pytest.approx(expected, abs=3 * expected**0.5)
        lasted_s = [(each.to_ms - each.from_ms) / 1000 for each in found]
        # Two of the broker's may touch and be one; that happens to about 6 * 30 / 86,400 of them.
        assert sum(lasted_s) / len(found) == pytest.approx(mean_s, rel=0.06)
        assert all(one.to_ms < other.from_ms for one, other in pairwise(found))
    assert not any(each.what == "gateway" for each in drawn)


def test_each_camera_or_the_one_that_is_named() -> None:
    named = _store(Outages(what="camera", device_id="b", per_day=4.0, lasts_s=(1.0, 2.0)))
    assert {each.device_id for each in _days(named, 30)} == {"b"}


def test_outages_that_overlap_are_one() -> None:
    drawn = _days(_store(Outages(what="wan", per_day=200.0, lasts_s=(200.0, 2000.0))), 5)
    assert all(one.to_ms < other.from_ms for one, other in pairwise(drawn))
    assert max(each.to_ms - each.from_ms for each in drawn) > 2_000_000


def test_two_runs_that_overlap_in_time_meet_the_same_outages() -> None:
    scenario = _store(Outages(what="broker", per_day=8.0, lasts_s=(10.0, 5000.0)))
    early = list(islice(outages(scenario, 1, START_MS), 60))
    later_ms = early[20].from_ms + 1
    later = list(islice(outages(scenario, 1, later_ms), 20))
    assert later == [each for each in early if each.to_ms > later_ms][:20]
    assert early[20] in later
    assert _days(scenario, 9, seed=2) != _days(scenario, 9, seed=1)


def test_without_outages_there_are_none() -> None:
    assert list(outages(_store(), 1, START_MS)) == []
    assert list(outages(_store(Outages(what="wan", per_day=1e-9, lasts_s=(1.0, 2.0))), 1, START_MS)) == []


def test_a_board_knows_what_is_down_now_and_what_was() -> None:
    first = TrueOutage(what="camera", device_id="a", from_ms=100, to_ms=200)
    second = TrueOutage(what="broker", device_id=None, from_ms=150, to_ms=400)
    short = TrueOutage(what="camera", device_id="b", from_ms=210, to_ms=215)
    board = OutageBoard(iter([first, second, short]))
    board.advance(99)
    assert board.down("camera") == frozenset()
    assert board.truth(99) == ()
    board.advance(150)
    assert board.down("camera") == {"a"}
    assert board.down("broker") == {None}
    assert board.truth(150) == (replace(first, to_ms=150), replace(second, to_ms=150))
    board.advance(250)
    assert board.down("camera") == frozenset()
    assert board.truth(250) == (first, replace(second, to_ms=250), short)


def test_a_camera_that_is_down_says_nothing_and_its_tracks_end() -> None:
    scenario = replace(
        load_scenario("corner_shop"),
        outages=(
            Outages(what="camera", device_id="cam-1", per_day=1200.0, lasts_s=(3.0, 30.0)),
            Outages(what="broker", per_day=1200.0, lasts_s=(3.0, 30.0)),
        ),
    )
    store = Store(scenario, 3, START_MS)
    said = {output.line.t_ms for _ in range(4 * 400) for output in store.step() if output.device_id == "cam-1"}
    truth = store.truth()
    down = [each for each in truth.outages if each.what == "camera"]
    assert len(down) > 2
    assert any(each.what == "broker" for each in truth.outages)
    ticks = [START_MS + 250 * tick for tick in range(1, 1601)]
    assert said == {t_ms for t_ms in ticks if not any(each.from_ms <= t_ms < each.to_ms for each in down)}
    tracks = [track for person in truth.people for track in person.tracks if track.camera_id == "cam-1"]
    for outage in down:
        assert not any(track.from_ms < outage.from_ms and track.to_ms >= outage.to_ms for track in tracks)
