"""What whole stores do by the hour: doors, closing, cabins, staff, goods; and what the truth keeps of it."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from msgspec.structs import replace

from simulators.adapters.scenario_files import load_scenario
from simulators.core.behaviour import visitors
from simulators.core.behaviour.party import Party
from simulators.core.behaviour.process import Ticks
from simulators.core.behaviour.trip import trip
from simulators.core.layout import Zone
from simulators.core.member_base import MemberBase
from simulators.core.people import Person
from simulators.core.plans import PartyPlan
from simulators.core.recorder import Recorder
from simulators.core.scenario import Scenario
from simulators.core.store import Store
from simulators.core.truth import TruePerson
from tests.unit.simulators.behaviour_runs import DAY_MS, HOUR_MS, Run, Z, gone, run_store, z_score
from tests.unit.simulators.runs import START_MS, corner_shop


def _fashion() -> Scenario:
    return replace(load_scenario("fashion_store"), tick_hz=2.0)


def test_people_come_and_go_by_the_doors_that_let_them() -> None:
    store = _fashion()
    street, mall = store.doors
    doors = (replace(street, leave_weight=0.0), replace(mall, weight=0.0))
    traffic = replace(store.traffic, passers_by_per_hour=0, parties_per_hour=60, by_weekday=(1.0,) * 7)
    run = run_store(replace(store, doors=doors, traffic=traffic, staff=()), 13, 14)
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
    run = run_store(replace(store, traffic=traffic, purposes=shops), 19.5, 20.75)
    closes_ms = DAY_MS + 20 * HOUR_MS
    entries = [p.entered_ms for p in run.truth.people if p.role == "shopper" and p.entered_ms is not None]
    assert entries
    late = [entered_ms for entered_ms in entries if entered_ms > closes_ms]
    assert all(entered_ms < closes_ms + 60_000 for entered_ms in late)  # They were at the door.
    assert run.truth.totals.inside == 0
    doors = Counter(presence.entered_by for p in run.truth.people if p.role == "shopper" for presence in p.presences)
    assert abs(z_score(doors["street"], doors.total(), 0.65)) < Z * 1.5  # Parties, not people, choose a door.
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
    run = run_store(replace(store, delivery=delivery, traffic=traffic, tick_hz=1.0), 9.25, 12.75)
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
    run = run_store(store, 9, 9.2)
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
    run = run_store(
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
    away = [person for party in gone(run).values() for person in party]
    assert any(not person.waits for person in away)
    assert any(wait.end == "served" for person in away for wait in person.waits)


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
    run = run_store(busy, 13, 13.75)
    tried = {name for name, party in gone(run).items() if any(_was_in(person, room.zone_id) for person in party)}
    assert 0 < len(tried) < len(gone(run))


def _was_in(person: TruePerson, zone_id: str) -> bool:
    return any(stay.zone_id == zone_id for stay in person.stays)


def test_staff_without_a_door_are_gone_when_the_shift_is_over() -> None:
    shop = corner_shop()
    (clerk,) = shop.staff
    traffic = replace(shop.traffic, parties_per_hour=0.001, passers_by_per_hour=0)
    run = run_store(replace(shop, staff=(replace(clerk, shift=(9.0, 9.05)),), traffic=traffic, tick_hz=2.0), 9, 9.2)
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
    run_store(replace(shop, traffic=traffic, purposes=purposes, tick_hz=2.0), 12, 12.75)
    beside = [party for party, plan in seen if plan.purpose == "refund" and plan.shelves]
    assert len(beside) > 3
    assert not any(party.basket for party in beside)
    assert any(party.basket for party, plan in seen if plan.purpose == "buy")
