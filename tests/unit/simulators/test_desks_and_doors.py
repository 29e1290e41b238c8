"""Tills that open when lines grow, cabins, local time, doors and their tripwires, zones' logs, processes."""

from bisect import bisect_left
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simulators.core.behaviour.process import Agenda
from simulators.core.door_lines import door_lines
from simulators.core.geometry import crossing
from simulators.core.layout import Door, FittingRoom, Till, Tripwire
from simulators.core.local_time import hours_until, is_between, local_hour, weekday_of_hour
from simulators.core.people import Person
from simulators.core.person_record import THRESHOLD_MS, PersonRecord
from simulators.core.service import FittingDesk, TillDesk, shortest_line
from simulators.core.zone_log import ZoneLog
from tests.unit.simulators.runs import corner_shop


def _till(name: str, opens_at: int = 0) -> TillDesk:
    return TillDesk(
        Till(
            id=name,
            zone_id="z",
            queue_zone_id="q",
            spot=(0, 0),
            queue_slots=((1, 0), (2, 0), (3, 0)),
            companions_wait_at=(9, 9),
            opens_at=opens_at,
        )
    )


def test_a_second_till_opens_when_the_line_is_long_and_closes_when_it_is_empty() -> None:
    first, second = _till("a"), _till("b", opens_at=2)
    for party in ("p", "q"):
        assert shortest_line([first, second]) is first
        first.join(party)
    assert shortest_line([first, second]) is second
    second.join("r")
    first.give_up("q")
    assert shortest_line([first, second]) is first  # Equal lines; nobody is served at either.
    assert first.call("p")
    assert shortest_line([first, second]) is first
    second.give_up("r")
    assert not second.is_busy
    first.join("s")
    assert shortest_line([first, second]) is first


def test_who_finds_equal_lines_goes_where_nobody_is_served() -> None:
    first, second = _till("a"), _till("b")
    first.join("p")
    assert first.call("p")
    assert shortest_line([first, second]) is second


def test_where_no_till_is_always_open_the_first_one_opens() -> None:
    assert shortest_line([_till("a", opens_at=3), _till("b", opens_at=3)]).till.id == "a"


def test_cabins_go_to_who_came_first_and_hold_one_each() -> None:
    desk = FittingDesk(FittingRoom(id="f", zone_id="z", cabins=((0, 0), (1, 0)), waiting_spots=((5, 5),)))
    assert desk.take("a") == (0, 0)
    assert desk.take("b") == (1, 0)
    assert desk.take("c") is None
    assert desk.wait("c") == (5, 5)
    assert desk.wait("d") is None
    desk.leave((0, 0))
    assert desk.take("d") is None
    assert desk.take("c") == (0, 0)


@pytest.mark.parametrize(
    ("hour", "bounds", "expected"),
    [
        (8.0, (9.0, 17.0), False),
        (9.0, (9.0, 17.0), True),
        (17.0, (9.0, 17.0), False),
        (23.0, (22.0, 6.0), True),
        (5.0, (22.0, 6.0), True),
        (12.0, (22.0, 6.0), False),
        (3.0, (0.0, 24.0), True),
    ],
)
def test_hours_of_the_day_may_pass_midnight(hour: float, bounds: tuple[float, float], *, expected: bool) -> None:
    assert is_between(hour, bounds) == expected


