"""What was put into a scenario can be found in what people did; bounds are z-scores of fixed seeds."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from math import sqrt

import numpy as np
from msgspec.structs import replace

from simulators.core.paths import TruePath
from simulators.core.truth import TruePerson
from tests.unit.simulators.behaviour_runs import Run, Z, gone, planned, run_store, z_score
from tests.unit.simulators.runs import corner_shop


@cache
def _busy() -> Run:
    shop = corner_shop()
    traffic = replace(
        shop.traffic,
        parties_per_hour=70,
        passers_by_per_hour=10,
        families=0.5,
        strangers_beside=0.2,
        by_hour=(1.0,) * 24,
    )
    behaviour = replace(
        shop.behaviour, turn_in_door=0.12, reenter=0.2, reenter_after_s=(20, 60), browse_s=(10, 40), wait_at_kiosk=0.2
    )
    return run_store(replace(shop, traffic=traffic, behaviour=behaviour, tick_hz=2.0), 9, 11.5)


def _has_turned(party: Iterable[TruePerson]) -> bool:
    zones = {stay.zone_id for person in party for stay in person.stays}
    return zones <= {"entrance"}


def test_arrivals_sizes_and_purposes_are_those_of_the_scenario() -> None:
    run = _busy()
    parties, traffic = planned(run), run.scenario.traffic
    expected = traffic.parties_per_hour * run.hours
    assert abs(len(parties) - expected) / sqrt(expected) < Z
    sizes = Counter(len(party) for party in parties.values())
    for size, weight in enumerate(traffic.party_size_weights, start=1):
        assert abs(z_score(sizes[size], len(parties), weight)) < Z
    purposes = Counter(party[0].purpose for party in parties.values())
    for purpose in ("browse", "buy", "scan", "refund"):
        assert abs(z_score(purposes[purpose], len(parties), getattr(run.scenario.purposes, purpose))) < Z


def test_families_bring_children_who_are_shorter() -> None:
    run = _busy()
    several = [party for party in planned(run).values() if len(party) > 1]
    families = [party for party in several if any(person.age == "child" for person in party)]
    assert abs(z_score(len(families), len(several), run.scenario.traffic.families)) < Z
    for party in families:
        assert [person.age for person in party].count("child") == len(party) // 2
        assert party[0].age == "adult"


def test_strangers_walk_beside_to_the_first_shelf_as_a_party_of_their_own() -> None:
    run = _busy()
    beside = {name: party for name, party in run.parties.items() if name.endswith("-beside")}
    hosts = [party for party in planned(run).values() if party[0].purpose != "refund" and not _has_turned(party)]
    assert abs(z_score(len(beside), len(hosts), run.scenario.traffic.strangers_beside)) < Z
    same = []
    for name, (stranger,) in beside.items():
        leader = run.parties[name.removesuffix("-beside")][0]
        if stranger.entered_ms and leader.entered_ms:
            assert abs(stranger.entered_ms - leader.entered_ms) < 12_000
        firsts = [_first_shelf(run, person) for person in (stranger, leader)]
        same.append(None in firsts or firsts[0] == firsts[1])
    assert np.mean(same) > 0.8  # Who finds no room stands in the next zone.


def _first_shelf(run: Run, person: TruePerson) -> str | None:
    """Return the zone of the first shelf that somebody stood at for as long as one looks at a shelf."""
    shelves = {shelf.zone_id for shelf in run.scenario.shelves}
    at_least_ms = run.scenario.behaviour.browse_s[0] * 1000
    stays = [stay for stay in person.stays if stay.zone_id in shelves and stay.left_ms is not None]
    long = (
        stay.zone_id for stay in stays if stay.left_ms is not None and stay.left_ms - stay.entered_ms >= at_least_ms
    )
    return next(long, None)


def test_some_turn_round_in_the_door_before_the_line_and_some_behind_it() -> None:
    run = _busy()
    left = gone(run)
    turned = [party for party in left.values() if _has_turned(party)]
    assert abs(z_score(len(turned), len(left), run.scenario.behaviour.turn_in_door)) < Z
    crossed = [party for party in turned if party[0].crossings]
    assert 0 < len(crossed) < len(turned)
    for party in turned:
        for person in party:
            directions = [crossing.direction for crossing in person.crossings]
            assert directions == ["in", "out"] * (len(directions) // 2)


def test_some_step_out_and_are_the_same_person_when_they_return() -> None:
    run = _busy()
    could = [party for party in gone(run).values() if party[0].purpose != "refund" and not _has_turned(party)]
    returned = [party for party in could if any(len(person.presences) == 2 for person in party)]
    assert abs(z_score(len(returned), len(could), run.scenario.behaviour.reenter)) < Z
    low_s, high_s = run.scenario.behaviour.reenter_after_s
    for party in returned:
        [one] = [person for person in party if len(person.presences) == 2]
        first, second = one.presences
        assert first.left_ms is not None
        assert low_s * 1000 <= second.entered_ms - first.left_ms <= (high_s + 25) * 1000
        assert one.entered_ms == first.entered_ms
        assert one.left_ms == second.left_ms
    assert run.truth.totals.reentries >= len(returned)


def test_the_share_of_parties_that_buy_is_recovered() -> None:
    run = _busy()
    stayed = {name: party for name, party in gone(run).items() if not _has_turned(party)}
    buyers = {touch.party_id for touch in run.truth.touches if touch.kind == "sale"}
    assert abs(z_score(len(buyers & set(stayed)), len(stayed), run.scenario.purposes.buy)) < Z


def test_the_time_before_a_shelf_is_recovered() -> None:
    run = _busy()
    alone = {
        party[0].person_id
        for party in gone(run).values()
        if len(party) == 1 and party[0].purpose == "browse" and not _has_turned(party)
    }
    low_s, high_s = run.scenario.behaviour.browse_s
    spells = np.array([spell for path in run.paths if path.person_id in alone for spell in _standing_s(path)])
    spells = spells[spells >= low_s - 2]  # The others are moments in which somebody gave way.
    assert spells.max() <= high_s + 3
    spread = (high_s - low_s) / sqrt(12)
    assert abs(spells.mean() - (low_s + high_s) / 2) < Z * spread / sqrt(len(spells)) + 1
    assert abs(spells.std() / spread - 1) < Z / sqrt(2 * len(spells)) + 0.1


def _standing_s(path: TruePath) -> list[int]:
    """Return how many seconds in a row a path stays at one point, for each such time."""
    stands = (np.diff(path.positions, axis=0) == 0).all(axis=1) & (np.diff(path.t_ms) <= 1000)
    ends = np.flatnonzero(np.diff(np.concatenate([[False], stands, [False]]).astype(np.int8)))
    return [int(end - begin) for begin, end in ends.reshape(-1, 2)]


def test_more_give_up_when_more_come() -> None:
    def abandoned_and_waits(parties_per_hour: float) -> tuple[int, int]:
        shop = corner_shop()
        traffic = replace(shop.traffic, parties_per_hour=parties_per_hour, party_size_weights=(1.0,))
        behaviour = replace(shop.behaviour, patience_s=(30.0, 90.0))
        purposes = replace(shop.purposes, browse=0.0, scan=0.0, refund=0.0, buy=1.0)
        run = run_store(replace(shop, traffic=traffic, behaviour=behaviour, purposes=purposes, tick_hz=2.0), 12, 13)
        waits = [wait for person in run.truth.people for wait in person.waits if wait.ended_ms is not None]
        patient = [wait.ended_ms - wait.joined_ms for wait in waits if wait.end == "abandoned" and wait.ended_ms]
        assert all(30_000 <= wait_ms <= 91_000 for wait_ms in patient)
        assert run.truth.totals.abandoned == len(patient)
        return len(patient), len(waits)

    (few, of_few), (many, of_many) = abandoned_and_waits(35), abandoned_and_waits(120)
    share = (few + many) / (of_few + of_many)
    assert (many / of_many - few / of_few) / sqrt(share * (1 - share) * (1 / of_few + 1 / of_many)) > 2.5
