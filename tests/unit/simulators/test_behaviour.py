"""What was put into a scenario can be found in what people did; bounds are z-scores of fixed seeds."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from math import sqrt

import numpy as np
import pytest
from msgspec import Struct
from msgspec.structs import replace

from simulators.adapters.scenario_files import load_scenario
from simulators.core.behaviour import visitors
from simulators.core.behaviour.party import Party
from simulators.core.behaviour.process import Ticks
from simulators.core.behaviour.trip import trip
from simulators.core.layout import Zone
from simulators.core.member_base import MemberBase
from simulators.core.paths import TruePath
from simulators.core.people import Person
from simulators.core.plans import PartyPlan
from simulators.core.recorder import Recorder
from simulators.core.scenario import Scenario
from simulators.core.store import Store
from simulators.core.truth import TruePerson, Truth
from tests.unit.simulators.runs import START_MS, corner_shop

Z = 4.0
HOUR_MS = 3_600_000
DAY_MS = START_MS - 9 * HOUR_MS


class Run(Struct, frozen=True):
    """A run and what came of it."""

    scenario: Scenario
    truth: Truth
    paths: tuple[TruePath, ...]
    hours: float

    @property
    def parties(self) -> dict[str, list[TruePerson]]:
        found = defaultdict(list)
        for person in self.truth.people:
            if person.role == "shopper":
                found[person.party_id].append(person)
        return found


def _run(scenario: Scenario, begin_h: float, end_h: float, seed: int = 1) -> Run:
    start_ms = DAY_MS + round(begin_h * HOUR_MS)
    store = Store(scenario, seed, start_ms, keep_paths=True)
    for _ in range(round((end_h - begin_h) * 3600 * scenario.tick_hz)):
        store.step()
    return Run(scenario, store.truth(), store.paths(), end_h - begin_h)


def _z(count: int, trials: int, share: float) -> float:
    return (count - trials * share) / sqrt(trials * share * (1 - share))


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
    return _run(replace(shop, traffic=traffic, behaviour=behaviour, tick_hz=2.0), 9, 11.5)


def _planned(run: Run) -> dict[str, list[TruePerson]]:
    """Return the parties that came of themselves."""
    return {name: party for name, party in run.parties.items() if not name.endswith("-beside")}


def _has_turned(party: Iterable[TruePerson]) -> bool:
    zones = {stay.zone_id for person in party for stay in person.stays}
    return zones <= {"entrance"}


def _gone(run: Run) -> dict[str, list[TruePerson]]:
    return {
        name: party for name, party in _planned(run).items() if all(each.last_seen_ms is not None for each in party)
    }


def test_arrivals_sizes_and_purposes_are_those_of_the_scenario() -> None:
    run = _busy()
    parties, traffic = _planned(run), run.scenario.traffic
    expected = traffic.parties_per_hour * run.hours
    assert abs(len(parties) - expected) / sqrt(expected) < Z
    sizes = Counter(len(party) for party in parties.values())
    for size, weight in enumerate(traffic.party_size_weights, start=1):
        assert abs(_z(sizes[size], len(parties), weight)) < Z
    purposes = Counter(party[0].purpose for party in parties.values())
    for purpose in ("browse", "buy", "scan", "refund"):
        assert abs(_z(purposes[purpose], len(parties), getattr(run.scenario.purposes, purpose))) < Z


def test_families_bring_children_who_are_shorter() -> None:
    run = _busy()
    several = [party for party in _planned(run).values() if len(party) > 1]
    families = [party for party in several if any(person.age == "child" for person in party)]
    assert abs(_z(len(families), len(several), run.scenario.traffic.families)) < Z
    for party in families:
        assert [person.age for person in party].count("child") == len(party) // 2
        assert party[0].age == "adult"


def test_strangers_walk_beside_to_the_first_shelf_as_a_party_of_their_own() -> None:
    run = _busy()
    beside = {name: party for name, party in run.parties.items() if name.endswith("-beside")}
    hosts = [party for party in _planned(run).values() if party[0].purpose != "refund" and not _has_turned(party)]
    assert abs(_z(len(beside), len(hosts), run.scenario.traffic.strangers_beside)) < Z
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
    gone = _gone(run)
    turned = [party for party in gone.values() if _has_turned(party)]
    assert abs(_z(len(turned), len(gone), run.scenario.behaviour.turn_in_door)) < Z
    crossed = [party for party in turned if party[0].crossings]
    assert 0 < len(crossed) < len(turned)
    for party in turned:
        for person in party:
            directions = [crossing.direction for crossing in person.crossings]
            assert directions == ["in", "out"] * (len(directions) // 2)


def test_some_step_out_and_are_the_same_person_when_they_return() -> None:
    run = _busy()
    could = [party for party in _gone(run).values() if party[0].purpose != "refund" and not _has_turned(party)]
    returned = [party for party in could if any(len(person.presences) == 2 for person in party)]
    assert abs(_z(len(returned), len(could), run.scenario.behaviour.reenter)) < Z
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
    stayed = {name: party for name, party in _gone(run).items() if not _has_turned(party)}
    buyers = {touch.party_id for touch in run.truth.touches if touch.kind == "sale"}
    assert abs(_z(len(buyers & set(stayed)), len(stayed), run.scenario.purposes.buy)) < Z


def test_the_time_before_a_shelf_is_recovered() -> None:
    run = _busy()
    alone = {
        party[0].person_id
        for party in _gone(run).values()
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
        run = _run(replace(shop, traffic=traffic, behaviour=behaviour, purposes=purposes, tick_hz=2.0), 12, 13)
        waits = [wait for person in run.truth.people for wait in person.waits if wait.ended_ms is not None]
        patient = [wait.ended_ms - wait.joined_ms for wait in waits if wait.end == "abandoned" and wait.ended_ms]
        assert all(30_000 <= wait_ms <= 91_000 for wait_ms in patient)
        assert run.truth.totals.abandoned == len(patient)
        return len(patient), len(waits)

    (few, of_few), (many, of_many) = abandoned_and_waits(35), abandoned_and_waits(120)
    share = (few + many) / (of_few + of_many)
    assert (many / of_many - few / of_few) / sqrt(share * (1 - share) * (1 / of_few + 1 / of_many)) > 2.5


def _fashion() -> Scenario:
    return replace(load_scenario("fashion_store"), tick_hz=2.0)


def test_people_come_and_go_by_the_doors_that_let_them() -> None:
    store = _fashion()
    street, mall = store.doors
    doors = (replace(street, leave_weight=0.0), replace(mall, weight=0.0))
    traffic = replace(store.traffic, passers_by_per_hour=0, parties_per_hour=60, by_weekday=(1.0,) * 7)
    run = _run(replace(store, doors=doors, traffic=traffic, staff=()), 13, 14)
    presences = [presence for person in run.truth.people for presence in person.presences]
    assert len(presences) > 40
    turned = {
        person.party_id for person in run.truth.people if {stay.zone_id for stay in person.stays} <= {"entrance-street"}
    }
    assert {presence.entered_by for presence in presences} == {"street"}
    for person in run.truth.people:
        for presence in person.presences:
            if person.party_id not in turned:
                assert presence.left_by in {"mall", None}
    used = Counter((crossing.tripwire_id, crossing.direction) for p in run.truth.people for crossing in p.crossings)
    assert used["door-mall", "out"] > 20


def test_after_closing_nobody_comes_in_and_those_inside_finish() -> None:
    store = _fashion()
    traffic = replace(store.traffic, parties_per_hour=80, by_hour=(1.0,) * 24, by_weekday=(1.0,) * 7)
    shops = replace(store.purposes, try_on=0.4)
    run = _run(replace(store, traffic=traffic, purposes=shops), 19.5, 20.75)
    closes_ms = DAY_MS + 20 * HOUR_MS
    entries = [p.entered_ms for p in run.truth.people if p.role == "shopper" and p.entered_ms is not None]
    assert entries
    late = [entered_ms for entered_ms in entries if entered_ms > closes_ms]
    assert all(entered_ms < closes_ms + 60_000 for entered_ms in late)  # They were at the door.
    assert run.truth.totals.inside == 0
    doors = Counter(presence.entered_by for p in run.truth.people if p.role == "shopper" for presence in p.presences)
    assert abs(_z(doors["street"], doors.total(), 0.65)) < Z * 1.5  # Parties, not people, choose a door.
    _check_cabins(run)
    _check_staff_left(run)


def _check_cabins(run: Run) -> None:
    """Nobody shares a cabin, and some were in one for as long as one tries on."""
    [room] = run.scenario.fitting_rooms
    used: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
    seconds: Counter[str] = Counter()
    for path in run.paths:
        for t_ms, at in zip(path.t_ms, path.positions, strict=True):
            for cabin, spot in enumerate(room.cabins):
                if np.hypot(*(at - spot)) < 0.3:
                    used[cabin, int(t_ms)].add(path.person_id)
                    seconds[path.person_id] += 1
    assert all(len(people) == 1 for people in used.values())
    low_s, _ = run.scenario.behaviour.try_on_s
    assert sum(spent >= low_s for spent in seconds.values()) >= 3


def _check_staff_left(run: Run) -> None:
    over_ms = {member.id: DAY_MS + round(member.shift[1] * HOUR_MS) for member in run.scenario.staff}
    staff = [person for person in run.truth.people if person.role == "staff"]
    assert staff
    for person in staff:
        assert person.last_seen_ms is not None
        assert over_ms[person.person_id] <= person.last_seen_ms < over_ms[person.person_id] + 5 * 60_000
        assert person.crossings[-1].direction == "out"
        assert person.entered_ms is None


def test_staff_come_by_their_door_take_breaks_and_goods_are_brought() -> None:
    store = _fashion()
    assert store.delivery is not None
    delivery = replace(store.delivery, per_day=6, hours=(9.25, 10.0), stays_s=(60.0, 120.0))
    traffic = replace(store.traffic, passers_by_per_hour=0, parties_per_hour=0.01)
    run = _run(replace(store, delivery=delivery, traffic=traffic, tick_hz=1.0), 9.25, 12.75)
    staff = {person.person_id: person for person in run.truth.people if person.role == "staff"}
    began = [member for member in store.staff if member.shift[0] < 12.5]
    assert set(staff) == {member.id for member in began}
    for member in began:
        came = staff[member.id].presences[0]
        assert came.entered_by == member.door_id
        assert 0 <= came.entered_ms - (DAY_MS + member.shift[0] * HOUR_MS) < 60_000
    breaks = [
        stay
        for stay in staff["staff-1"].stays
        if stay.zone_id == "staff-room" and stay.left_ms is not None and stay.left_ms - stay.entered_ms > 600_000
    ]
    assert breaks
    bringers = [person for person in run.truth.people if person.role == "delivery"]
    assert 1 <= len(bringers) <= 15
    for person in bringers:
        assert [(presence.entered_by, presence.left_by) for presence in person.presences] == [("mall", "mall")]
        assert person.entered_ms is not None
        assert person.left_ms is not None
        assert person.left_ms - person.entered_ms >= 60_000
    totals = run.truth.totals
    assert totals.entered == totals.left == totals.inside == totals.parties == 0  # Nobody of them came to shop.


def test_a_store_for_looking_only_needs_no_tills_and_zones_may_overlap() -> None:
    shop = corner_shop()
    floor = Zone(id="everywhere", kind="floor", polygon=((0.0, 0.0), (10.0, 0.0), (10.0, 8.0), (0.0, 8.0)))
    purposes = replace(shop.purposes, buy=0.0, scan=0.0, refund=0.0)
    store = replace(shop, kiosks=(), tills=(), purposes=purposes, zones=(*shop.zones, floor), tick_hz=2.0)
    run = _run(store, 9, 9.2)
    shoppers = [person for person in run.truth.people if person.role == "shopper" and person.presences]
    assert len(shoppers) > 5
    for person in shoppers:
        stays = [stay for stay in person.stays if stay.zone_id == "everywhere"]
        assert 0 <= stays[0].entered_ms - person.presences[0].entered_ms <= 1000  # Stays are known to the tick.


def test_who_uses_a_door_without_tripwire_is_inside_all_the_same() -> None:
    shop = corner_shop()
    bare = replace(shop, tripwires=tuple(wire for wire in shop.tripwires if wire.kind != "entrance"))
    recorder = Recorder(bare, MemberBase(shop.members, 1), 1, 0)
    person = Person("s1", "delivery", "p", (2.0, 9.0), 1.0)
    recorder.appear(person, None, None, 0)
    person.position = (2.0, 7.0)
    recorder.move(person, (2.0, 9.0), [((2.0, 7.0), 2.0)], (0, 2000))
    [truth] = recorder.truth(2000).people
    assert truth.crossings == ()
    assert [(each.entered_by, each.entered_ms) for each in truth.presences] == [("front", 1000)]


def test_paths_are_true_positions_second_by_second() -> None:
    store = Store(corner_shop(), 3, START_MS, keep_paths=True)
    at: dict[tuple[str, int], tuple[float, float]] = {}
    for _ in range(240):
        store.step()
        at.update({(person.person_id, store.now_ms): person.position for person in store.people})
    assert len(store.paths()) == len(store.truth().people)
    for path in store.paths():
        assert len(set(path.t_ms // 1000)) == len(path.t_ms)
        for t_ms, position in zip(path.t_ms, path.positions, strict=True):
            assert at[path.person_id, int(t_ms)] == tuple(position)
    assert Store(corner_shop(), 3, START_MS).paths() == ()


def test_how_often_the_truth_is_asked_for_changes_nothing() -> None:
    asked, silent = (Store(corner_shop(), 5, START_MS) for _ in range(2))
    for _ in range(800):
        assert asked.step() == silent.step()
        asked.truth()
    assert asked.truth() == silent.truth()


def test_who_finds_every_line_full_again_and_again_leaves_without_buying() -> None:
    shop = corner_shop()
    (till,) = shop.tills
    run = _run(
        replace(
            shop,
            tills=(replace(till, queue_slots=till.queue_slots[:1]),),
            traffic=replace(shop.traffic, parties_per_hour=240, passers_by_per_hour=0, party_size_weights=(1.0,)),
            behaviour=replace(shop.behaviour, browse_s=(2.0, 4.0), turn_in_door=0.0, reenter=0.0),
            purposes=replace(shop.purposes, browse=0.0, scan=0.0, refund=0.0, buy=1.0),
            tick_hz=2.0,
        ),
        12,
        12.5,
    )
    gone = [person for party in _gone(run).values() for person in party]
    assert any(not person.waits for person in gone)
    assert any(wait.end == "served" for person in gone for wait in person.waits)


def test_who_finds_no_cabin_and_no_place_to_wait_goes_on_without_trying_on() -> None:
    store = _fashion()
    (room,) = store.fitting_rooms
    busy = replace(
        store,
        fitting_rooms=(replace(room, cabins=room.cabins[:1], waiting_spots=room.waiting_spots[:1]),),
        traffic=replace(store.traffic, parties_per_hour=150, passers_by_per_hour=0, by_weekday=(1.0,) * 7),
        purposes=replace(store.purposes, browse=0.0, buy=0.0, scan=0.0, refund=0.0, try_on=1.0),
        behaviour=replace(store.behaviour, browse_s=(2.0, 5.0), try_on_s=(200.0, 300.0)),
        staff=(),
    )
    run = _run(busy, 13, 13.75)
    tried = {name for name, party in _gone(run).items() if any(_was_in(person, room.zone_id) for person in party)}
    assert 0 < len(tried) < len(_gone(run))


def _was_in(person: TruePerson, zone_id: str) -> bool:
    return any(stay.zone_id == zone_id for stay in person.stays)


def test_staff_without_a_door_are_gone_when_the_shift_is_over() -> None:
    shop = corner_shop()
    (clerk,) = shop.staff
    traffic = replace(shop.traffic, parties_per_hour=0.001, passers_by_per_hour=0)
    run = _run(replace(shop, staff=(replace(clerk, shift=(9.0, 9.05)),), traffic=traffic, tick_hz=2.0), 9, 9.2)
    (person,) = run.truth.people
    assert person.last_seen_ms is not None
    assert person.last_seen_ms >= START_MS + 180_000


def test_who_brings_something_back_takes_nothing_along(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Party, PartyPlan]] = []

    def watched(party: Party, plan: PartyPlan) -> Ticks:
        seen.append((party, plan))
        return trip(party, plan)

    monkeypatch.setattr(visitors, "trip", watched)
    shop = corner_shop()
    traffic = replace(shop.traffic, parties_per_hour=60, passers_by_per_hour=0, strangers_beside=1.0)
    purposes = replace(shop.purposes, browse=0.0, scan=0.0, buy=0.5, refund=0.5)
    _run(replace(shop, traffic=traffic, purposes=purposes, tick_hz=2.0), 12, 12.75)
    beside = [party for party, plan in seen if plan.purpose == "refund" and plan.shelves]
    assert len(beside) > 3
    assert not any(party.basket for party in beside)
    assert any(party.basket for party, plan in seen if plan.purpose == "buy")