def test_local_time_and_days_of_the_week() -> None:
    monday_ms = 1_772_409_600_000  # 2026-03-02T00:00:00Z
    assert local_hour(monday_ms, 5.5) == 5.5
    assert local_hour(monday_ms, -1) == 23
    assert weekday_of_hour(monday_ms // 3_600_000) == 0
    assert weekday_of_hour(monday_ms // 3_600_000 - 1) == 6
    assert weekday_of_hour(monday_ms // 3_600_000 + 5 * 24) == 5
    assert (hours_until(23, 1), hours_until(1, 23)) == (2, 22)


def test_a_door_owns_the_entrance_wires_near_it_and_has_a_line_of_its_own_without_any() -> None:
    shop = corner_shop()
    side = Door(id="side", centre=(10.1, 2.0), outward=(1.0, 0.0), width_m=1.0)
    inner = Tripwire(id="inner", kind="entrance", points=((2.8, 7.2), (1.2, 7.2)))
    far = Tripwire(id="far", kind="entrance", points=((5.0, 1.0), (6.0, 1.0)))
    lines = door_lines(replace(shop, doors=(*shop.doors, side), tripwires=(*shop.tripwires, inner, far)))
    assert [wire.id for wire in lines["front"].tripwires] == ["door", "inner"]
    assert lines["front"].depth_m == pytest.approx(0.8)
    [own] = lines["side"].tripwires
    assert own.id == ""
    assert lines["side"].depth_m == 0
    assert crossing(own.points, (11.0, 2.1), (9.0, 2.1)) == 1
    assert crossing(own.points, (9.0, 2.1), (11.0, 2.1)) == -1


def test_stepping_back_on_the_threshold_is_no_absence() -> None:
    record = PersonRecord(Person("s1", "shopper", "p", (0, 0), 1.0), "buy", None, 0)
    record.pass_door("a", "out", 500)  # Not inside: nothing.
    record.pass_door("a", "in", 1000)
    record.pass_door("a", "in", 1200)  # A second line of the same door.
    record.pass_door("a", "out", 2000)
    record.pass_door("b", "in", 2000 + THRESHOLD_MS - 1)
    assert [(each.entered_ms, each.left_ms) for each in record.truth().presences] == [(1000, None)]
    record.pass_door("a", "out", 10_000)
    record.pass_door("b", "in", 10_000 + THRESHOLD_MS)
    presences = record.truth().presences
    assert [(each.entered_by, each.left_by) for each in presences] == [("a", "a"), ("b", None)]
    assert (record.truth().entered_ms, record.truth().left_ms) == (1000, None)


stays = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20), st.booleans()), max_size=20)


@given(stays, st.integers(0, 60), st.integers(0, 10))
def test_who_was_in_a_zone_is_found_as_by_looking_at_all(
    drawn: list[tuple[int, int, bool]], from_ms: int, for_ms: int
) -> None:
    log, people = ZoneLog(), [Person(f"s{i}", "shopper", "p", (0, 0), 1.0) for i in range(len(drawn))]
    events = []
    for person, (came_ms, stayed_ms, stays_on) in zip(people, drawn, strict=True):
        events.append((came_ms, 0, person))
        if not stays_on:
            events.append((came_ms + stayed_ms, 1, person))
    for t_ms, kind, person in sorted(events, key=lambda event: event[:2]):
        log.leave(person, t_ms) if kind else log.enter(person, t_ms)
    expected = {
        person.person_id
        for person, (came_ms, stayed_ms, stays_on) in zip(people, drawn, strict=True)
        if came_ms <= from_ms + for_ms and (stays_on or came_ms + stayed_ms >= from_ms)
    }
    found = log.who_was_in(from_ms, from_ms + for_ms)
    assert {person.person_id for person in found} == expected
    assert len(found) == len(expected)
    came = [drawn[people.index(person)][0] for person in found]
    assert came == sorted(came)


@given(st.lists(st.lists(st.integers(1, 5), max_size=6), max_size=6))
def test_processes_run_when_they_are_due_in_the_order_in_which_they_came(pauses: list[list[int]]) -> None:
    agenda, ran = Agenda(), []

    def process(name: int) -> Iterator[int]:
        for pause in pauses[name]:
            ran.append((clock, name))
            yield pause
        ran.append((clock, name))

    for name in range(len(pauses)):
        agenda.add(process(name), 0)
    for clock in range(40):
        agenda.run(clock)
    assert ran == sorted(ran)
    for name, wanted in enumerate(pauses):
        due = [sum(wanted[:count]) for count in range(len(wanted) + 1)]
        assert [clock for clock, who in ran if who == name] == due
    assert bisect_left(ran, (40, 0)) == len(ran)
